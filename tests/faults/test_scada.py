"""The demo's SCADA server, as somebody finds it who reads docs/scada.md; and its sudden end."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from inspector.config.site import saved_site
from inspector.ipc import read_status
from tests.faults.live import LiveDemo, forget, live_demo
from tests.inspector.gateway.test_scada_process import read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a whole run of the demo


def test_the_demo_is_read_as_the_page_says_and_the_servers_end_disturbs_nobody(
    tmp_path: Path,
) -> None:
    with live_demo(tmp_path, "--rate", "2") as demo:
        first = demo.wait_for("server", lambda: read_status(demo.runtime, "scada"), 60)
        demo.wait_for("results", lambda: last_part(demo) > 0, 60)
        os.kill(int(first["pid"]), signal.SIGKILL)
        known = decided(demo)
        demo.wait_for("new server", lambda: pid_of(demo) not in (0, first["pid"]), 60)
        assert last_part(demo) > 0
        demo.wait_for("more parts", lambda: decided(demo) > known + 10, 60)
        assert restarts(demo) == {"scada": 1}
    forget(tmp_path)


def last_part(demo: LiveDemo) -> int:
    """Return the newest decided part's number, read with the demo's own client; 0: none yet."""
    try:
        _state, number = asyncio.run(read(saved_site(demo.runtime.site_file)))
    except ua.uaerrors.BadWaitingForInitialData:
        return 0
    return number


def decided(demo: LiveDemo) -> int:
    return int(demo.line("board").get("counts", {}).get("decided", 0))


def pid_of(demo: LiveDemo) -> int:
    return int(str((read_status(demo.runtime, "scada") or {}).get("pid", 0)))


def restarts(demo: LiveDemo) -> dict[str, int]:
    supervisor = read_status(demo.runtime, "supervisor") or {}
    processes: Any = supervisor["processes"]
    return {one["name"]: one["restarts"] for one in processes if one["restarts"]}
