"""A whole headless demo in a test: real processes, a real PLC, and something done to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from inspector.config.loading import load_site
from inspector.config.site import DemoSettings, Site
from inspector.domain.accounting import Sums
from inspector.domain.record import Record, RecordFilter
from inspector.gateway.audit_checking import checked, first_key
from inspector.gateway.demo_report import StationReport, report
from inspector.gateway.demo_site import demo_site
from inspector.gateway.demo_world import control_of
from inspector.gateway.headless import HeadlessRun
from inspector.gateway.site_run import free_port
from inspector.ipc import Runtime, read_status
from inspector.storage.sql_store import SqlRecords

ROOT = Path(__file__).parents[2]
RATE_HZ = 4.0


@dataclass
class Ran:
    """What a run left behind."""

    site: Site
    reports: dict[str, StationReport]
    truth: list[dict[str, Any]]

    @property
    def sums(self) -> Sums:
        return self.reports["all"].sums

    def records(self, station: str) -> list[Record]:
        with closing(SqlRecords(Path(self.site.data) / "inspector.db")) as store:
            return list(store.records(RecordFilter(station=station, limit=1000)))

    def by_number(self, station: str) -> dict[int, Record]:
        return {record.number: record for record in self.records(station)}

    def causes(self) -> set[str]:
        return {
            record.not_inspected
            for station in self.site.stations
            for record in self.records(station.name)
            if record.not_inspected
        }


@dataclass
class Plan:
    """What is done, each once, when every station has triggered so many parts."""

    at: Mapping[int, Callable[[Runtime], None]]
    done: list[int] = field(default_factory=list)

    def look(self, runtime: Runtime) -> None:
        stations: Any = (read_status(runtime, "demo-plc") or {}).get("stations") or {}
        triggered = min((one["triggered"] for one in stations.values()), default=0)
        for number, act in self.at.items():
            if triggered >= number and number not in self.done:
                self.done.append(number)
                act(runtime)


def run_demo(
    folder: Path,
    *,
    parts: int,
    faults: tuple[str, ...] = (),
    at: Mapping[int, Callable[[Runtime], None]] | None = None,
    rate_hz: float = RATE_HZ,
    defect_rate: float = 0.1,
    each_poll: Callable[[Runtime], None] = lambda runtime: None,
    sync: str = "request",
    settings: Site | None = None,
    changed: Callable[[Site], Site] = lambda site: site,
) -> Ran:
    """Run the demo until its belts are empty, doing what the plan says; return what it left.

    `settings` are other ones than those of the repository's site.
    """
    plan = Plan(at or {})
    evidence = folder / "evidence"
    evidence.mkdir()
    demo = DemoSettings(
        seed=7,
        rate_hz=rate_hz,
        defect_rate=defect_rate,
        parts=parts,
        faults=faults,
        evidence=str(evidence),
    )
    site = demo_site(
        settings or load_site(ROOT),
        demo,
        data=folder / "data",
        port=0,
        plc_port=free_port(),
        fast=True,
    )
    plcs = tuple(plc.model_copy(update={"sync": sync}) for plc in site.plcs)
    site = site.model_copy(update={"plcs": plcs})

    def look(runtime: Runtime) -> None:
        plan.look(runtime)
        each_poll(runtime)

    site = changed(site)
    run = HeadlessRun(site, folder, say=print, each_poll=look)
    try:
        assert run.until_empty(Event()), "the belts were not empty in time"
    finally:
        run.clean_up()
    assert sorted(plan.done) == sorted(plan.at), "not everything of the plan was done"
    data = Path(site.data)
    assert checked(data, copies=[], key=first_key(data)).findings == [], "the audit log"
    truth = evidence / "truth.jsonl"
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    return Ran(site, report(site, truth, dropped=run.frames_dropped), lines)


def kill(process: str, number: int = signal.SIGKILL) -> Callable[[Runtime], None]:
    """Return an act: kill -9 of a process, or another signal."""

    def act(runtime: Runtime) -> None:
        state = read_status(runtime, process)
        assert state, f"{process} is not running"
        os.kill(int(str(state["pid"])), number)

    return act


def pace(times: float) -> Callable[[Runtime], None]:
    """Return an act: parts come so many times as often as usual."""

    def act(runtime: Runtime) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            control.connect(str(control_of(runtime)))
            control.send(json.dumps({"do": "pace", "times": times}).encode())

    return act


@dataclass
class Recovery:
    """Kills processes one after another and times until every station is good again."""

    processes: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    _killed: tuple[str, float, int] | None = None

    def kill_next(self, runtime: Runtime) -> None:
        name = self.processes.pop(0)
        state = read_status(runtime, name)
        assert state, f"{name} is not running"
        self._killed = (name, time.monotonic(), int(str(state["pid"])))
        os.kill(self._killed[2], signal.SIGKILL)

    def look(self, runtime: Runtime) -> None:
        """Note when the killed process is back and the line judges again."""
        if self._killed is None:
            return
        name, at_s, pid = self._killed
        state = read_status(runtime, name)
        line = read_status(runtime, "line")
        if not state or not line or int(str(state["pid"])) == pid:
            return
        stations: Any = line["stations"]
        fresh = float(str(line["beat_s"])) > at_s
        if fresh and all(one["state"] == "good" for one in stations.values()):
            self.seconds[name] = time.monotonic() - at_s
            self._killed = None


def copied_site(folder: Path) -> Path:
    """Return a site folder of its own with the demo's settings and models."""
    for name in ("stations", "models"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "site.toml", folder)
    return folder
