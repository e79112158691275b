"""The long run: 20 parts/s, a fault every 30 s, the same zeros, few sessions, flat memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import ceil

from benchmarks.faults.bench import Bench
from benchmarks.faults.peers import VIEWS_AT, Peer
from benchmarks.faults.rows import (
    DETECTION_S,
    RECOVERY_S,
    TRAVEL_S,
    Outcome,
    Row,
    rows_for,
)
from benchmarks.faults.sums import sums_of
from benchmarks.memory import own_bytes

RATE_HZ, FAULT_EACH_S = 20.0, 30.0
MOST_SESSIONS, LONGEST_TWO_S = 2, 11.0
"""The older of two is one that was cut off: the PLC keeps it for 10 s, and looks each second."""
NO_SESSION_LEFT = "the PLC has no free session"
WARM_S, MOST_GROWTH = 60.0, 0.05
"""Memory after this may grow by this share: allocators round."""


@dataclass(slots=True)
class Sessions:
    """How many the PLC had, and for how long more than one."""

    most: int = 0
    longest_two_s: float = 0.0
    _two_since_s: float | None = None

    def count(self, sessions: int, at_s: float) -> None:
        """Take in what the PLC says now."""
        self.most = max(self.most, sessions)
        if sessions < MOST_SESSIONS:
            self._two_since_s = None
            return
        self._two_since_s = at_s if self._two_since_s is None else self._two_since_s
        self.longest_two_s = max(self.longest_two_s, at_s - self._two_since_s)


@dataclass(slots=True)
class Soak:
    """What a long run showed.

    Attributes:
        outcome: The sums.
        faults: How often something went wrong.
        sessions: At the PLC.
        refused_sessions: How often it had none left.
        memory_mb: Of the line, what lies in no file, each 10 s from the first minute on.
    """

    outcome: Outcome
    faults: int = 0
    sessions: Sessions = field(default_factory=Sessions)
    refused_sessions: int = 0
    memory_mb: list[float] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Return what is broken; empty: all is well."""
        broken = list(self.outcome.broken)
        few = 1 <= self.sessions.most <= MOST_SESSIONS  # 0: nobody counted
        if not (few and self.sessions.longest_two_s <= LONGEST_TWO_S):
            broken.append("sessions")
        if self.refused_sessions:
            broken.append("refused_sessions")
        if self.growth > MOST_GROWTH:
            broken.append("memory")
        return broken

    @property
    def growth(self) -> float:
        """Return by which share the last quarter's memory is above the first's."""
        quarter = len(self.memory_mb) // 4
        if not quarter:
            return 0.0
        return _mean(self.memory_mb[-quarter:]) / _mean(self.memory_mb[:quarter]) - 1

    def as_json(self) -> dict[str, object]:
        """Return what docs/schemas/faults.json calls soak."""
        return {
            "faults": self.faults,
            "most_sessions": self.sessions.most,
            "longest_two_sessions_s": round(self.sessions.longest_two_s, 2),
            "refused_sessions": self.refused_sessions,
            "memory_mb": round(self.memory_mb[-1], 1) if self.memory_mb else None,
            "memory_growth": round(self.growth, 4),
            "broken": self.broken,
        }


async def soak(peer: type[Peer], *, minutes: float) -> Soak:
    """Run for so long and return what it showed."""
    bench = Bench(peer, rate_hz=RATE_HZ, travel_s=TRAVEL_S)
    result = Soak(Outcome("soak", peer.name, 0.0, None, "it did not end"))
    try:
        async with bench:
            watching = asyncio.create_task(_watch(bench, result))
            outages_s = await _disturbed(bench, rows_for(peer), result, minutes * 60)
            await bench.run_empty()
            watching.cancel()
            result.refused_sessions = bench.said().count(NO_SESSION_LEFT)
    except (TimeoutError, OSError) as error:
        why = f"{type(error).__name__}: {error}"
        result.outcome = Outcome("soak", peer.name, 0.0, None, why)
        return result
    each_s = DETECTION_S + RECOVERY_S
    bound = sum(ceil(RATE_HZ * (s + each_s)) + bench.world.most_in_flight for s in outages_s)
    sums = sums_of(bench.world, bench.book, views=list(VIEWS_AT), bound=bound, wrong_words=0)
    result.outcome = Outcome("soak", peer.name, sum(outages_s), sums)
    return result


async def _disturbed(
    bench: Bench, rows: Sequence[Row], result: Soak, seconds: float
) -> list[float]:
    """Let things go wrong in turn; return each outage. The line itself lives: it is measured."""
    ends_s = time.monotonic() + seconds
    outages_s: list[float] = []
    chosen = [row for row in rows if not row.faultless and not row.operators and not row.ends_line]
    for row in cycle(chosen):
        await asyncio.sleep(FAULT_EACH_S)
        if time.monotonic() >= ends_s:
            return outages_s
        outages_s.append(await row.act(bench))
        result.faults += 1
    return outages_s


async def _watch(bench: Bench, result: Soak) -> None:
    warm_s, measured_s = time.monotonic() + WARM_S, 0.0
    while True:
        now_s = time.monotonic()
        result.sessions.count(bench.sessions, now_s)
        if now_s > max(warm_s, measured_s + 10):
            measured_s = now_s
            result.memory_mb.append(own_bytes([bench.line_pid()]) / 2**20)
        await asyncio.sleep(0.1)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
