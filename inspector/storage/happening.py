"""What happened around the parts of a window: when parts came, alarms, failures. Query only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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
from inspector.storage.alarm_reading import Alarms, answers_by_time, operators_by_day
from inspector.storage.counting import HOUR_US, Stretch
from inspector.storage.feedback_schema import alarm_answers, period_counts
from inspector.storage.pieces import Pieces, within
from inspector.storage.schema import alarms, from_us, journal_position, parts, to_us

_BEFORE: Final = timedelta(seconds=FAILED_AFTER_S)


def happened_in(
    connection: Connection, station: str, pieces: Pieces, hours: Mapping[str, Collection[int]]
) -> tuple[Happened, ...]:
    """Return what happened at a station, or with "" at all of them: in all, then in each piece.

    Args:
        connection: To the records.
        station: Its name, or "".
        pieces: Of the window.
        hours: By station, the clock hours with a part.
    """
    whole = pieces.whole
    running = [one for name in hours for one in _running(connection, name, hours[name], whole)]
    incidents = list(_incidents(connection, station, whole))
    failures = [one for name in hours for one in _failures(connection, name, whole[1])]
    came = Alarms(connection, station, whole)
    answered = answers_by_time(connection, whole)
    return tuple(
        Happened(
            tuple(_clipped(running, one)),
            tuple(incident for incident in incidents if within(one, to_us(incident.alarm))),
            tuple(failure for failure in failures if to_us(failure.began + _BEFORE) < one[1]),
            came.raised(one),
            operators_by_day(answered, one),
        )
        for one in pieces.stretches
    )


def _clipped(running: Iterable[Running], stretch: Stretch) -> Iterator[Running]:
    since, until = from_us(stretch[0]), from_us(stretch[1])
    for one in running:
        if one.stretch.since < until and one.stretch.until > since:
            inside = Window(max(one.stretch.since, since), min(one.stretch.until, until))
            yield Running(one.station, inside)


def recorded_until(connection: Connection) -> datetime | None:
    """Return when something was recorded last, or None: never."""
    at = connection.execute(select(func.max(journal_position.c.at))).scalar()
    return None if at is None else from_us(at)


def _running(
    connection: Connection, station: str, hours: Collection[int], window: Stretch
) -> Iterator[Running]:
    """Yield the clock hours in which a part came, within the window; those in a row as one."""
    first = _began(connection, station)
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
