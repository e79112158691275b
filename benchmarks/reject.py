"""The way to the reject: frame ready → verdict written and acknowledged, in a headless demo."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from benchmarks.figures import Figure, Section, Spread, Target, spread
from benchmarks.memory import pss_bytes, tree
from benchmarks.progress import Progress
from benchmarks.roundtrip import WriteProbe
from inspector.config.loading import load_site
from inspector.config.site import DemoSettings, Site
from inspector.domain.record import Record, RecordFilter
from inspector.gateway.demo_report import report
from inspector.gateway.demo_site import demo_site
from inspector.gateway.headless import HeadlessRun
from inspector.gateway.site_run import free_port, runtime_of
from inspector.storage.sql_store import MOST_RECORDS, SqlRecords

RATE_HZ = 10.0
SEED = 11
FEWEST_WRITES = 50
MEMORY_EACH_S = 10.0
"""Reading how much memory a process has stops its own page faults for a millisecond."""
P50, P99 = Target(8.0), Target(20.0)
P50_WITHOUT_MODEL, P99_WITHOUT_MODEL = Target(3.0), Target(10.0)
NONE = Target(0.0)


@dataclass(frozen=True, slots=True)
class Times:
    """What the records of inspected parts say, ms, one value for each part.

    Attributes:
        whole: Last frame ready → the PLC's acknowledgement.
        without_model: The same less the model's own time for that last frame.
        model: The model's own time for it.
        to_judged: Frame ready → verdict in the journal, less the model's own time.
        to_acknowledged: Verdict in the journal → acknowledged.
    """

    whole: tuple[float, ...]
    without_model: tuple[float, ...]
    model: tuple[float, ...]
    to_judged: tuple[float, ...]
    to_acknowledged: tuple[float, ...]


def measure(root: Path, *, parts: int, progress: Progress, memory: bool = False) -> Section:
    """Return the figures of one headless run of `parts` per station.

    Args:
        root: A site: stations and models.
        parts: For each station.
        progress: Told how far it is.
        memory: Also how the memory grows; for long runs.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="inspector-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        site = _site(root, folder, parts)
        run = HeadlessRun(site, folder, say=lambda text: progress.tick(f"reject: {text}"))
        stack.callback(run.clean_up)
        probe = WriteProbe(site, runtime_of(folder))
        grown: list[int] = []
        loops: list[Callable[[Event], None]] = [probe.run]
        if memory:
            loops.append(lambda stop: _watch_memory(stop, grown))
        finished = _beside(loops, lambda: run.until_empty(Event()))
        truth = folder / "evidence" / "truth.jsonl"
        sums = report(site, truth, dropped=run.frames_dropped)["all"].sums
        with closing(SqlRecords(Path(site.data) / "inspector.db")) as store:
            times = times_of(all_records(store))
            late = store.counts().late
        said = sums.as_json()
        broken = ", ".join(f"{name} {said.get(name, '')}".strip() for name in sums.broken())
        kept = shutil.copytree(folder, root / "runs" / folder.name) if broken else ""
    failures = [f"broken: {broken}; see {kept}"] if broken else []
    failures += [] if finished else ["the run was stopped before the belts were empty"]
    failures += [f"the bare write: {probe.failure}"] if probe.failure else []
    if len(probe.times_ms) < FEWEST_WRITES:
        failures.append(f"only {len(probe.times_ms)} bare writes were measured")
    title = (
        f"Way to the reject: {sums.triggered} parts, {len(site.stations)} stations, "
        f"{RATE_HZ:g}/s each; {len(times.whole)} inspected, {late} late"
    )
    if not times.whole:
        return Section(title, failures=(*failures, "no part was inspected"))
    figures = (*figures_of(times, probe.times_ms, late), *_growth(grown))
    return Section(title, figures, failures=tuple(failures))


def figures_of(times: Times, bare_ms: Sequence[float], late: int) -> Iterator[Figure]:
    """Return the figures of a run, those with a target first."""
    whole, without = spread(times.whole), spread(times.without_model)
    name = "frame ready → acknowledged"
    yield Figure("reject.p50_ms", f"{name}, p50", whole.p50, "ms", P50)
    yield Figure("reject.p99_ms", f"{name}, p99", whole.p99, "ms", P99)
    yield Figure("reject.max_ms", f"{name}, longest", whole.most, "ms")
    yield Figure("reject.late", "late verdicts", late, "", NONE)
    name = "the same without the model's own time"
    yield Figure(
        "reject.without_model_p50_ms", f"{name}, p50", without.p50, "ms", P50_WITHOUT_MODEL
    )
    yield Figure(
        "reject.without_model_p99_ms", f"{name}, p99", without.p99, "ms", P99_WITHOUT_MODEL
    )
    if bare_ms:
        yield from _beside_bare(without, spread(bare_ms))
    for key, name, values in (
        ("model", "of it: model (scaling and reading included)", times.model),
        ("to_judged", "of it: frame ready → judged, without the model", times.to_judged),
        ("to_acknowledged", "of it: judged → acknowledged", times.to_acknowledged),
    ):
        part = spread(values)
        yield Figure(f"reject.{key}_p50_ms", f"{name}, p50", part.p50, "ms")
        yield Figure(f"reject.{key}_p99_ms", f"{name}, p99", part.p99, "ms")


def _beside_bare(without: Spread, bare: Spread) -> Iterator[Figure]:
    name = "bare encrypted write, same run"
    yield Figure("reject.bare_write_p50_ms", f"{name}, p50", bare.p50, "ms", note=f"{bare.count}")
    yield Figure("reject.bare_write_p99_ms", f"{name}, p99", bare.p99, "ms")
    for key, ours, theirs in (
        ("p50", without.p50, bare.p50),
        ("p99", without.p99, bare.p99),
    ):
        words = f"without the model / bare write, {key}"
        yield Figure(f"reject.to_bare_write_{key}", words, ours / theirs)


def times_of(records: Iterable[Record]) -> Times:
    """Return the times of the inspected parts whose verdict was acknowledged.

    A part that was not inspected has waited for a view until its deadline: that is no latency.
    """
    rows = []
    for record in records:
        if record.latency_ms is None or record.ready_to_judged_ms is None:
            continue
        if record.not_inspected:
            continue
        model_ms = record.views[-1].model_ms  # of the last camera on the belt: it completes a part
        rows.append(
            (
                record.latency_ms,
                record.latency_ms - model_ms,
                model_ms,
                record.ready_to_judged_ms - model_ms,
                record.latency_ms - record.ready_to_judged_ms,
            )
        )
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    return Times(*columns)


def all_records(store: SqlRecords) -> Iterator[Record]:
    """Return every record, newest first."""
    before = ""
    while page := store.records(RecordFilter(before=before, limit=MOST_RECORDS)):
        yield from page
        before = page[-1].id


def _site(root: Path, folder: Path, parts: int) -> Site:
    evidence = folder / "evidence"
    evidence.mkdir()
    demo = DemoSettings(seed=SEED, rate_hz=RATE_HZ, parts=parts, evidence=str(evidence))
    site = load_site(root)
    return demo_site(site, demo, data=folder / "data", port=0, plc_port=free_port(), fast=True)


def _beside(loops: Sequence[Callable[[Event], None]], run: Callable[[], bool]) -> bool:
    """Run in this thread, with the loops in threads of their own for as long.

    In this one, because the children end when the thread that started them does.
    """
    stop = Event()
    threads = [Thread(target=loop, args=(stop,), daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        return run()
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


def _watch_memory(stop: Event, grown: list[int]) -> None:
    while not stop.wait(MEMORY_EACH_S):
        grown.append(pss_bytes([pid for pid in tree(os.getpid()) if pid != os.getpid()]))


def _growth(grown: Sequence[int]) -> Iterator[Figure]:
    """Return how much memory was added from the second quarter of the run to the last."""
    quarter = len(grown) // 4
    if quarter < 2:
        return
    early = spread(grown[quarter : 2 * quarter]).p50
    end = spread(grown[-quarter:]).p50
    hours = 2 * quarter * MEMORY_EACH_S / 3600
    yield Figure("reject.memory_mb", "memory of all processes, last quarter", end / 1e6, "MB")
    grew = (end - early) / 1e6 / hours
    yield Figure("reject.memory_growth_mb_per_h", "memory added", grew, "MB/h")
