"""What happened in a week, for the weekly review of a site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

from inspector.domain.fatigue import JUDGED_AFTER, Raised, Rule, noisiest
from inspector.domain.kpi import Kpi, Window
from inspector.domain.limits import LimitProposal
from inspector.domain.record import Record
from inspector.domain.site_figures import Seen


@dataclass(frozen=True, slots=True)
class RuleWeek:
    """One rule at one station in this week.

    Attributes:
        rule: Its alarms of the week; its advice is that of the four weeks to the week's end.
        response_s: Median time until somebody answered; None where nobody did.
        stands: The last one has not gone.
    """

    rule: Rule
    response_s: float | None
    stands: bool

    @property
    def name(self) -> str:
        """Return station and rule for people; what has no station is the gateway's."""
        return f"{self.rule.station or 'gateway'}: alarm {self.rule.rule}"


@dataclass(frozen=True, slots=True)
class FalseCalls:
    """Good parts that were rejected for one kind of finding.

    Attributes:
        judged: Rejects for that kind that people judged.
        examples: Those with the highest scores.
    """

    station: str
    kind: str
    count: int
    judged: int
    examples: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundEscape:
    """A bad part that the model passed and somebody found in this week.

    Attributes:
        how: "audit", or "downstream".
        confirmed: On more than one word.
    """

    record: Record
    kind: str
    how: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class SignedLimit:
    """A limit that a person signed, and what it did in this week.

    Attributes:
        version: Of the station's limits.
        predicted: The share of parts that it was to reject.
        rejected: Parts with a finding of its class.
        parts: Inspected by that version in this week.
    """

    station: str
    version: int
    kind: str
    before: float
    after: float
    predicted: float
    rejected: int
    parts: int


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the audit log."""

    at: datetime
    who: str
    action: str
    what: str
    before: Any
    after: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the audit log says of a week: changes, and how often a person's word came."""

    changes: tuple[Noted, ...]
    overrides: int
    corrections: int


@dataclass(frozen=True, slots=True)
class StationWeek:
    """A station's figures, of this week and the one before; no `seen`: no part came."""

    station: str
    audits_per_day: float
    seen: Seen | None
    figures: tuple[Kpi, ...]
    before: tuple[Kpi, ...]
    proposals: tuple[LimitProposal, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """All of it.

    Attributes:
        alarms: What they asked of people.
        seeds_missed: How many of the seeded defects that were judged, by station and kind.
    """

    site: str
    window: Window
    stations: tuple[StationWeek, ...]
    false_calls: tuple[FalseCalls, ...]
    escapes: tuple[FoundEscape, ...]
    rules: tuple[RuleWeek, ...]
    alarms: tuple[Kpi, ...]
    seeds_missed: Mapping[tuple[str, str], int]
    said: Said
    limits: tuple[SignedLimit, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether no part came at any station."""
        return all(one.seen is None for one in self.stations)


def rules_of(raised: Sequence[Raised], window: Window) -> tuple[RuleWeek, ...]:
    """Return the noisiest rules of a week.

    Args:
        raised: The alarms of the four weeks to the window's end, oldest first.
        window: The week.
    """
    month = Window(window.until - JUDGED_AFTER, window.until)
    advice = {(one.station, one.rule): one.advice for one in noisiest(raised, month)}
    of: dict[tuple[str, str], list[Raised]] = defaultdict(list)
    for one in raised:
        if one.came >= window.since:
            of[one.station, one.rule].append(one)
    ranked = noisiest([one for some in of.values() for one in some], window)
    return tuple(
        _rule(
            replace(one, advice=advice.get((one.station, one.rule), "")),
            of[one.station, one.rule],
        )
        for one in ranked
    )


def _rule(rule: Rule, raised: Sequence[Raised]) -> RuleWeek:
    took = [(one.answered - one.came).total_seconds() for one in raised if one.answered]
    return RuleWeek(rule, median(took) if took else None, stands=raised[-1].gone is None)


def open_actions(week: Week) -> list[str]:
    """Return what waits for somebody, in words."""
    stations = [f"{one.station}: {text}" for one in week.stations for text in _open_at(one)]
    finds = [
        f"{one.record.station}: a find in an audit waits for a confirmation"
        for one in week.escapes
        if not one.confirmed
    ]
    rules = [
        f"{one.name}: {text}"
        for one in week.rules
        for text in ("it still stands" if one.stands else "", one.rule.advice)
        if text
    ]
    return [*stations, *finds, *rules]


def _open_at(one: StationWeek) -> list[str]:
    signatures = [
        f"proposal {of.id} for the limit of {of.kind} waits for a signature" for of in one.proposals
    ]
    return [*(_waiting(one.seen) if one.seen else ()), *signatures]


def _waiting(seen: Seen) -> list[str]:
    ends = [end for some in seen.audits.ends.values() for end in some]
    unjudged = sum(seen.audits.drawn.values()) - len(ends)
    unsettled = sum(end.open for end in ends)
    rejects = seen.rejects.rejected - seen.rejects.reviewed
    counted = {
        "drawn parts without their audit": unjudged,
        "audits that are not settled": unsettled,
        "rejects that nobody judged": rejects,
        "decisions of the PLC that differ from what was said": seen.counts.disagreeing,
    }
    return [f"{what}: {number:,}" for what, number in counted.items() if number]
