"""Gathers what the weekly review of a site shows, from its records alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.fatigue import JUDGED_AFTER, alarm_figures
from inspector.domain.kpi import Kpi, Window
from inspector.domain.site_figures import Seen, site_figures
from inspector.domain.week import StationWeek, Week, rules_of
from inspector.gateway.store import server_of
from inspector.storage.database import database_file
from inspector.storage.sql_week import SqlWeek

WEEK: Final = timedelta(days=7)


def zone_of(site: Site) -> ZoneInfo:
    """Return the zone of the clock on the site's wall, UTC where the settings name none."""
    return ZoneInfo(site.shifts.zone) if site.shifts else ZoneInfo("UTC")


def week_before(site: Site, now: datetime) -> Window:
    """Return the seven days until the last midnight by the clock on the site's wall."""
    midnight = datetime.combine(now.astimezone(zone_of(site)).date(), time(), zone_of(site))
    return Window(midnight - WEEK, midnight)


def week_of(site: Site, window: Window) -> Week:
    """Return all that the review shows; raises `StoreRefused`."""
    with closing(SqlWeek(server_of(site) or database_file(Path(site.data)))) as records:
        month = Window(window.until - JUDGED_AFTER, window.until)
        happened = records.seen("", window).happened
        return Week(
            Path(site.folder).resolve().name,
            window,
            tuple(_station(records, site, station, window) for station in site.stations),
            records.false_calls(window),
            records.escapes(window),
            rules_of(records.raised("", month), window),
            alarm_figures(happened.raised, happened.running, happened.operators, window),
            records.seeds_missed(window),
            records.noted(window),
            tuple(
                limit
                for station in site.stations
                for limit in records.signed_limits(station.name, window)
            ),
        )


def _station(records: SqlWeek, site: Site, station: Station, window: Window) -> StationWeek:
    name, before = station.name, Window(window.since - WEEK, window.since)
    targets = site.targets.by_id()
    seen, figures = _figures(records, name, window, targets)
    versions = records.versions(name)
    newest = versions[0].number if versions else 0
    signed = {one.proposal for one in versions}
    proposals = [
        one
        for one in records.proposals(name)
        if one.follows == newest and one.id not in signed and one.at < window.until
    ]
    return StationWeek(
        name,
        station.audit.per_day,
        seen,
        figures,
        _figures(records, name, before, targets)[1],
        tuple(proposals),
    )


def _figures(
    records: SqlWeek, station: str, window: Window, targets: Mapping[str, float]
) -> tuple[Seen | None, tuple[Kpi, ...]]:
    """Return what the records say and the figures, or nothing where no part came: no zeros."""
    seen = records.seen(station, window)
    if not seen.counts.records + seen.counts.in_gap:
        return None, ()
    return seen, site_figures(seen, window, targets=targets)
