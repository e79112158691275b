"""Disks that lose power, fill, fail, wear out: no record is lost, no verdict waits."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from inspector.clock import SystemClock
from inspector.errors import StoreFull, StoreRefused
from inspector.gateway.held_pictures import HeldPictures
from inspector.recorder import Recorder
from inspector.storage.ballast import Ballast, BallastedStore
from inspector.storage.database import check_usable, database_file, writing
from inspector.storage.journal import JournalConsumer, JournalWriter
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.faults import disks
from tests.journal_entries import START, judged, numbered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CUTS = 8 if os.environ.get("INSPECTOR_FULL_LENGTH") else 3

WRITES = """
import os, sys
from itertools import count
from pathlib import Path
from inspector.ipc import write_whole
from inspector.storage.database import writing
from inspector.storage.image_files import KeptPictures
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import START, judged, numbered, view
data, acknowledged = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
with writing(data) as engine:
    store, pictures = SqlStore(engine, a_log()), KeptPictures(data)
    for n in count(1):
        digest = f"{n:064x}"
        file = pictures.file(digest)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, b"jpeg" * 5000, durable=True)
        part = judged(n, "reject", views=[view(picture=digest)])
        store.apply("ring-1", numbered([part], n), offset=8 * n, now=START)
        os.pwrite(acknowledged, b"%8d" % n, 0)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.disk(tmp_path / "disk", 64) as folder:
        yield folder


def acknowledged(file: Path) -> int:
    return int(file.read_bytes() or b"0") if file.exists() else 0


def test_a_power_cut_loses_no_record_and_no_picture_that_was_acknowledged(
    disk: Path, tmp_path: Path
) -> None:
    dice, file, copy = random.Random(2), tmp_path / "acknowledged", tmp_path / "cut.img"
    command = [sys.executable, "-c", WRITES, str(disk / "data"), str(file)]
    process = subprocess.Popen(command)
    try:
        for _ in range(CUTS):
            enough = acknowledged(file) + dice.randint(5, 40)
            while acknowledged(file) < enough:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGSTOP)
            done = acknowledged(file)
            disks.what_the_disk_has(disk, copy)
            process.send_signal(signal.SIGCONT)
            with disks.mounted(copy, tmp_path / "cut"):
                check_after_a_cut(tmp_path / "cut" / "data", done)
    finally:
        process.kill()
        process.wait()


def check_after_a_cut(data: Path, done: int) -> None:
    with closing(sqlite3.connect(database_file(data))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        numbers = [row[0] for row in connection.execute("SELECT number FROM parts ORDER BY 1")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= done
        pictures = connection.execute("SELECT picture FROM views").fetchall()
    for (digest,) in pictures:
        assert (data / "pictures" / digest[:2] / f"{digest}.jpg").stat().st_size == 20_000


def test_on_a_full_disk_pictures_stop_first_then_the_alarm_is_stored_and_nothing_is_lost(
    disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "held").mkdir()
    pictures = HeldPictures(tmp_path / "held", disk / "pictures")
    with (
        JournalWriter(tmp_path / "journal", 1 << 20) as line,
        JournalConsumer(tmp_path / "journal") as journal,
        writing(disk) as engine,
        closing(SqlRecords(database_file(disk))) as records,
    ):
        store = SqlStore(engine, a_log())
        recorder = Recorder(journal, BallastedStore(store, Ballast(disk)), SystemClock())
        filler = disks.fill(disk)
        pictures.hold("1" * 64, b"jpeg")
        pictures.keep("1" * 64)
        for n in range(1, 200):
            line.append(judged(n, "reject", reasons=["x" * 2000]))
        while not recorder.status()["why"]:
            recorder.step()
        assert "full" in str(recorder.status()["why"])
        assert [one.name for one in records.alarms()] == ["disk_full"]
        assert not list(disk.rglob("*.jpg"))
        filler.unlink()
        deadline_s = time.monotonic() + 60
        while recorder.behind_bytes and time.monotonic() < deadline_s:
            recorder.step()
        pictures.retry()
        assert records.counts().records == 199
        assert [file.read_bytes() for file in disk.rglob("*.jpg")] == [b"jpeg"]


def test_a_disk_without_inodes_keeps_no_picture_and_every_record(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    with disks.disk(tmp_path / "disk", 64, "-N", "64") as disk, writing(disk) as engine:
        pictures = HeldPictures(tmp_path / "held", disk / "pictures")
        store = SqlStore(engine, a_log())
        for n in range(100):
            pictures.hold(f"{n:064x}", b"jpeg")
            pictures.keep(f"{n:064x}")
            store.apply("ring-1", numbered([judged(n)], n), offset=8 * n, now=START)
        assert "pictures cannot be kept: No space left" in pictures.complaint()
        assert store.row_count() == 100
        assert all(file.stat().st_size for file in disk.rglob("*.jpg"))


def test_a_disk_that_fails_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    with disks.disk(tmp_path / "disk", 64) as disk, writing(disk / "data") as engine:
        store = SqlStore(engine, a_log())
        store.apply("ring-1", numbered([judged(1)]), offset=8, now=START)
        disks.fail(disk)
        with pytest.raises(StoreRefused) as refused:
            store.apply("ring-1", numbered([judged(2)], 1), offset=16, now=START)
        assert not isinstance(refused.value, StoreFull)
    with disks.mounted(image, tmp_path / "again"), writing(tmp_path / "again/data") as engine:
        store = SqlStore(engine, a_log())
        assert (store.position(), store.row_count()) == (("ring-1", 8), 1)
        store.apply("ring-1", numbered([judged(2)], 1), offset=16, now=START)
        assert store.row_count() == 2


def test_a_disk_that_is_read_only_is_said_to_be_so(tmp_path: Path) -> None:
    with disks.disk(tmp_path / "disk", 64) as disk:
        check_usable(disk / "data")
    with (
        disks.mounted(tmp_path / "disk.img", tmp_path / "again", "ro"),
        pytest.raises(StoreRefused, match="cannot write here: Read-only file system"),
    ):
        check_usable(tmp_path / "again/data")


class WornDisk:
    """A store whose commit takes until it is let go: five seconds of fsync, and more."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self.within, self.go_on = store, threading.Event(), threading.Event()
        self.position, self.accounted = store.position, store.accounted
        self.note_alarm, self.row_count = store.note_alarm, store.row_count

    def apply(
        self, ring: str, entries: Sequence[tuple[int, Any]], *, offset: int, now: datetime
    ) -> None:
        self.within.set()
        assert self.go_on.wait(60)
        self._store.apply(ring, entries, offset=offset, now=now)


class Clock(SystemClock):
    """Five seconds more each time it is asked."""

    time_s = 0.0

    def monotonic_s(self) -> float:
        self.time_s += 5.0
        return self.time_s


def test_while_a_worn_disk_stores_the_line_goes_on_and_the_state_says_so(tmp_path: Path) -> None:
    with (
        JournalWriter(tmp_path / "journal", 1 << 22) as line,
        JournalConsumer(tmp_path / "journal") as journal,
        writing(tmp_path / "data") as engine,
    ):
        store = WornDisk(SqlStore(engine, a_log()))
        recorder = Recorder(journal, store, Clock())
        line.append(judged(1))
        thread = threading.Thread(target=recorder.step)
        thread.start()
        assert store.within.wait(60)
        for n in range(2, 1002):
            line.append(judged(n))  # no verdict waits for the commit that stands
        assert len(line.since(0)) == 1001
        store.go_on.set()
        thread.join()
        assert recorder.status()["state"] == "out_of_specification"
        assert recorder.status()["why"] == "the disk took 5.0 s to store records"
        while recorder.step() or recorder.behind_bytes:
            pass
        assert store.row_count() == 1001
