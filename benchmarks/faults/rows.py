"""The rows: what goes wrong, for how long, and what a good part may cost then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks.faults.bench import Bench
from benchmarks.faults.peers import PREFIX, VIEWS_AT, Peer
from benchmarks.faults.site import STATION
from benchmarks.faults.sums import BY_PERSON, Sums, sums_of
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord
from inspector.ipc import read_status
from inspector.plc.access import Access
from inspector.plc.contract import verdict_slot
from inspector.plc.nodes import PlcStation
from inspector.plc.session import open_session

DETECTION_S, RECOVERY_S = 1.0, 2.0
"""What issue 3 allows around an outage."""
RATE_HZ, TRAVEL_S = 5.0, 2.5
OVERRIDE_TRAVEL_S = 6.5
"""A shorter belt leaves no time for a person: the line refuses every press."""
RUN_S, BEFORE_S = 10.0, 2.0
CROSSING_S = (-0.5, -0.2, -0.1, -0.05, 0.0, 0.05, 0.2)
"""Presses around the deadline."""
LATE_MS = 2500
WRITING_WAYS = ("tables", "mailbox", "method")
ALL_WAYS = (*WRITING_WAYS, "pull")

Act = Callable[[Bench], Awaitable[float]]
"""Does what the row says and returns how long the outage was, seconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        name: In the table.
        act: What is done, once.
        faultless: Nothing is wrong: not one good part may be rejected.
        travel_s: From the eye to the reject station.
        operators: Needs a peer with the operator table.
        ways: Transports that it can go wrong in.
        ends_line: The line's process is another one afterwards.
    """

    name: str
    act: Act
    faultless: bool = False
    travel_s: float = TRAVEL_S
    operators: bool = False
    ways: tuple[str, ...] = ALL_WAYS
    ends_line: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row that was run against one peer; `sums` None: it could not be run, and why."""

    row: str
    peer: str
    outage_s: float
    sums: Sums | None
    why: str = ""

    @property
    def broken(self) -> list[str]:
        """Return what is broken; empty: all is well."""
        return self.sums.broken() if self.sums else [self.why]


async def run_row(row: Row, peer: type[Peer], *, seconds: float = RUN_S) -> Outcome:
    """Run one row and return its figures.

    Args:
        row: What goes wrong.
        peer: At which PLC.
        seconds: From when all is in sync until no more parts come, at least.
    """
    bench = Bench(peer, rate_hz=RATE_HZ, travel_s=row.travel_s)
    try:
        async with bench:
            ends_s = time.monotonic() + seconds
            await asyncio.sleep(min(BEFORE_S, seconds / 4))
            outage_s = await row.act(bench)
            await asyncio.sleep(max(ends_s - time.monotonic(), 0))
            await bench.run_empty()
    except (TimeoutError, OSError) as error:
        return Outcome(row.name, peer.name, 0.0, None, f"{type(error).__name__}: {error}")
    return Outcome(row.name, peer.name, outage_s, _sums(bench, row, outage_s))


def _sums(bench: Bench, row: Row, outage_s: float) -> Sums:
    seconds = outage_s + DETECTION_S + RECOVERY_S
    bound = 0 if row.faultless else ceil(RATE_HZ * seconds) + bench.world.most_in_flight
    wrong = sum(_other_than_answered(bench, number) for number in bench.answers)
    return sums_of(bench.world, bench.book, views=list(VIEWS_AT), bound=bound, wrong_words=wrong)


def _other_than_answered(bench: Bench, number: int) -> bool:
    """Return whether a part's end differs from what the person was told of it.

    A REJECT that the PLC has echoed is what happens; a press that came too late changes nothing.
    """
    verdict, answer = bench.answers[number]
    action = bench.world.fates[number].action
    if bench.book.latched.get(number) == verdict == "reject":
        return action != Action.REJECTED_BY_OPERATOR
    return answer == "too_late" and action in BY_PERSON


# --- what is done ---


async def _nothing(_: Bench) -> float:
    return 0.0


def _writes(kind: str, *, for_s: float = 0.0, outage_s: float = 0.0, **how: Any) -> Act:
    """Return an act: what becomes of writes, for a time or (`count`) for some of them."""

    async def act(bench: Bench) -> float:
        bench.peer.order("writes", **{"as": kind, **how})
        if for_s:
            await asyncio.sleep(for_s)
            bench.peer.order("writes", **{"as": "none"})
        return outage_s or for_s

    return act


def _order(do: str, *, outage_s: float = 0.0, **how: Any) -> Act:
    async def act(bench: Bench) -> float:
        bench.peer.order(do, **how)
        return outage_s

    return act


async def _cut(bench: Bench) -> float:
    for cable in bench.cables:
        cable.cut()
    return 0.0


def _cable_out(for_s: float) -> Act:
    async def act(bench: Bench) -> float:
        for cable in bench.cables:
            cable.stall()
        await asyncio.sleep(for_s)
        for cable in bench.cables:
            cable.flow()
        return for_s

    return act


def _stalls(for_s: float) -> Act:
    async def act(bench: Bench) -> float:
        bench.peer.stop()
        await asyncio.sleep(for_s)
        bench.peer.go_on()
        return for_s

    return act


def _restarts(*, shifted: bool = False) -> Act:
    async def act(bench: Bench) -> float:
        from_s = await bench.peer.kill()
        await bench.peer.start(shifted=shifted)
        return time.monotonic() - from_s

    return act


def _killed(name: str) -> Act:
    async def act(bench: Bench) -> float:
        from_s = time.monotonic()
        await bench.kill(name)
        await (bench.start_line() if name == "line" else bench.start_worker())
        await bench.until(bench.line_serves, 20, "the line does not serve")
        return time.monotonic() - from_s

    return act


async def _stale_epoch(bench: Bench) -> float:
    """A second gateway goes on saying PASS for every part, under the epoch before ours."""
    profile = bench.site.plcs[0]
    station = PlcStation(STATION, PREFIX, tuple(VIEWS_AT))
    pinned = bench.peer.certificate()
    session = await open_session(Access(profile, bench.password, bench.ours, pinned, (station,)))
    from_s = time.monotonic()
    status: Any = (read_status(bench.runtime, "line") or {}).get("stations")
    epoch = status[STATION]["epoch"] - 1
    nodes = session.stations[STATION]
    while time.monotonic() < from_s + 2.0:
        for number in bench.world.on_belt:
            word = MachineWord(number, epoch, Verdict.PASS).pack()
            await session.write([nodes.write(verdict_slot(number % profile.slot_count), word)])
        await asyncio.sleep(0.05)
    await session.leave()
    return time.monotonic() - from_s


def _presses(verdict: str, *, bad: bool, for_s: float, offsets_s: tuple[float, ...]) -> Act:
    """Return an act: presses for each such part, around the deadline of its last word."""

    async def act(bench: Bench) -> float:
        first, pressing = bench.world.newest + 1, []
        await asyncio.sleep(for_s)
        numbers = [n for n in sorted(bench.world.fates) if n >= first]
        chosen = [n for n in numbers if bench.world.fates[n].bad is bad]
        for turn, number in enumerate(chosen):
            at_s = bench.last_word_s(number) + offsets_s[turn % len(offsets_s)]
            pressing.append(_press_at(bench, number, verdict, at_s))
        await asyncio.gather(*pressing)
        return 0.0

    return act


async def _press_at(bench: Bench, number: int, verdict: str, at_s: float) -> None:
    await asyncio.sleep(max(at_s - time.monotonic(), 0))
    bench.answers[number] = verdict, await bench.press(number, verdict)


async def _late_pass_behind_reject(bench: Bench) -> float:
    """PASS words are carried out long after a person's REJECT was latched."""
    bench.peer.order("writes", **{"as": "late", "ms": LATE_MS, "only": "Verdict."})
    first, ends_s = bench.world.newest + 1, time.monotonic() + 5.0
    while time.monotonic() < ends_s:
        await asyncio.sleep(0.2)
        for number in [n for n in bench.world.on_belt if n >= first]:
            old_enough = time.monotonic() - bench.eye_s[number] > 1.0
            if old_enough and number not in bench.answers and not bench.world.fates[number].bad:
                bench.answers[number] = "reject", await bench.press(number, "reject")
    bench.peer.order("writes", **{"as": "none"})
    return 5.0


ROWS: tuple[Row, ...] = (
    Row("none", _nothing, faultless=True),
    Row("writes slow, 300 ms for 2 s", _writes("slow", for_s=2.0, ms=300)),
    Row("5 writes refused with a status code", _writes("refused", count=5, only="Verdict.")),
    Row(
        "5 writes done, answered with an error",
        _writes("done_with_error", count=5, only="Verd"),
        ways=WRITING_WAYS,
    ),
    Row("writes accepted, done 600 ms later", _writes("late", for_s=3.0, ms=600, only="Verdict.")),
    Row("writes done twice", _writes("again", for_s=3.0, ms=600, only="Verdict.")),
    Row(
        "acknowledgement lost",
        _writes("unanswered", count=1, outage_s=1.0, only="Verdict."),
        ways=WRITING_WAYS,
    ),
    Row("session closed by the PLC", _order("close_sessions")),
    Row("TCP cut", _cut),
    Row("cable out for 2 s", _cable_out(2.0)),
    Row("PLC stalls 3 s", _stalls(3.0)),
    Row("PLC killed and started again", _restarts()),
    Row("the same, namespaces renumbered", _restarts(shifted=True)),
    Row("triggers frozen 2 s", _order("freeze_triggers", ms=2000, outage_s=2.0)),
    Row("program's heartbeat frozen 2 s", _order("freeze_heartbeat", ms=2000, outage_s=2.0)),
    Row("line killed -9", _killed("line"), ends_line=True),
    Row("worker killed -9", _killed("worker")),
    Row("stale epoch of a second gateway", _stale_epoch, ways=("tables",)),
    Row(
        "override REJECT across the deadline",
        _presses("reject", bad=False, for_s=5.0, offsets_s=CROSSING_S),
        faultless=True,
        travel_s=OVERRIDE_TRAVEL_S,
    ),
    Row(
        "override PASS across the deadline",
        _presses("pass", bad=True, for_s=5.0, offsets_s=CROSSING_S),
        faultless=True,
        travel_s=OVERRIDE_TRAVEL_S,
    ),
    Row(
        "late PASS behind an operator's REJECT",
        _late_pass_behind_reject,
        travel_s=OVERRIDE_TRAVEL_S,
        operators=True,
    ),
)


def rows_for(peer: type[Peer], parts_of_names: Sequence[str] = ()) -> list[Row]:
    """Return the rows that a peer can do; with parts of names, only those that have one."""
    able = [
        row for row in ROWS if peer.transport in row.ways and (peer.operators or not row.operators)
    ]
    wanted = parts_of_names or [""]
    return [row for row in able if any(part in row.name for part in wanted)]
