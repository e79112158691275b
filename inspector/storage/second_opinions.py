"""The looks that follow from what people said of parts: second opinions. Query only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, select

from inspector.domain.auditing import Source, Word
from inspector.domain.review_queues import Subject, Wanted, next_look
from inspector.storage.feedback_schema import reviews, seeded_defects
from inspector.storage.schema import from_us, parts, to_us, verdict_events
from inspector.storage.sql_labels import batches

Drawn = Callable[[str, int, int, datetime], bool]
"""Of a part's station, count run, number and time: a good word on it gets a second look."""


class SecondOpinions:
    """The looks that follow from what was said, kept up with as reviews are added.

    Going through a month of reviews takes a second; those that came since the last question, none.
    """

    def __init__(self, drawn: Drawn) -> None:
        """Let this say which good words are looked at again: always the same of a part."""
        self._drawn, self._lock = drawn, Lock()
        self._newest = 0
        self._owed: dict[Subject, Wanted] = {}

    def owed(self, connection: Connection, since: int) -> tuple[Wanted, ...]:
        """Return what is owed of what was said since then, oldest first."""
        with self._lock:
            self._follow(connection, since)
            found = [one for one in self._owed.values() if to_us(one.since) >= since]
        return tuple(sorted(found, key=lambda one: one.since))

    def _follow(self, connection: Connection, since: int) -> None:
        look = reviews.c
        fresh = look.id > self._newest if self._newest else look.at >= since
        wanted = select(look.id, look.record, look.seeded).where(fresh).order_by(look.id)
        rows = connection.execute(wanted).all()
        if rows:
            self._newest = rows[-1].id
            touched = {subject_of(row) for row in rows}
            rest = {one: look for one, look in self._owed.items() if one not in touched}
            self._owed = rest | _owed_of(connection, list(touched), self._drawn)


def _owed_of(
    connection: Connection, subjects: Sequence[Subject], drawn: Drawn
) -> dict[Subject, Wanted]:
    rows_of: dict[Subject, list[Row[Any]]] = defaultdict(list)
    for row in _reviews_of_all(connection, subjects):
        rows_of[subject_of(row)].append(row)
    said = {subject: said_in(rows) for subject, rows in rows_of.items()}
    perhaps = [subject for subject, words in said.items() if next_look(words, drawn=True)]
    again = _drawn_again(connection, perhaps, drawn)
    sources = {one: next_look(said[one], drawn=one in again) for one in perhaps}
    open_ones = [subject for subject, source in sources.items() if source]
    by_press = pressed(connection, [one.id for one in open_ones])
    seeders = _seeders(connection, [one.id for one in open_ones if one.is_seed])
    owed = {}
    for subject in open_ones:
        rows, source = rows_of[subject], sources[subject]
        by = {row.reviewer for row in rows} | by_press[subject.id] | seeders[subject.id]
        if source:
            owed[subject] = Wanted(subject, source, from_us(rows[-1].at), frozenset(by))
    return owed


def _reviews_of_all(connection: Connection, subjects: Sequence[Subject]) -> Iterator[Row[Any]]:
    """Yield all rows about these subjects, those of each by their ids."""
    look = reviews.c
    for column, is_seed in ((look.record, False), (look.seeded, True)):
        for some in batches([one.id for one in subjects if one.is_seed is is_seed]):
            yield from connection.execute(select(reviews).where(column.in_(some)).order_by(look.id))


def _seeders(connection: Connection, seeds: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return who made each of these: they know that it is bad."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    column = seeded_defects.c
    for some in batches(seeds):
        for row in connection.execute(select(column.id, column.person).where(column.id.in_(some))):
            found[row.id] = frozenset({row.person})
    return found


def _drawn_again(
    connection: Connection, subjects: Sequence[Subject], drawn: Drawn
) -> frozenset[Subject]:
    """Return which of these get a second look at a good word."""
    found = set()
    part, seed = parts.c, seeded_defects.c
    key = part.record, part.station, part.run, part.number, part.triggered_at
    for some in batches([one.id for one in subjects if not one.is_seed]):
        for row in connection.execute(select(*key).where(part.record.in_(some))):
            if drawn(row.station, row.run, row.number, from_us(row.triggered_at)):
                found.add(Subject(row.record))
    for some in batches([one.id for one in subjects if one.is_seed]):
        for name, at in connection.execute(select(seed.id, seed.at).where(seed.id.in_(some))):
            if drawn("", 0, _number(name), from_us(at)):
                found.add(Subject(name, is_seed=True))
    return frozenset(found)


def _number(seed: str) -> int:
    return int.from_bytes(sha256(seed.encode()).digest()[:8])


def subject_of(row: Any) -> Subject:
    """Return what a row of `reviews` is about."""
    return Subject(row.seeded or row.record, is_seed=row.seeded is not None)


def said_in(rows: Sequence[Row[Any]]) -> dict[Source, Word]:
    """Return the last word of each kind of look among all rows of a subject, by their ids."""
    superseded = {row.supersedes for row in rows}
    return {Source(row.source): Word(row.verdict) for row in rows if row.id not in superseded}


def pressed(connection: Connection, records: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return who pressed on each of these parts."""
    event = verdict_events.c
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for some in batches(records):
        wanted = select(event.record, event.person, event.person_name)
        for row in connection.execute(wanted.where(event.record.in_(some))):
            found[row.record] |= {row.person, row.person_name} - {""}
    return found
