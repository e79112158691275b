"""The alarms of a window, each with its end and its answers. Query only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Window
from inspector.storage.feedback_schema import alarm_answers
from inspector.storage.schema import alarms, from_us, to_us

_DAY_US: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


def raised_in(
    connection: Connection, station: str, window: Window, *, known_by: datetime | None = None
) -> tuple[Raised, ...]:
    """Return what came at a station, or with "" anywhere, oldest first.

    Each ends with the next row that says that its rule is over there.

    Args:
        connection: To the records.
        station: Its name, or "".
        window: In which they came.
        known_by: Ends from then on are not looked for; None: all are.
    """
    since, until = to_us(window.since), to_us(window.until)
    column = alarms.c
    of = (column.station == station,) if station else ()
    wanted = select(alarms).where(column.at >= since, *of).order_by(column.id)
    if known_by:
        wanted = wanted.where(column.at < to_us(known_by))
    standing: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    came: list[Row[Any]] = []
    gone: dict[int, int] = {}
    for row in connection.execute(wanted):
        key = row.station, row.name
        if not row.on:
            gone |= {one.id: row.at for one in standing.pop(key, ())}
        elif row.at < until:
            standing[key].append(row)
            came.append(row)
    answers = _answers(connection, since, until, of)
    return tuple(_raised(row, gone, answers) for row in came)


def operators_by_day(connection: Connection, window: Window) -> dict[date, int]:
    """Return how many people answered an alarm on each day (UTC) on which somebody did."""
    answer = alarm_answers.c
    day = (answer.at // _DAY_US).label("day")
    within = answer.at >= to_us(window.since), answer.at < to_us(window.until)
    wanted = select(day, func.count(answer.person.distinct())).where(*within).group_by("day")
    return {
        date.fromordinal(_EPOCH + int(number)): int(people)
        for number, people in connection.execute(wanted)
    }


def _answers(
    connection: Connection, since: int, until: int, of: tuple[ColumnElement[bool], ...]
) -> Mapping[int, Any]:
    answer, column = alarm_answers.c, alarms.c
    wanted = (
        select(answer.alarm, func.min(answer.at).label("at"), func.max(answer.did).label("did"))
        .join_from(alarms, alarm_answers)
        .where(column.at >= since, column.at < until, *of)
        .group_by(answer.alarm)
    )
    return {row.alarm: row for row in connection.execute(wanted)}


def _raised(row: Row[Any], gone: Mapping[int, int], answers: Mapping[int, Any]) -> Raised:
    answer = answers.get(row.id)
    return Raised(
        station=row.station,
        rule=row.name,
        text=row.text,
        came=from_us(row.at),
        gone=from_us(gone[row.id]) if row.id in gone else None,
        answered=from_us(answer.at) if answer else None,
        acted=bool(answer and answer.did),
    )
