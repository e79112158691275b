"""Drift is told before it costs parts; their own spread and sudden changes are no drift."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.config.loading import load_site
from inspector.domain.frame import BgrImage
from inspector.domain.health import Condition, State
from inspector.gateway.calibration import checks_of
from inspector.simulator.parts import STATIONS, draw_part, make_part, views_of
from inspector.simulator.seeds import seed_of
from inspector.vision.drift import BLOCK, Drifts
from inspector.vision.picture_check import CheckLimits, Features, features_of, features_trouble
from inspector.vision.picture_limits import out_of_focus

SITE = load_site(Path(__file__).parents[3])
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]
USUAL = Features(mean=100, contrast=40, part_share=0.5, sharpness=0.8)
LIMITS = CheckLimits(
    darkest_mean=76.5,
    brightest_mean=123.5,
    least_contrast=30,
    least_sharpness=0.6,
    usual_mean=100,
    usual_contrast=40,
    usual_sharpness=0.8,
)
SPREAD = 5.0
"""Of the mean grey: its limits lie 4.7 standard deviations off, as where the spread sets them."""


def of_mean(middle: float, count: int = BLOCK, *, seed: int = 1) -> list[Features]:
    draws = np.random.default_rng(seed).standard_normal(count) * SPREAD
    return [replace(USUAL, mean=float(middle + draw)) for draw in draws]


def told(drifts: Drifts, pictures: Iterable[Features]) -> Condition:
    for one in pictures:
        drifts.note("top", one)
    return drifts.conditions()["top"]


def watching() -> Drifts:
    return Drifts({"top": LIMITS})


@pytest.mark.parametrize("way", [-1, 1])
def test_slow_drift_is_maintenance_before_parts_are_lost_and_out_of_specification_later(
    way: int,
) -> None:
    drifts, refused, lost = watching(), 0, dict[State, int]()
    for block in range(130):
        pictures = of_mean(100 + way * 0.15 * block, seed=block)
        refused += sum(bool(features_trouble(one, LIMITS)) for one in pictures)
        lost.setdefault(told(drifts, pictures).state, refused)
    assert list(lost) == [State.GOOD, State.MAINTENANCE, State.OUT_OF_SPECIFICATION]
    assert lost[State.MAINTENANCE] <= 2, "of some 5000"
    assert refused > 100, "what it would have come to"
    assert drifts.conditions()["top"].state is State.OUT_OF_SPECIFICATION


@pytest.mark.parametrize(
    ("feature", "ends_at", "becomes", "see_to"),
    [
        ("mean", 80, "darker, mean grey", "clean the lamp and the lens"),
        ("mean", 120, "brighter, mean grey", "keep other light out"),
        ("sharpness", 0.65, "less sharp, sharpness", "focus it and fix it"),
        ("contrast", 32, "flatter, contrast", "what lies before it"),
    ],
)
def test_what_drifts_is_said_with_its_figures_and_what_to_do(
    feature: str, ends_at: float, becomes: str, see_to: str
) -> None:
    drifts, begin = watching(), float(getattr(USUAL, feature))
    for value in np.linspace(begin, ends_at, 10):
        told(drifts, [replace(USUAL, **{feature: float(value)})] * BLOCK)
    text = drifts.conditions()["top"].text
    assert text.startswith(f"view top: its pictures become {becomes} ")
    assert f"where it was {begin:.3g}; parts are refused at " in text
    assert see_to in text


def test_less_light_that_also_takes_contrast_is_said_as_less_light() -> None:
    drifts = watching()
    for light in np.linspace(1, 0.89, 12):
        one = replace(USUAL, mean=100 * light, contrast=40 * light)
        told(drifts, [one] * BLOCK)
    assert "darker" in drifts.conditions()["top"].text


@pytest.mark.parametrize("split", [0, 10, 45, 50, 55, 90])
def test_a_sudden_change_is_not_said_to_be_drift(split: int) -> None:
    drifts = watching()
    told(drifts, of_mean(100, 3 * BLOCK + split))
    said = told(drifts, of_mean(90.5, 3 * BLOCK, seed=2))
    assert said.state is State.MAINTENANCE
    assert "have become darker at once" in said.text
    assert "see what was changed" in said.text


def test_one_dark_stretch_shorter_than_half_a_block_is_nothing() -> None:
    drifts = watching()
    assert told(drifts, of_mean(100, 60)).text == ""
    assert told(drifts, of_mean(80, 30)).text == ""
    assert told(drifts, of_mean(100, 60)).text == ""


def test_a_hundred_thousand_parts_that_only_differ_among_themselves_are_no_drift() -> None:
    drifts = watching()
    for block in range(1000):
        assert told(drifts, of_mean(100, seed=block)).state is State.GOOD


def test_a_third_of_bad_parts_that_are_all_darker_is_no_drift() -> None:
    drifts = watching()
    rng = np.random.default_rng(3)
    for block in range(100):
        pictures = of_mean(100, seed=block)
        dark = rng.random(BLOCK) < 1 / 3
        mixed = [
            replace(one, mean=one.mean - 12 * bad) for one, bad in zip(pictures, dark, strict=True)
        ]
        assert told(drifts, mixed).state is State.GOOD


def test_what_lies_on_the_level_does_not_come_and_go_and_is_over_when_it_was_seen_to() -> None:
    drifts, texts = watching(), list[str]()
    for block in range(100):
        texts.append(told(drifts, of_mean(100 - 23.5 / 3, seed=block)).text)
    assert len(set(texts) - {""}) == 1
    assert "" not in texts[texts.index(max(texts)) :]
    assert told(drifts, of_mean(100, 3 * BLOCK)).text == ""


def test_an_empty_belt_is_no_drift_and_a_lamp_that_failed_is_said() -> None:
    drifts = Drifts({"top": replace(LIMITS, least_part_share=0.3)})
    told(drifts, [USUAL] * BLOCK)
    empty = Features(mean=85, contrast=5, part_share=0, sharpness=0.2)
    assert told(drifts, [empty] * 3 * BLOCK).text == ""
    black = Features(mean=2, contrast=1, part_share=0, sharpness=0)
    said = told(drifts, [black] * BLOCK)
    assert said.state is State.OUT_OF_SPECIFICATION
    assert "have become darker at once, mean grey 2 " in said.text


def test_where_nothing_was_learned_the_first_good_pictures_are_the_measure() -> None:
    drifts = Drifts({"top": replace(LIMITS, usual_mean=0)})
    told(drifts, of_mean(30))
    assert told(drifts, of_mean(100)).text == ""
    assert "where it was 1" in told(drifts, of_mean(90)).text
    drifts.forget("top")
    assert told(drifts, of_mean(90)).text == ""
    assert told(drifts, of_mean(90, 3 * BLOCK)).text == ""


def test_what_was_learned_stays_the_measure_when_the_camera_is_connected_again() -> None:
    drifts = watching()
    told(drifts, of_mean(90))
    drifts.forget("top")
    assert "become darker" in drifts.conditions()["top"].text
    assert "become darker" in told(drifts, of_mean(90)).text


def darkened(image: BgrImage, share: float) -> BgrImage:
    return np.asarray(np.rint(image * (1 - 0.3 * share)), np.uint8)


def blurred(image: BgrImage, share: float) -> BgrImage:
    return out_of_focus(image, 0.3 + 1.2 * share)


@pytest.mark.slow
@pytest.mark.parametrize(("worse", "says"), [(darkened, "darker"), (blurred, "less sharp")])
@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_a_lamp_that_fades_and_a_lens_that_comes_loose_are_told_before_a_part_is_refused(
    station: str, view: str, worse: Callable[[BgrImage, float], BgrImage], says: str
) -> None:
    limits = checks_of(SITE.station(station))[view]
    drifts = Drifts({view: limits})
    images = [picture(station, view, number) for number in range(BLOCK)]
    for share in np.linspace(0, 1, 20):
        for image in images:
            features = features_of(worse(image, float(share)))
            assert not features_trouble(features, limits)
            drifts.note(view, features)
        if says in drifts.conditions()[view].text:
            return
    pytest.fail("nothing was said")


@pytest.mark.slow
@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_the_demos_own_parts_are_no_drift(station: str, view: str) -> None:
    drifts = Drifts(checks_of(SITE.station(station)))
    for number in range(10 * BLOCK):
        drifts.note(view, features_of(picture(station, view, number)))
        assert drifts.conditions()[view].text == ""


def picture(station: str, view: str, number: int) -> BgrImage:
    """Return a part that nothing was learned from; every second one is bad."""
    return draw_part(make_part(station, seed_of("evaluation", number), bad=number % 2 == 0), view)
