"""kill -9 of every process: the line comes back, and every part is accounted for."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import killed_line, killed_recorder
from benchmarks.faults.bench import Bench
from benchmarks.faults.peers import DemoPeer
from benchmarks.faults.rows import DETECTION_S, RECOVERY_S, ROWS, TRAVEL_S, Row, run_row
from inspector.domain.verdict import Action
from inspector.ipc import Runtime
from tests.faults.running import Recovery, kill, run_demo

FULL_LENGTH = bool(os.environ.get("INSPECTOR_FULL_LENGTH"))
KILLS = 200 if FULL_LENGTH else 5
KILLED = {row.name: row for row in ROWS if "killed -9" in row.name}
"""The line's process, and the worker's."""

# Whole runs of the demo, at its own pace.
pytestmark = pytest.mark.timeout(7200 if FULL_LENGTH else 300)

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
    with closing(sqlite3.connect(Path(ran.site.data) / "inspector.db")) as database:
        assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)]
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
def test_kills_at_random_points_lose_no_part_and_reject_none_twice() -> None:
    choice = random.Random(KILLS)
    took_s: list[float] = []

    async def kills(bench: Bench) -> float:
        for _ in range(KILLS):
            await asyncio.sleep(choice.uniform(0.0, 2.0))
            killed_s = time.monotonic()
            await KILLED[choice.choice(sorted(KILLED))].act(bench)
            await asyncio.sleep(DETECTION_S)
            await bench.until(bench.is_good, 60, "the station is not good again")
            took_s.append(time.monotonic() - killed_s)
        # What a good part may cost, once for each kill: run_row allows for the last one.
        return sum(took_s) + (KILLS - 1) * (DETECTION_S + RECOVERY_S + TRAVEL_S)

    row = Row("killed -9 at random points", kills, ends_line=True)
    outcome = asyncio.run(run_row(row, DemoPeer))
    assert not outcome.broken
    assert outcome.sums is not None
    assert outcome.sums.parts > 10 * KILLS
    assert max(took_s) <= RECOVERED_S, took_s


def test_recorders_killed_at_random_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    """Of what is in the journal, and of what a recorder had answered (`make kills`)."""
    load, kept = killed_recorder.run(tmp_path, 5, print)
    assert kept.whole, kept.lines()
    assert load.parts > 500
    assert kept.promised["override"] == load.parts // 5
    with closing(sqlite3.connect(tmp_path / "data" / "inspector.db")) as database:
        assert database.execute("SELECT count(*) FROM alarms").fetchone() == (0,)


@pytest.mark.slow
def test_lines_killed_at_random_lose_and_double_nothing_of_their_journal(tmp_path: Path) -> None:
    killer, sums, kept = killed_line.run(tmp_path, 4, print)
    assert kept.whole, kept.lines()
    assert sums.broken() == ()
    assert killer.kills < 4
    assert kept.promised["judged"] > 100


@pytest.mark.slow
def test_the_plc_is_killed_and_its_sums_still_hold(tmp_path: Path) -> None:
    ran = run_demo(tmp_path, parts=80, at={40: kill("demo-plc")})
    assert ran.sums.broken() == ()
    assert ran.sums.triggered == 240
    assert "the PLC restarted" in ran.causes()
