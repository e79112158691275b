"""Counts hours, shifts and lots once they have closed. Recorder only, and only while it is idle."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from inspector.domain.periods import Shifts
from inspector.errors import StoreRefused
from inspector.storage.counting import HOUR_US, Stretch, cells_of, count, names_of_stations
from inspector.storage.feedback_schema import COUNTED, cell_counts, lots, period_counts
from inspector.storage.schema import from_us, parts, to_us

GRACE: Final = timedelta(minutes=2)
"""A period is closed when the belt has had this long for its last parts; later ones reopen it."""

Due = tuple[str, str, Stretch]
"""Kind, name, from and until."""


class Closing:
    """Closes one period with each `step`, so that recording never waits for long."""

    def __init__(self, engine: Engine, shifts: Shifts) -> None:
        """Use an engine of `database.writing`."""
        self._engine, self._shifts = engine, shifts

    def step(self, now: datetime) -> bool:
        """Count one period that has closed or gone stale; return whether there was one.

        Raises:
            StoreRefused: The database cannot be written now.
        """
        try:
            with self._engine.begin() as connection:
                return self._step(connection, to_us(now - GRACE))
        except DBAPIError as error:
            raise StoreRefused(f"the database cannot be written now: {error.orig}") from error

    def _step(self, connection: Connection, until: int) -> bool:
        stale = connection.execute(select(period_counts).where(text("stale")).limit(1)).first()
        if stale:
            one = stale.kind, stale.name, (stale.began_at, stale.ended_at)
            _close(connection, stale.station, one)
            return True
        for station in names_of_stations(connection):
            for due in self._due(connection, station, until):
                _close(connection, station, due)
                return True
        return False

    def _due(self, connection: Connection, station: str, until: int) -> Iterator[Due]:
        began = _next_part(connection, station, _closed_until(connection, "hour", station))
        if began is not None and (hour := began // HOUR_US * HOUR_US) + HOUR_US <= until:
            yield "hour", "", (hour, hour + HOUR_US)
        began = _next_part(connection, station, _closed_until(connection, "shift", station))
        shift = None if began is None else self._shifts.at(from_us(began))
        if shift and to_us(shift.ended_at) <= until:
            yield "shift", shift.name, (to_us(shift.began_at), to_us(shift.ended_at))
        yield from _lot_due(connection, station, until)


def mark_stale(connection: Connection, records: Collection[str]) -> None:
    """Reopen the closed periods of these records: something was said of them later."""
    hour = (parts.c.triggered_at // HOUR_US * HOUR_US).label("hour")
    touched = select(parts.c.station, hour).where(parts.c.record.in_(sorted(records))).distinct()
    for station, began in connection.execute(touched).all():
        if began < _closed_until(connection, "hour", station):
            _reopen(connection, station, began)


def _reopen(connection: Connection, station: str, hour: int) -> None:
    column = period_counts.c
    around = column.station == station, column.ended_at > hour, column.began_at < hour + HOUR_US
    connection.execute(update(period_counts).where(*around).values(stale=True))
    if connection.execute(select(column.kind).where(*around, column.kind == "hour")).first():
        return
    # Nothing had been there when the hours around it were closed.
    key = {"kind": "hour", "station": station, "began_at": hour, "ended_at": hour + HOUR_US}
    row = {**key, "name": "", "stale": True, **dict.fromkeys(COUNTED, 0)}
    connection.execute(insert(period_counts).values(row))


def _lot_due(connection: Connection, station: str, until: int) -> Iterator[Due]:
    closed_until = _closed_until(connection, "lot", station)
    of_station = lots.c.station == station, lots.c.began_at >= closed_until
    wanted = select(lots).where(*of_station).order_by(lots.c.began_at).limit(2)
    two = connection.execute(wanted).all()
    if len(two) == 2 and two[1].began_at <= until:
        yield "lot", two[0].name, (two[0].began_at, two[1].began_at)


def _closed_until(connection: Connection, kind: str, station: str) -> int:
    column = period_counts.c
    last = select(column.ended_at).where(column.kind == kind, column.station == station)
    return connection.execute(last.order_by(column.began_at.desc()).limit(1)).scalar() or 0


def _next_part(connection: Connection, station: str, since: int) -> int | None:
    part = parts.c
    wanted = select(func.min(part.triggered_at)).where(
        part.station == station, part.triggered_at >= since
    )
    return connection.execute(wanted).scalar()


def _close(connection: Connection, station: str, due: Due) -> None:
    kind, name, stretch = due
    sums = count(connection, station, stretch)
    column = period_counts.c
    one = column.kind == kind, column.station == station, column.began_at == stretch[0]
    connection.execute(delete(period_counts).where(*one))
    key = {"kind": kind, "station": station, "began_at": stretch[0], "ended_at": stretch[1]}
    row = {**key, "name": name, "stale": False, **sums}
    connection.execute(insert(period_counts).values(row))
    if kind == "hour":
        _close_cells(connection, station, stretch)


def _close_cells(connection: Connection, station: str, stretch: Stretch) -> None:
    column = cell_counts.c
    one = column.station == station, column.began_at == stretch[0]
    connection.execute(delete(cell_counts).where(*one))
    names = "strata_version", "stratum", "audit_pi", "parts"
    rows = [
        {"station": station, "began_at": stretch[0], **dict(zip(names, row, strict=True))}
        for row in connection.execute(cells_of(station, stretch))
    ]
    if rows:
        connection.execute(insert(cell_counts), rows)
