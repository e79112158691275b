"""Deletes what the policy no longer keeps, and names the policy each time. Recorder only.

What is to go is written and committed first, then the files are removed: a crash in between leaves
files that the next start removes, never a deletion that nobody wrote down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from inspector.audit.entry import Change
from inspector.domain.accounted import LOOKED_BACK
from inspector.domain.retention import ALARMS, PASSED_PICTURES, PICTURES, RECORDS, RetentionPolicy
from inspector.domain.verdict import Action
from inspector.errors import StoreRefused
from inspector.storage.audit_changes import DELETED, RECORDER
from inspector.storage.counting import names_of_stations
from inspector.storage.feedback_schema import (
    alarm_answers,
    deletions,
    period_counts,
    reviews,
    seeded_defects,
    versions,
)
from inspector.storage.image_files import KeptPictures
from inspector.storage.schema import (
    alarms,
    findings,
    from_us,
    parts,
    plc_decisions,
    to_us,
    verdict_events,
    views,
)
from inspector.storage.sql_audit import AuditLog
from inspector.storage.sql_feedback import add_version

AT_ONCE: Final = 500
"""Parts or alarms that one step looks at: some tens of milliseconds."""
_OF_A_PART: Final = reviews, verdict_events, plc_decisions, findings, views, parts
"""In the order in which they can be deleted."""


class Retention:
    """Deletes a little with each `step`, so that recording never waits for long."""

    def __init__(
        self, engine: Engine, pictures: KeptPictures, policy: RetentionPolicy, log: AuditLog
    ) -> None:
        """Use an engine of `database.writing`."""
        self._engine, self._pictures, self._policy = engine, pictures, policy
        self._log = log
        self._done: dict[str, int] = {}

    def step(self, now: datetime, *, free_percent: float) -> int:
        """Delete some of what has had its time, and pictures while the disk is nearly full.

        Args:
            now: UTC.
            free_percent: Of the disk with the pictures.

        Returns:
            How many pictures, parts or alarms are gone.

        Raises:
            StoreRefused: The database cannot be written now.
        """
        try:
            if free_percent < self._policy.shed_below_percent:
                why = f"{free_percent:.1f} % of the disk is free"
                if gone := self._shed(now, why):
                    return gone
            return self._aged(now)
        except DBAPIError as error:
            raise StoreRefused(f"the database cannot be written now: {error.orig}") from error

    def _shed(self, now: datetime, why: str) -> int:
        for kind in (PASSED_PICTURES, PICTURES):
            if gone := self._delete_pictures(kind, to_us(now), why, now):
                return gone
        return 0

    def _aged(self, now: datetime) -> int:
        for kind in (PASSED_PICTURES, PICTURES, ALARMS, RECORDS):
            days = self._policy.days(kind)
            if not days:
                continue
            before, why = to_us(now - timedelta(days=days)), f"older than {days} days"
            if kind in (ALARMS, RECORDS):
                gone = self._delete_rows(kind, before, why, now)
            else:
                gone = self._delete_pictures(kind, before, why, now)
            if gone:
                return gone
        return 0

    def _delete_pictures(self, kind: str, before: int, why: str, now: datetime) -> int:
        """Look at the next parts of a class until some of their pictures are gone."""
        while True:
            with self._engine.begin() as connection:
                since = self._done.get(kind, _done_before(connection, kind))
                rows = connection.execute(_pictures(kind, since, before)).all()
                if not rows:
                    return 0
                end = rows[-1].triggered_at + 1
                some = self._to_delete(connection, [row.picture for row in rows], end)
                if some:
                    said = _opened(
                        connection, self._policy, kind=kind, why=why, before=end, now=now
                    )
                    self._ended(connection, said, len(some), now)
            for digest in some:
                self._pictures.file(digest).unlink(missing_ok=True)
            self._done[kind] = end
            if some:
                return len(some)

    def _to_delete(self, connection: Connection, digests: list[str], end: int) -> list[str]:
        """Return those that are on the disk and that no younger part and no seed shows as well."""
        there = sorted({digest for digest in digests if self._pictures.file(digest).exists()})
        younger = (
            select(views.c.picture)
            .join_from(views, parts)
            .where(views.c.picture.in_(there), parts.c.triggered_at >= end)
        )
        seeds = select(seeded_defects.c.picture).where(seeded_defects.c.picture.in_(there))
        both = younger, seeds
        still = {one for of in both for one in connection.execute(of).scalars()} if there else set()
        return [digest for digest in there if digest not in still]

    def _delete_rows(self, kind: str, before: int, why: str, now: datetime) -> int:
        with self._engine.begin() as connection:
            ids = _old_alarms(connection, before) if kind == ALARMS else _old(connection, before)
            if not ids:
                return 0
            said = _opened(connection, self._policy, kind=kind, why=why, before=before, now=now)
            for table, column in _children(kind):
                connection.execute(delete(table).where(column.in_(ids)))
            self._ended(connection, said, len(ids), now)
        return len(ids)

    def _ended(self, connection: Connection, deletion: int, rows: int, now: datetime) -> None:
        one = deletions.c.id == deletion
        connection.execute(update(deletions).where(one).values(rows=rows, ended_at=to_us(now)))
        row = connection.execute(select(deletions).where(one)).one()
        self._log.append(connection, [_change(row, self._policy, now)])


def _pictures(kind: str, since: int, before: int) -> Select[*tuple[Any, ...]]:
    at = parts.c.triggered_at
    wanted = (
        select(at, views.c.picture)
        .join_from(parts, views)
        .join(plc_decisions, plc_decisions.c.record == parts.c.record, isouter=True)
        .where(at >= since, at < before, views.c.picture != "")
    )
    if kind == PASSED_PICTURES:
        passed = parts.c.verdict == "pass", plc_decisions.c.action == int(Action.PASSED)
        simply = *passed, parts.c.selected.is_not(True)  # what is audited has to be looked at
        wanted = wanted.where(*simply)
    return wanted.order_by(at).limit(AT_ONCE)


def _done_before(connection: Connection, kind: str) -> int:
    """Return from when on to look: behind the last deletion but one, whose files are gone."""
    wanted = select(deletions.c.before).where(deletions.c.kind == kind)
    last = connection.execute(wanted.order_by(deletions.c.id.desc()).limit(2)).scalars().all()
    return int(last[1]) if len(last) == 2 else 0


def _old_alarms(connection: Connection, before: int) -> Sequence[Any]:
    wanted = select(alarms.c.id).where(alarms.c.at < before).order_by(alarms.c.at)
    return connection.execute(wanted.limit(AT_ONCE)).scalars().all()


def _old(connection: Connection, before: int) -> Sequence[Any]:
    """Return the oldest parts of the first station that has some to give."""
    at = parts.c.triggered_at
    for station in names_of_stations(connection):
        until = min(before, _settled(connection, station))
        wanted = select(parts.c.record).where(parts.c.station == station, at < until)
        found = connection.execute(wanted.order_by(at).limit(AT_ONCE)).scalars().all()
        if found:
            return found
    return ()


def _settled(connection: Connection, station: str) -> int:
    """Return before when a station's hours are counted for good and the line asks for no part."""
    column, at = period_counts.c, parts.c.triggered_at
    hours = column.kind == "hour", column.station == station
    closed = connection.execute(select(func.max(column.ended_at)).where(*hours)).scalar()
    stale = select(func.min(column.began_at)).where(*hours, column.stale)
    reopened = connection.execute(stale).scalar()
    newest = select(at).where(parts.c.station == station).order_by(at.desc())
    still_asked = connection.execute(newest.offset(LOOKED_BACK).limit(1)).scalar()
    return min(closed or 0, still_asked or 0, closed or 0 if reopened is None else reopened)


def _children(kind: str) -> list[tuple[Table, ColumnElement[Any]]]:
    if kind == ALARMS:
        return [(alarm_answers, alarm_answers.c.alarm), (alarms, alarms.c.id)]
    return [(table, table.c.record) for table in _OF_A_PART]


def _opened(
    connection: Connection,
    policy: RetentionPolicy,
    *,
    kind: str,
    why: str,
    before: int,
    now: datetime,
) -> int:
    """Write down what is deleted and by which policy; rows may be deleted until `_ended`."""
    content = asdict(policy)
    number = add_version(connection, "retention", "", content, person="", why="site.toml", now=now)
    column = versions.c
    one = column.kind == "retention", column.name == "", column.version == number
    cited = connection.execute(select(column.id).where(*one)).scalar_one()
    row = {"policy": cited, "kind": kind, "why": why, "before": before, "at": to_us(now)}
    added = connection.execute(insert(deletions).values(row))
    return int(added.inserted_primary_key[0]) if added.inserted_primary_key else 0


def _change(row: Row[Any], policy: RetentionPolicy, now: datetime) -> Change:
    said = {"deletion": row.id, "kind": row.kind, "rows": row.rows}
    after = {**said, "before": from_us(row.before).isoformat(), "policy": asdict(policy)}
    what = row.kind.replace("_", " ")
    return Change(now.isoformat(), RECORDER, DELETED, what, after=after, reason=row.why)
