"""Which looks are owed, from what is kept of parts, presses and reviews. Query only.

Every question goes by an index of parts and reviews; only `verdict_events` is read whole, which has
a row for each press.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select, text

from inspector.domain.auditing import Source
from inspector.domain.review_queues import (
    LOOKBACK,
    SEEDS_IN,
    Queue,
    Subject,
    Waiting,
    Wanted,
    mixed,
    next_look,
    waiting,
)
from inspector.domain.verdict import Action
from inspector.storage.feedback_schema import reviews, seeded_defects
from inspector.storage.reviewing import standing
from inspector.storage.schema import from_us, parts, plc_decisions, to_us, verdict_events, views
from inspector.storage.second_opinions import SecondOpinions, pressed, said_in
from inspector.storage.sql_labels import batches
from inspector.storage.sql_store import SqlRecords

_FIRSTS: Final = frozenset({Source.FLAGGED, Source.AUDIT, Source.SEED})
AT_ONCE: Final = 64
"""So many candidates are enough: each person holds a few pictures."""


class SqlReviewQueues(SqlRecords):
    """Records, and what of them waits for a person's look."""

    def candidates(
        self, queue: Queue, now: datetime, opinions: SecondOpinions, most: int = AT_ONCE
    ) -> tuple[Wanted, ...]:
        """Return looks that are owed, in the order in which they are to be given out.

        As many as `most`, and seeded defects beside; fewer: there are no more.
        """
        since = to_us(now - LOOKBACK)
        with self._reading() as connection:
            if queue is Queue.AUDIT:
                seeds = _seeds(connection, most // SEEDS_IN)
                return mixed(_audits(connection, since, most), seeds)
            if queue is Queue.SECOND:
                return _that_can_be_shown(connection, opinions.owed(connection, since))[:most]
            return _disagreements(connection, since, most)

    def waiting(
        self, queue: Queue, now: datetime, opinions: SecondOpinions, person: tuple[str, str]
    ) -> Waiting:
        """Return how much is owed; `person` is the id and name of who asks."""
        since = to_us(now - LOOKBACK)
        with self._reading() as connection:
            if queue is Queue.AUDIT:
                return _audits_waiting(connection, since, person)
            of = (
                _that_can_be_shown(connection, opinions.owed(connection, since))
                if queue is Queue.SECOND
                else _disagreements(connection, since, None)
            )
        return waiting(of, *person)

    def record_of(self, seed: str) -> str | None:
        """Return the record whose pictures a seeded defect is shown with, or None."""
        seeded = seeded_defects.c
        wanted = (
            select(views.c.record)
            .join_from(seeded_defects, views, views.c.picture == seeded.picture)
            .where(seeded.id == seed)
            .limit(1)
        )
        with self._reading() as connection:
            return connection.execute(wanted).scalar()

    def answered_by(self, person: str, since: datetime) -> int:
        """Return how many looks of a person stand since then."""
        look = reviews.c
        mine = look.reviewer == person, look.at >= to_us(since), standing()
        with self._reading() as connection:
            counted = connection.execute(select(func.count()).select_from(reviews).where(*mine))
            return int(counted.scalar_one())


def _looked(source: Source) -> ColumnElement[bool]:
    """Return the condition that a part had this kind of look, taken back or not."""
    return exists().where(reviews.c.record == parts.c.record, reviews.c.source == source.value)


def _drawn_unseen(since: int) -> Select[Any]:
    at = parts.c.triggered_at
    # The very words of the partial index, or SQLite does not take it.
    drawn = select(parts.c.record, at.label("at")).where(text("parts.selected"), at >= since)
    return drawn.where(~_looked(Source.AUDIT))


def _passed_by_operators_unseen(since: int) -> Select[Any]:
    """Return the question for what went on by an operator's word: audited in full."""
    event = verdict_events.c
    return (
        select(parts.c.record, parts.c.triggered_at.label("at"))
        .distinct()
        .join_from(verdict_events, parts)
        .join(plc_decisions, plc_decisions.c.record == parts.c.record)
        .where(event.kind == "override", event.verdict == "pass", event.at >= since)
        .where(plc_decisions.c.action == int(Action.PASSED_BY_OPERATOR))
        .where(~_looked(Source.AUDIT))
    )


def _audits(connection: Connection, since: int, limit: int) -> list[Wanted]:
    rows = list(connection.execute(_drawn_unseen(since).order_by("at").limit(limit)))
    rows += connection.execute(_passed_by_operators_unseen(since).order_by("at").limit(limit))
    oldest = sorted({row.record: row for row in rows}.values(), key=lambda row: row.at)[:limit]
    return _firsts(connection, Source.AUDIT, oldest)


def _audits_waiting(connection: Connection, since: int, person: tuple[str, str]) -> Waiting:
    drawn = _drawn_unseen(since).subquery()
    counted = select(func.count(), func.min(drawn.c.at)).select_from(drawn)
    parts_waiting, oldest = connection.execute(counted).one()
    passed = connection.execute(_passed_by_operators_unseen(since)).all()
    others = [*_firsts(connection, Source.AUDIT, passed), *_seeds(connection, None)]
    rest = waiting(others, *person)
    since_when = [from_us(oldest)] if oldest is not None else []
    since_when += [rest.oldest] if rest.oldest else []
    return Waiting(
        parts_waiting + rest.parts, parts_waiting + rest.for_you, min(since_when, default=None)
    )


def _firsts(connection: Connection, source: Source, rows: Sequence[Any]) -> list[Wanted]:
    records = [row.record for row in rows]
    said, looked = pressed(connection, records), _looked_by(connection, records)
    return [
        Wanted(Subject(one.record), source, from_us(one.at), said[one.record] | looked[one.record])
        for one in rows
    ]


def _looked_by(connection: Connection, records: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return who has said something of each of these parts: their look would not be blind."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    look = reviews.c
    for some in batches(records):
        wanted = select(look.record, look.reviewer).where(look.record.in_(some))
        for row in connection.execute(wanted):
            found[row.record] |= {row.reviewer} - {""}
    return found


def _seeds(connection: Connection, limit: int | None) -> list[Wanted]:
    seeded = seeded_defects.c
    unseen = ~exists().where(reviews.c.seeded == seeded.id)
    # Retention may have taken the record: what cannot be shown would stand before all others.
    of = unseen, _is_shown()
    wanted = select(seeded.id, seeded.at, seeded.person).where(*of).order_by(seeded.at)
    return [
        Wanted(Subject(row.id, is_seed=True), Source.SEED, from_us(row.at), frozenset({row.person}))
        for row in connection.execute(wanted.limit(limit))
    ]


def _that_can_be_shown(connection: Connection, wanted: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """Leave out seeded defects whose record retention took after the first look."""
    seeds, shown = [one.subject.id for one in wanted if one.subject.is_seed], set[str]()
    for some in batches(seeds):
        of_some = seeded_defects.c.id.in_(some), _is_shown()
        shown |= set(connection.execute(select(seeded_defects.c.id).where(*of_some)).scalars())
    return tuple(one for one in wanted if not one.subject.is_seed or one.subject.id in shown)


def _is_shown() -> ColumnElement[bool]:
    return exists().where(views.c.picture == seeded_defects.c.picture)


def _disagreements(connection: Connection, since: int, limit: int | None) -> tuple[Wanted, ...]:
    """Return the parts that a person and the gateway judged differently and no audit is owed of."""
    event, decided = verdict_events.c, plc_decisions.c
    differs = or_(
        and_(parts.c.verdict == "reject", event.verdict == "pass"),
        and_(parts.c.verdict == "pass", event.verdict == "reject"),
    )
    audited = or_(parts.c.selected.is_(True), decided.action == int(Action.PASSED_BY_OPERATOR))
    wanted = (
        select(event.record, func.max(event.at).label("at"))
        .join_from(verdict_events, parts)
        .join(plc_decisions, decided.record == parts.c.record)
        .where(event.kind != "latched", event.at >= since, differs)
        .where(func.coalesce(audited, False).is_(False), ~_looked(Source.FLAGGED))
        .group_by(event.record)
        .order_by("at")
    )
    rows = connection.execute(wanted.limit(limit)).all()
    return tuple(_firsts(connection, Source.FLAGGED, rows))


def reviews_of(connection: Connection, subject: Subject) -> list[Row[Any]]:
    """Return all rows of a subject's reviews, superseded ones too, oldest first."""
    column = reviews.c.seeded if subject.is_seed else reviews.c.record
    return list(connection.execute(select(reviews).where(column == subject.id).order_by("id")))


def is_owed(connection: Connection, wanted: Wanted, reviewer: str) -> bool:
    """Return whether a look is still owed, and by this reviewer; for the one who writes."""
    rows = reviews_of(connection, wanted.subject)
    if any(row.reviewer == reviewer for row in rows):
        return False
    if wanted.source in _FIRSTS:
        return all(row.source != wanted.source for row in rows)
    return next_look(said_in(rows), drawn=True) is wanted.source


def owes_audit(connection: Connection, record: str, now: datetime) -> bool:
    """Return whether a part still waits for its audit; for the one who writes."""
    since = to_us(now - LOOKBACK)
    owed = _drawn_unseen(since), _passed_by_operators_unseen(since)
    of = parts.c.record == record
    return any(connection.execute(one.where(of)).first() is not None for one in owed)
