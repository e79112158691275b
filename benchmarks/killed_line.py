"""kill -9 of the line at random moments in a headless demo with all its processes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final
from unittest.mock import patch

from benchmarks.killed import Kept, Promised, kept
from inspector import supervisor
from inspector.config.loading import load_site
from inspector.config.site import DemoSettings
from inspector.domain.accounting import Sums
from inspector.gateway.demo_report import report
from inspector.gateway.demo_site import demo_site
from inspector.gateway.headless import HeadlessRun
from inspector.gateway.site_run import free_port, runtime_of
from inspector.ipc import Runtime, read_status
from inspector.storage.journal import JournalReader

ROOT: Final = Path(__file__).resolve().parent.parent
RATE_HZ: Final = 4.0
PARTS_A_KILL: Final = 60
"""A new line, and a while until the next kill."""
LONGEST_LIFE_S: Final = 6.0
"""From its first word on: half of the lines die before every station is good again."""
WITHOUT_WAITING: Final = (0.2,)
"""The supervisor would wait 30 s before it starts what dies every few seconds."""


@dataclass(slots=True)
class Killer:
    """Kills the line again and again; `look` is called ten times a second.

    Attributes:
        kills: How many are left.
        when_good: How many of those that were killed had every station good.
    """

    kills: int
    dice: random.Random
    journal: JournalReader
    promised: Promised = field(default_factory=Promised)
    when_good: int = 0
    _read: int = 0
    _killed_s: float = 0.0
    _next_s: float | None = None

    def look(self, runtime: Runtime) -> None:
        """Read on in the journal; kill a line whose time has come."""
        while entries := self.journal.since(self._read):
            self._read = entries[-1][0]
            self.promised.add(entry for _, entry in entries)
        line = read_status(runtime, "line")
        if line is None or float(str(line["beat_s"])) < self._killed_s or not self.kills:
            return
        if self._next_s is None:
            self._next_s = time.monotonic() + self.dice.uniform(0.0, LONGEST_LIFE_S)
        elif time.monotonic() >= self._next_s:
            os.kill(int(str(line["pid"])), signal.SIGKILL)
            self.kills -= 1
            self.when_good += is_good(line)
            self._killed_s, self._next_s = time.monotonic(), None


def is_good(line: Mapping[str, object]) -> bool:
    """Return whether a line's state says that every station is good."""
    stations: Any = line.get("stations")
    return bool(stations) and all(one["state"] == "good" for one in stations.values())


def run(folder: Path, kills: int, say: Callable[[str], None]) -> tuple[Killer, Sums, Kept]:
    """Kill the line so often; return when, what became of the parts, and how records were kept."""
    (folder / "evidence").mkdir()
    demo = DemoSettings(
        seed=kills, rate_hz=RATE_HZ, parts=PARTS_A_KILL * kills, evidence=str(folder / "evidence")
    )
    site = demo_site(
        load_site(ROOT), demo, data=folder / "data", port=0, plc_port=free_port(), fast=True
    )
    with JournalReader(runtime_of(folder).journal) as journal:
        killer = Killer(kills, random.Random(kills), journal)  # noqa: S311 - when it is killed
        headless = HeadlessRun(site, folder, say=say, each_poll=killer.look)
        try:
            with patch.object(supervisor, "BACK_OFF_S", WITHOUT_WAITING):
                if not headless.until_empty(Event()):
                    raise RuntimeError("the belts were not empty in time")
        finally:
            headless.clean_up()
    truth = folder / "evidence" / "truth.jsonl"
    sums = report(site, truth, dropped=headless.frames_dropped)["all"].sums
    return killer, sums, kept(folder / "data", killer.promised)
