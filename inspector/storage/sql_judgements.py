"""What people said of the parts of a window, brought to what the figures need. Query only.

Apart from `sql_store`: what the figures are made with takes a process 30 MB.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.auditing import OPERATOR_STRATUM, Conclusion, Looks, Source, Word, concluded
from inspector.domain.dashboard import Defects, Mark, Point
from inspector.domain.escapes import Seeds
from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Window
from inspector.domain.quality import Rejects
from inspector.domain.record import Record
from inspector.domain.reviews import Reviewed
from inspector.domain.site_figures import Audits, Cell, Seen
from inspector.domain.verdict import Action
from inspector.storage.alarm_reading import Alarms
from inspector.storage.counting import looked_by_hour
from inspector.storage.defects import defects_in, strongest
from inspector.storage.feedback_schema import packages, reviews, seeded_defects
from inspector.storage.happening import happened_in, recorded_until
from inspector.storage.looks import (
    Part,
    Said,
    drawn_between,
    flagged_looks,
    said_of_records,
    said_of_rejects,
)
from inspector.storage.pieces import Pieces, Tallied, pieces_of, tallied, within
from inspector.storage.reviewing import of_few, standing
from inspector.storage.schema import from_us, parts, plc_decisions, to_us, verdict_events
from inspector.storage.sql_store import SqlRecords, newest, whole

_PRESSED: Final[Mapping[str, Word]] = {"pass": Word.GOOD, "reject": Word.BAD}


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which parts: from and until (microseconds, UTC); no station means all."""

    station: str
    since: int
    until: int

    @property
    def parts(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions on the parts, where there are many to choose from."""
        at = parts.c.triggered_at
        of = (parts.c.station == self.station,) if self.station else ()
        return *of, at >= self.since, at < self.until

    @property
    def of_few(self) -> tuple[ColumnElement[bool], ...]:
        """Return them where few presses or reviews each look up their part."""
        return of_few(self.station, (self.since, self.until))


class SqlFigures(SqlRecords):
    """Records, and what the figures of a window are made of."""

    def seen(self, station: str, window: Window) -> Seen:
        """Return what a station's records say, or with "" those of all; as `SqlRecords`."""
        return self.seen_through(station, (window,))[0]

    def seen_through(self, station: str, windows: Sequence[Window]) -> tuple[Seen, ...]:
        """Return what the records say of windows in a row: of all as one, then of each; as `seen`.

        Args:
            station: Its name, or "".
            windows: Each begins where the one before ends, at a whole hour of UTC.
        """
        pieces = pieces_of(windows)
        with self._reading() as connection:
            made = tallied(connection, station, pieces)
            asked = Asked(station, *pieces.whole)
            looks = flagged_looks(connection, station, pieces.whole)
            return tuple(
                Seen(tally.counts, tally.passed, *said)
                for tally, *said in zip(
                    made.each,
                    audits_in(connection, asked, pieces),
                    rejects_in(looks, _presses_at(connection, asked), pieces, made),
                    seeds_through(connection, asked, pieces),
                    happened_in(connection, station, pieces, made.hours),
                    looks_s_in(looks, pieces),
                    strict=True,
                )
            )

    def judged_by_hour(self, stations: Sequence[str], window: Window) -> tuple[Point, ...]:
        """Return the parts of some stations by closed hour, in any order; as `SqlRecords`."""
        stretch = to_us(window.since), to_us(window.until)
        with self._reading() as connection:
            rows = looked_by_hour(connection, stations, stretch)
        return tuple(Point(from_us(at), parts, rejected) for at, parts, rejected in rows)

    def raised(self, station: str, window: Window) -> tuple[Raised, ...]:
        """Return the alarms that came at a station, or with "" anywhere; as `SqlRecords`."""
        with self._reading() as connection:
            stretch = to_us(window.since), to_us(window.until)
            return Alarms(connection, station, stretch, later=True).raised(stretch)

    def defects(self, station: str, window: Window, rejected: int) -> Defects:
        """Return what the newest rejects of a window were rejected for; as `SqlRecords`."""
        asked = Asked(station, to_us(window.since), to_us(window.until))
        with self._reading() as connection:
            return defects_in(connection, asked.parts, rejected)

    def rejects_of(self, station: str, window: Window, kind: str, most: int) -> tuple[Record, ...]:
        """Return the newest rejects with this strongest finding, newest first."""
        asked = Asked(station, to_us(window.since), to_us(window.until))
        with self._reading() as connection:
            kinds = strongest(connection, asked.parts)
            records = [record for record, found in kinds.items() if found == kind][:most]
            return whole(connection, newest([parts.c.record.in_(records)]))

    def models_since(self, window: Window) -> tuple[Mark, ...]:
        """Return when a package was seen for the first time, in a window, oldest first."""
        at = packages.c.first_seen_at
        wanted = select(packages.c.name, at).order_by(at)
        within = at >= to_us(window.since), at < to_us(window.until)
        with self._reading() as connection:
            rows = connection.execute(wanted.where(*within)).all()
        return tuple(Mark(from_us(moment), f"new model: {name}") for name, moment in rows)

    def recorded_until(self) -> datetime | None:
        """Return when something was recorded last, or None: never; as `SqlRecords`."""
        with self._reading() as connection:
            return recorded_until(connection)


def said_of(reviewed: Iterable[Reviewed]) -> dict[str, Said]:
    """Return what was said of each part, of each kind of look the last that stands."""
    return {
        one.record: {Source(look.source): Word(look.word) for look in one.looks} for one in reviewed
    }


def audits_in(connection: Connection, asked: Asked, pieces: Pieces) -> tuple[Audits, ...]:
    """Return what was drawn of the passed parts, and what people made of it.

    A part is judged by its audit alone: a confirmation may follow from an operator's word.
    """
    drawn: list[Counter[Cell]] = [Counter() for _ in pieces.stretches]
    ends: list[defaultdict[Cell, list[Conclusion]]] = [defaultdict(list) for _ in pieces.stretches]

    def add(both: tuple[int, int], cell: Cell, words: Said, n: int) -> None:
        for one in both:
            drawn[one][cell] += n
            ends[one][cell] += [end_of(words)] * n if Source.AUDIT in words else []

    for piece, cell, words, n in drawn_between(connection, asked.station, pieces):
        add((0, piece), cell, words, n)
    by_operators = _passed_by_operators(asked)
    said = said_of_records(connection, by_operators.with_only_columns(parts.c.record))
    for at, record in connection.execute(by_operators):
        add(pieces.both(at), (OPERATOR_STRATUM, 1.0), said.get(record, {}), 1)
    return tuple(Audits(drawn=one, ends=own) for one, own in zip(drawn, ends, strict=True))


def audit_end(one: Reviewed) -> Conclusion | None:
    """Return what the audit of a part came to; None: it was not drawn, or nobody has judged it."""
    said = {Source(look.source): Word(look.word) for look in one.looks}
    return end_of(said) if one.selected and Source.AUDIT in said else None


def rejects_in(
    looks: Sequence[Row[Any]], presses: Mapping[Part, Word], pieces: Pieces, made: Tallied
) -> tuple[Rejects, ...]:
    """Return what people made of the parts that a verdict rejected.

    An audit, a review or a press counts as judged; which goes first, `last_word` says.
    """
    said = said_of_rejects(looks)
    flagged = {one: words[Source.FLAGGED] for one, words in said.items() if Source.FLAGGED in words}
    found = [[0, 0, 0] for _ in pieces.stretches]
    audited = {one for one, words in said.items() if Source.AUDIT in words}
    for one in presses.keys() | flagged.keys() | audited:
        last = last_word(said.get(one, {}), presses.get(one))
        called_good = Word.GOOD in (presses.get(one), flagged.get(one))
        for number in pieces.both(one[0]):
            found[number][0] += 1
            found[number][1] += called_good
            found[number][2] += last == Word.GOOD
    return tuple(
        Rejects(tally.sums["rejected"], *own) for tally, own in zip(made.each, found, strict=True)
    )


def _presses_at(connection: Connection, asked: Asked) -> dict[Part, Word]:
    """Return the last press of each rejected part."""
    wanted = _presses(asked).add_columns(parts.c.triggered_at)
    rows = connection.execute(wanted)
    return {(at, record): _PRESSED[verdict] for record, verdict, at in rows}


def seeds_in(connection: Connection, asked: Asked) -> Seeds | None:
    """Return what the chain made of the seeded defects judged in a window; None of none."""
    return seeds_through(connection, asked, Pieces((asked.since, asked.until)))[0]


def seeds_through(connection: Connection, asked: Asked, pieces: Pieces) -> tuple[Seeds | None, ...]:
    """Return what `seeds_in` does of a window, and of each of its pieces."""
    row, seeded = reviews.c, seeded_defects.c
    of = (seeded.station == asked.station,) if asked.station else ()
    wanted = (
        select(row.id, row.seeded, row.source, row.verdict, row.at)
        .join_from(reviews, seeded_defects)
        .where(*of, row.seeded.in_(seeds_judged(asked)), standing())
    )
    said: dict[str, Said] = defaultdict(dict)
    judged: list[set[str]] = [set() for _ in pieces.stretches]
    for _, subject, source, word, at in sorted(connection.execute(wanted), key=lambda one: one.id):
        said[subject][Source(source)] = Word(word)
        if source == Source.SEED.value and within(pieces.whole, at):
            for number in pieces.both(at):
                judged[number].add(subject)
    bad = {subject for subject, words in said.items() if end_of(words).bad}
    return tuple(Seeds(len(bad & some), len(some)) if some else None for some in judged)


def seeds_judged(asked: Asked) -> Select[Any]:
    """Return the question for the seeded defects whose first look was in a window.

    All that was said of them later belongs to that look, as with a part and its audit.
    """
    row = reviews.c
    within = row.at + 0 >= asked.since, row.at + 0 < asked.until  # by the index of the few seeds
    first = row.seeded.is_not(None), row.source == Source.SEED.value
    return select(row.seeded).where(*first, *within, standing())


def looks_s_in(looks: Sequence[Row[Any]], pieces: Pieces) -> tuple[float | None, ...]:
    """Return the median time of a person's look at a reject, in seconds; None: none measured."""
    took: list[list[int]] = [[] for _ in pieces.stretches]
    for one in looks:
        if one.source == Source.FLAGGED.value and one.took_ms is not None:
            for number in pieces.both(one.triggered_at):
                if one.at >= pieces.stretches[number][0]:
                    took[number].append(one.took_ms)
    return tuple(_median_s(some) for some in took)


def _median_s(took_ms: Sequence[int]) -> float | None:
    return median(took_ms) / 1000 if took_ms else None


def _passed_by_operators(asked: Asked) -> Select[Any]:
    """Return the question for when parts came that went on by an operator's word, and which.

    By the few presses.
    """
    decision, event = plc_decisions.c, verdict_events.c
    passing = event.kind == "override", event.verdict == "pass"
    return (
        select(parts.c.triggered_at, parts.c.record)
        .distinct()
        .join_from(verdict_events, parts)
        .join(plc_decisions, decision.record == parts.c.record)
        .where(*passing, decision.action == int(Action.PASSED_BY_OPERATOR), *asked.of_few)
    )


def presses_in(connection: Connection, asked: Asked) -> list[tuple[str, Word]]:
    """Return what operators said of rejected parts, in time or too late, oldest first."""
    return [(record, _PRESSED[verdict]) for record, verdict in connection.execute(_presses(asked))]


def _presses(asked: Asked) -> Select[Any]:
    event = verdict_events.c
    return (
        select(event.record, event.verdict)
        .join_from(verdict_events, parts)
        .where(event.kind != "latched", parts.c.verdict == "reject", *asked.of_few)
        .order_by(event.id)
    )


def last_word(said: Said, press: Word | None) -> Word | None:
    """Return what a reject is taken for.

    What an operator passed is audited: it is bad or good as it is an escape or none. Of any other
    the quality engineer's word goes before the operator's, and a confirmation is the last.
    """
    if Source.AUDIT not in said:
        return said.get(Source.CONFIRM) or said.get(Source.FLAGGED) or press
    end = end_of(said)
    if end.open:
        return Word.UNSURE
    return Word.BAD if end.bad else Word.GOOD


def end_of(said: Said) -> Conclusion:
    """Return what the looks at a drawn part, or at a seeded defect, came to."""
    first = said.get(Source.AUDIT, said.get(Source.SEED))
    return concluded(Looks(first, said.get(Source.SECOND), said.get(Source.CONFIRM)))
