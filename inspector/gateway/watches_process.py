"""The watches, once: reads the records, prints what each watch says, and ends.

A process of its own that only reads, at the lowest priority: what it reads and computes costs
neither the line nor the recorder a moment, nor memory between two hours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from inspector.clock import SystemClock
from inspector.config.site import Site
from inspector.domain.watching.budget import run_length_days
from inspector.domain.watching.live import beyond_now
from inspector.gateway.store import server_of
from inspector.gateway.watching import WHOLE_DAYS
from inspector.ipc import Runtime
from inspector.storage.database import database_file
from inspector.storage.sql_watching import SqlWatching


def main(site: Site, runtime: Runtime, what: str = "") -> None:  # noqa: ARG001 - as every process
    """Print one JSON array: [station, watch, text; "" where all is as usual] for each watch.

    Args:
        site: Its stations are watched.
        runtime: Not needed.
        what: `WHOLE_DAYS`: also the watches that take a day's scores and audits at once.

    Raises:
        StoreRefused: The records cannot be read.
    """
    os.nice(19)
    found = [*watched(site, SystemClock().now(), whole_days=what == WHOLE_DAYS)]
    sys.stdout.write(json.dumps(found))


def watched(site: Site, now: datetime, *, whole_days: bool) -> Iterator[tuple[str, str, str]]:
    """Yield station, watch and what it says."""
    run_length = run_length_days(len(site.stations), site.watching.false_alarms_per_30_days)
    with closing(SqlWatching(server_of(site) or database_file(Path(site.data)))) as records:
        for station in site.stations:
            seen = records.seen(station.name, now, whole_days=whole_days)
            for watch, text in beyond_now(seen, run_length).items():
                yield station.name, watch.value, text
