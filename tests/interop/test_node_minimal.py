"""A PLC that the gateway has never seen, run with a profile that was written from the docs.

The PLC has names and types of its own and only what no PLC may lack; the line is the real process.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from benchmarks.faults.bench import Bench
from benchmarks.faults.peers import VIEWS_AT, NodePeer
from benchmarks.faults.sums import Fate, Sums, sums_of
from inspector.domain.sync import STOP_THE_BELT
from inspector.domain.verdict import Action

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROFILE = tomllib.loads(Path(__file__).with_name("packer7.toml").read_text("utf-8"))
OF_THE_CABINET = ("name", "endpoint", "user", "password_env", "server_certificate")
"""Keys that are another's here: who is called, and by whom."""
RATE_HZ, TRAVEL_S = 5.0, 2.5
STANDS_S = 3.0
"""Longer than half a second and two smallest spacings, with polls that come late."""
PATIENCE_S = 60.0
SOME = 20


class ForeignPeer(NodePeer):
    """Another maker's PLC."""

    name = "node-foreign"
    operators = False
    mapping: ClassVar = {key: value for key, value in PROFILE.items() if key not in OF_THE_CABINET}

    def switches(self) -> list[str]:
        """Return what sets this one apart on its command line."""
        return ["--foreign", "--slots", str(PROFILE["slot_count"]), "--bad-share", "0.5"]


class UnsyncedBench(Bench):
    """One whose belt has not stood yet when it begins."""

    async def sync_in(self) -> None:
        """Wait for nothing but the line to ask for it."""
        await self.until(lambda: STOP_THE_BELT in self.said(), PATIENCE_S, "no view asks to stop")


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of the parts.

    Attributes:
        before: Those of the time before the belt stood.
        synced: The next ones after it had.
        killed: Those of the time between a kill of the line and the next standstill.
        again: The next ones after that.
        sums: Of all parts.
    """

    before: list[Fate]
    synced: list[Fate]
    killed: list[Fate]
    again: list[Fate]
    sums: Sums


@pytest.fixture(scope="module")
def walk(npm_packages: Path) -> Walk:
    return asyncio.run(walked())


async def walked() -> Walk:
    bench = UnsyncedBench(ForeignPeer, rate_hz=RATE_HZ, travel_s=TRAVEL_S)
    async with bench:
        before = await next_ones(bench)
        await stand_still(bench)
        synced = await next_ones(bench)
        await bench.kill("line")
        await bench.start_line()
        await bench.until(bench.line_serves, PATIENCE_S, "the line does not serve")
        killed = await next_ones(bench)
        await stand_still(bench)
        again = await next_ones(bench)
        await bench.run_empty()
    forget_the_unknown(bench)
    views, parts = list(VIEWS_AT), len(bench.world.fates)
    sums = sums_of(bench.world, bench.book, views=views, bound=parts, wrong_words=0)
    return Walk(before, synced, killed, again, sums)


def forget_the_unknown(bench: Bench) -> None:
    """Leave out what had gone from the ring before the line first read it.

    A PLC that does not count its parts leaves nothing to account for before its ring.
    """
    first = min(bench.book.gaps | bench.book.pictures.keys())
    for number in [number for number in bench.world.fates if number < first]:
        del bench.world.fates[number]


async def next_ones(bench: Bench) -> list[Fate]:
    """Return the next parts that come to the eye, once the PLC has decided them."""
    numbers = range(bench.world.newest + 1, bench.world.newest + 1 + SOME)
    fates = bench.world.fates
    await bench.until(
        lambda: numbers[-1] in fates and fates[numbers[-1]].action,
        PATIENCE_S,
        "the PLC has not decided the next parts",
    )
    return [fates[number] for number in numbers]


async def stand_still(bench: Bench) -> None:
    """Let the belt stand for a moment, and return when every view is in sync."""
    assert not bench.is_good()
    bench.peer.order("stop_belt")
    await asyncio.sleep(STANDS_S)
    bench.peer.order("start_belt")
    await bench.until(bench.is_good, PATIENCE_S, "a standstill brought no sync")


def ends(fates: list[Fate]) -> set[tuple[bool, int, int]]:
    """Return what became of parts: (bad or not, the PLC's action, actuations)."""
    return {(fate.bad, fate.action, fate.actuations) for fate in fates}


TOLD_APART = {(False, Action.PASSED, 0), (True, Action.REJECTED, 1)}
FAIL_SAFE = {(False, Action.FAIL_SAFE, 1), (True, Action.FAIL_SAFE, 1)}
"""Where no word arrived in time: after a standstill only a computer that is too busy does that."""


def test_before_the_belt_has_stood_every_part_is_rejected_fail_safe(walk: Walk) -> None:
    assert ends(walk.before) == FAIL_SAFE


def test_after_a_standstill_bad_parts_are_rejected_once_and_good_ones_pass(walk: Walk) -> None:
    assert ends(walk.synced) - FAIL_SAFE == TOLD_APART


def test_a_killed_line_passes_nothing_until_the_belt_has_stood_again(walk: Walk) -> None:
    assert ends(walk.killed) == FAIL_SAFE
    assert ends(walk.again) - FAIL_SAFE == TOLD_APART


def test_no_promise_is_broken_on_the_way(walk: Walk) -> None:
    assert not walk.sums.broken()
    assert walk.sums.bad_rejected_once == walk.sums.bad
