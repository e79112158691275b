"""Nothing delays a reject.

A recorder that hangs, and with it every screen's writing, costs no verdict.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from inspector.domain.verdict import Verdict
from inspector.ipc import Runtime, read_status
from tests.faults.running import run_demo


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_hanging_recorder_costs_no_verdict(tmp_path: Path) -> None:
    def hang(runtime: Runtime) -> None:
        state = read_status(runtime, "recorder")
        assert state
        os.kill(int(str(state["pid"])), signal.SIGSTOP)  # the supervisor ends it after 5 s

    ran = run_demo(tmp_path, parts=80, at={25: hang})
    assert ran.sums.broken() == ()
    assert ran.sums.late == 0
    for station in ("board", "blister", "ring"):
        unseen = [n for n, r in ran.by_number(station).items() if r.verdict is Verdict.UNKNOWN]
        assert all(number < 20 for number in unseen), unseen
