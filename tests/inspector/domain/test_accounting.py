"""Each figure is somewhere more than zero, and each broken promise is found."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from inspector.domain.accounting import BROKEN_UNLESS_ZERO, Recorded, Sums, account
from inspector.domain.verdict import Action

Line = dict[str, Any]


def trigger(part: int) -> Line:
    return {"who": "plc", "event": "trigger", "station": "ring", "run": 1, "part": part}


def decided(part: int, truth: str, action: Action, actuations: int | None = None) -> Line:
    hits = (0 if action.is_pass else 1) if actuations is None else actuations
    happened = {"truth": truth, "action": int(action), "actuations": hits}
    return {**trigger(part), "event": "decided", **happened}


def shot(part: int, picture: str, view: str = "top") -> Line:
    return {"who": "camera", "run": 1, "part": part, "view": view, "picture": picture}


def record(part: int, verdict: str = "pass", **pictures: str) -> Recorded:
    return Recorded((1, part), verdict, pictures)


def one(truth: str, action: Action, actuations: int | None = None, verdict: str = "pass") -> Sums:
    """Return the sums of a run of one part."""
    return account([trigger(1), decided(1, truth, action, actuations)], [record(1, verdict)])


def figures(sums: Sums) -> dict[str, int]:
    """Return the figures that are not zero, without those of every run of one part."""
    always = ("triggered", "records", "plc_decided")
    return {name: n for name, n in sums.as_json().items() if n and name not in always}


@pytest.mark.parametrize(
    ("truth", "action", "counted"),
    [
        ("good", Action.PASSED, ["good_passed"]),
        ("good", Action.REJECTED, ["good_rejected_by_verdict"]),
        ("good", Action.FAIL_SAFE, ["good_rejected_fail_safe"]),
        ("good", Action.PASSED_BY_KEY, ["good_passed"]),
        ("good", Action.PASSED_BY_OPERATOR, ["good_passed", "passed_by_operator"]),
        (
            "good",
            Action.REJECTED_BY_OPERATOR,
            ["good_rejected_by_verdict", "rejected_by_operator"],
        ),
        ("bad", Action.PASSED, ["bad_passed"]),
        ("bad", Action.REJECTED, ["bad_rejected_once"]),
        ("bad", Action.FAIL_SAFE, ["bad_rejected_once", "bad_rejected_fail_safe"]),
        ("bad", Action.PASSED_BY_KEY, ["bad_passed", "bad_passed_without_pass"]),
        ("bad", Action.PASSED_BY_OPERATOR, ["bad_passed", "passed_by_operator"]),
        ("bad", Action.REJECTED_BY_OPERATOR, ["bad_rejected_once", "rejected_by_operator"]),
        ("phantom", Action.FAIL_SAFE, []),
        ("phantom", Action.PASSED, []),
    ],
)
def test_a_part_counts_by_its_truth_and_by_what_the_plc_did(
    truth: str, action: Action, counted: list[str]
) -> None:
    assert figures(one(truth, action)) == {truth: 1, **dict.fromkeys(counted, 1)}


def test_good_bad_and_phantom_parts_are_all_that_was_decided() -> None:
    lines = [trigger(n) for n in (1, 2, 3)]
    lines += [decided(n, truth, Action.FAIL_SAFE) for n, truth in enumerate(TRUTHS, 1)]
    sums = account(lines, [record(n, "unknown") for n in (1, 2, 3)])
    assert sums.plc_decided == sums.good + sums.bad + sums.phantom == 3
    assert sums.broken() == ()


TRUTHS = ("good", "bad", "phantom")


def test_a_part_the_plc_has_not_decided_is_on_the_belt() -> None:
    sums = account([trigger(1), trigger(2), decided(1, "good", Action.PASSED)], [record(1)])
    assert (sums.triggered, sums.plc_decided, sums.on_belt) == (2, 1, 1)


def test_a_bad_part_that_passed_without_a_pass_on_its_record_is_found() -> None:
    sums = one("bad", Action.PASSED, verdict="unknown")
    assert sums.bad_passed_without_pass == 1
    assert sums.broken() == ("bad_passed_without_pass",)


def test_a_bad_part_that_passed_without_a_record_is_found() -> None:
    sums = account([trigger(1), decided(1, "bad", Action.PASSED)], [], in_gap=1)
    assert sums.broken() == ("bad_passed_without_pass",)


def test_a_bad_part_that_the_actuator_hit_twice_is_found() -> None:
    sums = one("bad", Action.REJECTED, 2)
    assert (sums.bad_rejected_once, sums.bad_rejected_twice) == (0, 1)
    assert sums.broken() == ("bad_rejected_twice", "wrong_actuation")


def test_a_bad_part_that_was_to_be_rejected_and_was_not_hit_has_passed_without_a_pass() -> None:
    sums = one("bad", Action.REJECTED, 0, verdict="reject")
    assert (sums.bad_passed, sums.bad_rejected_once, sums.bad_rejected_twice) == (1, 0, 0)
    assert sums.broken() == ("bad_passed_without_pass", "wrong_actuation")


@pytest.mark.parametrize("truth", ["good", "bad", "phantom"])
def test_a_passed_part_that_the_actuator_hit_is_found(truth: str) -> None:
    assert one(truth, Action.PASSED, 1).broken() == ("wrong_actuation",)


def test_a_good_part_hit_by_another_parts_reject_is_no_good_part_passed() -> None:
    sums = one("good", Action.PASSED, 1)
    assert (sums.good_passed, sums.good_rejected_by_verdict) == (0, 1)


def test_a_record_with_another_parts_picture_is_found() -> None:
    lines = [trigger(1), decided(1, "good", Action.PASSED), shot(1, "a"), shot(2, "b")]
    assert account(lines, [record(1, top="a")]).broken() == ()
    assert account(lines, [record(1, top="b")]).broken() == ("wrong_picture",)


def test_the_picture_of_another_view_is_a_wrong_picture() -> None:
    lines = [trigger(1), decided(1, "good", Action.PASSED), shot(1, "a", view="side")]
    assert account(lines, [record(1, top="a")]).wrong_picture == 1


def test_either_picture_of_a_doubled_frame_is_right() -> None:
    lines = [trigger(1), decided(1, "good", Action.PASSED), shot(1, "a"), shot(1, "c")]
    for picture in ("a", "c"):
        assert account(lines, [record(1, top=picture)]).wrong_picture == 0


def test_two_records_of_one_part_are_found() -> None:
    lines = [trigger(1), decided(1, "good", Action.PASSED)]
    sums = account(lines, [record(1), record(1)])
    assert (sums.records, sums.duplicate_records) == (1, 1)
    assert sums.broken() == ("duplicate_records",)


def test_a_part_without_a_record_is_found() -> None:
    sums = account([trigger(1), decided(1, "good", Action.FAIL_SAFE)], [])
    assert sums.unaccounted == 1
    assert "unaccounted" in sums.broken()


def test_a_part_in_a_gap_record_is_accounted_for() -> None:
    sums = account([trigger(1), decided(1, "good", Action.FAIL_SAFE)], [], in_gap=1)
    assert (sums.in_gap, sums.unaccounted) == (1, 0)
    assert sums.broken() == ()


def test_a_record_of_a_part_that_never_was_is_found() -> None:
    sums = account([trigger(1), decided(1, "good", Action.PASSED)], [record(1), record(2)])
    assert sums.unaccounted == 1
    assert "unaccounted" in sums.broken()


def test_a_record_of_another_count_run_is_not_the_parts() -> None:
    other_run = Recorded((2, 1), "pass", {})
    sums = account([trigger(1), decided(1, "good", Action.FAIL_SAFE)], [other_run])
    assert sums.unaccounted == 2


def test_a_part_decided_twice_breaks_the_sum() -> None:
    lines = [trigger(1), decided(1, "good", Action.PASSED), decided(1, "good", Action.PASSED)]
    assert account(lines, [record(1)]).broken() == (SUM,)


def test_a_part_decided_without_a_trigger_breaks_the_sum() -> None:
    assert SUM in account([decided(1, "good", Action.PASSED)], [record(1)]).broken()


SUM = "triggered = records + in_gap = plc_decided + on_belt"


def test_what_the_gateway_counted_is_passed_on() -> None:
    sums = account([], [], in_gap=1, late=2, frames_dropped=3)
    assert (sums.in_gap, sums.late, sums.frames_dropped) == (1, 2, 3)


def test_the_lines_of_the_two_writers_may_come_in_any_order() -> None:
    lines = [shot(1, "a"), decided(1, "bad", Action.REJECTED), trigger(1)]
    assert account(reversed(lines), [record(1, "reject", top="a")]) == account(
        lines, [record(1, "reject", top="a")]
    )


def test_the_sums_of_all_stations_are_added_figure_by_figure() -> None:
    ones = Sums(**{field.name: 1 for field in fields(Sums)})
    assert set((ones + ones).as_json().values()) == {2}
    assert Sums() + ones == ones


@pytest.mark.parametrize("name", BROKEN_UNLESS_ZERO)
def test_each_figure_that_must_be_zero_is_named_when_it_is_not(name: str) -> None:
    assert Sums(**{name: 1}).broken() == (name,)


def test_nothing_broken_in_nothing() -> None:
    assert Sums().broken() == ()
