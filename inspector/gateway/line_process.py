"""The line's process: one event loop for PLC sessions, workers, the web and the beat."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from inspector.clock import SystemClock
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.accounted import Accounted
from inspector.domain.belt import Layout
from inspector.domain.health import Condition, State
from inspector.domain.overriding import SHORTEST_TRAVEL_S, Answer, Outcome, Press
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.verdict import Verdict
from inspector.gateway.audit_plans import PlansFile
from inspector.gateway.keys import site_key
from inspector.gateway.line_recording import LineRecording, RecordedJournal
from inspector.gateway.plc_access import our_certificate, plc_station
from inspector.gateway.plc_notices import PlcNotices
from inspector.gateway.plc_ways import Way, at_site, way_to
from inspector.gateway.recorder_notices import RecorderNotices
from inspector.gateway.told_file import Telling
from inspector.gateway.watch_file import WatchFile
from inspector.gateway.worker_side import MALFORMED, WorkerLink, try_to_take
from inspector.ipc import Runtime, read_status, write_status
from inspector.line.station_line import StationLine
from inspector.line.status import station_status
from inspector.line.voice import Token
from inspector.plc.pull import PulledPlc
from inspector.storage.journal import JournalWriter

TICK_S = 0.1
RECORDER_WAIT_S = 5.0
PRESSED = {"pass": Verdict.PASS, "reject": Verdict.REJECT}
MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class PlcSide:
    """Hands one PLC's events to the lines of its stations."""

    def __init__(
        self, name: str, lines: Mapping[str, StationLine], recording: LineRecording
    ) -> None:
        self.name, self._lines, self._recording = name, lines, recording
        self.up, self.why = False, "not connected yet"

    def plc_up(self) -> None:
        """A fresh session stands."""
        self.up, self.why = True, ""
        log.info("PLC %s: connected", self.name)
        for station, line in self._lines.items():
            self._recording.note(station, "plc_up")
            line.plc_up()

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        """A station was read."""
        self._recording.note(snapshot.station, "plc_read", snapshot=snapshot)
        self._lines[snapshot.station].plc_read(snapshot)

    def plc_down(self, why: str) -> None:
        """The session ended."""
        if self.up or why != self.why:
            log.warning("PLC %s: %s", self.name, why)
        self.up, self.why = False, why
        for station, line in self._lines.items():
            self._recording.note(station, "plc_down", {"why": why})
            line.plc_down(why)

    def plc_acked(self, token: object, at_s: float) -> None:
        """A write was acknowledged."""
        if isinstance(token, tuple) and token[0] in self._lines:
            self._lines[token[0]].plc_acked(_token(token), at_s)


class LineProcess:
    """Everything the line's process owns."""

    def __init__(self, site: Site, runtime: Runtime) -> None:
        self._site, self._runtime = site, runtime
        self._clock = SystemClock()
        self._journal = JournalWriter(runtime.journal)
        self._workers = {station.name: WorkerLink() for station in site.stations}
        self._lines: dict[str, StationLine] = {}
        self._recording = LineRecording(runtime, self._clock, self._lines)
        self._sides: dict[str, PlcSide] = {}
        self._notices: dict[str, PlcNotices] = {}
        self._plcs: dict[str, Way] = {}
        self._connections: set[asyncio.StreamWriter] = set()
        self._telling = Telling("the line's state")
        self._plans = PlansFile(runtime.audit_plans)
        self._watched = WatchFile(runtime.watched)
        self._recorder = RecorderNotices(runtime, self._clock.monotonic_s())
        for profile in site.plcs:
            self._join(profile)
        self._take_plans()

    def _join(self, profile: PlcProfile) -> None:
        stations = [one for one in self._site.stations if one.plc == profile.name]
        if not stations:
            return
        data = Path(self._site.data)
        lines: dict[str, StationLine] = {}
        side = PlcSide(profile.name, lines, self._recording)
        certificate = our_certificate(data)
        theirs = at_site(self._site, profile.server_certificate)
        plc = way_to(
            profile,
            [plc_station(one, profile) for one in stations],
            site=self._site,
            certificate=certificate,
            events=side,
            clock=self._clock,
        )
        self._notices[profile.name] = PlcNotices(
            profile, ours=certificate.cert_der, theirs=theirs, proven=lambda: plc.theirs
        )
        key = site_key(data)
        history = [entry for _, entry in self._journal.since(self._journal.oldest)]
        for station in stations:
            line = self._line(station, profile, plc, key)
            line.restore(history)
            lines[station.name] = self._lines[station.name] = line
        self._sides[profile.name] = side
        self._plcs[profile.name] = plc

    def _line(self, station: Station, profile: PlcProfile, plc: Way, key: bytes) -> StationLine:
        def sampled(record: str) -> bool:
            return int(record[:8], 16) < station.sample_share * 0x100000000

        return StationLine(
            layout_of(station, profile),
            plc=plc,
            journal=RecordedJournal(self._journal, self._recording),
            clock=self._clock,
            key=key,
            tell_worker=self._workers[station.name].tell,
            keep=sampled,
            start_share=station.audit.start_share,
        )

    async def run(self) -> None:
        """Run until SIGTERM."""
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        if any(line.belt.newest is None for line in self._lines.values()):
            await self._ask_recorder_for_the_last_parts()
        self._runtime.line_socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(
            self._serve, self._runtime.line_socket, limit=MESSAGE_LIMIT_BYTES
        )
        for plc in self._pulled():  # before any session: opening one halts the event loop
            await plc.open()
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._tick())]
        tasks += [asyncio.create_task(_forever(plc)) for plc in self._plcs.values()]
        # What was made by now lives as long as the process: the collector need not walk it.
        gc.collect()
        gc.freeze()
        ended = asyncio.create_task(_until(stopped))
        done, _ = await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
        server.close()
        for task in tasks:
            task.cancel()
        await self._hang_up()
        for task in done - {ended}:
            task.result()  # a task that ended by itself has failed: say why, be restarted

    def _pulled(self) -> Iterator[PulledPlc]:
        yield from (plc for plc in self._plcs.values() if isinstance(plc, PulledPlc))

    async def _hang_up(self) -> None:
        """End every connection, and let those who serve it see the end."""
        for writer in tuple(self._connections):
            writer.close()
        while self._connections:
            await asyncio.sleep(0)

    async def _ask_recorder_for_the_last_parts(self) -> None:
        """After a power cut the journal is empty: the database says where the count stood.

        The same for a station that stood still while the others' entries filled the ring.
        """
        deadline_s = self._clock.monotonic_s() + RECORDER_WAIT_S
        while self._clock.monotonic_s() < deadline_s:
            state = read_status(self._runtime, "recorder") or {}
            last = state.get("last")
            fresh = self._clock.monotonic_s() - float(str(state.get("beat_s", 0))) < RECORDER_WAIT_S
            if isinstance(last, dict) and fresh:
                for name, (run, number, missing) in last.items():
                    if name in self._lines and self._lines[name].belt.newest is None:
                        known = Accounted(run, number, tuple(missing))
                        self._lines[name].start_after(known)
                return
            await asyncio.sleep(0.05)

    async def _tick(self) -> None:
        while True:
            for line in self._lines.values():
                line.tick()
            self._take_plans()
            self._take_watched()
            self._recording.obey()
            self._telling.wrote(self._publish)  # what is not shown costs the screens, no verdict
            await asyncio.sleep(TICK_S)

    def _take_plans(self) -> None:
        """Draw for the audit as the recorder has planned since."""
        for name, plan in self._plans.news().items():
            if name in self._lines:
                self._lines[name].audit.plan = plan

    def _take_watched(self) -> None:
        """Show at each station what its watches say."""
        if (news := self._watched.news()) is not None:
            for name, line in self._lines.items():
                line.watched = news.get(name, ())

    def _publish(self) -> None:
        now_s = self._clock.monotonic_s()
        now = self._clock.now()
        recorder = self._recorder.standing(now_s)
        standing = {name: (*self._standing(name, now), *recorder) for name in self._notices}
        stations: dict[str, dict[str, object]] = {
            station.name: {
                "title": station.title,
                "travel_s": station.belt.travel_s,
                "counts_per_s": station.belt.counts_per_s,
                "override": allows_override(station),
                **station_status(
                    self._lines[station.name], now_s=now_s, standing=standing[station.plc]
                ),
            }
            for station in self._site.stations
        }
        for name, told in stations.items():
            condition = Condition(State(str(told["state"])), str(told["state_why"]))
            self._lines[name].alarms.stands(condition)
        plcs = {
            plc.name: {
                "up": self._sides[plc.name].up,
                "why": self._sides[plc.name].why,
                "policy": plc.policy,
            }
            for plc in self._site.plcs
            if plc.name in self._sides
        }
        write_status(self._runtime, "line", {"plc": plcs, "stations": stations})

    def _standing(self, name: str, now: datetime) -> tuple[Condition, ...]:
        """Return what is not as it should be on the way to a PLC."""
        plc = self._plcs[name]
        unread = plc.standing() if isinstance(plc, PulledPlc) else ()
        return (*unread, *self._notices[name].standing(now))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a worker's or the web's, as its first message says."""
        self._connections.add(writer)
        try:
            hello = json.loads(await reader.readline() or b"{}")
            if hello.get("hello") == "worker" and hello.get("station") in self._lines:
                await self._serve_worker(hello["station"], reader, writer)
            elif hello.get("hello") == "web":
                await self._serve_web(reader, writer)
        except (ConnectionError, *MALFORMED) as error:
            log.warning("a connection to the line ended: %r", error)
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve_worker(
        self, station: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line = self._lines[station]
        note = partial(self._recording.note, station, "worker")
        self._workers[station].connected(writer)
        try:
            while message := await reader.readline():
                if not self._workers[station].is_of(writer):
                    return  # a newer worker speaks for the station: its counters are others
                try_to_take(line, message, note)
        finally:
            if self._workers[station].gone(writer):
                self._recording.note(station, "worker_gone")
                line.worker_gone()

    async def _serve_web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while message := await reader.readline():
            try:
                outcome = self._override(json.loads(message))
            except MALFORMED as error:
                log.warning("a press that cannot be read: %r", error)
                outcome = _answer(Outcome(Answer.REFUSED, 0, why="the press cannot be read"))
            writer.write(json.dumps(outcome).encode() + b"\n")
            await writer.drain()

    def _override(self, ask: Mapping[str, Any]) -> dict[str, object]:
        press = Press(
            str(ask["press_id"]),
            PRESSED[ask["verdict"]],
            str(ask["person"]),
            signed_in=bool(ask["signed_in"]),
            seen_revision=int(ask["seen_revision"]),
            painted_at=str(ask["painted_at"]),
        )
        name, record = str(ask.get("station", "")), str(ask["record"])
        lines = [line for line in self._lines.values() if line.knows(record)]
        line = lines[0] if lines else self._lines.get(name)
        if line is None:
            return _answer(Outcome(Answer.REFUSED, 0, why="no such station"))
        if not allows_override(self._site.station(line.layout.station)):
            return _answer(Outcome(Answer.REFUSED, 0, why="no override at this station"))
        return _answer(line.press(record, press, ask))


def main(site: Site, runtime: Runtime) -> None:
    """Run the line until SIGTERM."""
    asyncio.run(LineProcess(site, runtime).run())


def allows_override(station: Station) -> bool:
    """Return whether a person can change a verdict in time at this station."""
    return station.override and station.belt.travel_s >= SHORTEST_TRAVEL_S


def layout_of(station: Station, profile: PlcProfile) -> Layout:
    """Return the fixed facts that the pure belt needs of a station."""
    return Layout(
        station=station.name,
        views=tuple(view.name for view in station.views),
        reject_at_counts=station.belt.reject_at_counts,
        answer_by_counts=station.belt.answer_by_counts,
        last_word_counts=station.belt.last_word_counts,
        smallest_spacing_us=station.belt.smallest_spacing_ms * 1000,
        slots=profile.slot_count,
        epoch=profile.epoch,
        operator_table=profile.operator_table,
        sync=profile.sync,
        hold_rejects=station.hold_rejects,
        lens_counts=round(station.belt.smallest_spacing_counts / 2),
        expects=station.expects.model_dump(exclude_none=True),
        cameras_at={view.name: view.at_counts for view in station.views},
        run_rule=station.run_of_rejects.rule(),
    )


async def _until(stopped: asyncio.Event) -> None:
    await stopped.wait()


async def _forever(plc: Way) -> None:
    await plc.run()


def _token(token: tuple[Any, ...]) -> Token:
    station, number, epoch = token
    return str(station), int(number), int(epoch)


def _answer(outcome: Outcome) -> dict[str, object]:
    return {
        "state": outcome.answer.value,
        "revision": outcome.revision,
        "by": outcome.by,
        "why": outcome.why,
    }
