"""The figures of inspection: what passed bad, what was rejected good, what people did about it.

Each is pure: counts in, a `Kpi` out. Their denominators differ: the usual source of quarrels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from inspector.domain.escapes import (
    Cells,
    EscapeEstimate,
    Seeds,
    daily_interval,
    escape_estimate,
)
from inspector.domain.intervals import Interval, always_valid, audits_needed, clopper_pearson
from inspector.domain.kpi import Definition, Kpi, Window

FAY_FEUER = "post-stratified Horvitz-Thompson, Fay-Feuer"
EXACT = "Clopper-Pearson"
_DAY = timedelta(days=1)
_FEW, _MANY = 0.01, 0.5
"""Near which share an interval for every day is to be narrow; it holds for any."""

ESCAPE_RATE = Definition(
    "escape_rate", 1, "Escape rate", "bad parts among those the model passed / parts it passed"
)
SHIPPED_ESCAPE_RATE = Definition(
    "shipped_escape_rate",
    1,
    "Escape rate of all that was passed",
    "bad parts among those passed by model or operator / parts passed by either",
)
MISS_RATE = Definition(
    "miss_rate", 1, "Miss rate", "escapes / (escapes + confirmed rejects): 1 - recall"
)
FALSE_REJECT_RATE = Definition(
    "false_reject_rate", 1, "False-reject rate", "good parts rejected by a verdict / good parts"
)
NOT_INSPECTED_RATE = Definition(
    "not_inspected_rate", 1, "Not inspected", "parts rejected fail-safe / parts"
)
FALSE_CALL_SHARE = Definition(
    "false_call_share",
    1,
    "False calls among rejects",
    "rejects found good at the end / rejects judged: 1 - precision",
)
OVERRIDE_RATE = Definition(
    "override_rate", 1, "Overrides", "rejects that an operator called good / rejects judged"
)
REVIEWED_SHARE = Definition("reviewed_share", 1, "Reviewed rejects", "rejects judged / rejects")
AUDITOR_SENSITIVITY = Definition(
    "auditor_sensitivity",
    1,
    "Seeded defects found",
    "seeded defects found bad at the end / seeded defects judged",
)
DEFINITIONS = (
    *(ESCAPE_RATE, SHIPPED_ESCAPE_RATE, MISS_RATE, FALSE_REJECT_RATE, NOT_INSPECTED_RATE),
    *(FALSE_CALL_SHARE, OVERRIDE_RATE, REVIEWED_SHARE, AUDITOR_SENSITIVITY),
)


@dataclass(frozen=True, slots=True)
class Rejects:
    """Parts that the model rejected by a verdict, not fail-safe.

    Attributes:
        reviewed: Of those, judged by a person.
        called_good: Of the reviewed, what the operator called good.
        good: Of the reviewed, what is good at the end (labels, confirmations).
    """

    rejected: int
    reviewed: int
    called_good: int
    good: int

    @property
    def false_share(self) -> Interval:
        """Return the interval of the share that is good, of all rejects; exact when all judged."""
        if self.rejected and self.reviewed == self.rejected:
            return self.good / self.rejected, self.good / self.rejected
        return clopper_pearson(self.good, self.reviewed)


def escape_rate(
    cells: Cells,
    window: Window,
    *,
    seeds: Seeds | None = None,
    selected: int | None = None,
    target: float | None = None,
    definition: Definition = ESCAPE_RATE,
) -> Kpi:
    """Return the escape rate of some passed parts.

    Args:
        cells: The model's passed parts, or with `SHIPPED_ESCAPE_RATE` those of operators as well.
        window: When they were decided.
        seeds: With them the upper end is corrected for auditors who miss.
        selected: Parts drawn for the audit, judged or not; None when all were looked at.
        target: The rate that is to be shown. Audits that could not show it even without a find
            give no number.
        definition: Which of the two.
    """
    found = escape_estimate(cells, seeds)
    low, high = found.interval
    corrected = found.upper95_corrected
    drawn = found.audited if selected is None else selected
    return Kpi(
        definition,
        window,
        numerator=(found.estimate or 0.0) * found.passed,
        denominator=found.passed if found.audited else 0,
        interval=(low, high if corrected is None else max(high, corrected)),
        method=FAY_FEUER + (", upper end corrected by seeds" if corrected is not None else ""),
        completeness=(found.audited - found.open) / drawn if drawn else 0.0,
        missing=missing_audits(found, target),
        judged=found.audited,
        watched=daily_interval(
            cells, seeds, day=max(1, ceil((window.until - window.since) / _DAY))
        ),
    )


def missing_audits(found: EscapeEstimate, target: float | None) -> str:
    """Return what the audits lack to show a target, were nothing found; empty when they can."""
    if not found.audited:
        of = f"0 of {audits_needed(target)}" if target else "none"
        return f"not enough audits: {of}"
    if target is None or found.without_finds <= target:
        return ""
    needed = ceil(found.audited * found.without_finds / target)
    return f"not enough audits: {found.audited} of {needed}"


def miss_rate(escapes: Kpi, rejects: Rejects) -> Kpi:
    """Return which share of the bad parts passed.

    The ends take the escape rate's and, where rejects are unjudged, those of their precision.
    """
    good_low, good_high = rejects.false_share
    passed = escapes.denominator
    low, high = escapes.interval or (0.0, 1.0)
    caught = rejects.rejected * (1 - rejects.good / rejects.reviewed) if rejects.reviewed else 0.0
    return Kpi(
        MISS_RATE,
        escapes.window,
        numerator=escapes.numerator,
        denominator=escapes.numerator + caught,
        interval=(
            _part(low * passed, rejects.rejected * (1 - good_low)),
            _part(high * passed, rejects.rejected * (1 - good_high)),
        ),
        method=escapes.method,
        completeness=min(escapes.completeness, _part_of(rejects.reviewed, rejects.rejected)),
        missing=escapes.missing,
        judged=escapes.judged,
    )


def _part(one: float, other: float) -> float:
    return one / (one + other) if one + other else 0.0


def _part_of(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def false_reject_rate(rejects: Rejects, escapes: Kpi) -> Kpi:
    """Return which share of the good parts a verdict rejected."""
    share_low, share_high = rejects.false_share
    passed_good = escapes.denominator - escapes.numerator
    false = rejects.rejected * _part_of(rejects.good, rejects.reviewed) if rejects.reviewed else 0.0
    return Kpi(
        FALSE_REJECT_RATE,
        escapes.window,
        numerator=false,
        denominator=passed_good + false,
        interval=(
            _part(rejects.rejected * share_low, passed_good),
            _part(rejects.rejected * share_high, passed_good),
        ),
        method=f"{EXACT} of the judged rejects",
        completeness=_part_of(rejects.reviewed, rejects.rejected),
        missing="" if rejects.reviewed or not rejects.rejected else "no reject was judged",
        judged=rejects.reviewed,
    )


def not_inspected_rate(not_inspected: int, parts: int, window: Window) -> Kpi:
    """Return which share of the parts was rejected without having been inspected."""
    interval = clopper_pearson(not_inspected, parts)
    watched = always_valid(not_inspected, parts, expected=_FEW)
    return Kpi(NOT_INSPECTED_RATE, window, not_inspected, parts, interval, EXACT, watched=watched)


def false_call_share(rejects: Rejects, window: Window) -> Kpi:
    """Return which share of the judged rejects is good at the end."""
    return _of_reviewed(FALSE_CALL_SHARE, rejects.good, rejects, window)


def override_rate(rejects: Rejects, window: Window) -> Kpi:
    """Return which share of the judged rejects the operator called good: an opinion."""
    return _of_reviewed(OVERRIDE_RATE, rejects.called_good, rejects, window)


def _of_reviewed(definition: Definition, count: int, rejects: Rejects, window: Window) -> Kpi:
    return Kpi(
        definition,
        window,
        count,
        rejects.reviewed,
        clopper_pearson(count, rejects.reviewed),
        EXACT,
        completeness=_part_of(rejects.reviewed, rejects.rejected),
        watched=always_valid(count, rejects.reviewed, expected=_MANY),
    )


def reviewed_share(rejects: Rejects, window: Window) -> Kpi:
    """Return which share of the rejects a person judged."""
    return Kpi(REVIEWED_SHARE, window, rejects.reviewed, rejects.rejected)


def auditor_sensitivity(seeds: Seeds | None, window: Window) -> Kpi:
    """Return which share of the seeded defects the whole chain of an audit found."""
    found, judged = (seeds.found, seeds.judged) if seeds else (0, 0)
    return Kpi(
        AUDITOR_SENSITIVITY,
        window,
        found,
        judged,
        clopper_pearson(found, judged),
        EXACT,
        missing="" if judged else "no seeded defect was judged: what auditors miss is not known",
        judged=judged,
        watched=always_valid(found, judged, expected=_MANY),
    )
