"""The recorder's process: the only writer of the database.

One thread reads the journal, commits, and answers on `recorder.sock`; checking a PIN takes 50 ms
of work and has two threads of its own, so that recording never waits for it.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from inspector.clock import SystemClock
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.health import State
from inspector.domain.periods import Shifts
from inspector.errors import StoreDamaged, StoreRefused
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_copy import copy_of
from inspector.gateway.audit_plans import write_plans
from inspector.gateway.audit_watch import AuditWatch
from inspector.gateway.recorder_desk import Desk, refusal
from inspector.gateway.recorder_socket import AnsweringSocket
from inspector.gateway.store import server_of
from inspector.gateway.told_file import Telling
from inspector.gateway.watching import ProcessLook, Watching
from inspector.ipc import Runtime, write_status
from inspector.recorder import GROUP_S, Recorder
from inspector.storage.audit_planning import AuditedStation, AuditPlanning
from inspector.storage.ballast import Ballast, BallastedStore
from inspector.storage.closing import Closing
from inspector.storage.database import (
    database_file,
    lies_aside,
    put_aside,
    reading,
    refusing,
    sqlite_note,
    writing,
)
from inspector.storage.image_files import KeptPictures
from inspector.storage.journal import JournalConsumer
from inspector.storage.retention import Retention
from inspector.storage.sql_audit import AuditLog
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from inspector.storage.watch_alarms import WatchAlarms

STATUS_EACH_S: Final = 0.25
TIDY_EACH_S: Final = 3600.0
UPKEEP_EACH_S: Final = 2.0
NO_SHIFTS: Final = Shifts(ZoneInfo("UTC"))


def main(site: Site, runtime: Runtime) -> None:
    """Record until SIGTERM; what the journal holds then is committed first.

    Raises:
        StoreDamaged: The database's file is damaged; it lies aside now.
        StoreRefused: The database cannot be used; the text says why.
        NothingRunning: Another process writes this database.
    """
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        _record(site, runtime, stopping)
    except StoreDamaged:
        put_aside(Path(site.data), SystemClock().now())
        raise  # the supervisor starts another one, with a new database


def _record(site: Site, runtime: Runtime, stopping: threading.Event) -> None:
    clock = SystemClock()
    data, server = Path(site.data), server_of(site)
    with writing(data, server) as engine, JournalConsumer(runtime.journal) as journal:
        with refusing(server or database_file(data)):
            auditing = Auditing(engine, data)
            store = SqlStore(engine, auditing.log)
            copy = copy_of(site, auditing, clock.monotonic_s())
            watch = AuditWatch(auditing, store, clock, copy)
            watch.begin(site.model_dump(mode="json"))
        recorder = Recorder(journal, BallastedStore(store, Ballast(data)), clock)
        desk = Desk(SqlPeople(engine, auditing.log), auditing, clock)
        with (
            _planning(site, engine, auditing.log) as planning,
            AnsweringSocket(runtime.recorder_socket, desk.answer, refusal) as callers,
        ):
            upkeep = _upkeep(site, engine, auditing.log, planning, runtime)
            _run(
                recorder,
                runtime,
                stopping,
                watch=watch,
                desk=desk,
                callers=callers,
                upkeep=upkeep,
            )


@dataclass(slots=True)
class Upkeep:
    """What the recorder does a little of while nothing waits: counts, plans, deletes, watches.

    Attributes:
        data: On the disk with the pictures.
        plans: Where the line finds the audit's plans.
        plans_told: It finds there those that stand.
    """

    closing: Closing
    retention: Retention
    planning: AuditPlanning
    watching: Watching
    data: Path
    plans: Path
    plans_told: bool = False
    _telling: Telling = field(default_factory=lambda: Telling("the audit's plans"))

    def step(self, now: datetime) -> None:
        """Do a little; what cannot be written now comes again, and the recorder's state says it."""
        disk = shutil.disk_usage(self.data)
        with suppress(StoreRefused):
            counted = not self.closing.step(now)
            if self.planning.step(now):
                self.plans_told = False
            if not self.plans_told:
                self.tell_plans()
            self.retention.step(now, free_percent=100 * disk.free / disk.total)
            self.watching.step(now, counted=counted)

    def tell_plans(self) -> None:
        """Put the audit's plans where the line reads them, or later where they do not fit."""
        standing = self.planning.standing()
        self.plans_told = self._telling.wrote(lambda: write_plans(self.plans, standing))


@contextmanager
def _planning(site: Site, engine: Engine, log: AuditLog) -> Iterator[AuditPlanning]:
    """Give the planning of audits, with a thread and a connection for what takes long."""
    beside = reading(server_of(site) or database_file(Path(site.data)))
    stations = {one.name: audited_station(one) for one in site.stations}
    with ThreadPoolExecutor(1, thread_name_prefix="plans") as pool:
        try:
            planning = AuditPlanning(engine, reading=beside, pool=pool, log=log, stations=stations)
            planning.begin(SystemClock().now())
            yield planning
        finally:
            pool.shutdown(cancel_futures=True)
            beside.dispose()


def audited_station(station: Station) -> AuditedStation:
    """Return what the audit's plan of a station goes by."""
    cameras = {view.name: view.camera.model_dump(mode="json") for view in station.views}
    return AuditedStation(station.audit.per_day, {"recipe": station.recipe, "cameras": cameras})


def _upkeep(
    site: Site, engine: Engine, log: AuditLog, planning: AuditPlanning, runtime: Runtime
) -> Upkeep:
    closing = Closing(engine, site.shifts.shifts() if site.shifts else NO_SHIFTS)
    data = Path(site.data)
    retention = Retention(engine, KeptPictures(data), site.retention.policy(), log)
    per_day = {station.name: station.audit.per_day for station in site.stations}
    alarms = WatchAlarms(engine, per_day)
    watching = Watching(alarms, partial(ProcessLook, runtime), runtime.watched)
    upkeep = Upkeep(closing, retention, planning, watching, data, runtime.audit_plans)
    upkeep.tell_plans()
    return upkeep


def _run(
    recorder: Recorder,
    runtime: Runtime,
    stopping: threading.Event,
    *,
    watch: AuditWatch,
    desk: Desk,
    callers: AnsweringSocket,
    upkeep: Upkeep,
) -> None:
    telling = Telling("the recorder's state")
    publish = partial(_publish, recorder, watch, runtime, upkeep)
    said_s = tidied_s = kept_up_s = float("-inf")
    next_s = time.monotonic()
    while not stopping.is_set():
        now_s = time.monotonic()
        if now_s >= next_s:
            more = recorder.step()
            watch.step()
            next_s = now_s if more else now_s + GROUP_S
        if now_s - said_s > STATUS_EACH_S:
            said_s = now_s
            telling.wrote(publish)
        if now_s - tidied_s > TIDY_EACH_S:
            tidied_s = now_s
            desk.tidy()
        if now_s - kept_up_s > UPKEEP_EACH_S and not recorder.behind_bytes:
            kept_up_s = now_s
            upkeep.step(SystemClock().now())
        callers.serve(max(next_s - time.monotonic(), 0.0))
    while recorder.step():
        pass
    watch.step()
    telling.wrote(publish)


def _publish(recorder: Recorder, watch: AuditWatch, runtime: Runtime, upkeep: Upkeep) -> None:
    versions = {"sqlite_version": sqlite3.sqlite_version, "sqlite_note": sqlite_note()}
    said, aside = watch.over(recorder.status()), lies_aside(upkeep.data)
    if upkeep.watching.why and said["state"] == State.GOOD.value:
        said |= {"state": State.MAINTENANCE.value, "why": upkeep.watching.why}
    if aside and said["state"] != State.FAILURE.value:
        said |= {"state": State.FAILURE.value, "why": aside}
    write_status(runtime, "recorder", {**said, **versions})
