"""The write side of the records: one batch of the journal, one transaction. Recorder only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, and_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DBAPIError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)

from inspector.domain.accounted import LOOKED_BACK, Accounted, accounted
from inspector.errors import StoreRefused
from inspector.storage import schema
from inspector.storage.audit_changes import changes_in, only_new
from inspector.storage.closing import mark_stale
from inspector.storage.database import kind_of
from inspector.storage.feedback_schema import packages
from inspector.storage.limit_versions import number_limits
from inspector.storage.rows import Known, Row, Rows, mentioned, rows_of, unstorable
from inspector.storage.schema import to_us
from inspector.storage.sql_audit import AuditLog

Entry = Mapping[str, Any]
JOURNAL: Final = "line"
_TABLES: Final = (
    ("parts", schema.parts),
    ("views", schema.views),
    ("findings", schema.findings),
    ("decisions", schema.plc_decisions),
    ("events", schema.verdict_events),
    ("gaps", schema.gaps),
    ("boots", schema.boots),
    ("pictures", schema.pictures),
    ("alarms", schema.alarms),
)


class SqlStore:
    """Applies journal entries; what of them is a person's word goes into the audit log too."""

    def __init__(self, engine: Engine, log: AuditLog) -> None:
        """Use an engine of `database.writing`."""
        self._engine, self._log = engine, log

    def position(self) -> tuple[str, int]:
        """Return the ring and the offset up to which all is committed; ("", 0) at first."""
        table = schema.journal_position
        wanted = select(table.c.ring, table.c.offset).where(table.c.journal == JOURNAL)
        with _translated(), self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return (row.ring, row.offset) if row else ("", 0)

    def apply(
        self, ring: str, entries: Sequence[tuple[int, Entry]], *, offset: int, now: datetime
    ) -> None:
        """Commit entries and the position behind them together; doing it again changes nothing.

        Args:
            ring: Id of the ring they come from.
            entries: (offset behind the entry, entry), oldest first.
            offset: Behind the last one.
            now: UTC.

        Raises:
            StoreRefused: Cannot be written now (locked, disk full); nothing was.
        """
        sourced = [(f"{ring}:{behind}", entry) for behind, entry in entries]
        with _translated():
            try:
                self._commit(sourced, ring, offset, now)
            except (StatementError, OverflowError) as error:
                if isinstance(error, OperationalError):
                    raise
                self._commit_one_by_one(sourced, ring, offset, now)

    def note_alarm(self, source: str, name: str, text: str, now: datetime) -> None:
        """Commit an alarm of the recorder's own; a second one of the same source is ignored."""
        row = {"source": source, "station": "", "name": name, "text": text, "on": True}
        with _translated(), self._engine.begin() as connection:
            _insert_new(connection, schema.alarms, [{**row, "at": to_us(now)}])

    def accounted(self) -> dict[str, Accounted]:
        """Return up to which part each station's parts are kept, in records or gaps."""
        with _translated(), self._engine.connect() as connection:
            names = connection.execute(select(schema.stations.c.name)).scalars().all()
            found = {name: _accounted(connection, name) for name in names}
        return {name: one for name, one in found.items() if one}

    def row_count(self) -> int:
        """Return how many parts have a record."""
        with _translated(), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(schema.parts)).scalar_one()

    def _commit(
        self, sourced: Sequence[tuple[str, Entry]], ring: str, offset: int, now: datetime
    ) -> None:
        with self._engine.begin() as connection:
            self._write(connection, sourced, now)
            _move_on(connection, ring, offset, now)

    def _commit_one_by_one(
        self, sourced: Sequence[tuple[str, Entry]], ring: str, offset: int, now: datetime
    ) -> None:
        """Find the entry that the database refuses, and keep its text as an alarm."""
        with self._engine.begin() as connection:
            for one in sourced:
                try:
                    with connection.begin_nested():
                        self._write(connection, [one], now)
                except (StatementError, OverflowError) as error:
                    if isinstance(error, OperationalError):
                        raise
                    alarm = unstorable(one[0], one[1], str(error)[:500], now)
                    _insert_new(connection, schema.alarms, [alarm])
            _move_on(connection, ring, offset, now)

    def _write(
        self, connection: Connection, sourced: Sequence[tuple[str, Entry]], now: datetime
    ) -> None:
        rows = rows_of(sourced, _known(connection, sourced), now)
        rows.events = only_new(connection, rows.events)
        changes = [*changes_in(connection, rows), *number_limits(connection, rows)]
        _insert(connection, rows)
        self._log.append(connection, changes)


def _known(connection: Connection, sourced: Sequence[tuple[str, Entry]]) -> Known:
    records, numbers = mentioned(sourced)
    parts, decisions = schema.parts.c, schema.plc_decisions.c
    known = Known()
    by_number = [
        and_(parts.station == station, parts.run == run, parts.number.in_(sorted(some)))
        for (station, run), some in numbers.items()
    ]
    columns = parts.record, parts.station, parts.run, parts.number
    for wanted in [parts.record.in_(sorted(records)), *by_number]:
        for row in connection.execute(select(*columns).where(wanted)):
            known.records.add(row.record)
            known.by_number[row.station, row.run, row.number] = row.record
    decided = select(decisions.record, decisions.action)
    for record, action in connection.execute(
        decided.where(decisions.record.in_(sorted(known.records)))
    ):
        known.actions[record] = action
    if any(entry.get("kind") in ("override", "correction") for _, entry in sourced):
        people = connection.execute(select(schema.people.c.id, schema.people.c.name))
        known.names = {row.id: row.name for row in people}
    return known


def _insert(connection: Connection, rows: Rows) -> None:
    _insert_new(connection, schema.stations, list(rows.stations.values()))
    _insert_new(connection, packages, list(rows.packages.values()))
    for name, table in _TABLES:
        some = getattr(rows, name)
        _insert_new(connection, table, list(some.values()) if isinstance(some, dict) else some)
    if rows.acks:
        parts = schema.parts
        first_only = and_(parts.c.record == bindparam("of_record"), parts.c.late.is_(None))
        connection.execute(update(parts).where(first_only), rows.acks)
    mark_stale(connection, _touched(rows))


def _touched(rows: Rows) -> set[str]:
    """Return the records that the rows speak of."""
    later = (*rows.decisions, *rows.events)
    return {*rows.parts, *(row["of_record"] for row in rows.acks), *(r["record"] for r in later)}


def _insert_new(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows; one that is there already stays as it is."""
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _move_on(connection: Connection, ring: str, offset: int, now: datetime) -> None:
    table = schema.journal_position
    values = {"ring": ring, "offset": offset, "at": to_us(now)}
    moved = connection.execute(update(table).where(table.c.journal == JOURNAL).values(values))
    if not moved.rowcount:
        connection.execute(table.insert().values(journal=JOURNAL, **values))


def _last_number(connection: Connection, station: str) -> tuple[int, int] | None:
    parts, gaps = schema.parts.c, schema.gaps.c
    of_parts = select(parts.run, parts.number).where(parts.station == station)
    of_gaps = select(gaps.run, gaps.last).where(gaps.station == station)
    newest = [
        connection.execute(wanted.order_by(*(column.desc() for column in by)).limit(1)).first()
        for wanted, by in (
            (of_parts, (parts.run, parts.number)),
            (of_gaps, (gaps.run, gaps.last)),
        )
    ]
    return max(((int(row[0]), int(row[1])) for row in newest if row), default=None)


def _accounted(connection: Connection, station: str) -> Accounted | None:
    newest = _last_number(connection, station)
    if newest is None:
        return None
    run, last = newest
    parts, gaps = schema.parts.c, schema.gaps.c
    since = last - LOOKED_BACK
    of_parts = select(parts.number, parts.number).where(
        parts.station == station, parts.run == run, parts.number > since
    )
    of_gaps = select(gaps.first, gaps.last).where(
        gaps.station == station, gaps.run == run, gaps.last > since
    )
    rows = [*connection.execute(of_parts), *connection.execute(of_gaps)]
    return accounted(run, ((int(first), int(behind)) for first, behind in rows))


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the database's errors into `StoreRefused` with one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise kind_of(error)(f"the database cannot be written now: {error.orig}") from error
    except SQLAlchemyError as error:
        raise StoreRefused(f"the database cannot be written now: {error}") from error
