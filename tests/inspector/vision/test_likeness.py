"""A picture of another view is known as one; a view's own parts, good or bad, are never refused."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inspector.config.loading import load_site
from inspector.domain.frame import BgrImage
from inspector.gateway.calibration import checks_elsewhere, checks_of
from inspector.simulator.parts import STATIONS, draw_part, make_part, views_of
from inspector.simulator.seeds import seed_of
from inspector.vision.likeness import (
    CLEARLY,
    IN_A_ROW,
    OwnViews,
    likeness,
    look_as_text,
    look_from_text,
    look_of,
)
from inspector.vision.picture_check import CheckLimits, check_picture, features_of

SITE = load_site(Path(__file__).parents[3])
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]


def own_views(station: str) -> OwnViews:
    """Return what a station's worker has, with the demo's own settings."""
    settings = SITE.station(station)
    return OwnViews(checks_of(settings), checks_elsewhere(SITE, settings))


def picture(station: str, view: str, number: int) -> BgrImage:
    """Return a part that nothing was learned from; every second one is bad."""
    return draw_part(make_part(station, seed_of("evaluation", number), bad=number % 2 == 0), view)


def false_alarms(station: str, view: str, *, parts: int) -> Counter[str]:
    views = own_views(station)
    said = Counter(views.trouble(view, picture(station, view, number)) for number in range(parts))
    assert not views.complaint()
    del said[""]
    return said


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_the_demos_parts_are_never_another_view(station: str, view: str) -> None:
    assert not false_alarms(station, view, parts=20)


@pytest.mark.slow
@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_of_a_thousand_parts_none_is_another_view(station: str, view: str) -> None:
    assert not false_alarms(station, view, parts=1000)


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_every_picture_of_another_view_is_refused_and_named(station: str, view: str) -> None:
    views = own_views(station)
    for other, shown in VIEWS:
        if (other, shown) == (station, view):
            continue
        name = f"view {shown}" if other == station else f"view {shown} of {other}"
        for number in range(10):
            why = views.trouble(view, picture(other, shown, number))
            assert why.startswith(f"swapped camera: it shows what {name} shows"), why
        assert (
            views.complaint()
            == f"view {view} shows what {name} shows: another camera is in " + ("its place")
        )


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_light_within_the_learned_limits_does_not_count(station: str, view: str) -> None:
    views, limits = own_views(station), checks_of(SITE.station(station))[view]
    falling = np.linspace(1.05, 0.95, 400)[:, None, None]
    for number in range(5):
        plain = picture(station, view, number)
        mean = features_of(plain).mean
        dimmest = 1.02 * limits.darkest_mean / mean
        brightest = 0.98 * limits.brightest_mean / mean
        for light in (dimmest, brightest, falling, falling[::-1], falling.transpose(1, 0, 2)):
            lit = np.clip(plain * light, 0, 255).astype(np.uint8)
            assert not check_picture(lit, limits).trouble
            assert not views.trouble(view, lit)


def test_exchanged_cameras_are_said_in_one_sentence_after_three_pictures_each() -> None:
    views = own_views("ring")
    for number in range(IN_A_ROW):
        assert not views.complaint()
        assert views.trouble("top", picture("ring", "side", number))
        assert views.trouble("side", picture("ring", "top", number))
    said = "view side and view top show each other: their cameras are exchanged"
    assert views.complaint() == said
    assert not views.trouble("top", picture("ring", "top", 0))
    assert (
        views.complaint() == "view side shows what view top shows: another camera is in its place"
    )
    views.forget("side")
    assert not views.complaint()


def test_one_strange_part_is_refused_and_is_not_its_cameras_fault() -> None:
    views = own_views("board")
    turned = np.ascontiguousarray(np.rot90(picture("board", "top", 1)))
    assert views.trouble("top", turned).startswith("another scene: likeness ")
    assert not views.trouble("top", picture("board", "top", 1))
    for _ in range(IN_A_ROW):
        assert not views.complaint()
        views.trouble("top", turned)
    said = "view top shows another scene than its good pictures: see to its camera"
    assert views.complaint() == said


def test_views_that_look_alike_are_not_taken_for_each_other() -> None:
    looks = [look_of(picture("ring", "side", number)) for number in range(20)]
    near = [(one, two) for one, two in pairwise(looks) if likeness(one, two) > 1 - CLEARLY]
    assert near
    for one, two in near:
        checks = {
            name: CheckLimits(looks_like=look_as_text(look), least_likeness=0.8)
            for name, look in (("left", one), ("right", two))
        }
        views = OwnViews(checks, {})
        assert not views.trouble("left", picture("ring", "side", 30))
        assert not views.trouble("right", picture("ring", "side", 30))


def test_a_view_that_was_not_learned_is_not_checked() -> None:
    views = OwnViews({"top": CheckLimits()}, checks_elsewhere(SITE, SITE.station("board")))
    assert not views.trouble("top", picture("ring", "side", 1))
    assert not views.likeness


def test_a_look_is_the_same_when_it_is_read_again() -> None:
    look = look_of(picture("board", "top", 1))
    again = look_from_text(look_as_text(look))
    assert likeness(look, again) == pytest.approx(1, abs=1e-4)
    assert look_as_text(again) == look_as_text(look)


def test_a_picture_of_nothing_is_like_nothing() -> None:
    flat = look_of(np.full((30, 40, 3), 90, np.uint8))
    assert likeness(flat, look_of(picture("ring", "top", 1))) == 0
    assert likeness(flat, look_from_text(look_as_text(flat))) == 0
