"""The recorder: durable parts a second beside bare SQLite, and how long an append takes."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, Section, Target, spread
from benchmarks.progress import Progress
from inspector.clock import SystemClock
from inspector.domain import entries
from inspector.domain.belt import Part
from inspector.domain.entries import Circumstances, Entry
from inspector.domain.finding import Finding, RanOn, ViewResult
from inspector.domain.judging import judge
from inspector.domain.numbers import record_id
from inspector.domain.reconciling import Around, reconciled
from inspector.domain.verdict import Action, Verdict
from inspector.gateway.audit import Auditing
from inspector.gateway.site_run import SHARED_MEMORY
from inspector.recorder import GROUP_ENTRIES, Recorder
from inspector.storage.database import writing
from inspector.storage.journal import JournalConsumer, JournalWriter
from inspector.storage.sql_writing import SqlStore

PARTS_PER_S = Target(500.0, at_most=False)
BAD_EACH = 50
KEY = b"benchmark" * 4
ENTRIES_A_PART = 3
SYNCED = "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"


@dataclass(slots=True)
class _Taken:
    """Seconds, in turns: of each append, of each commit of ours and of the bare one."""

    append_s: list[float] = field(default_factory=list)
    commit_s: list[float] = field(default_factory=list)
    bare_s: list[float] = field(default_factory=list)


def measure(root: Path, *, parts: int, progress: Progress) -> Section:
    """Return the figures of recording `parts` parts as the line writes them.

    Args:
        root: On the disk that is measured: the database lies in a folder of its own under it.
        parts: How many.
        progress: Told how far it is.
    """
    with ExitStack() as stack:
        (root / "runs").mkdir(exist_ok=True)
        data = Path(tempfile.mkdtemp(prefix="bench-", dir=root / "runs"))
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        ring = Path(tempfile.mkdtemp(prefix="inspector-bench-", dir=SHARED_MEMORY))
        stack.callback(shutil.rmtree, ring, ignore_errors=True)
        taken, rows = _recorded(data, ring / "journal", parts, progress)
    failures = [] if rows == parts else [f"{rows} records of {parts} parts"]
    ours, bare = parts / sum(taken.commit_s), parts / sum(taken.bare_s)
    append = spread([one * 1e6 for one in taken.append_s])
    commit = spread([one * 1e3 for one in taken.commit_s])
    figures = (
        Figure("recorder.parts_per_s", "durable parts", ours, "/s", PARTS_PER_S),
        Figure("recorder.bare_parts_per_s", "the same JSON into bare SQLite", bare, "/s"),
        Figure("recorder.to_bare", "recorder / bare SQLite", ours / bare),
        Figure(
            "recorder.commit_p50_ms", f"commit of {GROUP_ENTRIES} entries, p50", commit.p50, "ms"
        ),
        Figure(
            "recorder.commit_p99_ms", f"commit of {GROUP_ENTRIES} entries, p99", commit.p99, "ms"
        ),
        Figure("recorder.append_p50_us", "journal append, p50", append.p50, "µs"),
        Figure("recorder.append_p99_us", "journal append, p99", append.p99, "µs"),
    )
    note = "durable: SQLite WAL with synchronous=FULL, on the disk of this folder"
    return Section(
        f"Recorder: {parts} parts, {ENTRIES_A_PART} journal entries each, as fast as it can",
        figures,
        notes=(note,),
        failures=tuple(failures),
    )


def _recorded(data: Path, ring: Path, parts: int, progress: Progress) -> tuple[_Taken, int]:
    taken = _Taken()
    everything = [entry for number in range(1, parts + 1) for entry in entries_of(number)]
    with (
        JournalWriter(ring) as writer,
        JournalConsumer(ring) as consumer,
        writing(data) as engine,
        closing(_Bare(data / "bare.db")) as bare,
    ):
        store = SqlStore(engine, Auditing(engine, data).log)
        recorder = Recorder(consumer, store, SystemClock())
        for first in range(0, len(everything), GROUP_ENTRIES):
            group = everything[first : first + GROUP_ENTRIES]
            taken.append_s += [_timed_append(writer, entry) for entry in group]
            taken.commit_s.append(_timed_step(recorder))
            taken.bare_s.append(bare.timed_commit(group))
            progress.tick(f"recorder: {first // ENTRIES_A_PART} of {parts} parts")
        return taken, store.row_count()


def _timed_append(writer: JournalWriter, entry: Entry) -> float:
    started_s = time.perf_counter()
    writer.append(entry)
    return time.perf_counter() - started_s


def _timed_step(recorder: Recorder) -> float:
    started_s = time.perf_counter()
    recorder.step()
    return time.perf_counter() - started_s


class _Bare:
    """The least that makes a group of entries durable: one table, one row each, one commit."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        for pragma in SYNCED:
            self._connection.execute(pragma)
        self._connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, content TEXT)")

    def timed_commit(self, group: Sequence[Entry]) -> float:
        """Return how long it took, the making of the JSON not included."""
        rows = [(json.dumps(entry),) for entry in group]
        started_s = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO entry (content) VALUES (?)", rows)
        self._connection.execute("COMMIT")
        return time.perf_counter() - started_s

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def entries_of(number: int) -> Iterator[Entry]:
    """Return what the line writes of one part: judged, acknowledged, decided."""
    at = datetime.now(UTC).isoformat()
    part = _part(number)
    record = record_id(KEY, "board", 1, number)
    around = Circumstances(
        record=record,
        run=1,
        epoch=1,
        oldest_open=number,
        triggered_at=at,
        ready_to_judged_ms=7.25,
    )
    ran_on = RanOn("standard", "board", "0" * 64, "CPU", "BF16", "CPU")
    rejects = part.decision is not None and part.decision.verdict is Verdict.REJECT
    action = Action.REJECTED if rejects else Action.PASSED
    for entry in (
        entries.judged(part, ran_on=ran_on, around=around),
        entries.acked(record, latency_ms=8.125, late=False),
        entries.decided(reconciled(part, action, Around()), record=record),
    ):
        yield {**entry, "at": at, "station": "board"}


def _part(number: int) -> Part:
    bad = number % BAD_EACH == 0
    found = (Finding("scratch", 0.9312, (120.5, 80.25, 40.0, 12.75)),) if bad else ()
    scores = {"missing_part": 0.0112, "solder_bridge": 0.0204, "scratch": 0.9312 if bad else 0.0187}
    result = ViewResult(
        "top",
        findings=found,
        top_scores=scores,
        picture=f"{number:064x}",
        width_px=400,
        height_px=400,
        model_ms=5.31,
    )
    decision = judge({"top": result}, ("top",))
    return Part(number, number * 1000, results={"top": result}, decision=decision, said=True)
