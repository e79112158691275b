"""The figures of a site from its records, whether it runs or not."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from inspector.config.site import Site
from inspector.domain.business import Figure, paired
from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Window
from inspector.domain.site_figures import is_stale, site_figures
from inspector.errors import BadInput
from inspector.gateway.site_run import STALE_S, beat_age_s, runtime_of
from inspector.gateway.store import server_of
from inspector.ipc import read_status
from inspector.storage.database import database_file
from inspector.storage.sql_judgements import SqlFigures


def figures_of(site: Site, station: str, window: Window, now: datetime) -> tuple[Figure, ...]:
    """Return the figures of a station, or with "" of all of them, each with its business figure.

    Raises:
        BadInput: No such station, or no part came in the window: that is no zero.
        StoreRefused: The records cannot be read.
    """
    known = [one.name for one in site.stations]
    if station and station not in known:
        raise BadInput(f"no station {station!r}; this site has {', '.join(known)}")
    if window.since >= window.until:
        raise BadInput("the window is empty: --since must lie before --until")
    with closing(SqlFigures(server_of(site) or database_file(Path(site.data)))) as records:
        seen = records.seen(station, window)
        reached = recorded_until(site, records, now)
    if not seen.counts.records + seen.counts.in_gap:
        where = f"at station {station}" if station else "at any station"
        between = f"{window.since.isoformat()} and {window.until.isoformat()}"
        raise BadInput(f"no part came between {between} {where}: there is nothing to count")
    stale = is_stale(window, reached, now)
    kpis = site_figures(seen, window, targets=site.targets.by_id(), stale=stale)
    return paired(kpis, site.costs.prices() if site.costs else None, seen.look_s)


def alarms_of(site: Site, station: str, window: Window) -> tuple[Raised, ...]:
    """Return the alarms that came at a station in a window, or with "" anywhere.

    Raises:
        StoreRefused: The records cannot be read.
    """
    with closing(SqlFigures(server_of(site) or database_file(Path(site.data)))) as records:
        return records.raised(station, window)


def recorded_until(site: Site, records: SqlFigures, now: datetime) -> datetime | None:
    """Return up to when the records have everything; None: nothing was ever recorded.

    That is now while the recorder runs and nothing waits for it, else its last commit.
    """
    runtime = runtime_of(Path(site.folder))
    age_s, said = beat_age_s(runtime, "recorder"), read_status(runtime, "recorder")
    alive = age_s is not None and age_s < STALE_S
    if alive and said and not said.get("behind_bytes"):
        return now
    return records.recorded_until()
