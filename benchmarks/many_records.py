"""Years of records: makes them, and measures what the screens ask of them.

    python -m benchmarks.many_records                        10 million parts, in runs/records
    python -m benchmarks.many_records --parts 1000000        a tenth of it
    python -m benchmarks.many_records --keep-made            measures those that are there already

The rows are those of three stations at a part a second each, with views, findings, decisions,
presses and audits; they are streamed, so memory stays flat. Only the making of them does without
fsync: what is measured is the store as it runs.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from benchmarks.figures import Figure, Section, Spread, Target, spread, table
from benchmarks.machine import Watch
from benchmarks.progress import Progress
from benchmarks.recording import KEY, PARTS_PER_S, entries_of
from inspector.domain.numbers import record_id
from inspector.domain.periods import Shifts
from inspector.domain.record import RecordFilter
from inspector.domain.verdict import Verdict
from inspector.gateway.audit import Auditing
from inspector.recorder import GROUP_ENTRIES
from inspector.storage.closing import Closing
from inspector.storage.database import database_file, writing
from inspector.storage.schema import from_us, to_us
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore

ROOT: Final = Path(__file__).resolve().parent.parent
STATIONS: Final = "board", "bottle", "ring"
FIRST: Final = to_us(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
APART_US: Final = 1_000_000
CHUNK: Final = 20_000
DEFECT_EACH, UNKNOWN_EACH, PRESS_EACH = 50, 400, 2000
KPI, SEARCH = Target(300.0), Target(300.0)
ASKED: Final = 40
DURABLE_PARTS: Final = 3000
Rows = dict[str, list[tuple[Any, ...]]]

_INSERTS: Final = {
    "parts": (
        "record, station, run, number, triggered_at, judged_at, encoder, verdict, reasons,"
        " not_inspected, recipe, package, model_sha256, device_asked, device, precision, epoch,"
        " ready_to_judged_ms, latency_ms, late, stratum, audit_pi, selected, score,"
        " strata_version, audit_key"
    ),
    "views": ("record, view, position, picture, width_px, height_px, missed, model_ms, top_scores"),
    "findings": "record, view, position, kind, score, x, y, w, h",
    "plc_decisions": "record, action, agrees, why, at",
    "verdict_events": (
        "source, record, kind, press_id, revision, verdict, person, person_name, role, signed_in,"
        " panel, painted_at, at, why"
    ),
    "reviews": "request, record, source, reviewer, verdict, kind, reason, decided_ms, at",
}


def main() -> int:
    """Return 0 when everything could be measured, whether the targets are met or not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_records")
    parser.add_argument("--parts", type=int, default=10_000_000, help="how many parts in all")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "records")
    parser.add_argument("--keep-made", action="store_true", help="use the records that are there")
    options = parser.parse_args()
    watch = Watch()
    with Progress() as progress:
        if not options.keep_made:
            shutil.rmtree(options.folder, ignore_errors=True)
            make(options.folder, options.parts, progress)
        section = measure(options.folder, progress)
    print("\n".join(watch.machine().lines()))
    print(table([section]))
    return 0


def make(data: Path, parts: int, progress: Progress) -> None:
    """Fill a new database with `parts` parts, and close their hours."""
    with writing(data):
        pass
    with closing(sqlite3.connect(database_file(data), isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        for name in STATIONS:
            connection.execute("INSERT INTO stations VALUES (?, ?)", (name, FIRST))
        connection.execute("INSERT INTO packages VALUES (?, ?, ?)", ("board", "0" * 64, FIRST))
        numbers = iter(range(1, parts + 1))
        made = 0
        while some := list(islice(numbers, CHUNK)):
            _insert(connection, _rows(some))
            made += len(some)
            progress.tick(f"{made} of {parts} parts made")
    with writing(data) as engine:
        step, now = Closing(engine, Shifts(ZoneInfo("UTC"))), from_us(_time_of(parts))
        while step.step(now):
            progress.tick("hours are counted")


def _insert(connection: sqlite3.Connection, rows: Rows) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for name, columns in _INSERTS.items():
        marks = ", ".join("?" * len(columns.split(",")))
        statement = f"INSERT INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
        connection.executemany(statement, rows[name])
    connection.execute("COMMIT")


def _time_of(n: int) -> int:
    return FIRST + n // len(STATIONS) * APART_US


def _rows(numbers: list[int]) -> Rows:
    rows: Rows = {name: [] for name in _INSERTS}
    for n in numbers:
        _add(rows, n)
    return rows


def _add(rows: Rows, n: int) -> None:
    station, number, at = STATIONS[n % 3], n // 3 + 1, _time_of(n)
    record = record_id(KEY, station, 1, number)
    bad, unknown = n % DEFECT_EACH == 0, n % UNKNOWN_EACH == 1
    verdict, action = ("reject", 2) if bad else ("unknown", 3) if unknown else ("pass", 1)
    drawn: tuple[Any, ...] = (None,) * 6
    if verdict == "pass":
        stratum = n * 7 % 4
        pi = (0.0002, 0.0003, 0.0005, 0.001)[stratum]
        selected = n * 2_654_435_761 % 2**32 / 2**32 < pi
        drawn = stratum, pi, selected, stratum / 4, 1, "2026-01"
        if selected:
            said = (f"audit-{n}", record, "audit", "quin", "OK", "", "", 2100, at + 60_000_000)
            rows["reviews"].append(said)
    reasons = '["scratch 0.93 in view top"]' if bad else "[]"
    ran = ("standard", station, "0" * 64, "CPU", "CPU", "BF16", 3, 7.25, 8.125, False)
    known = (record, station, 1, number, at, at + 9000, n * 500 % 2**32, verdict, reasons)
    rows["parts"].append((*known, "view missing" if unknown else "", *ran, *drawn))
    scores = '{"scratch": 0.0187, "dent": 0.0204, "missing_part": 0.0112}'
    rows["views"].append((record, "top", 0, f"{n:064x}", 400, 400, "", 5.31, scores))
    if bad:
        rows["findings"].append((record, "top", 0, "scratch", 0.93, 120.5, 80.25, 40.0, 12.75))
    rows["plc_decisions"].append((record, action, True, "", at + 2_000_000))
    if n % PRESS_EACH == 0:
        press = ("override", f"press-{n}", 1, "pass", "olga", "Olga", "operator", True, "line side")
        rows["verdict_events"].append((f"bench:{n}", record, *press, at, at, ""))


def measure(data: Path, progress: Progress) -> Section:
    """Return how long the screens wait, what it takes on the disk, how fast it still records."""
    with closing(SqlRecords(database_file(data))) as records:
        parts = records.counts().records
        # Another station records beside them, now.
        newest = records.records(RecordFilter("ring", limit=1))[0].triggered_at
        progress.say(f"asking {parts} records")
        asked = {
            "kpi": _taken(lambda: kpi_page(records, newest)),
            "all": _taken(records.counts),
            "search": _taken(_searches(records, newest)),
        }
    size = database_file(data).stat().st_size
    progress.say("recording beside them")
    per_s = _durable(data)
    mb = size / 1e6
    figures = (
        *_times("kpi", "KPI page: data", asked["kpi"], KPI),
        *_times("all", "sums over all time", asked["all"], KPI),
        *_times("search", "part search", asked["search"], SEARCH),
        Figure("store.size_mb", "database file", mb, "MB"),
        Figure("store.growth_mb", "growth per million parts", mb / parts * 1e6, "MB"),
        Figure("store.parts_per_s", "durable parts beside them", per_s, "/s", PARTS_PER_S),
    )
    return Section(f"Store: {parts} parts of {len(STATIONS)} stations", figures)


def _times(key: str, name: str, taken: tuple[Spread, Spread], target: Target) -> tuple[Figure, ...]:
    waited, worked = taken
    return (
        Figure(f"store.{key}_p95_ms", f"{name}, p95", waited.p95, "ms", target),
        Figure(f"store.{key}_most_ms", f"{name}, slowest", waited.most, "ms"),
        Figure(f"store.{key}_cpu_p95_ms", f"{name}, processor time, p95", worked.p95, "ms"),
    )


def kpi_page(records: SqlRecords, newest: datetime) -> None:
    """Ask for what a page of figures shows: sums, a trend, weights, of 30 days at all stations."""
    since = newest - timedelta(days=30, minutes=17)
    for station in STATIONS:
        records.counts(station, since, newest)
        records.audit_cells(station, since, newest)
        records.closed_periods("hour", station, since=since, until=newest)
        records.reviewed(station, since=since, until=newest)


def _searches(records: SqlRecords, newest: datetime) -> Callable[[], object]:
    dice = random.Random(1)  # noqa: S311 - which part is looked for
    days = (newest - from_us(FIRST)) / timedelta(days=1)

    def forever() -> Iterator[Callable[[], object]]:
        while True:
            since = newest - timedelta(days=dice.uniform(0, days))
            number = dice.randint(1, max(1, int(days * 86400) - 1))
            one = record_id(KEY, STATIONS[number % 3], 1, number)
            yield from (
                lambda one=one: records.record(one),
                lambda since=since: records.records(
                    RecordFilter("ring", verdict=Verdict.REJECT, since=since)
                ),
                lambda since=since: records.records(RecordFilter(outcome="rejected", until=since)),
                lambda: records.last_rejects("board", 12),
                lambda: records.records(RecordFilter(verdict=Verdict.UNKNOWN, limit=100)),
            )

    questions = forever()

    def ask() -> object:
        return next(questions)()

    return ask


def _taken(ask: Callable[[], object]) -> tuple[Spread, Spread]:
    """Return milliseconds of waiting and of processor time, the first question included."""
    waited, worked = [], []
    for _ in range(ASKED):
        started_s, began_s = time.perf_counter(), time.process_time()
        ask()
        waited.append((time.perf_counter() - started_s) * 1e3)
        worked.append((time.process_time() - began_s) * 1e3)
    return spread(waited), spread(worked)


def _durable(data: Path) -> float:
    """Return how many parts a second are committed as the recorder commits them."""
    run = 2 + int(time.time()) % 1_000_000  # parts that no run before has recorded
    entries = [
        {**entry, "record": f"{run}-{n}", "run": run}
        for n in range(1, DURABLE_PARTS + 1)
        for entry in entries_of(n)
    ]
    with writing(data) as engine:
        store, now = SqlStore(engine, Auditing(engine, data).log), from_us(FIRST)
        started_s = time.perf_counter()
        for first in range(0, len(entries), GROUP_ENTRIES):
            some = list(enumerate(entries[first : first + GROUP_ENTRIES], first))
            store.apply("bench", some, offset=first, now=now)
        return DURABLE_PARTS / (time.perf_counter() - started_s)


if __name__ == "__main__":
    raise SystemExit(main())
