"""A device that is not there: with a fallback list the station runs on, and everything says so."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inspector.config.loading import load_site
from inspector.config.station import Device
from inspector.ipc import Runtime, read_status
from inspector.storage.sql_store import SqlRecords
from inspector.vision.onnx_engine import available_devices
from tests.faults.running import ROOT, run_demo

pytestmark = pytest.mark.timeout(300)  # a whole run of the demo, at its own pace

WHY = "runs on CPU, not on GPU: device GPU was asked for, and this computer has only CPU"


@pytest.mark.skipif(available_devices() != ["CPU"], reason="this computer has more than a CPU")
def test_with_a_fallback_records_state_and_alarms_say_what_ran_instead(tmp_path: Path) -> None:
    site = load_site(ROOT)
    wish = Device(name="GPU", fallback=("NPU", "CPU"))
    stations = tuple(
        one.model_copy(update={"device": wish}) if one.name == "ring" else one
        for one in site.stations
    )
    said: set[tuple[str, str, str]] = set()

    def look(runtime: Runtime) -> None:
        line: Any = (read_status(runtime, "line") or {}).get("stations") or {}
        said.update((name, one["state"], one["state_why"]) for name, one in line.items())

    settings = site.model_copy(update={"stations": stations})
    ran = run_demo(tmp_path, parts=60, each_poll=look, settings=settings)
    assert ran.sums.broken() == ()
    ring = ran.records("ring")
    assert {(one.device_asked, one.device) for one in ring if not one.not_inspected} == {
        ("GPU", "CPU")
    }
    assert {one.device_asked for one in ran.records("board") if not one.not_inspected} == {"CPU"}
    assert ("ring", "maintenance", WHY) in said
    assert ("ring", "good", "") not in said
    assert ("board", "good", "") in said
    with closing(SqlRecords(Path(ran.site.data) / "inspector.db")) as store:
        assert {"device GPU", "device NPU"} <= {one.name for one in store.alarms("ring")}
