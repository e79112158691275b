"""The bare encrypted write to the demo's PLC, measured beside a running line.

A second client of the same kind as the line's (the same session code, policy, certificate and
user) writes one 32-bit word and waits for the answer. That is what a verdict cannot be faster than
here, at this moment, with everything else that runs.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from threading import Event

from inspector.config.site import Site
from inspector.errors import PlcLost, PlcRefused
from inspector.ipc import Runtime, read_status
from inspector.plc.access import Access
from inspector.plc.certificates import Certificate
from inspector.plc.contract import operator_slot
from inspector.plc.nodes import PlcStation
from inspector.plc.session import Session, open_session

NO_WORD = 0
"""In an operator's slot it says nothing of any part; headless runs have no operators."""
LEAST_PAUSE_S, LONGEST_PAUSE_S = 0.03, 0.07
"""Drawn, so that writes do not fall in step with the PLC's cycle."""
LOOK_S = 0.2


class WriteProbe:
    """Measures until told to stop; `run` is for a thread.

    Attributes:
        times_ms: Of each write, in the order they were made.
        failure: Why it ended before it was told to; empty otherwise.
    """

    def __init__(self, site: Site, runtime: Runtime) -> None:
        self._site, self._runtime = site, runtime
        self.times_ms: list[float] = []
        self.failure = ""

    def run(self, stop: Event) -> None:
        """Wait for the line's own session, then measure until `stop` or the PLC's end."""
        try:
            asyncio.run(self._measure(stop))
        except (PlcLost, PlcRefused) as error:
            self.failure = str(error)

    async def _measure(self, stop: Event) -> None:
        while not self._line_is_up():
            if stop.is_set():
                return
            await asyncio.sleep(LOOK_S)
        session = await open_session(self._access())
        renewing = asyncio.create_task(session.renew())
        try:
            await self._write_on(session, stop)
        finally:
            renewing.cancel()
            await session.leave()

    async def _write_on(self, session: Session, stop: Event) -> None:
        nodes = next(iter(session.stations.values()))
        slots = self._site.plcs[0].slot_count
        slot = 0
        while not stop.is_set() and not self._belts_are_empty():
            slot = (slot + 1) % slots
            write = nodes.write(operator_slot(slot), NO_WORD)
            started_s = time.perf_counter()
            statuses = await session.write([write])
            took_s = time.perf_counter() - started_s
            if not statuses[0].is_good():
                raise PlcRefused(f"the PLC did not take the bare write: {statuses[0].name}")
            self.times_ms.append(took_s * 1000)
            await asyncio.sleep(random.uniform(LEAST_PAUSE_S, LONGEST_PAUSE_S))  # noqa: S311

    def _line_is_up(self) -> bool:
        line = read_status(self._runtime, "line") or {}
        plcs = line.get("plc")
        return isinstance(plcs, dict) and bool(plcs) and all(one["up"] for one in plcs.values())

    def _belts_are_empty(self) -> bool:
        state = read_status(self._runtime, "demo-plc") or {}
        stations = state.get("stations")
        return isinstance(stations, dict) and all(
            one["ended"] and not one["on_belt"] for one in stations.values()
        )

    def _access(self) -> Access:
        profile, station = self._site.plcs[0], self._site.stations[0]
        ours = Path(self._site.data) / "opcua"
        uri = "urn:inspector:gateway"
        return Access(
            profile,
            self._password(profile.password_env),
            Certificate(ours / "certificate.der", ours / "key.pem", uri),
            Path(profile.server_certificate),
            (PlcStation(station.name, station.prefix, tuple(v.name for v in station.views)),),
        )

    def _password(self, variable: str) -> str:
        """Return what the line's process was given for this run."""
        line = read_status(self._runtime, "line") or {}
        environment = Path(f"/proc/{line['pid']}/environ").read_bytes().split(b"\0")
        given = dict(pair.decode().partition("=")[::2] for pair in environment if pair)
        return given[variable]
