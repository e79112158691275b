import hashlib

import numpy as np
import pytest

from inspector.domain.frame import BgrImage
from inspector.simulator.contrast import FAINT_SIGMA, Contrast
from inspector.simulator.drawing import NOISE_SIGMA, PICTURE_PX
from inspector.simulator.marks import GREY
from inspector.simulator.parts import (
    STATIONS,
    PartTruth,
    draw_empty,
    draw_part,
    kinds_of,
    make_part,
    views_of,
)

SEEN = [(station, view) for station in STATIONS for view in views_of(station)]
KINDS = [(station, kind) for station in STATIONS for kind in kinds_of(station)]


def grey(picture: BgrImage) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.asarray(picture.astype(np.float32) @ GREY)


def single_defect_parts(station: str, kind: str, *, count: int) -> list[PartTruth]:
    parts = (make_part(station, seed, bad=True) for seed in range(500_000, 501_000))
    return [p for p in parts if [d.kind for d in p.defects] == [kind]][:count]


@pytest.mark.parametrize(("station", "view"), SEEN)
def test_the_same_seed_draws_the_same_picture(station: str, view: str) -> None:
    part = make_part(station, 7, bad=True)
    assert part == make_part(station, 7, bad=True)
    assert np.array_equal(draw_part(part, view), draw_part(part, view))
    assert np.array_equal(draw_empty(station, view, 7), draw_empty(station, view, 7))


@pytest.mark.parametrize(("station", "view"), SEEN)
def test_pictures_have_one_size_and_type(station: str, view: str) -> None:
    for picture in (draw_part(make_part(station, 3, bad=True), view), draw_empty(station, view, 3)):
        assert picture.shape == (PICTURE_PX, PICTURE_PX, 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("station", STATIONS)
def test_boxes_lie_inside_the_picture(station: str) -> None:
    for seed in range(300):
        for defect in make_part(station, seed, bad=True).defects:
            x, y, width, height = defect.box
            assert min(x, y) >= 0
            assert min(width, height) >= 10
            assert max(x + width, y + height) <= PICTURE_PX
            assert defect.view in views_of(station)


@pytest.mark.parametrize("station", STATIONS)
def test_a_bad_part_has_one_or_two_defects_and_a_good_one_none(station: str) -> None:
    counts = [len(make_part(station, seed, bad=True).defects) for seed in range(300)]
    assert set(counts) == {1, 2}
    assert not make_part(station, 3, bad=False).bad
    assert make_part(station, 3, bad=True).bad


@pytest.mark.parametrize("station", STATIONS)
def test_every_kind_is_drawn_about_as_often(station: str) -> None:
    kinds = [make_part(station, seed, bad=True).defects[0].kind for seed in range(400)]
    assert all(kinds.count(kind) > 60 for kind in kinds_of(station))


@pytest.mark.parametrize("station", STATIONS)
def test_at_least_a_tenth_of_the_defects_is_faint(station: str) -> None:
    defects = [d for seed in range(1000) for d in make_part(station, seed, bad=True).defects]
    faint = sum(defect.sigma < FAINT_SIGMA for defect in defects)
    assert faint / len(defects) >= 0.10


def test_contrasts_lie_in_their_range() -> None:
    rng = np.random.default_rng(1)
    drawn = [Contrast(0.8, 12.0).drawn(rng) for _ in range(500)]
    assert min(drawn) >= 0.8
    assert max(drawn) <= 12.0


@pytest.mark.parametrize(("station", "kind"), KINDS)
def test_a_defect_differs_from_the_good_part_by_its_sigma(station: str, kind: str) -> None:
    """Over the mark's core; light (7 %) and lens blur move it, so within a fifth."""
    from inspector.simulator.parts import _mark

    ratios = []
    for part in single_defect_parts(station, kind, count=12):
        defect = part.defects[0]
        good = PartTruth(station, part.seed, ())
        change = grey(draw_part(part, defect.view)) - grey(draw_part(good, defect.view))
        mark = _mark(station, part.seed, kind, defect.view)
        height, width = mark.mask.shape
        patch = change[mark.y : mark.y + height, mark.x : mark.x + width]
        ratios.append(np.abs(patch)[mark.mask > 0.5].mean() / NOISE_SIGMA / defect.sigma)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.12)
    assert max(abs(ratio - 1) for ratio in ratios) < 0.3


@pytest.mark.parametrize("station", STATIONS)
def test_a_defect_changes_next_to_nothing_outside_its_box(station: str) -> None:
    for seed in range(20):
        part = make_part(station, seed, bad=True)
        defect = part.defects[0]
        good = PartTruth(station, seed, ())
        change = np.abs(grey(draw_part(part, defect.view)) - grey(draw_part(good, defect.view)))
        for shown in part.defects:
            if shown.view == defect.view:
                x, y, width, height = (int(v) for v in shown.box)
                change[max(y - 6, 0) : y + height + 8, max(x - 6, 0) : x + width + 8] = 0
        assert change.max() < 3  # soft spots fade out beyond it


@pytest.mark.parametrize(
    ("station", "view", "patch"),
    [
        ("board", "top", (165, 245, 90, 14)),
        ("ring", "side", (80, 142, 50, 36)),
        ("blister", "top", (194, 148, 14, 14)),
    ],
)
def test_the_local_noise_is_what_sigma_means(
    station: str, view: str, patch: tuple[int, int, int, int]
) -> None:
    x, y, width, height = patch
    rows, columns = np.mgrid[0:height, 0:width]
    plane = np.stack([rows, columns, rows**2, columns**2, np.ones_like(rows)], -1).reshape(-1, 5)
    spreads = []
    for seed in range(25):
        part = grey(draw_part(make_part(station, seed, bad=False), view))
        values = part[y : y + height, x : x + width].ravel()
        rest = values - plane @ np.linalg.lstsq(plane.astype(float), values, rcond=None)[0]
        spreads.append(rest.std())
    assert np.median(spreads) == pytest.approx(NOISE_SIGMA, rel=0.15)


def test_no_two_pictures_are_equal() -> None:
    digests = {
        hashlib.sha256(
            draw_part(make_part(station, seed, bad=seed % 2 == 0), view).tobytes()
        ).digest()
        for station, view in SEEN
        for seed in range(100)
    }
    assert len(digests) == 100 * len(SEEN)


def test_a_ring_may_show_its_defect_in_either_view_only() -> None:
    views = {make_part("ring", seed, bad=True).defects[0].view for seed in range(40)}
    assert views == {"top", "side"}
