"""From views to a verdict: a part passes only when every view was seen and is clean."""

from __future__ import annotations

import pytest

from inspector.domain.finding import Finding, RanOn, ViewResult
from inspector.domain.judging import Decision, judge, not_inspected
from inspector.domain.verdict import Verdict

VIEWS = ("top", "side")
SCRATCH = Finding("scratch", 0.934, (1, 2, 3, 4))
DENT = Finding("dent", 0.5, (1, 2, 3, 4))


def clean(view: str) -> ViewResult:
    return ViewResult(view, picture="a")


def results(*ones: ViewResult) -> dict[str, ViewResult]:
    return {one.view: one for one in ones}


def test_a_part_whose_views_are_all_clean_passes() -> None:
    assert judge(results(clean("top"), clean("side")), VIEWS) == Decision(Verdict.PASS)


def test_a_finding_in_any_view_rejects_with_kind_score_and_view() -> None:
    decision = judge(results(clean("top"), ViewResult("side", findings=(SCRATCH, DENT))), VIEWS)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons == ("scratch 0.93 in side", "dent 0.50 in side")
    assert decision.not_inspected == ""


def test_a_part_no_camera_saw_is_unknown() -> None:
    decision = judge({}, VIEWS)
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reasons == ("view top missing", "view side missing")
    assert decision.not_inspected == "view top missing"


@pytest.mark.parametrize("missing", VIEWS)
def test_a_missing_view_is_unknown_whatever_the_other_shows(missing: str) -> None:
    seen = next(view for view in VIEWS if view != missing)
    for one in (clean(seen), ViewResult(seen, findings=(SCRATCH,))):
        assert judge(results(one), VIEWS).verdict is Verdict.UNKNOWN


def test_unknown_beats_reject_and_the_findings_stay_among_the_reasons() -> None:
    frozen = ViewResult("side", missed="frozen: the same picture as before")
    decision = judge(results(ViewResult("top", findings=(SCRATCH,)), frozen), VIEWS)
    cause = "view side: frozen: the same picture as before"
    assert decision == Decision(Verdict.UNKNOWN, (cause, "scratch 0.93 in top"), cause)


def test_a_view_that_the_recipe_does_not_ask_for_changes_nothing() -> None:
    other = ViewResult("bottom", findings=(SCRATCH,))
    both = results(clean("top"), clean("side"), other)
    assert judge(both, VIEWS).verdict is Verdict.PASS


def test_scores_below_the_limit_do_not_reject() -> None:
    low = ViewResult("top", top_scores={"scratch": 0.2})
    assert judge(results(low, clean("side")), VIEWS).verdict is Verdict.PASS


def test_a_part_nobody_looked_at_carries_the_cause() -> None:
    cause = "the gateway was not running"
    assert not_inspected(cause) == Decision(Verdict.UNKNOWN, (cause,), cause)


def test_views_that_were_judged_by_different_limits_are_no_look_at_the_part() -> None:
    by = [RanOn("standard", "ring", "a" * 64, limits=(("dent", one),)) for one in (0.4, 0.5)]
    seen = [
        ViewResult(view, picture="a", ran_on=ran_on) for view, ran_on in zip(VIEWS, by, strict=True)
    ]
    decision = judge(results(*seen), VIEWS)
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.not_inspected == "the model was changed between its views"
