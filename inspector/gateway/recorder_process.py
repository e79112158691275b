"""The recorder's process: the only writer of the database.

One thread reads the journal, commits, and answers on `recorder.sock`; checking a PIN takes 50 ms
of work and has two threads of its own, so that recording never waits for it.
"""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from inspector.clock import SystemClock
from inspector.config.site import Site
from inspector.domain.periods import Shifts
from inspector.errors import StoreRefused
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_watch import AuditWatch
from inspector.gateway.recorder_desk import Desk, refusal
from inspector.gateway.recorder_socket import AnsweringSocket
from inspector.gateway.store import server_of
from inspector.ipc import Runtime, write_status
from inspector.recorder import GROUP_S, Recorder
from inspector.storage.closing import Closing
from inspector.storage.database import database_file, refusing, sqlite_note, writing
from inspector.storage.journal import JournalConsumer
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore

STATUS_EACH_S: Final = 0.25
TIDY_EACH_S: Final = 3600.0
CLOSE_EACH_S: Final = 2.0
NO_SHIFTS: Final = Shifts(ZoneInfo("UTC"))


def main(site: Site, runtime: Runtime) -> None:
    """Record until SIGTERM; what the journal holds then is committed first.

    Raises:
        StoreRefused: The database cannot be used; the text says why.
        NothingRunning: Another process writes this database.
    """
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    clock = SystemClock()
    with (
        writing(Path(site.data), server_of(site)) as engine,
        JournalConsumer(runtime.journal) as journal,
    ):
        with refusing(database_file(Path(site.data))):
            auditing = Auditing(engine, Path(site.data))
            store = SqlStore(engine, auditing.log)
            watch = AuditWatch(auditing, store, clock)
            watch.begin(site.model_dump(mode="json"))
        recorder = Recorder(journal, store, clock)
        desk = Desk(SqlPeople(engine, auditing.log), auditing, clock)
        closing = Closing(engine, site.shifts.shifts() if site.shifts else NO_SHIFTS)
        with AnsweringSocket(runtime.recorder_socket, desk.answer, refusal) as callers:
            _run(
                recorder,
                runtime,
                stopping,
                watch=watch,
                desk=desk,
                callers=callers,
                closing=closing,
            )


def _run(
    recorder: Recorder,
    runtime: Runtime,
    stopping: threading.Event,
    *,
    watch: AuditWatch,
    desk: Desk,
    callers: AnsweringSocket,
    closing: Closing,
) -> None:
    said_s = tidied_s = closed_s = float("-inf")
    next_s = time.monotonic()
    while not stopping.is_set():
        now_s = time.monotonic()
        if now_s >= next_s:
            more = recorder.step()
            watch.step()
            next_s = now_s if more else now_s + GROUP_S
        if now_s - said_s > STATUS_EACH_S:
            said_s = now_s
            _publish(recorder, watch, runtime)
        if now_s - tidied_s > TIDY_EACH_S:
            tidied_s = now_s
            desk.tidy()
        if now_s - closed_s > CLOSE_EACH_S and not recorder.behind_bytes:
            closed_s = now_s
            with suppress(StoreRefused):  # the recorder's state says it, and it comes again
                closing.step(SystemClock().now())
        callers.serve(max(next_s - time.monotonic(), 0.0))
    while recorder.step():
        pass
    watch.step()
    _publish(recorder, watch, runtime)


def _publish(recorder: Recorder, watch: AuditWatch, runtime: Runtime) -> None:
    versions = {"sqlite_version": sqlite3.sqlite_version, "sqlite_note": sqlite_note()}
    write_status(runtime, "recorder", {**watch.over(recorder.status()), **versions})
