"""Advice on a limit, held within guard rails, and its changes, each signed by a person.

Nothing here moves a limit: a `Proposal` is a value until somebody signs it, and what was signed can
be taken back. Grounds of the rails: docs/kpi.md.
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
class Proposal:
    """A step that a person may sign.

    Attributes:
        follows: The version of the limit that it was made for.
        made_at: Of the newest part that it rests on.
    """

    station: str
    follows: int
    now: Effect
    proposed: Effect
    made_at: datetime

    @property
    def lowers_protection(self) -> bool:
        """Return whether fewer parts would be rejected."""
        return self.proposed.limit > self.now.limit


@dataclass(frozen=True, slots=True)
class Advice:
    """What the figures say.

    Attributes:
        cheapest: Without any guard rail.
        proposed: The cheapest step within them, None where there is none.
        refusals: Why nothing is proposed.
        curve: All limits that were held against each other.
    """

    now: Effect
    cheapest: Effect
    proposed: Effect | None
    refusals: tuple[str, ...]
    curve: Curve


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
    refusals = _refusals(judged, rails, now=now, more=curve.limit[best] < judged.limit)
    if best == current:
        refusals = ["the limit in force is the cheapest"]
    step = None if refusals else _step(judged, curve, rails, current=current, best=best)
    if not refusals and step is None:
        refusals = [_no_step(rails)]
    proposed = None if step is None else effect(step)
    return Advice(effect(current), effect(best), proposed, tuple(refusals), curve)


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


def _refusals(judged: Judged, rails: Rails, *, now: datetime, more: bool) -> list[str]:
    """Return what stands against any step; `more` when it would reject more parts."""
    good = ~judged.passed & judged.looked & ~judged.bad & ~judged.open
    finds = int((judged.passed & judged.bad & judged.confirmed).sum() if more else good.sum())
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


# --- what people sign ---


@dataclass(frozen=True, slots=True)
class Change:
    """One version of a station's limit, and whose word it is.

    Attributes:
        version: From 1; 0 is the limit that the station began with.
        by: Who signed.
        takes_back: The version whose limit was replaced by the one before it.
    """

    version: int
    limit: float
    by: str
    at: datetime
    reason: str
    proposal: Proposal | None = None
    takes_back: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """A station's limits: never edited, each change stands behind the others.

    Attributes:
        first: What the station began with.
    """

    station: str
    first: float
    changes: tuple[Change, ...] = ()

    @property
    def version(self) -> int:
        """Return the version in force."""
        return len(self.changes)

    @property
    def limit(self) -> float:
        """Return the limit in force."""
        return self.at(self.version)

    def at(self, version: int) -> float:
        """Return the limit of a version."""
        return self.changes[version - 1].limit if version else self.first

    def sign(self, proposal: Proposal, *, by: str, at: datetime, reason: str) -> Limits:
        """Return the limits with a proposal in force.

        Raises:
            BadInput: Nobody signs, it was made for another limit, or the last step is too new.
        """
        if (proposal.station, proposal.follows) != (self.station, self.version):
            raise BadInput(
                f"the proposal is for version {proposal.follows} of {proposal.station}, and "
                f"{self.station} has version {self.version}: ask for advice again"
            )
        for why in too_soon(self.changes[-1].at if self.changes else None, at):
            raise BadInput(why)
        limit = proposal.proposed.limit
        return self._with(Change(self.version + 1, limit, by, at, reason, proposal=proposal))

    def take_back(self, *, by: str, at: datetime, reason: str) -> Limits:
        """Return the limits with the one before the last change in force; at any time.

        Raises:
            BadInput: Nobody signs, or there is nothing to take back.
        """
        if not self.changes or self.changes[-1].takes_back is not None:
            raise BadInput(f"{self.station}: there is no change of the limit to take back")
        before = self.at(self.version - 1)
        return self._with(Change(self.version + 1, before, by, at, reason, takes_back=self.version))

    def _with(self, change: Change) -> Limits:
        if not change.by.strip() or not change.reason.strip():
            raise BadInput("a change of a limit needs a name and a reason")
        return Limits(self.station, self.first, (*self.changes, change))
