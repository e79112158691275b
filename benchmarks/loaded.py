"""`python -m benchmarks.loaded`: the way to the reject while the recorder stores a second load.

A headless demo at its own pace; in turns the recorder has nothing else to do, and a second journal
beside the line's brings it more than 500 parts a second (`second_journal`). *Unchanged* is what
DESIGN.md says: the median over the pairs of the p99's difference is at most 10 % or 2 ms, the
larger. Exit code 1 when it is not, when fewer parts were stored, or when a promise is broken.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any, Final
from unittest.mock import patch

from benchmarks.figures import Figure, Section, Target, spread, table
from benchmarks.killed_line import is_good
from benchmarks.machine import Watch
from benchmarks.progress import Progress
from benchmarks.recording import PARTS_PER_S, entries_of
from benchmarks.second_journal import LOAD
from inspector.clock import SystemClock
from inspector.config.loading import load_site
from inspector.config.site import DemoSettings, Site
from inspector.domain.record import RecordFilter
from inspector.gateway import site_run
from inspector.gateway.demo_report import report
from inspector.gateway.demo_site import demo_site
from inspector.gateway.headless import HeadlessRun
from inspector.gateway.site_run import children_of, free_port, runtime_of
from inspector.ipc import Runtime, read_status
from inspector.storage.journal import JournalReader, JournalWriter
from inspector.storage.sql_store import MOST_RECORDS, SqlRecords
from inspector.supervisor import Child

ROOT: Final = Path(__file__).resolve().parent.parent
RATE_HZ: Final = 10.0
LOAD_PARTS_PER_S: Final = 550.0
STATION: Final = "load"
WARM_S: Final = 15.0
"""From the moment on in which every station is good; what starts late is started then."""
SETTLE: Final = timedelta(seconds=2)
"""Left out at the beginning of each time: what belongs to the one before."""
DRAIN_S: Final = 30.0
ALLOWED_MS, ALLOWED_SHARE = 2.0, 0.1
KNOWN_PARTS: Final = 100
"""Made before, so that the making of entries takes no processor from the demo."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with or without the load.

    Attributes:
        parts: Appended in it.
        stored_s: From its beginning until all of them were committed.
    """

    began_at: datetime
    ended_at: datetime
    parts: int = 0
    stored_s: float = 0.0


@dataclass(slots=True)
class Loading:
    """Loads the recorder of a running demo every other `seconds`; `run` is for a thread."""

    runtime: Runtime
    pairs: int
    seconds: float
    without: list[Stretch] = field(default_factory=list)
    loaded: list[Stretch] = field(default_factory=list)
    failure: str = ""
    _number: int = 0

    def run(self, stop: Event) -> None:
        """Wait for the demo, then go through the pairs."""
        while not is_good(read_status(self.runtime, "line") or {}):
            if stop.wait(0.5):
                return
        if stop.wait(WARM_S):
            return
        known = [list(entries_of(n)) for n in range(1, KNOWN_PARTS + 1)]
        path = self.runtime.journal.with_name(LOAD)
        with JournalWriter(path) as writer, JournalReader(path) as reader:
            for _ in range(self.pairs):
                began_at = SystemClock().now()
                if stop.wait(self.seconds):
                    return
                self.without.append(Stretch(began_at, SystemClock().now()))
                self.loaded.append(self._load(writer, reader, known, stop))

    def _load(
        self,
        writer: JournalWriter,
        reader: JournalReader,
        known: Sequence[Sequence[dict[str, Any]]],
        stop: Event,
    ) -> Stretch:
        began_at, began_s, first = SystemClock().now(), time.monotonic(), self._number
        due_s = began_s
        while due_s < began_s + self.seconds and not stop.is_set():
            self._number += 1
            named = {"station": STATION, "record": f"{STATION}-{self._number}"}
            for entry in known[self._number % KNOWN_PARTS]:
                writer.append({**entry, **named, "number": self._number})
            due_s += 1 / LOAD_PARTS_PER_S
            stop.wait(max(due_s - time.monotonic(), 0.0))
        ended_at = SystemClock().now()
        while reader.consumed < reader.head and not stop.wait(0.01):
            if time.monotonic() - began_s > self.seconds + DRAIN_S:
                self.failure = "the recorder did not store the load"
                break
        return Stretch(began_at, ended_at, self._number - first, time.monotonic() - began_s)


def main() -> int:
    """Return 0 when the latency is unchanged, enough is stored, and no promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loaded", description=__doc__)
    parser.add_argument("--pairs", type=int, default=6, help="five or more for a verdict")
    parser.add_argument("--seconds", type=float, default=30.0, help="with, and without, the load")
    chosen = parser.parse_args()
    watch = Watch()
    with Progress() as progress:
        section = measured(chosen.pairs, chosen.seconds, progress)
    print("\n".join(watch.machine().lines()))
    print(table([section]))
    missed = any(figure.met is False for figure in section.figures)
    return 1 if section.failures or missed else 0


def measured(pairs: int, seconds: float, progress: Progress) -> Section:
    """Return the figures of one headless run with so many pairs."""
    folder = Path(tempfile.mkdtemp(prefix="inspector-loaded-"))
    (folder / "evidence").mkdir()
    site = _site(folder, parts=round(RATE_HZ * (WARM_S + 20 + 2 * pairs * (seconds + 1))))
    run = HeadlessRun(site, folder, say=lambda text: progress.tick(f"loaded: {text}"))
    loading, stop = Loading(runtime_of(folder), pairs, seconds), Event()
    thread = Thread(target=loading.run, args=(stop,), daemon=True)
    try:
        thread.start()
        with patch.object(site_run, "children_of", _children):
            finished = run.until_empty(Event())
        stop.set()
        thread.join(DRAIN_S)
        truth = folder / "evidence" / "truth.jsonl"
        sums = report(site, truth, dropped=run.frames_dropped)["all"].sums
        failures = [f"broken: {one}" for one in sums.broken()]
        with closing(SqlRecords(folder / "data" / "inspector.db")) as store:
            stored = store.counts(STATION).records
            latencies = [one for name in site.stations for one in _latencies(store, name.name)]
    finally:
        run.clean_up()
        shutil.rmtree(folder, ignore_errors=True)
    failures += [] if finished else ["the belts were not empty in time"]
    failures += [loading.failure] if loading.failure else []
    appended = sum(one.parts for one in loading.loaded)
    failures += [] if stored == appended else [f"{appended} parts loaded, {stored} stored"]
    title = f"Way to the reject beside a second load: {len(loading.loaded)} pairs of {seconds:g} s"
    if len(loading.loaded) < pairs:
        return Section(title, failures=(*failures, f"only {len(loading.loaded)} pairs ran"))
    if not all(_within(latencies, one) for one in (*loading.without, *loading.loaded)):
        return Section(title, failures=(*failures, "in one of the times no part was inspected"))
    return Section(title, tuple(figures_of(loading, latencies)), failures=tuple(failures))


def figures_of(loading: Loading, latencies: Sequence[tuple[datetime, float]]) -> Iterator[Figure]:
    """Return what the load cost: `latencies` are of parts by when they were triggered, ms."""
    stored = min(one.parts / one.stored_s for one in loading.loaded)
    yield Figure(
        "loaded.parts_per_s", "durable parts of the load, least", stored, "/s", PARTS_PER_S
    )
    without = [_within(latencies, one) for one in loading.without]
    loaded = [_within(latencies, one) for one in loading.loaded]
    both = list(zip(map(spread, without), map(spread, loaded), strict=True))
    p99 = median(one.p99 for one, _ in both)
    moved = median(after.p99 - before.p99 for before, after in both)
    for n, (before, after) in enumerate(both, 1):
        name = f"pair {n}: p99 with the load"
        note = f"without {before.p99:.2f} ms; p50 {after.p50:.2f} against {before.p50:.2f}"
        yield Figure(f"loaded.pair_{n}_p99_ms", name, after.p99, "ms", note=note)
    yield Figure("loaded.without_p99_ms", "p99 without it, median of the pairs", p99, "ms")
    for share in ("p50", "p99"):
        ratio = median(getattr(after, share) / getattr(before, share) for before, after in both)
        yield Figure(f"loaded.ratio_{share}", f"with / without, {share}, median", ratio)
    allowed = Target(max(ALLOWED_SHARE * p99, ALLOWED_MS))
    yield Figure("loaded.moved_ms", "p99 moves by, median of the pairs", moved, "ms", allowed)


def _within(latencies: Sequence[tuple[datetime, float]], one: Stretch) -> list[float]:
    return [ms for at, ms in latencies if one.began_at + SETTLE <= at < one.ended_at]


def _latencies(store: SqlRecords, station: str) -> Iterator[tuple[datetime, float]]:
    before = ""
    while page := store.records(RecordFilter(station, before=before, limit=MOST_RECORDS)):
        for one in page:
            if one.latency_ms is not None and not one.not_inspected:
                yield one.triggered_at, one.latency_ms
        before = page[-1].id


def _children(site: Site, runtime: Runtime, environment: dict[str, str]) -> list[Child]:
    """Return the demo's processes, the recorder with a second journal."""
    words = [sys.executable, "-m", "benchmarks.second_journal", "recorder"]
    return [
        Child(one.name, [*words, "--runtime", str(runtime.folder)], one.environment)
        if one.name == "recorder"
        else one
        for one in children_of(site, runtime, environment)
    ]


def _site(folder: Path, parts: int) -> Site:
    demo = DemoSettings(seed=11, rate_hz=RATE_HZ, parts=parts, evidence=str(folder / "evidence"))
    return demo_site(
        load_site(ROOT), demo, data=folder / "data", port=0, plc_port=free_port(), fast=True
    )


if __name__ == "__main__":
    raise SystemExit(main())
