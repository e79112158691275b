"""The figures of a site from its records, whether it runs or not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from inspector.config.site import Site
from inspector.domain.business import Figure, paired
from inspector.domain.dashboard import Dashboard, control_chart, eighths, strata_of
from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Kpi, Window
from inspector.domain.record import Record
from inspector.domain.site_figures import Seen, is_stale, site_figures
from inspector.errors import BadInput
from inspector.gateway.site_run import STALE_S, beat_age_s, runtime_of
from inspector.gateway.store import server_of
from inspector.ipc import read_status
from inspector.storage.database import database_file
from inspector.storage.sql_judgements import SqlFigures

MOST_PICTURES = 48


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
    with closing(opened(site)) as records:
        seen = records.seen(station, window)
        if why := nothing_came(seen, station, window):
            raise BadInput(why)
        return _figures(site, seen, window, stale=_is_stale(site, records, window, now))


def opened(site: Site) -> SqlFigures:
    """Return what the figures read; the caller closes it."""
    return SqlFigures(server_of(site) or database_file(Path(site.data)))


def dashboard_of(
    site: Site, records: SqlFigures, station: str, window: Window, now: datetime
) -> Dashboard:
    """Return what the page of figures shows; raises `StoreRefused`."""
    parts = eighths(window)
    seen, *through = records.seen_through(station, parts)
    zone = site.shifts.zone if site.shifts else "UTC"
    if why := nothing_came(seen, station, window):
        return Dashboard(window, zone, empty=why)
    names = [station] if station else [one.name for one in site.stations]
    return Dashboard(
        window,
        zone,
        priced=site.costs is not None,
        figures=_figures(site, seen, window, stale=_is_stale(site, records, window, now)),
        trends=_trends(through, parts),
        rejects=control_chart(records.judged_by_hour(names, window)),
        marks=records.models_since(window),
        defects=records.defects(station, window, seen.counts.rejected),
        strata=strata_of(seen),
        seeds=seen.seeds,
        raised=records.raised(station, window),
    )


def rejects_of(records: SqlFigures, station: str, window: Window, kind: str) -> tuple[Record, ...]:
    """Return the newest rejects behind a bar of the defects; raises `StoreRefused`."""
    return records.rejects_of(station, window, kind, MOST_PICTURES)


def nothing_came(seen: Seen, station: str, window: Window) -> str:
    """Return the sentence that no part came, or empty."""
    if seen.counts.records + seen.counts.in_gap:
        return ""
    where = f"at station {station}" if station else "at any station"
    between = f"{window.since.isoformat()} and {window.until.isoformat()}"
    return f"no part came between {between} {where}: there is nothing to count"


def alarms_of(site: Site, station: str, window: Window) -> tuple[Raised, ...]:
    """Return the alarms that came at a station in a window, or with "" anywhere.

    Raises:
        StoreRefused: The records cannot be read.
    """
    with closing(opened(site)) as records:
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


def _is_stale(site: Site, records: SqlFigures, window: Window, now: datetime) -> bool:
    return is_stale(window, recorded_until(site, records, now), now)


def _figures(site: Site, seen: Seen, window: Window, *, stale: bool) -> tuple[Figure, ...]:
    kpis = site_figures(seen, window, targets=site.targets.by_id(), stale=stale)
    return paired(kpis, site.costs.prices() if site.costs else None, seen.look_s)


def _trends(through: Sequence[Seen], parts: Sequence[Window]) -> dict[str, list[float | None]]:
    trends: dict[str, list[float | None]] = {}
    for seen, part in zip(through, parts, strict=True):
        kpis: tuple[Kpi, ...] = site_figures(seen, part)
        for one in kpis:
            trends.setdefault(one.definition.id, []).append(one.value)
    return trends
