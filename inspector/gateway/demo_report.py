"""The sums of a demo run: truth.jsonl of the world outside against the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.config.site import Site
from inspector.domain.accounting import Recorded, Sums, account
from inspector.domain.record import Record, RecordFilter
from inspector.domain.words import verdict_name
from inspector.gateway.store import records_of
from inspector.line.status import percentiles
from inspector.storage.sql_store import SqlRecords

PAGE = 1000


@dataclass(frozen=True, slots=True)
class StationReport:
    """One station's sums and the latencies of its records, ms."""

    sums: Sums
    latencies_ms: tuple[float, ...]

    def __add__(self, other: StationReport) -> StationReport:
        """Return both together."""
        return StationReport(self.sums + other.sums, self.latencies_ms + other.latencies_ms)

    def as_json(self) -> dict[str, object]:
        """Return the figures as the command prints them."""
        return {**self.sums.as_json(), "latency_ms": percentiles(self.latencies_ms)}


def report(site: Site, truth: Path, *, dropped: Mapping[str, int]) -> dict[str, StationReport]:
    """Return the sums by station, and of all under "all"."""
    lines = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    with closing(records_of(site)) as store:
        stations = {
            station.name: _station(store, station.name, lines, dropped.get(station.name, 0))
            for station in site.stations
        }
    everything = StationReport(Sums(), ())
    for one in stations.values():
        everything += one
    return {**stations, "all": everything}


def _station(
    store: SqlRecords, name: str, truth: list[dict[str, Any]], dropped: int
) -> StationReport:
    records = _all_records(store, name)
    counts = store.counts(name)
    sums = account(
        (line for line in truth if line["station"] == name),
        [_recorded(record) for record in records],
        in_gap=counts.in_gap,
        late=counts.late,
        frames_dropped=dropped,
    )
    latencies = tuple(r.latency_ms for r in records if r.latency_ms is not None)
    return StationReport(sums, latencies)


def _all_records(store: SqlRecords, station: str) -> list[Record]:
    records: list[Record] = []
    while True:
        before = records[-1].id if records else ""
        page = store.records(RecordFilter(station=station, before=before, limit=PAGE))
        records.extend(page)
        if len(page) < PAGE:
            return records


def _recorded(record: Record) -> Recorded:
    pictures = {view.view: view.picture for view in record.views if view.picture}
    return Recorded((record.run, record.number), verdict_name(record.verdict), pictures)
