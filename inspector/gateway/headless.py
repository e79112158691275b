"""The demo without screens: runs until every belt is empty and everything is recorded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from inspector.config.site import Site
from inspector.gateway.demo_site import demo_environment
from inspector.gateway.site_run import held, run_site, runtime_of
from inspector.ipc import Runtime, read_status

QUIET_S = 1.5
"""Everything must have been empty for so long: journal, queues and reads are all shorter."""
SAY_EACH_S = 5.0
SLOWEST = 4.0
"""A run may take so many times the time that its parts need on the belt, plus a minute."""


class HeadlessRun:
    """One run of the demo in a folder of its own.

    Args:
        site: The demo's settings.
        folder: Stands for the site folder, so that no other run shares its runtime folder.
        say: Takes progress, for stderr.
        each_poll: Called ten times a second with the runtime folder while it runs.
    """

    def __init__(
        self,
        site: Site,
        folder: Path,
        *,
        say: Callable[[str], None],
        each_poll: Callable[[Runtime], None] = lambda _: None,
    ) -> None:
        if site.demo is None:
            msg = "a headless run needs the demo's settings"
            raise ValueError(msg)
        self._site, self._demo, self._say = site, site.demo, say
        self._each_poll = each_poll
        self._runtime = runtime_of(folder)
        self._empty_since_s: float | None = None
        self._said_s = 0.0
        self.frames_dropped: dict[str, int] = {}

    def until_empty(self, stop: Event) -> bool:
        """Run; return False when stopped or out of time before the belts were empty."""
        travel_s = max(station.belt.travel_s for station in self._site.stations)
        limit_s = 60 + SLOWEST * (self._demo.parts / self._demo.rate_hz + travel_s)
        started_s = time.monotonic()
        done = Event()

        def look() -> None:
            self._each_poll(self._runtime)
            if stop.is_set() or time.monotonic() - started_s > limit_s:
                done.set()
            elif self._quiet():
                self._note_drops()
                done.set()

        with held(self._runtime):
            run_site(
                self._site,
                self._runtime,
                done,
                environment=demo_environment(self._site),
                each_poll=look,
            )
        return self._empty_since_s is not None and not stop.is_set()

    def clean_up(self) -> None:
        """Remove the runtime folder."""
        shutil.rmtree(self._runtime.folder, ignore_errors=True)

    def _quiet(self) -> bool:
        """Return whether belts, line and recorder have all been empty for a while."""
        plc = read_status(self._runtime, "demo-plc") or {}
        recorder = read_status(self._runtime, "recorder") or {}
        stations: Any = plc.get("stations") or {}
        self._progress(stations)
        empty = (
            len(stations) == len(self._site.stations)
            and all(one["ended"] and not one["on_belt"] for one in stations.values())
            and recorder.get("behind_bytes") == 0
        )
        now_s = time.monotonic()
        if not empty:
            self._empty_since_s = None
        elif self._empty_since_s is None:
            self._empty_since_s = now_s
        return self._empty_since_s is not None and now_s - self._empty_since_s > QUIET_S

    def _progress(self, stations: dict[str, Any]) -> None:
        if time.monotonic() - self._said_s < SAY_EACH_S:
            return
        self._said_s = time.monotonic()
        words = [f"{n} {one['decided']}/{self._demo.parts}" for n, one in stations.items()]
        self._say("decided: " + (", ".join(words) or "starting"))

    def _note_drops(self) -> None:
        for station in self._site.stations:
            state = read_status(self._runtime, f"worker-{station.name}") or {}
            self.frames_dropped[station.name] = int(str(state.get("dropped", 0)))
