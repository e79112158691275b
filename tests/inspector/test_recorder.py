"""The recorder: nothing lost, nothing doubled, whatever dies or cannot be written."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.killed_recorder import part, started
from inspector import recorder as recorder_module
from inspector.domain.accounted import Accounted
from inspector.errors import JournalFull, StoreRefused
from inspector.ipc import Runtime, read_status
from inspector.recorder import GROUP_ENTRIES, Recorder
from inspector.storage import journal as journal_module
from inspector.storage.database import database_file, writing
from inspector.storage.journal import JournalConsumer, JournalWriter
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import Entry, gap, judged

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time_s = 100.0

    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return self.time_s


class Store:
    """A store in memory that can refuse."""

    def __init__(self, ring: str = "", offset: int = 0) -> None:
        self.at = ring, offset
        self.entries: list[Entry] = []
        self.batches: list[int] = []
        self.alarms: list[str] = []
        self.refuses = False
        self.tries = 0

    def position(self) -> tuple[str, int]:
        return self.at

    def apply(
        self, ring: str, entries: Sequence[tuple[int, Any]], *, offset: int, now: datetime
    ) -> None:
        self.tries += 1
        if self.refuses:
            raise StoreRefused("the database cannot be written now: disk full")
        self.entries += [entry for _, entry in entries]
        self.batches.append(len(entries))
        self.at = ring, offset

    def note_alarm(self, source: str, name: str, text: str, now: datetime) -> None:
        self.alarms.append(name)

    def accounted(self) -> dict[str, Accounted]:
        return {"ring": Accounted(1, 4)}

    def row_count(self) -> int:
        return 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_entries_go_to_the_store_in_groups_and_free_the_ring(path: Path) -> None:
    store = Store()
    with JournalWriter(path, 1 << 20) as line, JournalConsumer(path) as journal:
        recorder = Recorder(journal, store, Clock())
        for n in range(GROUP_ENTRIES + 50):
            line.append(judged(n))
        assert recorder.behind_bytes == line.head
        assert recorder.step()
        assert not recorder.step()
        assert store.batches == [GROUP_ENTRIES, 50]
        assert [entry["number"] for entry in store.entries] == list(range(GROUP_ENTRIES + 50))
        assert line.room_bytes == 1 << 20
        assert recorder.behind_bytes == 0
        assert recorder.status()["rows"] == 4 + GROUP_ENTRIES + 50


def test_it_goes_on_where_the_store_stands(path: Path) -> None:
    with JournalWriter(path, 1 << 16) as line, JournalConsumer(path) as journal:
        committed = line.append(judged(1))
        line.append(judged(2))
        store = Store(line.ring, committed)
        recorder = Recorder(journal, store, Clock())
        assert journal.consumed == committed
        recorder.step()
        assert [entry["number"] for entry in store.entries] == [2]


def test_another_ring_is_read_from_its_beginning(path: Path) -> None:
    with JournalWriter(path, 1 << 16) as line, JournalConsumer(path) as journal:
        line.append(judged(1))
        store = Store("a ring before the power cut", 4096)
        Recorder(journal, store, Clock()).step()
        assert [entry["number"] for entry in store.entries] == [1]
        assert store.at == (line.ring, line.head)


def test_a_ring_made_anew_meanwhile_is_read_after_the_old_ones_rest(path: Path) -> None:
    store = Store()
    with JournalConsumer(path) as journal:
        recorder = Recorder(journal, store, Clock())
        recorder.step()
        assert store.batches == []
        with JournalWriter(path, 1 << 16) as line:
            line.append(judged(1))
            recorder.step()
            line.append(judged(2))
        with path.open("r+b") as file:
            file.write(b"damage")
        with JournalWriter(path, 1 << 16) as line:
            assert line.made_anew
            line.append(judged(3))
            recorder.step()
            recorder.step()
            assert [entry["number"] for entry in store.entries] == [1, 2, 3]
            assert store.at == (line.ring, line.head)


def test_a_store_that_refuses_is_tried_again_later_and_nothing_is_lost(path: Path) -> None:
    store, clock = Store(), Clock()
    with JournalWriter(path, 1 << 16) as line, JournalConsumer(path) as journal:
        recorder = Recorder(journal, store, clock)
        line.append(judged(1))
        store.refuses = True
        for _ in range(1000):
            recorder.step()
            clock.time_s += 0.01
        assert 5 <= store.tries <= 10  # in 10 s: 0.1, 0.2, ... 2 s apart
        assert recorder.status()["state"] == "failure"
        assert recorder.status()["why"] == "the database cannot be written now: disk full"
        assert recorder.behind_bytes == line.head
        assert line.room_bytes == (1 << 16) - line.head
        store.refuses = False
        clock.time_s += recorder_module.LONGEST_WAIT_S
        recorder.step()
        assert recorder.status()["state"] == "good"
        assert [entry["number"] for entry in store.entries] == [1]


def test_the_line_is_told_when_the_ring_has_no_room_left(path: Path) -> None:
    store = Store()
    store.refuses = True
    with JournalWriter(path, 1 << 14) as line, JournalConsumer(path) as journal:
        recorder = Recorder(journal, store, Clock())
        written = 0
        while line.room_bytes > 2000:
            line.append(judged(written))
            written += 1
            recorder.step()
        with pytest.raises(JournalFull):
            line.append(judged(written, reasons=["x" * 2000]))
        store.refuses = False
        recorder._trouble = None
        while recorder.behind_bytes:
            recorder.step()
        assert [entry["number"] for entry in store.entries] == list(range(written))
        line.append(judged(written))


def test_damaged_memory_is_passed_over_with_an_alarm(path: Path) -> None:
    store, clock = Store(), Clock()
    with JournalWriter(path, 1 << 16) as line, JournalConsumer(path) as journal:
        recorder = Recorder(journal, store, clock)
        first = line.append(judged(1))
        line.append(judged(2))
        line._ring._data[first + 20] ^= 255
        recorder.step()
        recorder.step()
        assert recorder.behind_bytes
        clock.time_s += recorder_module.DAMAGE_S + 0.1
        recorder.step()
        assert store.alarms == ["journal_damaged"]
        line.append(judged(3))
        recorder.step()
        assert [entry["number"] for entry in store.entries] == [1, 3]


def test_the_status_names_the_last_part_of_each_station(path: Path) -> None:
    with JournalWriter(path, 1 << 16) as line, JournalConsumer(path) as journal:
        recorder = Recorder(journal, Store(), Clock())
        other = judged(2, station="board")
        for entry in (judged(5), judged(9), judged(7), other, gap(10, 12), judged(3, run=0)):
            line.append(entry)
        recorder.step()
        assert recorder.status()["last"] == {"ring": [1, 12, [6, 8]], "board": [1, 2, []]}


def test_what_an_old_recorder_stored_is_counted_from_the_database(tmp_path: Path) -> None:
    with (
        JournalWriter(tmp_path / "journal", 1 << 16) as line,
        JournalConsumer(tmp_path / "journal") as journal,
        writing(tmp_path / "data") as engine,
    ):
        line.append(judged(5))
        Recorder(journal, SqlStore(engine, a_log()), Clock()).step()
        status = Recorder(journal, SqlStore(engine, a_log()), Clock()).status()
        assert (status["rows"], status["last"], status["behind_bytes"]) == (
            1,
            {"ring": [1, 5, []]},
            0,
        )


def wait_until(true: Any, timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


def test_a_damaged_database_is_put_aside_and_a_new_one_begun_that_says_so(tmp_path: Path) -> None:
    runtime, data = Runtime(tmp_path / "runtime").make(), tmp_path / "data"
    with writing(data) as engine:
        store = SqlStore(engine, a_log())
        store.apply(
            "old", list(enumerate([judged(n) for n in range(1, 300)], 1)), offset=9, now=NOW
        )
    content = bytearray(database_file(data).read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    database_file(data).write_bytes(content)
    with JournalWriter(runtime.journal, 1 << 20) as line:
        for entry in part(300):
            line.append(entry)
        assert started(tmp_path).wait(60) != 0
        process = started(tmp_path)
        wait_until(lambda: (read_status(runtime, "recorder") or {}).get("behind_bytes") == 0, 60)
        status = read_status(runtime, "recorder") or {}
        process.terminate()
        assert process.wait(30) == 0
    (aside,) = data.glob("inspector.db.corrupt.*")
    assert aside.read_bytes() == content
    assert status["state"] == "failure"
    assert aside.name in str(status["why"])
    with closing(SqlRecords(database_file(data))) as records:
        assert records.counts().records == 1


def test_what_was_written_before_sigterm_is_committed(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "runtime").make()
    with JournalWriter(runtime.journal, 1 << 20) as line:
        process = started(tmp_path)
        wait_until(lambda: read_status(runtime, "recorder"))
        for n in range(1, 301):
            line.append(judged(n))
        process.terminate()
        assert process.wait(10) == 0
    assert not runtime.recorder_socket.exists()
    with closing(SqlRecords(database_file(tmp_path / "data"))) as records:
        assert records.counts().records == 300


def test_a_ring_holds_four_minutes_of_a_fast_site() -> None:
    """30 parts/s at the size of real entries (docs/architecture.md)."""
    bytes_a_part = sum(len(json.dumps(entry)) + 16 for entry in part(1))
    assert journal_module.CAPACITY_BYTES / (30 * bytes_a_part) > 240
