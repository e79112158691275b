"""The attribute agreement study: rates by hand, intervals over parts, grades at the bad end."""

from __future__ import annotations

import pytest

from inspector.domain.appraising import (
    MISS_RATE,
    Appraisal,
    Grade,
    Look,
    Mode,
    PartShare,
    studied,
)


def looks(
    bad: int, good: int, *, missed: int = 0, trials: int = 1, who: str = "Anna"
) -> list[Look]:
    """The first `missed` bad parts are missed in every trial."""
    return [
        Look(f"{part}", Mode.OPERATOR, who, trial, part < bad, missed <= part < bad)
        for part in range(bad + good)
        for trial in range(1, trials + 1)
    ]


def whole(of: list[Look]) -> Appraisal:
    return studied(of).appraisals[0]


def test_no_miss_of_25_bad_parts_shows_eleven_per_cent_and_149_are_needed_for_two() -> None:
    few = whole(looks(25, 25)).miss_rate
    assert few.value == 0
    assert few.bad_end(MISS_RATE) == pytest.approx(0.113, abs=5e-4)
    assert few.grade(MISS_RATE) is Grade.FAIL
    assert PartShare(0, 148, 148, 0).grade(MISS_RATE) is Grade.MARGINAL
    assert PartShare(0, 149, 149, 0).grade(MISS_RATE) is Grade.PASS


def test_three_looks_at_a_part_are_no_three_parts() -> None:
    once, thrice = (whole(looks(50, 50, missed=2, trials=n)).miss_rate for n in (1, 3))
    assert (once.looks, thrice.looks) == (50, 150)
    assert once.interval == thrice.interval


def test_a_part_missed_in_one_of_its_looks_is_rounded_outward() -> None:
    share = PartShare(1 / 3, 50, 150, 1)
    assert share.interval[0] == 0
    assert share.interval[1] == pytest.approx(0.1065, abs=1e-4)


def test_rates_are_as_by_hand() -> None:
    one = whole(looks(40, 60, missed=4))
    assert one.miss_rate.value == pytest.approx(0.1)
    assert one.false_alarm_rate.value == 0
    assert one.effectiveness.value == pytest.approx(0.96)
    assert one.kappa == pytest.approx((0.96 - (0.4 * 0.36 + 0.6 * 0.64)) / 0.472, abs=1e-3)
    assert one.ac1 == pytest.approx((0.96 - 2 * 0.38 * 0.62) / (1 - 2 * 0.38 * 0.62))


def test_kappa_is_not_shown_where_few_parts_are_bad() -> None:
    found = studied(looks(5, 95))
    assert found.appraisals[0].kappa is None
    assert found.appraisals[0].ac1 == 1
    assert any("kappa depends on that share" in text for text in found.warnings)


def test_the_study_says_how_many_parts_its_grades_would_take() -> None:
    assert "25 bad parts cannot show at most 2%, even without an error: that takes 149" in (
        studied(looks(25, 35)).warnings
    )


def test_agreement_is_with_oneself_and_among_appraisers() -> None:
    anna, ben = looks(4, 6, trials=2), looks(4, 6, missed=1, who="Ben")
    both = whole([*anna, *ben])
    assert both.within.parts == 10
    assert both.between
    assert (both.between.count, both.between.parts) == (9, 10)
    wavering = [
        *looks(4, 6)[1:],
        *looks(4, 6, missed=1)[:1],
        Look("0", Mode.OPERATOR, "Anna", 2, True, True),
    ]
    alone = whole(wavering)
    assert (alone.within.count, alone.within.parts) == (0, 1)
    assert alone.between is None


def test_the_modes_stand_beside_each_other() -> None:
    ai = [Look(one.part, Mode.AI, "ring 3", 1, one.bad, one.bad) for one in looks(40, 60)]
    names = [one.name for one in studied([*looks(40, 60, missed=9), *ai]).appraisals]
    assert names == ["all of operator", "all of ai", "Anna", "ring 3"]
