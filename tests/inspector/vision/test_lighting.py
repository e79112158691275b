"""A lamp that grows old is said before the first picture is refused (F39)."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.domain.health import State
from inspector.vision.lighting import MANY, Light, worst_light
from inspector.vision.picture_check import CheckLimits
from inspector.vision.worker import Looking

LIMITS = CheckLimits(darkest_mean=60, brightest_mean=93)
SIDE = 64


class Seeing:
    """A model that finds nothing."""

    def look(self, view: str, image: BgrImage) -> ViewResult:
        return ViewResult(view)


def picture(mean: float, seed: int) -> BgrImage:
    """Return a part before a belt; parts differ by a few grey values, as true ones do."""
    random = np.random.default_rng(seed)
    image = random.normal(mean + random.normal(0, 2), 3, (SIDE, SIDE, 3))
    image[: SIDE // 2] += 12
    image[SIDE // 2 :] -= 12
    return image.clip(0, 255).astype(np.uint8)


def looked(looking: Looking, mean: float, number: int) -> str:
    frame = Frame("top", 1, number, number * 1000, picture(mean, number), float(number))
    return looking.look(frame).missed


@pytest.mark.parametrize("a_picture", [-0.05, 0.05], ids=["darker", "brighter"])
def test_a_lamp_that_drifts_is_maintenance_then_an_alarm_before_a_part_is_refused(
    a_picture: float,
) -> None:
    looking = Looking(Seeing(), {"top": LIMITS})
    said: list[State] = []
    for number in range(1000):
        drift = a_picture * max(number - MANY, 0)
        if "too " in looked(looking, 76.5 + drift, number):
            break
        said.append(worst_light(looking.lights.values()).state)
    at = {state: said.index(state) for state in (State.MAINTENANCE, State.OUT_OF_SPECIFICATION)}
    assert at[State.MAINTENANCE] < at[State.OUT_OF_SPECIFICATION] < len(said) - 1
    assert set(said[: at[State.MAINTENANCE]]) == {State.GOOD}


def test_light_that_stays_is_never_said() -> None:
    looking = Looking(Seeing(), {"top": LIMITS})
    for number in range(1500):
        looked(looking, 76.5, number)
        assert worst_light(looking.lights.values()).state is State.GOOD


def test_a_new_lamp_is_the_measure_once_the_camera_was_connected_again() -> None:
    light = Light("top", LIMITS)
    for mean in [77.0] * MANY + [71.0] * MANY:
        light.saw(mean)
    assert light.condition().text == "view top becomes darker: see to its lamp"
    light.forget()
    for _ in range(2 * MANY):
        light.saw(71.0)
    assert light.condition().state is State.GOOD


def test_pictures_without_light_are_no_measure() -> None:
    light = Light("top", LIMITS)
    for mean in [2.0] * MANY + [77.0] * (2 * MANY):
        light.saw(mean)
    assert light.condition().state is State.GOOD


def test_what_was_said_ends_only_when_the_light_has_clearly_come_back() -> None:
    light = Light("top", LIMITS)
    for mean in [77.0] * MANY + [71.0] * MANY:  # a third of the way to 60 is 71.3
        light.saw(mean)
    for _ in range(MANY):
        light.saw(71.8)
    assert light.condition().state is State.MAINTENANCE
    for _ in range(MANY):
        light.saw(74.0)
    assert light.condition().state is State.GOOD
