"""The read side of the records and people: query only. The write side is `sql_writing`."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, false, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ColumnElement

from inspector.domain.auditing import OPERATOR_STRATUM
from inspector.domain.finding import Finding, ViewResult
from inspector.domain.people import ABSOLUTE_LIMIT, IDLE_LIMIT, Person, Role, SignedIn
from inspector.domain.record import Alarm, Counts, Decision, Record, RecordFilter, VerdictEvent
from inspector.domain.reviews import Reviewed
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import verdict_name
from inspector.errors import StoreRefused
from inspector.storage.counting import cells_between, counts_between
from inspector.storage.database import check_readable, reading
from inspector.storage.postgres import Server
from inspector.storage.reviewing import NOT_PASSED, of_station, reviewed_between
from inspector.storage.schema import (
    alarms,
    findings,
    from_us,
    parts,
    people,
    plc_decisions,
    sessions,
    to_us,
    verdict_events,
    views,
)

MOST_RECORDS: Final = 1000
_PASSING: Final = tuple(int(action) for action in Action if action.is_pass)


class SqlRecords:
    """Records and people; any thread may ask. Nothing is opened before the first question.

    Every method raises `StoreRefused` while the database is not there, or cannot be read.
    """

    def __init__(self, database: Path | Server) -> None:
        """Take the database file of a site, or the server that it names."""
        self._database = database
        self._engine = reading(database)
        self._checked = False

    def records(self, wanted: RecordFilter) -> tuple[Record, ...]:
        """Return records, newest first, with views, findings, decision and events."""
        with self._reading() as connection:
            conditions = [*conditions_of(wanted), *_page(connection, wanted.before)]
            limit = min(max(wanted.limit, 1), MOST_RECORDS)
            return whole(connection, newest(conditions).limit(limit))

    def record(self, record: str) -> Record | None:
        """Return one record by its id, or None."""
        with self._reading() as connection:
            found = whole(connection, newest([parts.c.record == record]))
        return found[0] if found else None

    def last_rejects(self, station: str, n: int) -> tuple[Record, ...]:
        """Return the last records that were not PASS (REJECT and UNKNOWN), newest first."""
        conditions = [*of_station(station), NOT_PASSED]
        with self._reading() as connection:
            return whole(connection, newest(conditions).limit(n))

    def counts(
        self, station: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> Counts:
        """Return the sums of a station, or of all; `since` and `until` are of the trigger."""
        with self._reading() as connection:
            return counts_between(connection, station, since, until)

    def audit_cells(
        self, station: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> dict[tuple[int, int, float], int]:
        """Return how many parts had (strata version, stratum, chance of an audit)."""
        with self._reading() as connection:
            return cells_between(connection, station, since, until)

    def reviewed(
        self, station: str = "", *, since: datetime, until: datetime
    ) -> tuple[Reviewed, ...]:
        """Return the parts of a window that were drawn for the audit or looked at, oldest first."""
        with self._reading() as connection:
            return reviewed_between(connection, station, (to_us(since), to_us(until)))

    def alarms(self, station: str = "", limit: int = 100) -> tuple[Alarm, ...]:
        """Return alarms, newest first."""
        wanted = select(alarms).order_by(alarms.c.at.desc(), alarms.c.id.desc()).limit(limit)
        if station:
            wanted = wanted.where(alarms.c.station == station)
        with self._reading() as connection:
            rows = connection.execute(wanted).all()
        return tuple(Alarm(r.station, r.name, r.text, r.on, from_us(r.at)) for r in rows)

    def signed_in(self, token: str, now: datetime) -> SignedIn | None:
        """Return whose session this is, or None when there is none, or it is over or idle."""
        both = select(people, sessions.c.csrf, sessions.c.created_at.label("began_at"))
        wanted = (
            both.add_columns(sessions.c.last_seen_at)
            .join_from(people, sessions)
            .where(
                sessions.c.token_sha256 == token_digest(token),
                sessions.c.ended_at.is_(None),
                sessions.c.created_at > to_us(now - ABSOLUTE_LIMIT),
                people.c.active,
            )
        )
        with self._reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None or from_us(row.last_seen_at) + _idle_limit(row) <= now:
            return None
        seen_at, ends_at = from_us(row.last_seen_at), from_us(row.began_at) + ABSOLUTE_LIMIT
        return SignedIn(person_of(row), row.csrf, seen_at, ends_at)

    def people(self) -> tuple[Person, ...]:
        """Return everybody, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(people).order_by(people.c.name)).all()
        return tuple(person_of(row) for row in rows)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection with one snapshot for all that is asked in it."""
        if not self._checked:
            check_readable(self._engine, self._database)
            self._checked = True
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreRefused(f"{self._database}: cannot be read now: {error}") from error


def token_digest(token: str) -> str:
    """Return what is kept of a session's token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def person_of(row: Row[Any]) -> Person:
    """Return the person in a row of `people`."""
    return Person(row.id, row.name, Role(row.role), row.badge, row.active, from_us(row.created_at))


def _idle_limit(row: Row[Any]) -> timedelta:
    return IDLE_LIMIT[Role(row.role)]


def newest(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the question for parts with the PLC's decision, newest first; for `whole`."""
    decided = plc_decisions.c
    columns = decided.record.label("decided"), decided.action, decided.agrees, decided.why
    return (
        select(parts, *columns, decided.at.label("decided_at"))
        .join_from(parts, plc_decisions, isouter=True)
        .where(*conditions)
        .order_by(parts.c.triggered_at.desc(), parts.c.record.desc())
    )


def conditions_of(wanted: RecordFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, without its page."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.verdict not in (None, Verdict.PASS):
        conditions += [NOT_PASSED, *of_station(wanted.station)]
    elif wanted.station:
        conditions.append(parts.c.station == wanted.station)
    if wanted.verdict:
        conditions.append(parts.c.verdict == verdict_name(wanted.verdict))
    if wanted.outcome:
        conditions.append(_outcome(wanted.outcome))
    if wanted.since:
        conditions.append(parts.c.triggered_at >= to_us(wanted.since))
    if wanted.until:
        conditions.append(parts.c.triggered_at < to_us(wanted.until))
    return conditions


def _outcome(outcome: str) -> ColumnElement[bool]:
    decided, action = plc_decisions.c.record.is_not(None), plc_decisions.c.action
    return {
        "passed": action.in_(_PASSING),
        "rejected": action.not_in(_PASSING),
        "lost": and_(decided, action.is_(None)),
        "undecided": plc_decisions.c.record.is_(None),
    }.get(outcome, false())


def _page(connection: Connection, before: str) -> list[ColumnElement[bool]]:
    """Return the condition for what comes after a record in the order of `newest`."""
    if not before:
        return []
    at = connection.execute(
        select(parts.c.triggered_at).where(parts.c.record == before)
    ).scalar_one_or_none()
    if at is None:
        return [false()]
    same = and_(parts.c.triggered_at == at, parts.c.record < before)
    # The first condition says it all to an index; the second keeps those of the same microsecond.
    return [parts.c.triggered_at <= at, or_(parts.c.triggered_at < at, same)]


def whole(connection: Connection, wanted: Select[Any]) -> tuple[Record, ...]:
    """Return the answer to a question of `newest`, each record with all that is kept of it."""
    rows = connection.execute(wanted).all()
    ids = [row.record for row in rows]
    if not ids:
        return ()
    boxes: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    places = findings.c.record, findings.c.view, findings.c.position
    for f in connection.execute(
        select(findings).where(findings.c.record.in_(ids)).order_by(*places)
    ):
        outline = tuple((x, y) for x, y in f.outline or ())
        boxes[f.record, f.view].append(Finding(f.kind, f.score, (f.x, f.y, f.w, f.h), outline))
    seen: dict[str, list[ViewResult]] = defaultdict(list)
    for v in connection.execute(
        select(views).where(views.c.record.in_(ids)).order_by(views.c.position)
    ):
        seen[v.record].append(_view(v, boxes[v.record, v.view]))
    said: dict[str, list[VerdictEvent]] = defaultdict(list)
    for e in connection.execute(
        select(verdict_events).where(verdict_events.c.record.in_(ids)).order_by(verdict_events.c.id)
    ):
        said[e.record].append(_event(e))
    return tuple(_record(row, seen[row.record], said[row.record]) for row in rows)


def _record(row: Row[Any], seen: list[ViewResult], said: list[VerdictEvent]) -> Record:
    return Record(
        id=row.record,
        station=row.station,
        run=row.run,
        number=row.number,
        triggered_at=from_us(row.triggered_at),
        judged_at=from_us(row.judged_at),
        verdict=Verdict[row.verdict.upper()],
        reasons=tuple(row.reasons),
        not_inspected=row.not_inspected,
        recipe=row.recipe,
        package=row.package,
        model_sha256=row.model_sha256,
        device_asked=row.device_asked,
        device=row.device,
        precision=row.precision,
        epoch=row.epoch,
        encoder=row.encoder,
        ready_to_judged_ms=row.ready_to_judged_ms,
        latency_ms=row.latency_ms,
        late=row.late,
        **_drawn(row),
        score=row.score,
        strata_version=row.strata_version,
        audit_key=row.audit_key,
        limits_version=row.limits_version,
        views=tuple(seen),
        decision=_decision(row),
        events=tuple(said),
    )


def _drawn(row: Row[Any]) -> dict[str, Any]:
    """Return how the part was drawn; what an operator passed is audited in full, without a draw."""
    if row.action == Action.PASSED_BY_OPERATOR:
        return {"stratum": OPERATOR_STRATUM, "audit_pi": 1.0, "selected": True}
    return {"stratum": row.stratum, "audit_pi": row.audit_pi, "selected": row.selected}


def _decision(row: Row[Any]) -> Decision | None:
    if row.decided is None:
        return None
    action = None if row.action is None else Action(row.action)
    return Decision(action, agrees=row.agrees, why=row.why, at=from_us(row.decided_at))


def _view(row: Row[Any], boxes: list[Finding]) -> ViewResult:
    return ViewResult(
        row.view,
        findings=tuple(boxes),
        top_scores=row.top_scores,
        missed=row.missed,
        picture=row.picture,
        width_px=row.width_px,
        height_px=row.height_px,
        model_ms=row.model_ms,
    )


def _event(row: Row[Any]) -> VerdictEvent:
    return VerdictEvent(
        kind=row.kind,
        press_id=row.press_id or "",
        revision=row.revision,
        verdict=Verdict[row.verdict.upper()],
        person=row.person,
        person_name=row.person_name,
        role=row.role,
        signed_in=row.signed_in,
        panel=row.panel,
        painted_at=None if row.painted_at is None else from_us(row.painted_at),
        at=from_us(row.at),
        why=row.why,
    )
