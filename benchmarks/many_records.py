"""A year of records: makes them, and measures what the screens ask of them.

    python -m benchmarks.many_records                        10 million parts, in runs/records
    python -m benchmarks.many_records --parts 1000000        a tenth of it
    python -m benchmarks.many_records --keep-made            measures those that are there already

The parts are those of four stations over a year, with views, findings, decisions, presses and
fifty audits a day at each station. How they are made stands in `records_made`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, Section, Spread, Target, spread, table
from benchmarks.machine import Watch
from benchmarks.progress import Progress
from benchmarks.recording import PARTS_PER_S, entries_of
from benchmarks.records_made import (
    BLOCK,
    BUSY,
    BUSY_SHARE,
    FIRST,
    SEED,
    STATIONS,
    id_of,
    make,
    number_at,
)
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.kpi import Window
from inspector.domain.record import RecordFilter
from inspector.domain.selection import Selection
from inspector.domain.site_figures import site_figures
from inspector.domain.verdict import Verdict
from inspector.gateway.audit import Auditing
from inspector.gateway.figures import dashboard_of
from inspector.recorder import GROUP_ENTRIES
from inspector.storage.database import database_file, writing
from inspector.storage.sql_export import SqlExport
from inspector.storage.sql_judgements import SqlFigures
from inspector.storage.sql_writing import SqlStore

ROOT: Final = Path(__file__).resolve().parent.parent
KPI, SEARCH = Target(300.0), Target(300.0)
ASKED: Final = 40
DURABLE_PARTS: Final = 3000
SPANS: Final = {
    "day": timedelta(days=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
Question = Callable[[], object]


def main() -> int:
    """Return 0 when everything could be measured, whether the targets are met or not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_records")
    parser.add_argument("--parts", type=int, default=10_000_000, help=f"a multiple of {SEED}")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "records")
    parser.add_argument("--keep-made", action="store_true", help="use the records that are there")
    options = parser.parse_args()
    watch = Watch()
    with Progress() as progress:
        if not options.keep_made:
            shutil.rmtree(options.folder, ignore_errors=True)
            make(options.folder, options.parts, progress)
        with writing(options.folder):
            pass  # brought up to date, where another version made them
        section = measure(options.folder, progress)
    print("\n".join(watch.machine().lines()))
    print(table([section]))
    return 0


def measure(data: Path, progress: Progress) -> Section:
    """Return how long the screens wait, what it takes on the disk, how fast it still records."""
    dice = random.Random(1)  # noqa: S311 - which question comes next
    figures: list[Figure] = []
    site = load_site(ROOT).model_copy(update={"data": str(data)})
    with closing(SqlFigures(database_file(data))) as records:
        parts = sum(records.counts(name).records for name in STATIONS)
        progress.say(f"asking {parts} records")
        newest = max(
            records.records(RecordFilter(one, limit=1))[0].triggered_at for one in STATIONS
        )
        for name, span in SPANS.items():
            for key, what, ask in (
                ("page", "page of figures: data", _page(site, records)),
                ("kpi", "inspector kpi: data", partial(_figures, records)),
            ):
                asked = _taken(partial(_asked, ask, dice, newest, span))
                figures += _times(f"{key}_{name}", f"{what} of a {name}", asked, KPI)
                progress.say(f"{what} of a {name}: p95 {asked[0].p95:.0f} ms")
        figures += _times("all", "sums over all time", _taken(records.counts), KPI)
    with closing(SqlExport(database_file(data))) as records:
        for name, question in _searches(records, parts, newest, dice).items():
            asked = _taken(question)
            figures += _times(f"search_{name}", f"part search: {name}", asked, SEARCH)
            progress.say(f"part search, {name}: p95 {asked[0].p95:.0f} ms")
    mb = database_file(data).stat().st_size / 1e6
    progress.say("recording beside them")
    per_s = _durable(data)
    figures += (
        Figure("store.size_mb", "database file", mb, "MB"),
        Figure("store.growth_mb", "growth per million parts", mb / parts * 1e6, "MB"),
        Figure("store.parts_per_s", "durable parts beside them", per_s, "/s", PARTS_PER_S),
    )
    return Section(f"Store: {parts} parts of {len(STATIONS)} stations", tuple(figures))


def _times(key: str, name: str, taken: tuple[Spread, Spread], target: Target) -> tuple[Figure, ...]:
    waited, worked = taken
    note = f"p50 {waited.p50:.1f} ms, slowest {waited.most:.0f} ms; processor p95 {worked.p95:.0f}"
    return (Figure(f"store.{key}_p95_ms", f"{name}, p95", waited.p95, "ms", target, note=note),)


def _page(site: Site, records: SqlFigures) -> Callable[[str, Window], object]:
    def ask(station: str, window: Window) -> object:
        return dashboard_of(site, records, station, window, window.until)

    return ask


def _figures(records: SqlFigures, station: str, window: Window) -> object:
    return site_figures(records.seen(station, window), window)


def _asked(
    ask: Callable[[str, Window], object], dice: random.Random, newest: datetime, span: timedelta
) -> object:
    """Ask for one station or all of them, and a window."""
    return ask(dice.choice(("", *STATIONS)), _window(dice, newest, span))


def _window(dice: random.Random, newest: datetime, span: timedelta) -> Window:
    """Return a window that ends within an hour, of the busy ones as often as parts come then."""
    within = BUSY if dice.random() < BUSY_SHARE else BLOCK
    ended = FIRST + BLOCK * dice.randrange((newest - FIRST) // BLOCK + 1) + within * dice.random()
    until = min(max(ended, FIRST + span), newest)
    return Window(until - span, until)


def _searches(
    records: SqlExport, parts: int, newest: datetime, dice: random.Random
) -> dict[str, Question]:
    def when() -> datetime:
        return FIRST + (newest - FIRST) * dice.random()

    def station() -> str:
        return dice.choice(STATIONS)

    def first_page(wanted: Selection) -> object:
        return next(iter(records.pages(wanted)), None)

    return {
        "by id": lambda: records.record(id_of(*number_at(dice.randrange(parts)))),
        "station and time": lambda: records.records(RecordFilter(station(), until=when())),
        "rejects of a station": lambda: records.records(
            RecordFilter(station(), verdict=Verdict.REJECT, until=when())
        ),
        "parts that the PLC rejected": lambda: records.records(
            RecordFilter(outcome="rejected", until=when())
        ),
        "not inspected, newest": lambda: records.records(RecordFilter(verdict=Verdict.UNKNOWN)),
        "last rejects": lambda: records.last_rejects(station(), 12),
        "of a class": lambda: first_page(Selection(station(), since=when(), kind="scratch")),
        "of a class nobody saw": lambda: first_page(Selection(since=when(), kind="dent")),
    }


def _taken(ask: Question) -> tuple[Spread, Spread]:
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
        {**entry, "station": "beside", "record": f"{run}-{n}", "run": run}
        for n in range(1, DURABLE_PARTS + 1)
        for entry in entries_of(n)
    ]
    with writing(data) as engine:
        store, now = SqlStore(engine, Auditing(engine, data).log), FIRST
        started_s = time.perf_counter()
        for first in range(0, len(entries), GROUP_ENTRIES):
            some = list(enumerate(entries[first : first + GROUP_ENTRIES], first))
            store.apply("bench", some, offset=first, now=now)
        return DURABLE_PARTS / (time.perf_counter() - started_s)


if __name__ == "__main__":
    raise SystemExit(main())
