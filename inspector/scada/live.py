"""What the server shows of the line at one moment, taken from the line's own published state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from inspector.domain.health import State
from inspector.domain.record import Record

HEALTHY, DEGRADED, NO_STATION, NO_DATA = 255, 200, 100, 1
"""Service levels (OPC UA Part 4, 6.6.2.4.2): 200 and more is healthy, 1 is no data."""
COUNTERS = {
    "Triggered": "triggered",
    "Decided": "decided",
    "Passed": "passed",
    "Rejected": "rejected",
    "FailSafe": "fail_safe",
    "OnBelt": "on_belt",
    "Late": "late",
    "Disagreements": "disagreements",
}
"""Our names, and the line's."""


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What the settings say of a station.

    Attributes:
        recipe: Its name; the limits and views that parts are inspected with.
        simulated: The parts are drawn: the demo.
    """

    name: str
    title: str
    recipe: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class StationLive:
    """A station's state at one moment.

    Attributes:
        fresh: False: the line does not answer, and everything but `state` is what it said last.
        counters: By our names; None: not read yet, or the PLC does not count it.
        latency_p50_ms, latency_p99_ms: Frame ready to acknowledged; None: nothing measured yet.
    """

    state: State
    state_why: str
    fresh: bool = False
    running: bool = False
    override: bool = False
    counters: Mapping[str, int | None] = field(default_factory=dict)
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    device: str = ""
    precision: str = ""
    package: str = ""
    model_sha256: str = ""
    epoch: int = 0


class Source(Protocol):
    """Where live state and results come from; called from a thread, never twice at once."""

    def line(self) -> Mapping[str, Any] | None:
        """Return what the line has published, or None while it does not answer."""
        ...

    def decided(self, station: str) -> Sequence[Record]:
        """Return records that the PLC has decided since the last call, oldest first."""
        ...


AWAY = StationLive(State.FAILURE, "the line does not answer")


def station_live(said: Mapping[str, Any] | None, before: StationLive) -> StationLive:
    """Return a station's state from what the line says of it, or what it was before."""
    if said is None:
        return _away(before)
    latency = said["latency_ms"]
    counts = said["counts"]
    return StationLive(
        state=State(said["state"]),
        state_why=said["state_why"],
        fresh=True,
        running=said["running"],
        override=said["override"],
        counters={ours: counts.get(theirs) for ours, theirs in COUNTERS.items()},
        latency_p50_ms=latency["p50"],
        latency_p99_ms=latency["p99"],
        device=said["device"],
        precision=said["precision"],
        package=said["package"],
        model_sha256=said["model_sha256"],
        epoch=int(said["epoch"]),
    )


def service_level(stations: Sequence[StationLive]) -> int:
    """Return 255 when all is good, 200 when a station is not, 100 when none can pass, 1 when away.

    1 is *no data*: the line's process does not answer.
    """
    if not any(one.fresh for one in stations):
        return NO_DATA
    if all(one.state is State.FAILURE for one in stations):
        return NO_STATION
    return HEALTHY if all(one.state is State.GOOD for one in stations) else DEGRADED


@dataclass(frozen=True, slots=True)
class Result:
    """A decided part, as SCADA and MES see it.

    Attributes:
        action: What the PLC did; 0: the evidence was lost.
        verdict: 1 pass, 2 reject, 3 unknown.
    """

    record: Record
    decided_at: datetime
    action: int
    verdict: int

    @classmethod
    def of(cls, record: Record) -> Result | None:
        """Return the result of a record, or None while the PLC has not decided."""
        if record.decision is None:
            return None
        action = record.decision.action
        return cls(record, record.decision.at, int(action or 0), int(record.verdict))


def _away(before: StationLive) -> StationLive:
    return replace(before, state=AWAY.state, state_why=AWAY.state_why, fresh=False, running=False)
