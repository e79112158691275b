"""Advice on a limit, held within guard rails. Nothing here moves one: `domain.limits` says how.

Grounds of the rails: docs/kpi.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from inspector.domain.escapes import EscapeEstimate
from inspector.domain.prices import Costs
from inspector.domain.threshold_cost import Curve, Judged, cost_curve, escapes_at
from inspector.errors import BadInput

MOST_CHANGE = 0.5
"""By which share of them rejects may change in one step."""
STEP = timedelta(days=7)
"""Between two steps: long enough to see what the first one did."""
LEAST_FINDS = 10
"""Confirmed finds on the side that moves."""
FLAGGED_ONLY = (
    "no passed part was audited, so it is not known how many bad parts lie below the limit: "
    "verdicts on rejects alone can only ever say that it is too low"
)


@dataclass(frozen=True, slots=True)
class Rails:
    """What holds for a step besides the constants above.

    Attributes:
        most_escapes: The charter's upper bound of the escape rate; None without a charter.
        changed_at: When the limit was changed last; None if never.
    """

    most_escapes: float | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a limit would have done with the parts that were looked at.

    Attributes:
        cost: Of a thousand parts.
        band: Its 90 % band.
        escapes_at_most: One-sided 95 % bound, corrected where there are seeds.
    """

    limit: float
    rejects: int
    rejects_per_hour: float
    operator_minutes_per_hour: float
    cost: float
    band: tuple[float, float]
    escapes_at_most: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What the figures say.

    Attributes:
        cheapest: Without any guard rail.
        proposed: The cheapest step within them, None where there is none.
        refusals: Why nothing is proposed.
        curve: All limits that were held against each other.
        finds: Confirmed finds on the side that moves.
    """

    now: Effect
    cheapest: Effect
    proposed: Effect | None
    refusals: tuple[str, ...]
    curve: Curve
    finds: int = 0

    @property
    def lowers_protection(self) -> bool | None:
        """Return whether the proposed step would reject fewer parts; None without one."""
        return None if self.proposed is None else self.proposed.limit > self.now.limit


def advised(judged: Judged, costs: Costs, rails: Rails, *, now: datetime, seed: int = 0) -> Advice:
    """Return what to do about a limit.

    Args:
        judged: The parts of one station under one limit.
        costs: Of escapes, false rejects and looks.
        rails: The site's own guard rails.
        now: When the newest of the parts was decided.
        seed: Of the band.

    Raises:
        BadInput: The parts do not say what lies below the limit, or which limit was in force.
    """
    _refuse_blind(judged)
    curve = cost_curve(judged, costs, seed=seed)

    def effect(at: int) -> Effect:
        return _effect(judged, costs, curve, at)

    current = int(np.searchsorted(curve.limit, judged.limit))
    best = int(np.argmin(curve.cost))
    more = bool(curve.limit[best] < judged.limit)
    finds = _finds(judged, more=more)
    refusals = _refusals(finds, rails, now=now, more=more)
    if best == current:
        refusals = ["the limit in force is the cheapest"]
    step = None if refusals else _step(judged, curve, rails, current=current, best=best)
    if not refusals and step is None:
        refusals = [_no_step(rails)]
    proposed = None if step is None else effect(step)
    return Advice(effect(current), effect(best), proposed, tuple(refusals), curve, finds)


def _refuse_blind(judged: Judged) -> None:
    rejected = ~judged.passed
    if not (judged.passed & judged.looked).any():
        raise BadInput(FLAGGED_ONLY)
    if not rejected.any():
        raise BadInput("no part was rejected, so the limit in force is not known")
    if not (rejected & judged.looked).any():
        raise BadInput("no reject was judged, so it is not known how many of them are good")
    if judged.score[judged.passed].max() >= judged.limit:
        raise BadInput(
            "parts with the same or a higher score passed while others were rejected: the limit "
            "changed, or the score does not decide; take parts of one limit alone"
        )


def _finds(judged: Judged, *, more: bool) -> int:
    """Return the confirmed finds on the side that moves; `more`: more parts would be rejected."""
    good = ~judged.passed & judged.looked & ~judged.bad & ~judged.open
    return int((judged.passed & judged.bad & judged.confirmed).sum() if more else good.sum())


def _refusals(finds: int, rails: Rails, *, now: datetime, more: bool) -> list[str]:
    """Return what stands against any step."""
    what = "confirmed finds among passed parts" if more else "rejects found good"
    told = [f"not enough {what}: {finds} of {LEAST_FINDS}"] if finds < LEAST_FINDS else []
    return told + too_soon(rails.changed_at, now)


def too_soon(changed_at: datetime | None, now: datetime) -> list[str]:
    """Return why a limit that was changed then may not be changed again now."""
    if changed_at is None or now - changed_at >= STEP:
        return []
    return [f"one step in {STEP.days} days: the limit was changed on {changed_at.isoformat()}"]


def _step(judged: Judged, curve: Curve, rails: Rails, *, current: int, best: int) -> int | None:
    """Return the cheapest limit within the rails that saves something, by its place."""
    moves = _reachable(curve, current=current, best=best)
    for at in moves[np.argsort(curve.cost[moves], kind="stable")].tolist():
        if curve.cost[at] >= curve.cost[current]:
            return None
        if at < current or _bound_holds(judged, float(curve.limit[at]), rails):
            return int(at)
    return None


def _reachable(curve: Curve, *, current: int, best: int) -> NDArray[np.intp]:
    """Return the limits between here and the cheapest that do not change rejects too much."""
    places = np.arange(len(curve.limit))
    before = curve.rejected[current]
    near = abs(curve.rejected - before) <= MOST_CHANGE * before
    between = (places - current) * np.sign(best - current) > 0
    return np.flatnonzero(near & between)


def _bound_holds(judged: Judged, limit: float, rails: Rails) -> bool:
    """Return whether a limit that lets more pass stays below the charter's bound."""
    most = rails.most_escapes
    return most is None or bound(escapes_at(judged, limit)) <= most


def bound(escapes: EscapeEstimate) -> float:
    """Return the bound that decides: corrected for auditors where there are seeds."""
    corrected = escapes.upper95_corrected
    return escapes.upper95 if corrected is None else max(corrected, escapes.upper95)


def _no_step(rails: Rails) -> str:
    charter = "" if rails.most_escapes is None else f" with escapes of at most {rails.most_escapes}"
    return f"no step that changes rejects by at most {MOST_CHANGE:.0%}{charter} costs less"


def _effect(judged: Judged, costs: Costs, curve: Curve, at: int) -> Effect:
    hourly = float(curve.rejected[at]) / judged.hours
    return Effect(
        limit=float(curve.limit[at]),
        rejects=int(curve.rejected[at]),
        rejects_per_hour=hourly,
        operator_minutes_per_hour=hourly * costs.review_s / 60,
        cost=float(curve.cost[at]),
        band=(float(curve.low[at]), float(curve.high[at])),
        escapes_at_most=bound(escapes_at(judged, float(curve.limit[at]))),
    )
