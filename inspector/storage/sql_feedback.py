"""What people say later, and versions of what is set: the write side, append-only. Recorder only.

Every function works in the caller's transaction, so that the audit log's entry is committed with
the row it speaks of, or neither is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from inspector.errors import BadInput, NotThere, Overtaken
from inspector.storage.feedback_schema import (
    REVIEW_SOURCES,
    WORDS,
    alarm_answers,
    lots,
    reviews,
    seeded_defects,
    versions,
)
from inspector.storage.schema import alarms, parts, to_us


@dataclass(frozen=True, slots=True)
class Review:
    """What one look of a person came to.

    Attributes:
        request: The browser's id of the press: sent again, it adds nothing.
        source: Why the person looked, one of `REVIEW_SOURCES`.
        verdict: "OK", "NOK" or "UNSURE".
        reviewer: Person's id; empty for a find that came from outside.
        record: The part; empty for a seeded defect.
        seeded: The seeded defect; empty for a part.
        kind: Of the defect; empty when none was named.
        shown_ms, decided_ms: How long the picture stood before it could be answered, and from
            then to the answer; None when not measured.
        supersedes: Id of an earlier review of the same reviewer that this one takes back.
    """

    request: str
    source: str
    verdict: str
    reviewer: str
    record: str = ""
    seeded: str = ""
    kind: str = ""
    reason: str = ""
    shown_ms: int | None = None
    decided_ms: int | None = None
    supersedes: int | None = None


def add_review(connection: Connection, review: Review, now: datetime) -> int:
    """Return the id of the review's row, which may be there already.

    Raises:
        BadInput: An unknown word or source.
        NotThere: No such part.
        Overtaken: The one that it supersedes was superseded before.
    """
    column = reviews.c
    known = select(column.id).where(column.request == review.request)
    if (row := connection.execute(known).scalar()) is not None:
        return int(row)
    _check(connection, review)
    of = {"record": review.record or None, "seeded": review.seeded or None}
    said = {
        name: getattr(review, name)
        for name in (
            *("request", "source", "verdict", "reviewer", "kind", "reason"),
            *("shown_ms", "decided_ms", "supersedes"),
        )
    }
    added = connection.execute(insert(reviews).values(**of, **said, at=to_us(now)))
    return int(added.inserted_primary_key[0]) if added.inserted_primary_key else 0


def _check(connection: Connection, review: Review) -> None:
    if review.source not in REVIEW_SOURCES or review.verdict not in WORDS:
        raise BadInput(f"no such review: {review.source} {review.verdict}")
    if bool(review.record) == bool(review.seeded):
        raise BadInput("a review is of a part or of a seeded defect")
    table = parts.c.record if review.record else seeded_defects.c.id
    subject = review.record or review.seeded
    if connection.execute(select(table).where(table == subject)).first() is None:
        raise NotThere(f"there is no record {subject}")
    if review.supersedes is not None:
        _check_superseded(connection, review)


def _check_superseded(connection: Connection, review: Review) -> None:
    column = reviews.c
    before = connection.execute(select(reviews).where(column.id == review.supersedes)).first()
    theirs = before and (before.record or before.seeded, before.reviewer)
    if theirs != (review.record or review.seeded, review.reviewer):
        raise BadInput(f"review {review.supersedes} is not this person's of this part")
    later = select(column.id).where(column.supersedes == review.supersedes)
    if connection.execute(later).first():
        raise Overtaken(f"review {review.supersedes} has been superseded already")


def add_seeded_defect(connection: Connection, now: datetime, **fields: str) -> None:
    """Add a defect that is known: `id`, `station`, `kind`, `picture`, `made_from`, `person`."""
    connection.execute(insert(seeded_defects).values(**fields, at=to_us(now)))


def answer_alarm(
    connection: Connection, alarm: int, *, person: str, did: str, now: datetime
) -> None:
    """Note that a person has seen an alarm, and what they did; raises `NotThere`: no such one."""
    if connection.execute(select(alarms.c.id).where(alarms.c.id == alarm)).first() is None:
        raise NotThere(f"there is no alarm {alarm}")
    row = {"alarm": alarm, "person": person, "did": did, "at": to_us(now)}
    connection.execute(insert(alarm_answers).values(row))


def add_version(
    connection: Connection,
    kind: str,
    name: str,
    content: Any,
    *,
    person: str,
    why: str,
    now: datetime,
) -> int:
    """Return the number of the new version of a setting, from 1; what holds already adds none."""
    column = versions.c
    newest = select(versions).where(column.kind == kind, column.name == name)
    row = connection.execute(newest.order_by(column.version.desc()).limit(1)).first()
    if row is not None and row.content == content:
        return int(row.version)
    number = 1 if row is None else int(row.version) + 1
    who = {"person": person, "why": why, "at": to_us(now)}
    what = {"kind": kind, "name": name, "version": number, "content": content}
    connection.execute(insert(versions).values(**what, **who))
    return number


def begin_lot(connection: Connection, station: str, name: str, now: datetime) -> str | None:
    """Return the lot that a new one ends at a station ("": none); None: that one stands already."""
    column = lots.c
    of_station = select(column.name).where(column.station == station)
    standing = connection.execute(of_station.order_by(column.began_at.desc()).limit(1)).scalar()
    if standing == name:
        return None
    row = {"station": station, "name": name, "began_at": to_us(now)}
    connection.execute(insert(lots).values(row))
    return str(standing or "")


def standing_reviews(connection: Connection, record: str) -> list[Any]:
    """Return the rows of a part's reviews that hold, oldest first: none that was superseded."""
    later = reviews.alias()
    superseded = select(func.count()).where(later.c.supersedes == reviews.c.id).scalar_subquery()
    wanted = select(reviews).where(reviews.c.record == record, superseded == 0)
    return list(connection.execute(wanted.order_by(reviews.c.id)).all())
