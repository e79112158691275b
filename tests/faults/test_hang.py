"""The line's process hangs: its heartbeat stands with it, so the PLC passes nothing."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from benchmarks.faults.bench import Bench
from benchmarks.faults.peers import DemoPeer
from benchmarks.faults.rows import DETECTION_S, Row, run_row
from inspector.domain.verdict import Action

HANGS_S = 3.0
A_SCAN_AND_A_BEAT_S = 0.5


def decided(bench: Bench) -> dict[int, Action]:
    return {n: Action(one.action) for n, one in bench.world.fates.items() if one.action}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_line_that_hangs_passes_nothing_and_then_takes_up_again() -> None:
    meanwhile: list[Action] = []

    async def hangs(bench: Bench) -> float:
        os.kill(bench.line_pid(), signal.SIGSTOP)
        try:
            await asyncio.sleep(DETECTION_S + A_SCAN_AND_A_BEAT_S)
            before = decided(bench)
            await asyncio.sleep(HANGS_S)
            meanwhile.extend(decided(bench)[n] for n in decided(bench).keys() - before.keys())
        finally:
            os.kill(bench.line_pid(), signal.SIGCONT)
        await bench.until(bench.is_good, 20, "the station is not good again")
        return DETECTION_S + A_SCAN_AND_A_BEAT_S + HANGS_S

    outcome = asyncio.run(run_row(Row("line hangs", hangs), DemoPeer))
    assert not outcome.broken
    assert len(meanwhile) > HANGS_S
    assert set(meanwhile) == {Action.FAIL_SAFE}
