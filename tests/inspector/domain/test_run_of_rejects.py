"""Rejects one behind the other are an alarm at once, and end with the part that ends them."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.domain.run_of_rejects import NO_RULE, RejectRun, RunRule
from inspector.domain.verdict import Verdict

IN_A_ROW, OF_FIVE, ANY = RunRule(3, 3), RunRule(3, 5), RunRule(3, 3, same_kind=False)
CLEAN = ""


def run(rule: RunRule, rejected_for: Sequence[str | None], first: int = 0) -> RejectRun:
    """Return the run after these parts: "" passed, None was not inspected, else kinds."""
    after = RejectRun(rule)
    for number, kinds in enumerate(rejected_for, first):
        after = with_one(after, number, kinds)
    return after


def with_one(before: RejectRun, number: int, kinds: str | None, count_run: int = 1) -> RejectRun:
    verdict = Verdict.UNKNOWN if kinds is None else Verdict.REJECT if kinds else Verdict.PASS
    return before.after((count_run, number), verdict, frozenset((kinds or "").split()))


def test_the_third_of_the_same_kind_in_a_row_is_an_alarm_and_says_what_to_do() -> None:
    assert run(IN_A_ROW, ["dent", "dent"]).text == ""
    text = run(IN_A_ROW, ["dent", "dent scratch", "dent"]).text
    assert text.startswith("3 parts in a row were rejected for dent. Look at them")


def test_different_kinds_are_no_run_unless_the_station_counts_them_together() -> None:
    assert run(IN_A_ROW, ["dent", "scratch", "dent"]).standing is None
    assert run(ANY, ["dent", "scratch", "dent"]).text.startswith("3 parts in a row were rejected.")


def test_a_passed_part_ends_the_run_and_one_not_inspected_does_not() -> None:
    assert run(IN_A_ROW, ["dent"] * 3 + [None, None]).standing == "dent"
    assert run(IN_A_ROW, ["dent", None, "dent", "dent"]).standing == "dent"
    assert run(IN_A_ROW, ["dent"] * 5 + [CLEAN]).standing is None
    assert run(IN_A_ROW, ["dent"] * 3 + ["scratch"]).standing is None, "another kind is no dent"


def test_some_of_many_is_a_run_that_ends_when_none_of_it_can_be_left() -> None:
    found = run(OF_FIVE, ["dent", CLEAN, "dent", CLEAN, "dent"])
    assert found.text.startswith("3 of 5 parts were rejected for dent")
    assert run(OF_FIVE, ["dent", CLEAN, "dent", CLEAN, "dent", CLEAN, CLEAN]).standing == "dent"
    assert run(OF_FIVE, ["dent"] * 3 + [CLEAN] * 3).standing is None
    assert run(OF_FIVE, ["dent", CLEAN, CLEAN, "dent", CLEAN, "dent"]).standing is None


def test_the_belt_gives_the_order_and_not_the_time_of_the_verdict() -> None:
    found = with_one(with_one(run(IN_A_ROW, ["dent"] * 2), 3, CLEAN), 2, "dent")
    assert found.standing is None, "the clean one is the last on the belt"
    late = with_one(run(IN_A_ROW, ["dent"] * 3, first=10), 2, CLEAN)
    assert late.standing == "dent", "a part from before the run ends nothing"
    assert with_one(run(IN_A_ROW, ["dent"] * 2, first=90), 1, "dent", 2).standing == "dent"


def test_a_station_may_have_no_such_alarm() -> None:
    assert run(NO_RULE, ["dent"] * 9).text == ""
