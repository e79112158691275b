"""Records with what people said of them, oldest first, a page at a time: what an export reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, not_, or_, select

from inspector.domain.labels import PictureLabels, Size
from inspector.domain.record import Record, RecordFilter
from inspector.domain.selection import Population, Selection
from inspector.domain.words import verdict_name
from inspector.storage.feedback_schema import labels, reviews, seeded_defects
from inspector.storage.reviewing import standing
from inspector.storage.schema import findings, from_us, parts, verdict_events, views
from inspector.storage.sql_labels import holds, kinds_labelled, labels_of, sizes_of
from inspector.storage.sql_store import SqlRecords, conditions_of, newest, whole

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What one look came to that no later one took back.

    Attributes:
        of: The record, or the id of a seeded defect.
        source: Why somebody looked.
        verdict: "OK", "NOK" or "UNSURE".
        kind: Of the defect; empty when none was named.
    """

    of: str
    at: datetime
    source: str
    reviewer: str
    verdict: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, with all that was said of them and marked in their pictures."""

    records: tuple[Record, ...]
    said: Mapping[str, Sequence[Said]]
    labels: Mapping[str, PictureLabels]


class SqlExport(SqlRecords):
    """Records for an export. Each page is read for itself: a long one holds up no checkpoint."""

    def pages(self, wanted: Selection) -> Iterator[Page]:
        """Yield the records, oldest first; what comes while they are read may be among them."""
        at, record = parts.c.triggered_at, parts.c.record
        behind: list[ColumnElement[bool]] = []
        while True:
            with self._reading() as connection:
                conditions = [*conditions_of(_plain(wanted)), *_more(wanted), *behind]
                found = newest(conditions).order_by(None).order_by(at, record).limit(PAGE)
                page = whole(connection, found)
                if not page:
                    return
                last = page[-1].id
                us = connection.execute(select(at).where(record == last)).scalar_one()
                ready = _page(connection, page)
            yield ready
            behind = [at >= us, or_(at > us, and_(at == us, record > last))]

    def population(self, window: RecordFilter) -> Population:
        """Return the parts that the model passed in a window, by their chance of an audit."""
        cell = parts.c.stratum, parts.c.audit_pi
        passed = parts.c.verdict == "pass"
        judged = func.count().filter(_audited())
        wanted = select(*cell, func.count().label("n"), judged.label("judged"))
        wanted = wanted.where(passed, *conditions_of(window)).group_by(*cell).order_by(*cell)
        with self._reading() as connection:
            rows = connection.execute(wanted).all()
        drawn = [row for row in rows if None not in (row.stratum, row.audit_pi)]
        cells = {(int(r.stratum), float(r.audit_pi)): (int(r.n), int(r.judged)) for r in drawn}
        return Population(cells, without=sum(row.n for row in rows) - sum(r.n for r in drawn))

    def seeds_said(self, window: RecordFilter) -> list[Said]:
        """Return what was said of the seeded defects of a station within a window."""
        column = reviews.c
        wanted = select(reviews).join(seeded_defects, seeded_defects.c.id == column.seeded)
        if window.station:
            wanted = wanted.where(seeded_defects.c.station == window.station)
        with self._reading() as connection:
            rows = connection.execute(wanted.where(standing()).order_by(column.id)).all()
        said = [_said(row, row.seeded) for row in rows]
        since, until = window.since, window.until
        return [
            one
            for one in said
            if (since is None or one.at >= since) and (until is None or one.at < until)
        ]

    def picture_sizes(self, pictures: Sequence[str]) -> dict[str, Size]:
        """Return the size of each of these pictures that a record names."""
        with self._reading() as connection:
            return sizes_of(connection, pictures)

    def kinds_labelled(self) -> set[str]:
        """Return every class of defect that was ever marked in a picture."""
        with self._reading() as connection:
            return kinds_labelled(connection)


def _plain(wanted: Selection) -> RecordFilter:
    return RecordFilter(
        station=wanted.station,
        verdict=wanted.verdict,
        outcome=wanted.outcome,
        since=wanted.since,
        until=wanted.until,
    )


def _more(wanted: Selection) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that ask what people said, or what was found."""
    if wanted.kind:
        yield _of_class(wanted.kind)
    if wanted.reviewed is not None:
        yield _reviewed() if wanted.reviewed else not_(_reviewed())
    if wanted.audited:
        yield _audited()


def _of_class(kind: str) -> ColumnElement[bool]:
    here = parts.c.record
    return or_(
        exists().where(findings.c.record == here, findings.c.kind == kind),
        exists().where(reviews.c.record == here, reviews.c.kind == kind, standing()),
        exists().where(views.c.record == here, views.c.picture.in_(_labelled(kind))),
    )


def _labelled(kind: str) -> Select[str]:
    return select(labels.c.picture).where(labels.c.kind == kind, holds())


def _reviewed() -> ColumnElement[bool]:
    here, event = parts.c.record, verdict_events.c
    pressed = event.kind.in_(("override", "correction"))
    any_label = exists().where(labels.c.picture == views.c.picture)
    return or_(
        exists().where(reviews.c.record == here),
        exists().where(event.record == here, pressed),
        exists().where(views.c.record == here, any_label),
    )


def _audited() -> ColumnElement[bool]:
    said = reviews.c.record == parts.c.record, reviews.c.source == "audit"
    return and_(parts.c.selected.is_(True), exists().where(*said, standing()))


def _page(connection: Connection, records: tuple[Record, ...]) -> Page:
    said: dict[str, list[Said]] = defaultdict(list)
    ids = [one.id for one in records]
    wanted = select(reviews).where(reviews.c.record.in_(ids), standing()).order_by(reviews.c.id)
    for row in connection.execute(wanted):
        said[row.record].append(_said(row, row.record))
    for one in records:
        said[one.id] = [*_pressed(one), *said[one.id]]
    pictures = [view.picture for one in records for view in one.views if view.picture]
    return Page(records, said, labels_of(connection, pictures))


def _said(row: Row[Any], of: str) -> Said:
    return Said(of, from_us(row.at), row.source, row.reviewer, row.verdict, row.kind)


def _pressed(record: Record) -> Iterator[Said]:
    """Yield what operators said of a reject, in time or not: a look at what was flagged."""
    if verdict_name(record.verdict) != "reject":
        return
    for event in record.events:
        if event.kind != "latched":
            word = "OK" if verdict_name(event.verdict) == "pass" else "NOK"
            yield Said(record.id, event.at, "flagged", event.person, word)
