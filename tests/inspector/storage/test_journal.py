"""The ring: whole entries or none, whatever dies, and nothing overwritten that is not committed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.errors import JournalFull, NothingRunning
from inspector.storage import ring
from inspector.storage.journal import JournalConsumer, JournalReader, JournalWriter

SMALL = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def writer(path: Path) -> Iterator[JournalWriter]:
    with JournalWriter(path, SMALL) as opened:
        yield opened


def numbers(entries: list[tuple[int, dict[str, object]]]) -> list[object]:
    return [entry["n"] for _, entry in entries]


def test_what_is_appended_is_read_in_order(path: Path, writer: JournalWriter) -> None:
    offsets = [writer.append({"n": n, "text": "ö" * n}) for n in range(5)]
    with JournalReader(path) as reader:
        entries = reader.since(0)
        assert [offset for offset, _ in entries] == offsets
        assert numbers(entries) == [0, 1, 2, 3, 4]
        assert numbers(reader.since(offsets[2])) == [3, 4]
        assert reader.since(reader.head) == []
        assert numbers(reader.since(0, limit=2)) == [0, 1]


def test_what_is_not_committed_is_never_overwritten(path: Path, writer: JournalWriter) -> None:
    kept = 0
    while writer.room_bytes >= 64:
        writer.append({"n": kept, "text": "x" * 30})
        kept += 1
    with pytest.raises(JournalFull):
        writer.append({"n": kept, "text": "x" * 60})
    with JournalConsumer(path) as consumer:
        entries = consumer.since(0)
        assert numbers(entries) == list(range(kept))
        consumer.consume(entries[0][0])
        writer.append({"n": kept, "text": "x" * 30})
        assert numbers(consumer.since(entries[0][0])) == list(range(1, kept + 1))


def test_an_entry_that_is_too_long_is_refused_and_writes_nothing(writer: JournalWriter) -> None:
    with pytest.raises(JournalFull):
        writer.append({"text": "x" * (ring.LARGEST_ENTRY_BYTES + 1)})
    assert writer.head == 0


def test_a_reader_that_was_lapped_goes_on_at_the_oldest(path: Path, writer: JournalWriter) -> None:
    with JournalConsumer(path) as consumer, JournalReader(path) as slow:
        for n in range(500):
            consumer.consume(writer.append({"n": n}))
        assert slow.oldest > 0
        seen = numbers(slow.since(8))
        assert seen == list(range(500 - len(seen), 500))


def test_consumed_never_goes_back_nor_past_the_head(path: Path, writer: JournalWriter) -> None:
    first = writer.append({"n": 0})
    second = writer.append({"n": 1})
    with JournalConsumer(path) as consumer:
        consumer.consume(second)
        consumer.consume(first)
        consumer.consume(second + 800)
        assert consumer.consumed == second


def test_a_reopened_ring_goes_on_where_it_was(path: Path) -> None:
    with JournalWriter(path, SMALL) as writer:
        assert writer.made_anew == "there was none"
        writer.append({"n": 0})
        ring = writer.ring
    with JournalReader(path) as reader:
        seen = reader.since(0)
        with JournalWriter(path, SMALL) as again:
            assert again.made_anew == ""
            assert again.ring == ring
            again.append({"n": 1})
            assert numbers(again.since(0)) == [0, 1]
        assert numbers(reader.since(seen[-1][0])) == [1]


def test_a_reader_that_came_first_finds_the_ring_later(path: Path) -> None:
    with JournalReader(path) as reader:
        assert reader.ring == ""
        assert reader.since(0) == []
        with JournalWriter(path, SMALL) as writer:
            writer.append({"n": 0})
        assert numbers(reader.since(7)) == [0]
        assert reader.ring == writer_ring(path)


def writer_ring(path: Path) -> str:
    with JournalReader(path) as reader:
        return reader.ring


@pytest.mark.parametrize("at", [0, 8, 16, ring._BEFORE_RING + 12])
def test_a_damaged_ring_is_put_aside_and_read_to_the_end_first(path: Path, at: int) -> None:
    with JournalWriter(path, SMALL) as writer:
        for n in range(3):
            writer.append({"n": n})
    with JournalReader(path) as reader:
        first = reader.since(0, limit=1)
        with path.open("r+b") as file:
            file.seek(at)
            file.write(b"\xff\xff")
        with JournalWriter(path, SMALL) as writer:
            assert writer.made_anew not in ("", "there was none")
            assert path.with_name("journal.aside").exists()
            writer.append({"n": 10})
        assert numbers(reader.since(first[-1][0])) == [1, 2]
        before = reader.ring
        assert numbers(reader.since(reader.head)) == [10]
        assert reader.ring != before


def test_a_second_writer_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "_LOCK_TIMEOUT_S", 0.0)
    with JournalWriter(path, SMALL), pytest.raises(NothingRunning):
        JournalWriter(path, SMALL)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 400)),
        st.tuples(st.just("consume"), st.integers(0, 20)),
        st.tuples(st.just("reopen"), st.just(0)),
        st.tuples(st.just("read"), st.integers(0, 10)),
    ),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, capacity=st.sampled_from([512, 1000, 2048]))
def test_any_course_of_appends_and_commits_reads_back(
    steps: list[tuple[str, int]], capacity: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        writer = JournalWriter(path, capacity)
        reader = JournalConsumer(path)
        expected: list[int] = []  # appended and not committed yet, by number
        offset, n = 0, 0
        for step, size in steps:
            if step == "append":
                try:
                    writer.append({"n": n, "text": "x" * size})
                except JournalFull:
                    assert writer.room_bytes < size + 64
                else:
                    expected.append(n)
                n += 1
            elif step == "reopen":
                writer.close()
                writer = JournalWriter(path, capacity)
                assert writer.made_anew == ""
            else:
                entries = reader.since(offset, limit=max(size, 1))
                assert numbers(entries) == expected[: max(size, 1)]
                if step == "consume" and entries:
                    offset = entries[-1][0]
                    reader.consume(offset)
                    del expected[: len(entries)]
        assert numbers(reader.since(offset, limit=10_000)) == expected
        reader.close()
        writer.close()


WRITES_UNTIL_KILLED = """
import os, sys
from pathlib import Path
from inspector.errors import JournalFull
from inspector.storage.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), 65536)
n = int(sys.argv[2])
while True:
    try:
        writer.append({"n": n, "text": "x" * (n * 37 % 900)})
    except JournalFull:
        continue
    os.write(1, b"%d\\n" % n)
    n += 1
"""


def test_every_acknowledged_entry_of_a_killed_writer_is_whole(path: Path) -> None:
    """SIGKILL at 20 random moments, over many laps of the ring; the ring is never made anew."""
    draw = random.Random(2)
    JournalWriter(path, 65536).close()
    consumer = JournalConsumer(path)
    offset, next_n = 0, 0
    for _ in range(20):
        command = [sys.executable, "-c", WRITES_UNTIL_KILLED, str(path), str(next_n)]
        acknowledged = next_n - 1
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(draw.randrange(1, 700)):
                acknowledged = int(process.stdout.readline())
                if acknowledged % 16 == 0:
                    offset, next_n = read_on(consumer, offset, next_n)
            os.kill(process.pid, signal.SIGKILL)
            rest = process.stdout.read().split(b"\n")[:-1]
            acknowledged = int(rest[-1]) if rest else acknowledged
        with JournalWriter(path, 65536) as reopened:
            assert reopened.made_anew == ""
        offset, next_n = read_on(consumer, offset, next_n)
        assert next_n > acknowledged
    consumer.close()


def read_on(consumer: JournalConsumer, offset: int, next_n: int) -> tuple[int, int]:
    """Read all there is and check that it is whole and without a hole; returns where it ended."""
    for behind, entry in consumer.since(offset, limit=100_000):
        assert entry == {"n": next_n, "text": "x" * (next_n * 37 % 900)}
        offset, next_n = behind, next_n + 1
    consumer.consume(offset)
    return offset, next_n
