"""One row's processes: a PLC that can fail, a cable, the real line, the stand-in worker."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.faults.peers import COUNTS_PER_S, PASSWORD, VIEWS_AT, Peer
from benchmarks.faults.proxy import Cable
from benchmarks.faults.site import LAST_WORD_COUNTS, STATION, TRUSTED, Ports, made_site
from benchmarks.faults.sums import Book, World
from inspector.config.site import save_site
from inspector.domain.numbers import record_id
from inspector.gateway.keys import site_key
from inspector.gateway.plc_access import our_certificate
from inspector.gateway.site_run import SHARED_MEMORY, free_port
from inspector.ipc import Runtime, read_status, write_status
from inspector.storage.journal import JournalConsumer

STARTED_S, EMPTY_S, WRITTEN_S = 40.0, 20.0, 4.0
LOOK_S = 0.02


class Bench:
    """Everything of one row; `async with` ends it.

    Attributes:
        world: What the PLC's process said.
        book: What the journal holds.
        peer: The PLC.
        cables: Between line and PLC, from each that is a client to the other's server.
        eye_s: When each part was at the eye, monotonic.
        sessions: How many the PLC has now.
        answers: What a person pressed for a part, and what the line answered.
    """

    def __init__(self, peer: type[Peer], *, rate_hz: float, travel_s: float) -> None:
        """Start nothing yet.

        Args:
            peer: Which PLC.
            rate_hz: Parts a second.
            travel_s: From the eye to the reject station.
        """
        self.rate_hz, self.travel_s = rate_hz, travel_s
        self.folder = Path(tempfile.mkdtemp(prefix="inspector-faults-", dir=SHARED_MEMORY))
        self.runtime = Runtime(self.folder / "run").make()
        self.world, self.book = World(), Book()
        self.environment: Mapping[str, str] = {**os.environ, PASSWORD: secrets.token_urlsafe(24)}
        self.plc_port, self._words_port = free_port(), free_port()
        self.cables = Cable(self.plc_port), Cable(self._words_port)
        self.words_endpoint = ""
        self.peer = peer(self, self._hear)
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._reading: asyncio.Task[None] | None = None
        self.log = (self.folder / "log.txt").open("wb")
        self.sessions = 0
        self.eye_s: dict[int, float] = {}
        self.answers: dict[int, tuple[str, str]] = {}

    # --- from start to end ---

    async def __aenter__(self) -> Self:
        """Return when every view is in sync."""
        try:
            await self._start_all()
        except BaseException:
            await self._end_all()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process and leave nothing."""
        await self._end_all()

    async def _start_all(self) -> None:
        cable_port, words_port = [await cable.plug_in() for cable in self.cables]
        self.words_endpoint = f"opc.tcp://127.0.0.1:{words_port}"
        ports = Ports(plc=self.plc_port, cable=cable_port, words=self._words_port)
        self.site = made_site(
            self.folder, self.peer, ports, rate_hz=self.rate_hz, travel_s=self.travel_s
        )
        save_site(self.site, self.runtime.site_file)
        self._beat_as_recorder()
        self.ours = our_certificate(self.folder / "data")  # a PLC may read it at its start
        await self.peer.start()
        (self.folder / TRUSTED).mkdir()
        shutil.copy(self.peer.certificate(), self.folder / TRUSTED / "plc.der")
        await self.start_line()
        await self.start_worker()
        self._reading = asyncio.create_task(self._read_journal())
        await self.sync_in()
        self.world.counted_from = self.world.newest + 1

    async def sync_in(self) -> None:
        """Return when every view is in sync."""
        await self.until(self.is_good, STARTED_S, "the station is not good")

    async def _end_all(self) -> None:
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()
                await process.wait()
        await self.peer.end()
        for cable in self.cables:
            await cable.unplug()
        if self._reading:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def run_empty(self) -> None:
        """Stop the parts, wait until each is decided and its decision is in the journal."""
        self.peer.order("stop_parts")
        await asyncio.sleep(1 / self.rate_hz)
        with suppress(TimeoutError):
            await self.until(lambda: not self.world.on_belt, self.travel_s + EMPTY_S, "")
            await self.until(self._all_written, WRITTEN_S, "")

    async def until(self, there: Callable[[], object], within_s: float, what: str) -> None:
        """Wait for something; raises `TimeoutError`."""
        deadline_s = time.monotonic() + within_s
        while not there():
            if time.monotonic() > deadline_s:
                last = " | ".join(self.said().splitlines()[-3:])
                raise TimeoutError(f"{what} after {within_s:g} s: {last}")
            await asyncio.sleep(LOOK_S)

    def said(self) -> str:
        """Return what the processes said, and the line's own state."""
        station = self._station_status()
        self.log.flush()
        log = (self.folder / "log.txt").read_text(errors="replace")
        return f"{log}\n{station.get('state')}: {station.get('state_why')}"

    # --- processes ---

    async def start_line(self) -> None:
        """Start the real line's process."""
        words = ("line", "--runtime", str(self.runtime.folder), "--parent", str(os.getpid()))
        await self._start("line", "inspector.gateway", *words)

    async def start_worker(self) -> None:
        """Start the stand-in worker."""
        views, line = ",".join(VIEWS_AT), str(self.runtime.line_socket)
        words = (STATION, "--views", views, "--line", line, "--parent", str(os.getpid()))
        await self._start("worker", "benchmarks.faults.worker", *words)

    async def kill(self, name: str) -> None:
        """Kill -9 the line or the worker."""
        self._processes[name].kill()
        await self._processes[name].wait()

    async def _start(self, name: str, module: str, *words: str) -> None:
        self._processes[name] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *words),
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
        )

    def is_good(self) -> bool:
        """Return whether the line that runs now has nothing to complain of."""
        return self._station_status().get("state") == "good"

    def line_serves(self) -> bool:
        """Return whether the line that runs now has begun its work."""
        return bool(self._station_status())

    def line_pid(self) -> int:
        """Return the line's process."""
        return self._processes["line"].pid

    def _station_status(self) -> Mapping[str, Any]:
        status = read_status(self.runtime, "line") or {}
        stations: Any = status.get("stations", {})
        line = self._processes.get("line")
        if line is None or status.get("pid") != line.pid:
            return {}
        found: Mapping[str, Any] = stations.get(STATION, {})
        return found

    # --- what is heard ---

    def _hear(self, what: str, facts: Mapping[str, Any]) -> None:
        self.world.hear(what, facts)
        if what == "sessions":
            self.sessions = facts["open"]
        if what == "part":
            self.eye_s[facts["id"]] = time.monotonic()
        worker = self._processes.get("worker")
        if what != "fired" or worker is None or worker.stdin is None:
            return
        bad = self.world.fates[facts["id"]].bad
        fired = {"fired": facts["view"], "id": facts["id"], "time_us": facts["time_us"], "bad": bad}
        with suppress(ConnectionError):  # a wire to a camera that is gone
            worker.stdin.write(json.dumps(fired).encode() + b"\n")

    def _beat_as_recorder(self) -> None:
        """Say that somebody reads the journal; there is no database, so no part is known."""
        write_status(self.runtime, "recorder", {"last": {}})

    async def _read_journal(self) -> None:
        offset, next_beat_s = 0, 0.0
        with JournalConsumer(self.runtime.journal) as journal:
            while True:
                for behind, entry in journal.since(offset):
                    self.book.read(entry)
                    offset = behind
                journal.consume(offset)
                if time.monotonic() >= next_beat_s:
                    self._beat_as_recorder()
                    next_beat_s = time.monotonic() + 1
                await asyncio.sleep(LOOK_S)

    def _all_written(self) -> bool:
        known = self.world.fates.keys() - self.book.gaps
        return known <= self.book.pictures.keys() and known <= self.book.actions.keys()

    # --- a person ---

    async def press(self, number: int, verdict: str) -> str:
        """Press for a part as the web does; return the answer's state, "" when nobody answers."""
        key = site_key(Path(self.site.data))
        press = {
            "press_id": secrets.token_hex(8),
            "record": record_id(key, STATION, 1, number),
            "station": STATION,
            "verdict": verdict,
            "person": "Anna",
            "role": "operator",
            "signed_in": True,
            "panel": "panel 1",
            "seen_revision": 0,
            "painted_at": "2026-11-27T12:00:00Z",
        }
        try:
            reader, writer = await asyncio.open_unix_connection(self.runtime.line_socket)
        except OSError:
            return ""
        for message in ({"hello": "web"}, press):
            writer.write(json.dumps(message).encode() + b"\n")
        answer = json.loads(await reader.readline() or b"{}")
        writer.close()
        return str(answer.get("state", ""))

    def last_word_s(self, number: int) -> float:
        """Return when the last word for a part can be said, monotonic."""
        return self.eye_s[number] + self.travel_s - LAST_WORD_COUNTS / COUNTS_PER_S

    @property
    def password(self) -> str:
        """Return the user's password at the PLC."""
        return self.environment[PASSWORD]
