"""The alarms of a window, each with its end and its answers. Query only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.fatigue import Raised
from inspector.storage.counting import Stretch
from inspector.storage.feedback_schema import alarm_answers
from inspector.storage.schema import alarms, from_us

_DAY_US: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Alarms:
    """The alarms that came in a window, read once for it and for pieces of it."""

    def __init__(
        self, connection: Connection, station: str, window: Stretch, *, later: bool = False
    ) -> None:
        """Read those of a station, or with "" of all.

        Args:
            connection: To the records.
            station: Its name, or "".
            window: In which they came.
            later: Ends after the window are looked for as well.
        """
        column = alarms.c
        of = (column.station == station,) if station else ()
        wanted = select(alarms).where(column.at >= window[0], *of).order_by(column.id)
        if not later:
            wanted = wanted.where(column.at < window[1])
        self._rows = connection.execute(wanted).all()
        self._answers = _answers(connection, window, of)
        self._later = later

    def raised(self, stretch: Stretch) -> tuple[Raised, ...]:
        """Return what came in the window, or in a piece of it, oldest first.

        Each ends with the next row that says that its rule is over there.
        """
        since, until = stretch
        standing: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
        came: list[Row[Any]] = []
        gone: dict[int, int] = {}
        for row in self._rows:
            if row.at < since or (row.at >= until and not self._later):
                continue
            key = row.station, row.name
            if not row.on:
                gone |= {one.id: row.at for one in standing.pop(key, ())}
            elif row.at < until:
                standing[key].append(row)
                came.append(row)
        return tuple(_raised(row, gone, self._answers) for row in came)


def answers_by_time(connection: Connection, window: Stretch) -> list[tuple[int, str]]:
    """Return when somebody answered an alarm in a window, and who."""
    answer = alarm_answers.c
    within = answer.at >= window[0], answer.at < window[1]
    wanted = select(answer.at, answer.person).where(*within)
    return [(int(at), person) for at, person in connection.execute(wanted)]


def operators_by_day(answered: Iterable[tuple[int, str]], stretch: Stretch) -> dict[date, int]:
    """Return how many people answered an alarm on each day (UTC) on which somebody did."""
    people: dict[int, set[str]] = defaultdict(set)
    for at, person in answered:
        if stretch[0] <= at < stretch[1]:
            people[at // _DAY_US].add(person)
    return {date.fromordinal(_EPOCH + day): len(some) for day, some in people.items()}


def _answers(
    connection: Connection, window: Stretch, of: tuple[ColumnElement[bool], ...]
) -> Mapping[int, Any]:
    answer, column = alarm_answers.c, alarms.c
    wanted = (
        select(answer.alarm, func.min(answer.at).label("at"), func.max(answer.did).label("did"))
        .join_from(alarms, alarm_answers)
        .where(column.at >= window[0], column.at < window[1], *of)
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
