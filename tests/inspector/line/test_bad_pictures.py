"""A picture that nobody may judge costs its part, and never counts as a defect of the product.

The picture goes through the worker's own code; what that says goes to the line, and the record is
what the line writes into its journal.
"""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.config.loading import load_site
from inspector.domain.finding import Finding, ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.domain.verdict import Action
from inspector.gateway.calibration import checks_of
from inspector.gateway.worker_words import seen_message
from inspector.ipc import Message
from inspector.simulator.parts import draw_part, make_part
from inspector.vision.picture_check import CheckLimits
from inspector.vision.worker import Looking
from tests.factory import Factory

LIMITS = CheckLimits(least_sharpness=0.5, width_px=400, height_px=400)
PART = 40
Spoil = Callable[[BgrImage], BgrImage]
SPOILT: dict[str, Spoil] = {
    "too dark": lambda image: (image * 0.1).astype(np.uint8),
    "too bright": lambda image: np.full_like(image, 250) + image // 64,
    "flat": lambda image: 100 + image // 100,
    "blurred": lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8),
    "frozen": lambda _: good(0),
    "wrong size": lambda image: np.ascontiguousarray(image[:200]),
    "wrong kind of picture": lambda image: np.ascontiguousarray(image[..., :1]),
}


class SeesDefects:
    """Finds a scratch in whatever it is shown."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self, view: str, image: BgrImage) -> ViewResult:
        self.looks += 1
        scratch = Finding("scratch", 0.99, (1.0, 1.0, 5.0, 5.0))
        return ViewResult(view, (scratch,), width_px=image.shape[1], height_px=image.shape[0])


def good(seed: int) -> BgrImage:
    return np.ascontiguousarray(draw_part(make_part("ring", seed, bad=False), "top"))


def seen(spoil: Spoil, model: SeesDefects) -> Message:
    """Return what the worker tells the line of a spoilt picture behind a good one."""
    looking = Looking(model, {"top": LIMITS})
    assert not looking.look(Frame("top", 1, 0, 0, good(0), 0.0)).missed
    spoilt = Frame("top", 1, 1, 1, spoil(good(1)), 0.0)
    told: Message = json.loads(json.dumps(seen_message(spoilt, looking.look(spoilt))))
    return told


@pytest.mark.parametrize("cause", SPOILT)
def test_a_spoilt_picture_is_not_judged_and_its_part_is_not_inspected(cause: str) -> None:
    model = SeesDefects()
    told = seen(SPOILT[cause], model)
    assert model.looks == 1, "the good one alone"
    factory = Factory(bad_share=0)
    factory.told_instead[PART, "top"] = {**told, "picture": f"{PART}/top"}  # the factory's mark
    factory.run(35)
    factory.run_until_empty()
    factory.check_promises()
    (entry,) = [one for one in factory.journal.of("judged") if one["number"] == PART]
    assert entry["verdict"] == "unknown"
    assert str(entry["not_inspected"]).startswith(f"view top: {cause}")
    assert not any(view["findings"] for view in entry["views"])  # type: ignore[attr-defined]
    assert factory.fates[PART].action is Action.FAIL_SAFE
    assert factory.memory.counts.rejected == 0, "no part was rejected by a verdict"
    assert factory.fates[PART + 1].action is Action.PASSED


def test_no_part_passes_while_two_cameras_are_exchanged() -> None:
    station = load_site(Path(__file__).parents[3]).station("ring")
    model = SeesDefects()
    looking = Looking(model, checks_of(station))
    other = {"top": "side", "side": "top"}
    factory = Factory(bad_share=0)
    parts = range(PART, PART + 5)
    for number in parts:
        part = make_part("ring", number, bad=False)
        for view, shown in other.items():
            image = np.ascontiguousarray(draw_part(part, shown))
            frame = Frame(view, 1, number, number, image, 0.0)
            told = json.loads(json.dumps(seen_message(frame, looking.look(frame))))
            factory.told_instead[number, view] = {**told, "picture": f"{number}/{view}"}
    factory.run(45)
    factory.run_until_empty()
    factory.check_promises()
    assert model.looks == 0
    judged = {one["number"]: one for one in factory.journal.of("judged")}
    for number in parts:
        assert "swapped camera: it shows what view" in str(judged[number]["not_inspected"])
        assert factory.fates[number].action is Action.FAIL_SAFE
    assert "their cameras are exchanged" in looking.own_views.complaint()
    assert factory.fates[parts.stop].action is Action.PASSED
