"""A site's figures from what its records say: counts and judgements in, `Kpi` objects out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from inspector.domain.auditing import OPERATOR_STRATUM, Conclusion
from inspector.domain.escapes import Cells, Seeds
from inspector.domain.fatigue import Raised, alarm_figures
from inspector.domain.incidents import (
    Failure,
    Incident,
    Running,
    mean_time_between_failures,
    mean_time_to_restoration,
    ran_s,
    time_to_detect,
    time_to_respond,
)
from inspector.domain.iso22400 import first_pass_yield, not_recorded, throughput_rate
from inspector.domain.kpi import Kpi, Window
from inspector.domain.quality import (
    ESCAPE_RATE,
    SHIPPED_ESCAPE_RATE,
    Rejects,
    auditor_sensitivity,
    escape_rate,
    false_call_share,
    false_reject_rate,
    miss_rate,
    not_inspected_rate,
    override_rate,
    reviewed_share,
)
from inspector.domain.record import Counts
from inspector.domain.verdict import Action

HOURS = "AOET: the clock hours in which a part came, of each station"
STALE_AFTER = timedelta(minutes=5)

Cell = tuple[int, float]
"""Stratum and the probability of an audit."""


@dataclass(frozen=True, slots=True)
class Audits:
    """What was drawn, and what it came to.

    Attributes:
        drawn: How many parts of each cell.
        ends: Of those, what each one came to that somebody has judged.
    """

    drawn: Mapping[Cell, int]
    ends: Mapping[Cell, Sequence[Conclusion]]


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened around the parts of a window.

    Attributes:
        running: When parts came.
        incidents: The alarms that came.
        failures: Those of stations at which no part could pass; also from before the window.
        raised: The alarms that came, each with its end and its answer.
        operators: How many people answered alarms, by day (UTC).
    """

    running: Sequence[Running] = ()
    incidents: Sequence[Incident] = ()
    failures: Sequence[Failure] = ()
    raised: Sequence[Raised] = ()
    operators: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the records of a window say.

    Attributes:
        passed: Parts that the model passed and that had a chance of an audit, by cell.
        seeds: None: no seeded defect was judged.
        look_s: The median time of a person's look at a reject; None: none was measured.
    """

    counts: Counts
    passed: Mapping[Cell, int]
    audits: Audits
    rejects: Rejects
    seeds: Seeds | None
    happened: Happened = Happened()
    look_s: float | None = None


def site_figures(
    seen: Seen,
    window: Window,
    *,
    targets: Mapping[str, float] | None = None,
    stale: bool = False,
) -> tuple[Kpi, ...]:
    """Return every figure that the records can give.

    Args:
        seen: What they say.
        window: Of when.
        targets: What the figures shall reach, by id. An escape rate that the audits could not even
            show to be as low as its target is not shown.
        stale: The records end before the window does.
    """
    goals = targets or {}
    return tuple(
        replace(one, target=goals.get(one.definition.id), stale=stale)
        for one in _figures(seen, window, goals.get(ESCAPE_RATE.id))
    )


def _figures(seen: Seen, window: Window, target: float | None) -> tuple[Kpi, ...]:
    counts, rejects = seen.counts, seen.rejects
    escapes = _escapes(seen, window, target, shipped=False)
    false_rejects = false_reject_rate(rejects, _good_unless_known(escapes, counts))
    if not escapes.denominator:
        method = f"{false_rejects.method}; passed parts taken for good, none was audited"
        false_rejects = replace(false_rejects, method=method)
    return (
        escapes,
        _escapes(seen, window, target, shipped=True),
        miss_rate(escapes, rejects),
        false_rejects,
        _not_inspected(counts, window),
        false_call_share(rejects, window),
        override_rate(rejects, window),
        reviewed_share(rejects, window),
        auditor_sensitivity(seen.seeds, window),
        *_iso_22400(seen, window),
        *_incidents(seen.happened, window),
    )


def _iso_22400(seen: Seen, window: Window) -> tuple[Kpi, ...]:
    counts, ran = seen.counts, ran_s(seen.happened.running)
    return (
        first_pass_yield(counts.passed, counts.passed + counts.rejected, window),
        *not_recorded(window),
        throughput_rate(counts.records + counts.in_gap, ran, window, method=HOURS),
    )


def _incidents(happened: Happened, window: Window) -> tuple[Kpi, ...]:
    return (
        time_to_detect(happened.incidents, window),
        time_to_respond(happened.incidents, window),
        mean_time_between_failures(happened.failures, happened.running, window),
        mean_time_to_restoration(happened.failures, window),
        *alarm_figures(happened.raised, happened.running, happened.operators, window),
    )


def _escapes(seen: Seen, window: Window, target: float | None, *, shipped: bool) -> Kpi:
    """Return the rate of what the model passed, or with operators' parts of all that was passed."""
    passed = dict(seen.passed)
    by_operators = seen.counts.actions.get(Action.PASSED_BY_OPERATOR, 0)
    if shipped and by_operators:
        passed[OPERATOR_STRATUM, 1.0] = by_operators
    cells = sorted(passed)
    ends = [seen.audits.ends.get(cell, ()) for cell in cells]
    return escape_rate(
        Cells(
            np.array([stratum for stratum, _ in cells], np.int64),
            np.array([pi for _, pi in cells], np.float64),
            np.array([passed[cell] for cell in cells], np.int64),
            np.array([len(some) for some in ends], np.int64),
            np.array([sum(one.bad for one in some) for some in ends], np.int64),
            np.array([sum(one.open for one in some) for some in ends], np.int64),
        ),
        window,
        seeds=seen.seeds,
        selected=sum(seen.audits.drawn.get(cell, 0) for cell in cells),
        target=target,
        definition=SHIPPED_ESCAPE_RATE if shipped else ESCAPE_RATE,
    )


def is_stale(window: Window, reached: datetime | None, now: datetime) -> bool:
    """Return whether the records should say more of a window by now than they do.

    Args:
        window: The figures'.
        reached: Up to when everything is recorded; None: not known.
        now: UTC.
    """
    return reached is None or min(window.until, now) - reached > STALE_AFTER


def _good_unless_known(escapes: Kpi, counts: Counts) -> Kpi:
    """Return the escapes, or where there was no audit none: then passed parts pass for good."""
    if escapes.denominator:
        return escapes
    return replace(escapes, numerator=0.0, denominator=counts.passed)


def _not_inspected(counts: Counts, window: Window) -> Kpi:
    """Of the parts that the PLC has decided; what lies in gaps is not known part by part."""
    failed_safe = counts.actions.get(Action.FAIL_SAFE, 0)
    known = counts.decided - counts.lost
    all_parts = counts.records + counts.in_gap
    figure = not_inspected_rate(failed_safe, known, window)
    return replace(figure, completeness=known / all_parts if all_parts else 1.0)
