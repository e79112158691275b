"""Ctrl-C, a killed supervisor and a second start: nothing is left, nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.live import GONE_S, forget, live_demo

pytestmark = pytest.mark.timeout(300)  # whole runs of the demo, at its own pace


@pytest.mark.slow
def test_nothing_outlives_the_supervisor_and_a_second_start_keeps_the_records(
    tmp_path: Path,
) -> None:
    with live_demo(tmp_path, "--rate", "2", "--defect-rate", "0.2") as demo:
        demo.wait_for("decided parts", lambda: _decided(demo) > 10, 60)
        assert len(demo.processes()) >= 8
        os.kill(demo.process.pid, signal.SIGKILL)
        demo.process.wait()
        time.sleep(2)
        assert demo.processes() == []
    with live_demo(tmp_path, "--rate", "2", "--defect-rate", "0.2") as demo:
        before = demo.ask("/api/v1/records?limit=200")["records"]
        assert len(before) > 10
        known = _decided(demo)
        demo.wait_for("more parts", lambda: _decided(demo) > known + 20, 60)
        after = demo.ask("/api/v1/records?limit=200")["records"]
        assert {record["id"] for record in before} <= {record["id"] for record in after}
        numbers = [(record["station"], record["run"], record["number"]) for record in after]
        assert len(numbers) == len(set(numbers))
        assert demo.stop() < GONE_S
        assert demo.processes() == []
    forget(tmp_path)


def _decided(demo: object) -> int:
    return int(demo.line("board").get("counts", {}).get("decided", 0))  # type: ignore[attr-defined]
