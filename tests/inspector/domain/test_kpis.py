"""Each figure by hand, with what it says when there is too little to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from inspector.domain import fatigue, incidents, iso22400, quality
from inspector.domain.escapes import Cells, Seeds
from inspector.domain.incidents import Failure, Incident, Running
from inspector.domain.kpi import Kpi, Window
from inspector.domain.quality import Rejects
from inspector.domain.site_figures import is_stale

START = datetime(2026, 11, 2, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=10))
REJECTS = Rejects(rejected=100, reviewed=100, called_good=35, good=30)


def cells(passed: int, audited: int, found: int, open_audits: int = 0) -> Cells:
    counts = [np.array([one]) for one in (passed, audited, found, open_audits)]
    return Cells(np.array([0]), np.array([audited / passed]), *counts)


def escapes(found: int = 6, **asked: object) -> Kpi:
    return quality.escape_rate(cells(100_000, 5600, found), WINDOW, **asked)  # type: ignore[arg-type]


def test_a_figure_carries_all_its_evidence() -> None:
    said = escapes().as_json()
    assert said["value"] == pytest.approx(6 / 5600)
    assert said["numerator"] == pytest.approx(100_000 * 6 / 5600)
    assert said["denominator"] == 100_000
    assert said["interval"][0] < said["value"] < said["interval"][1]
    assert (said["id"], said["version"]) == ("escape_rate", 1)
    assert said["method"] == "post-stratified Horvitz-Thompson, Fay-Feuer"
    assert said["window"] == {"since": "2026-11-02T00:00:00+00:00", "until": ANY_END}
    assert str(escapes()) == "Escape rate: 0.107% [0.039%, 0.233%]"


ANY_END = "2026-11-02T10:00:00+00:00"


def test_too_few_audits_give_a_count_in_place_of_a_number() -> None:
    kpi = quality.escape_rate(cells(10_000, 120, 0), WINDOW, target=0.01)
    assert kpi.value is None
    assert str(kpi) == "Escape rate: not enough audits: 120 of 300"
    assert quality.escape_rate(cells(10_000, 300, 0), WINDOW, target=0.01).missing == ""


def test_no_audit_gives_no_number() -> None:
    kpi = quality.escape_rate(cells(10_000, 120, 0).of(np.array([], int)), WINDOW)
    assert kpi.value is None
    assert kpi.missing == "not enough audits: none"


def test_it_is_provisional_until_95_per_cent_of_the_drawn_are_judged() -> None:
    assert escapes(selected=6000).provisional
    assert "(provisional)" in str(escapes(selected=6000))
    assert not escapes(selected=5890).provisional
    opened = quality.escape_rate(cells(100_000, 5600, 6, 300), WINDOW, selected=5600)
    assert opened.provisional, "what is open is not judged"


def test_seeds_raise_the_upper_end() -> None:
    plain, corrected = escapes(), escapes(seeds=Seeds(77, 100))
    assert plain.interval is not None
    assert corrected.interval is not None
    assert corrected.interval[0] == plain.interval[0]
    assert corrected.interval[1] > plain.interval[1] / 0.77
    assert corrected.method.endswith("corrected by seeds")


def test_what_operators_passed_is_in_the_shipped_rate() -> None:
    both = Cells(
        np.array([0, 4]),
        np.array([0.056, 1.0]),
        *(np.array(one) for one in ([100_000, 50], [5600, 50], [6, 20], [0, 0])),
    )
    shipped = quality.escape_rate(both, WINDOW, definition=quality.SHIPPED_ESCAPE_RATE)
    assert shipped.definition.id == "shipped_escape_rate"
    assert shipped.value == pytest.approx((100_000 * 6 / 5600 + 20) / 100_050)


def test_the_miss_rate_is_of_all_bad_parts() -> None:
    kpi = quality.miss_rate(escapes(), REJECTS)
    missed = 100_000 * 6 / 5600
    assert kpi.value == pytest.approx(missed / (missed + 70))
    assert kpi.interval is not None
    low, high = escapes().interval or (0, 0)
    assert kpi.interval == pytest.approx(
        (1e5 * low / (1e5 * low + 70), 1e5 * high / (1e5 * high + 70))
    )


def test_unjudged_rejects_widen_the_miss_rate() -> None:
    some = quality.miss_rate(escapes(), Rejects(100, 50, 17, 15))
    every = quality.miss_rate(escapes(), REJECTS)
    assert some.value == pytest.approx(every.value)
    assert some.interval is not None
    assert every.interval is not None
    assert some.interval[0] < every.interval[0]
    assert some.interval[1] > every.interval[1]
    assert some.completeness == 0.5


def test_an_escape_rate_that_nothing_was_drawn_for_is_not_complete() -> None:
    none = np.zeros(1, np.int64)
    kpi = quality.escape_rate(Cells(none, np.ones(1), none + 100, none, none, none), WINDOW)
    assert (kpi.value, kpi.completeness, kpi.provisional) == (None, 0.0, True)


def test_false_rejects_are_of_good_parts_and_false_calls_of_rejects() -> None:
    kpi = quality.false_reject_rate(REJECTS, escapes())
    assert kpi.value == pytest.approx(30 / (100_000 * (1 - 6 / 5600) + 30))
    assert quality.false_call_share(REJECTS, WINDOW).value == 0.30
    assert quality.override_rate(REJECTS, WINDOW).value == 0.35
    unseen = quality.false_reject_rate(Rejects(100, 0, 0, 0), escapes())
    assert unseen.value is None
    assert unseen.missing == "no reject was judged"


def test_parts_not_inspected_are_counted_apart() -> None:
    kpi = quality.not_inspected_rate(3, 1000, WINDOW)
    assert kpi.value == 0.003
    assert kpi.interval is not None
    assert kpi.interval[0] < 0.003 < kpi.interval[1]


def test_reviews_of_a_part_of_the_rejects_are_provisional() -> None:
    some = Rejects(100, 94, 30, 30)
    assert quality.reviewed_share(some, WINDOW).value == 0.94
    assert quality.override_rate(some, WINDOW).provisional


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        (iso22400.first_pass_yield(97, 100, WINDOW), 0.97),
        (iso22400.scrap_ratio(2, 100, WINDOW), 0.02),
        (iso22400.rework_ratio(1, 100, WINDOW), 0.01),
        (iso22400.availability(27_000, 28_800, WINDOW), 0.9375),
        (iso22400.throughput_rate(5000, 1800, WINDOW), 10_000),
    ],
)
def test_iso_22400_has_its_own_names_and_formulas(kpi: Kpi, value: float) -> None:
    assert kpi.value == pytest.approx(value)
    assert kpi.definition.standard == "ISO 22400-2"
    assert kpi.as_json()["standard"] == "ISO 22400-2"


def test_ours_bear_no_standards_name() -> None:
    times = incidents.TIME_TO_DETECT, incidents.TIME_TO_RESPOND
    ours = [*quality.DEFINITIONS, *times, *fatigue.DEFINITIONS]
    assert {one.standard for one in ours} == {""}


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_the_time_to_detect_is_over_incidents_whose_onset_is_known() -> None:
    seen = [Incident(after(5), after(0)), Incident(after(70), after(60)), Incident(after(90))]
    kpi = incidents.time_to_detect(seen, WINDOW)
    assert kpi.value == 450
    assert kpi.method == "median of 2 of 3 incidents"
    assert incidents.time_to_detect([Incident(after(9))], WINDOW).value is None


def test_the_time_to_respond_is_from_the_alarm() -> None:
    kpi = incidents.time_to_respond([Incident(after(5), action=after(7))], WINDOW)
    assert kpi.value == 120


def test_the_means_of_failing_and_restoring() -> None:
    failures = [Failure(after(-30), after(30)), Failure(after(100), after(130))]
    failures.append(Failure(after(540)))
    running = [Running("", WINDOW)]
    between = incidents.mean_time_between_failures(failures, running, WINDOW)
    assert between.value == (600 - 30 - 30 - 60) * 60 / 2
    restoring = incidents.mean_time_to_restoration(failures, WINDOW)
    assert restoring.value == 30 * 60
    assert restoring.completeness == 0.5
    none = incidents.mean_time_between_failures([], running, WINDOW)
    assert none.missing == "no failure in the window"


def test_a_failure_takes_no_time_from_another_station_and_none_in_which_no_part_came() -> None:
    failures = [Failure(after(0), after(60), "ring")]
    running = [
        Running("ring", Window(after(50), after(100))),
        Running("board", Window(after(0), after(100))),
    ]
    assert incidents.stood_s(failures, running) == 10 * 60
    assert incidents.ran_s(running) == 150 * 60


def test_what_no_record_can_give_is_a_sentence_and_no_number() -> None:
    found = {one.definition.id: one for one in iso22400.not_recorded(WINDOW)}
    assert found.keys() == {"scrap_ratio", "rework_ratio", "availability"}
    for one in found.values():
        assert one.value is None
        assert "the MES knows" in one.missing
        assert one.completeness == 0.0


@pytest.mark.parametrize(
    ("reached", "now", "stale"),
    [
        (after(600), after(600), False),
        (after(596), after(600), False),  # within the five minutes that a commit may take
        (after(590), after(600), True),
        (after(590), after(900), True),
        (after(700), after(9000), False),  # a window of the past, recorded to its end
        (after(100), after(101), False),  # a window that ends in the future
        (None, after(600), True),
    ],
)
def test_figures_are_stale_when_the_records_end_before_their_window(
    reached: datetime | None, now: datetime, *, stale: bool
) -> None:
    assert is_stale(WINDOW, reached, now) is stale


def test_what_is_watched_daily_has_an_interval_for_all_days_that_grows_with_them() -> None:
    longer = Window(START, START + timedelta(days=28))
    one, many = escapes(), quality.escape_rate(cells(100_000, 5600, 6), longer)
    for kpi in (one, many, quality.false_call_share(REJECTS, WINDOW)):
        assert kpi.interval is not None
        assert kpi.watched is not None
        assert kpi.watched[0] < kpi.interval[0] < kpi.interval[1] < kpi.watched[1]
    assert one.interval == many.interval
    assert one.watched is not None
    assert many.watched is not None
    assert many.watched[1] > one.watched[1]
    assert one.as_json()["watched"] == list(one.watched)


def test_what_auditors_find_is_a_figure_of_the_seeded_defects() -> None:
    kpi = quality.auditor_sensitivity(Seeds(77, 100), WINDOW)
    assert kpi.value == 0.77
    assert kpi.interval is not None
    assert kpi.interval[0] < 0.77 < kpi.interval[1]
    none = quality.auditor_sensitivity(None, WINDOW)
    assert none.value is None
    assert none.missing.startswith("no seeded defect was judged")
