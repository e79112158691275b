"""From what the views showed to the verdict on a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.domain.finding import ViewResult
from inspector.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a part and why.

    Attributes:
        verdict: What the PLC is told.
        reasons: For people, most important first: "scratch 0.93 in top", "view side missing".
        not_inspected: The cause when the verdict is UNKNOWN; else empty.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    not_inspected: str = ""


def judge(results: Mapping[str, ViewResult], views: tuple[str, ...]) -> Decision:
    """Return the decision on a part from the results of its views.

    A view without a result, or one the model could not look at, makes the part UNKNOWN:
    UNKNOWN beats REJECT, because nobody has seen the whole part; the findings stay among the
    reasons. A part passes only when the model looked at every view and found nothing.

    Args:
        results: By view, those that came.
        views: The views that the recipe asks for.
    """
    causes = [_cause(view, results.get(view)) for view in views]
    models = {result.ran_on for result in results.values() if result.ran_on}
    if len(models) > 1:
        causes.append("the model was changed between its views")
    missed = tuple(cause for cause in causes if cause)
    found = tuple(
        f"{finding.kind} {finding.score:.2f} in {view}"
        for view in views
        if view in results
        for finding in results[view].findings
    )
    if missed:
        return Decision(Verdict.UNKNOWN, missed + found, not_inspected=missed[0])
    return Decision(Verdict.REJECT, found) if found else Decision(Verdict.PASS)


def not_inspected(cause: str) -> Decision:
    """Return the decision on a part that nobody looked at."""
    return Decision(Verdict.UNKNOWN, (cause,), not_inspected=cause)


def _cause(view: str, result: ViewResult | None) -> str:
    if result is None:
        return f"view {view} missing"
    return f"view {view}: {result.missed}" if result.missed else ""
