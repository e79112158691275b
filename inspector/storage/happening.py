"""What happened around the parts of a window: when parts came, alarms, failures. Query only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.health import FAILED_AFTER_S
from inspector.domain.incidents import Failure, Incident, Running
from inspector.domain.kpi import Window
from inspector.domain.site_figures import Happened
from inspector.line.alarms import FAILURE
from inspector.storage.alarm_reading import operators_by_day, raised_in
from inspector.storage.counting import HOUR_US, Stretch, names_of_stations, open_stretches
from inspector.storage.feedback_schema import alarm_answers, period_counts
from inspector.storage.schema import alarms, from_us, journal_position, parts, to_us

_BEFORE: Final = timedelta(seconds=FAILED_AFTER_S)


def happened_in(connection: Connection, station: str, window: Window) -> Happened:
    """Return what happened at a station, or with "" at all of them."""
    names = [station] if station else names_of_stations(connection)
    stretch = to_us(window.since), to_us(window.until)
    return Happened(
        tuple(one for name in names for one in _running(connection, name, stretch)),
        tuple(_incidents(connection, station, stretch)),
        tuple(one for name in names for one in _failures(connection, name, stretch[1])),
        raised_in(connection, station, window, known_by=window.until),
        operators_by_day(connection, window),
    )


def recorded_until(connection: Connection) -> datetime | None:
    """Return when something was recorded last, or None: never."""
    at = connection.execute(select(func.max(journal_position.c.at))).scalar()
    return None if at is None else from_us(at)


def _running(connection: Connection, station: str, window: Stretch) -> Iterator[Running]:
    """Yield the clock hours in which a part came, within the window; those in a row as one."""
    first, hours = _began(connection, station), _hours(connection, station, window)
    for begin in sorted(hour for hour in hours if hour - HOUR_US not in hours):
        end = begin + HOUR_US
        while end in hours:
            end += HOUR_US
        since, until = max(begin, window[0], first), min(end, window[1])
        yield Running(station, Window(from_us(since), from_us(until)))


def _began(connection: Connection, station: str) -> int:
    """Return when a station's first part came, or 0 where it is deleted: its hour still counts."""
    at, closed = parts.c.triggered_at, period_counts.c
    first = connection.execute(select(func.min(at)).where(parts.c.station == station)).scalar()
    hours = closed.kind == "hour", closed.station == station, closed.records > 0
    hour = connection.execute(select(func.min(closed.began_at)).where(*hours)).scalar()
    if first is None or (hour is not None and hour + HOUR_US <= first):
        return 0
    return int(first)


def _hours(connection: Connection, station: str, window: Stretch) -> set[int]:
    closed = period_counts.c
    within = closed.began_at > window[0] - HOUR_US, closed.began_at < window[1]
    hours = closed.kind == "hour", closed.station == station, closed.records > 0
    found = set(connection.execute(select(closed.began_at).where(*hours, *within)).scalars())
    hour = (parts.c.triggered_at // HOUR_US * HOUR_US).label("hour")
    for begin, end in open_stretches(connection, station, window):
        at = parts.c.triggered_at
        within_open = parts.c.station == station, at >= begin, at < end
        found |= set(connection.execute(select(hour).where(*within_open).distinct()).scalars())
    return found


def _of(station: str) -> tuple[ColumnElement[bool], ...]:
    return (alarms.c.station == station,) if station else ()


def _incidents(connection: Connection, station: str, window: Stretch) -> Iterator[Incident]:
    at = alarms.c.at
    wanted = (
        select(at, func.min(alarm_answers.c.at).label("answered"))
        .join_from(alarms, alarm_answers, isouter=True)
        .where(alarms.c.on.is_(True), at >= window[0], at < window[1], *_of(station))
        .group_by(alarms.c.id, at)
        .order_by(at)
    )
    for row in connection.execute(wanted):
        answered = None if row.answered is None else from_us(row.answered)
        yield Incident(from_us(row.at), action=answered)


def _failures(connection: Connection, station: str, until: int) -> Iterator[Failure]:
    """Yield the failures that began before a time, oldest first; the last may still stand."""
    column = alarms.c
    wanted = select(column.at, column.on).where(column.station == station, column.name == FAILURE)
    rows: list[Any] = list(connection.execute(wanted.order_by(column.at, column.id)))
    for row, after in pairwise([*rows, None]):
        if row.on and row.at < until:
            ended = None if after is None else from_us(after.at)
            yield Failure(from_us(row.at) - _BEFORE, ended, station)
