"""Limits that are learned from good pictures: those pass, whatever few bad ones lie among them."""

from dataclasses import replace

import numpy as np
import pytest

from inspector.errors import BadInput
from inspector.simulator.parts import STATIONS, draw_part, make_part, views_of
from inspector.simulator.seeds import seed_of
from inspector.vision.likeness import look_of
from inspector.vision.picture_check import CheckLimits, Features, features_of
from inspector.vision.picture_limits import BLURS_PX, Measured, learned, measured, out_of_focus

NOW = CheckLimits(darkest_mean=100)
LOOK = look_of(draw_part(make_part("ring", 1, bad=False), "top"))
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]


def pictures(count: int = 200, *, spread: float = 1.0) -> list[Measured]:
    """Return pictures whose mean grey is 100 with a standard deviation of `spread`."""
    draws = np.random.default_rng(7).standard_normal(count) * spread
    return [
        Measured(
            f"{number}.png",
            (400, 300),
            features(100 + draw),
            (features(20.0),) * len(BLURS_PX),
            LOOK,
        )
        for number, draw in enumerate(draws)
    ]


def features(mean: float) -> Features:
    return Features(mean=mean, contrast=40, part_share=0.5, sharpness=0.8)


def test_the_fences_lie_three_quartile_ranges_outside_the_quartiles() -> None:
    limits = learned(pictures(2000, spread=10), NOW).limits
    assert limits.darkest_mean == pytest.approx(100 - 4.72 * 10, abs=2)
    assert limits.brightest_mean == pytest.approx(100 + 4.72 * 10, abs=2)


def test_a_margin_of_a_fifth_stays_where_good_pictures_are_all_alike() -> None:
    limits = learned(pictures(spread=0.0), NOW).limits
    assert (limits.darkest_mean, limits.brightest_mean) == (80, 120)
    assert (limits.least_contrast, limits.least_sharpness) == (32, 0.64)
    assert (limits.width_px, limits.height_px) == (400, 300)
    assert limits.most_shift_px == 8, "2 % of the longer side"
    assert (limits.usual_mean, limits.usual_contrast, limits.usual_sharpness) == (100, 40, 0.8)


def test_bad_pictures_among_the_good_ones_are_named_and_do_not_move_the_limits() -> None:
    good = pictures(100)
    bad = [replace(one, name=f"bad {one.name}", features=features(5.0)) for one in good[:5]]
    result = learned([*good, *bad], NOW)
    assert result.limits.darkest_mean > 75
    assert set(result.outside) == {one.name for one in bad}
    assert all("too dark" in why for why in result.outside.values())


def test_what_the_limits_of_now_refuse_is_counted() -> None:
    result = learned(pictures(), NOW)
    assert 60 < result.refused_now < 140
    assert result.blurred == (200,) * len(BLURS_PX)


def test_a_part_that_cannot_be_told_from_the_belt_leaves_its_share_unchecked() -> None:
    faint = [replace(one, features=replace(one.features, part_share=0.04)) for one in pictures()]
    assert learned(faint, NOW).limits.least_part_share == 0


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(BadInput, match="49 pictures: at least 50"):
        learned(pictures(49), NOW)


def test_pictures_of_two_sizes_are_refused_by_name() -> None:
    mixed = [*pictures(60), replace(pictures(1)[0], name="odd.png", size_px=(400, 301))]
    with pytest.raises(BadInput, match=r"odd.png: 400 x 301 pixels, but 0.png has 400 x 300"):
        learned(mixed, NOW)


def test_out_of_focus_the_noise_stays_and_the_sharpness_goes() -> None:
    image = draw_part(make_part("ring", 1, bad=False), "top")
    soft = out_of_focus(image, 2)
    assert features_of(soft).sharpness < 0.6 * features_of(image).sharpness
    corner = np.s_[:40, :40, 1]
    assert soft[corner].std() == pytest.approx(image[corner].std(), rel=0.35)


@pytest.mark.slow
@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_limits_learned_on_some_parts_refuse_no_other_and_see_a_blur_of_1_5_px(
    station: str, view: str
) -> None:
    def good(purpose: str, number: int) -> Measured:
        part = make_part(station, seed_of(purpose, number), bad=purpose == "evaluation")
        return measured(str(number), draw_part(part, view))

    result = learned([good("limits", number) for number in range(60)], CheckLimits())
    assert not result.outside
    assert result.blurred[BLURS_PX.index(1.5) :] == (60, 60, 60)
    fresh = [replace(good("evaluation", number), name="") for number in range(0, 1000, 20)]
    assert learned(fresh, result.limits).refused_now == 0
