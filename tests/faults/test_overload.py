"""Parts come three times as often as the model can look at them, and then as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inspector.config.loading import load_site
from inspector.domain.verdict import Action, Verdict
from inspector.gateway.worker_process import FRAMES_A_VIEW
from inspector.ipc import Runtime, read_status
from tests.faults.hostile_site import hostile_site
from tests.faults.running import pace, run_demo
from tests.inspector.vision import hostile

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]  # a whole run of the demo

RATE_HZ, USUAL = 15.0, 0.2
"""The model can look at 5 a second."""
FROM, UNTIL, PARTS = 15, 90, 125
REFUSED = "the worker is behind, frame refused"


def test_the_newest_parts_are_not_inspected_in_time_rather_than_all_too_late(
    tmp_path: Path,
) -> None:
    said: set[str] = set()
    waiting: list[int] = []

    def look(runtime: Runtime) -> None:
        stations: Any = (read_status(runtime, "line") or {}).get("stations") or {}
        said.update(str(stations.get("board", {}).get("state_why", "")).split("; "))
        waiting.append(int(str((read_status(runtime, "worker-board") or {}).get("waiting", 0))))

    ran = run_demo(
        tmp_path,
        parts=PARTS,
        rate_hz=RATE_HZ,
        at={1: pace(USUAL), FROM: pace(1), UNTIL: pace(USUAL)},
        settings=load_site(hostile_site(tmp_path / "site", hostile.looks_slowly())),
        each_poll=look,
    )
    assert ran.sums.broken() == ()
    board, blister = ran.by_number("board"), ran.by_number("blister")
    refused = [one for one in board.values() if REFUSED in one.not_inspected]
    assert len(refused) > 20
    assert ran.reports["board"].sums.frames_dropped >= len(refused), "also of parts not yet in sync"
    for one in refused:
        assert one.decision is not None
        assert one.decision.action is Action.FAIL_SAFE
    hurried = [board[number] for number in range(FROM + 5, UNTIL)]
    seen = [one for one in hurried if one.verdict is not Verdict.UNKNOWN]
    assert len(seen) > 10, "those that waited were inspected"
    assert not any(one.late for one in board.values())
    assert max(waiting) <= FRAMES_A_VIEW
    assert "the worker is behind, frames are refused" in said
    assert all(board[n].verdict is not Verdict.UNKNOWN for n in range(PARTS - 10, PARTS + 1))
    away = {n: one.not_inspected for n, one in blister.items() if one.verdict is Verdict.UNKNOWN}
    assert not [n for n in away if n >= FROM + 5], away
