"""kill -9 of every process: the line comes back, and every part is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.domain.verdict import Action
from inspector.ipc import Runtime
from tests.faults.running import Recovery, kill, run_demo

pytestmark = pytest.mark.timeout(300)  # whole runs of the demo, at its own pace

RECOVERED_S = 10.0


def test_the_line_is_killed_and_takes_up_where_its_journal_ended(tmp_path: Path) -> None:
    ran = run_demo(tmp_path, parts=50, at={30: kill("line")})
    assert ran.sums.broken() == ()
    assert ran.sums.triggered == 150
    assert ran.sums.good_passed > 30
    assert ran.sums.good_rejected_by_verdict <= 5


@pytest.mark.slow
def test_every_process_is_killed_in_turn_and_back_within_ten_seconds(tmp_path: Path) -> None:
    recovery = Recovery(["line", "worker-ring", "recorder", "demo-cameras", "worker-board"])
    acts = {30 + 48 * n: recovery.kill_next for n in range(5)}

    def look(runtime: Runtime) -> None:
        recovery.look(runtime)

    ran = run_demo(tmp_path, parts=280, at=acts, each_poll=look)
    assert ran.sums.broken() == ()
    assert set(recovery.seconds) == {
        "line",
        "worker-ring",
        "recorder",
        "demo-cameras",
        "worker-board",
    }
    assert max(recovery.seconds.values()) <= RECOVERED_S, recovery.seconds
    silent = [
        record
        for station in ran.site.stations
        for record in ran.records(station.name)
        if record.decision and record.decision.action is Action.FAIL_SAFE
        if not (record.not_inspected or record.late)
    ]
    # A new epoch voids words within the last counts before the station: at most one part each
    # time at each station. Their record keeps the first acknowledgement and does not say so yet.
    assert len(silent) <= 5 * len(ran.site.stations), silent


@pytest.mark.slow
def test_the_plc_is_killed_and_its_sums_still_hold(tmp_path: Path) -> None:
    ran = run_demo(tmp_path, parts=80, at={40: kill("demo-plc")})
    assert ran.sums.broken() == ()
    assert ran.sums.triggered == 240
    assert "the PLC restarted" in ran.causes()
