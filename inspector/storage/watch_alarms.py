"""The watches' alarms: each comes once, and goes when all is as usual again. Recorder only.

What stands is what the newest row says, so a restart neither repeats nor forgets one. An answer
leaves the row standing, so that the same change is not told twice; it only ends the condition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select
from sqlalchemy.exc import DBAPIError

from inspector.domain.health import Condition
from inspector.domain.watching.words import STATES, Watch
from inspector.errors import StoreRefused
from inspector.storage.feedback_schema import alarm_answers
from inspector.storage.schema import alarms, to_us

SOURCE: Final = "watch:"
Key = tuple[str, Watch]
"""Station and watch."""


class WatchAlarms:
    """One for the recorder's life.

    Args:
        engine: Of `database.writing`.
        stations: Those that are watched; what stands of others goes with the next `take`.
    """

    def __init__(self, engine: Engine, stations: Collection[str]) -> None:
        self._engine, self._stations = engine, stations
        with engine.connect() as connection:
            self._standing = _standing(connection)

    def take(self, found: Mapping[Key, str], now: datetime) -> None:
        """Commit what came and what went.

        Args:
            found: What each watch that was asked says, "": as usual.
            now: UTC.

        Raises:
            StoreRefused: The database cannot be used now; nothing was written.
        """
        gone = {key: "" for key in self._standing if key[0] not in self._stations}
        changed = {
            key: text
            for key, text in {**found, **gone}.items()
            if bool(text) != (key in self._standing)
        }
        if not changed:
            return
        rows = [_row(key, text, now) for key, text in changed.items()]
        with _translated(), self._engine.begin() as connection:
            connection.execute(insert(alarms), rows)
            standing = _standing(connection)
        self._standing = standing

    def conditions(self) -> dict[str, list[Condition]]:
        """Return what stands and nobody has answered, by station; raises as `take`."""
        ids = [row.id for row in self._standing.values()]
        if not ids:
            return {}
        answers = select(alarm_answers.c.alarm).where(alarm_answers.c.alarm.in_(ids))
        with _translated(), self._engine.connect() as connection:
            answered = set(connection.execute(answers).scalars())
        found: dict[str, list[Condition]] = {}
        for (station, watch), row in sorted(self._standing.items()):
            if row.id not in answered:
                found.setdefault(station, []).append(Condition(STATES[watch], row.text))
        return found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreRefused(f"the database cannot be used now: {error.orig}") from error


def _row(key: Key, text: str, now: datetime) -> dict[str, object]:
    station, watch = key
    source = f"{SOURCE}{station}:{watch.name[0]}:{to_us(now)}"
    told = {"source": source, "station": station, "name": watch.value, "text": text}
    return {**told, "on": bool(text), "at": to_us(now)}


def _standing(connection: Connection) -> dict[Key, Row[Any]]:
    column = alarms.c
    wanted = select(alarms).where(column.source.like(f"{SOURCE}%")).order_by(column.id)
    newest = {(row.station, Watch(row.name)): row for row in connection.execute(wanted)}
    return {key: row for key, row in newest.items() if row.on}
