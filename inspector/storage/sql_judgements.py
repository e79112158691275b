"""What people said of the parts of a window, brought to what the figures need. Query only.

Apart from `sql_store`: what the figures are made with takes a process 30 MB.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.auditing import OPERATOR_STRATUM, Conclusion, Looks, Source, Word, concluded
from inspector.domain.dashboard import Defects, Mark
from inspector.domain.escapes import Seeds
from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Window
from inspector.domain.quality import Rejects
from inspector.domain.record import Record
from inspector.domain.reviews import Reviewed
from inspector.domain.site_figures import Audits, Cell, Seen
from inspector.domain.verdict import Action
from inspector.storage.alarm_reading import raised_in
from inspector.storage.counting import cells_between, counts_between
from inspector.storage.defects import defects_in, strongest
from inspector.storage.feedback_schema import packages, reviews, seeded_defects
from inspector.storage.happening import happened_in, recorded_until
from inspector.storage.looks import (
    Said,
    drawn_between,
    said_of_records,
    said_of_rejects,
)
from inspector.storage.reviewing import of_few, standing
from inspector.storage.schema import from_us, parts, plc_decisions, to_us, verdict_events
from inspector.storage.sql_store import SqlRecords, newest, whole


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
        asked = Asked(station, to_us(window.since), to_us(window.until))
        with self._reading() as connection:
            counts = counts_between(connection, station, window.since, window.until)
            return Seen(
                counts,
                _passed(connection, station, window),
                audits_in(connection, asked),
                rejects_in(connection, asked, counts.rejected),
                seeds_in(connection, asked),
                happened_in(connection, station, window),
                look_s_in(connection, asked),
            )

    def raised(self, station: str, window: Window) -> tuple[Raised, ...]:
        """Return the alarms that came at a station, or with "" anywhere; as `SqlRecords`."""
        with self._reading() as connection:
            return raised_in(connection, station, window)

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


def _passed(connection: Connection, station: str, window: Window) -> Mapping[Cell, int]:
    """Return how many parts had which stratum and chance of an audit, under any version."""
    passed: Counter[Cell] = Counter()
    cells = cells_between(connection, station, window.since, window.until)
    for (_, stratum, pi), count in cells.items():
        passed[stratum, pi] += count
    return passed


def said_of(reviewed: Iterable[Reviewed]) -> dict[str, Said]:
    """Return what was said of each part, of each kind of look the last that stands."""
    return {
        one.record: {Source(look.source): Word(look.word) for look in one.looks} for one in reviewed
    }


def audits_in(connection: Connection, asked: Asked) -> Audits:
    """Return what was drawn of the passed parts, and what people made of it.

    A part is judged by its audit alone: a confirmation may follow from an operator's word.
    """
    drawn: Counter[Cell] = Counter()
    ends: defaultdict[Cell, list[Conclusion]] = defaultdict(list)
    for cell, words, n in drawn_between(connection, asked.station, (asked.since, asked.until)):
        drawn[cell] += n
        ends[cell] += [end_of(words)] * n if Source.AUDIT in words else []
    by_operators = _passed_by_operators(asked)
    said = said_of_records(connection, by_operators)
    for record in connection.execute(by_operators).scalars():
        drawn[OPERATOR_STRATUM, 1.0] += 1
        words = said.get(record, {})
        ends[OPERATOR_STRATUM, 1.0] += [end_of(words)] if Source.AUDIT in words else []
    return Audits(drawn=drawn, ends=ends)


def audit_end(one: Reviewed) -> Conclusion | None:
    """Return what the audit of a part came to; None: it was not drawn, or nobody has judged it."""
    said = {Source(look.source): Word(look.word) for look in one.looks}
    return end_of(said) if one.selected and Source.AUDIT in said else None


def rejects_in(connection: Connection, asked: Asked, rejected: int) -> Rejects:
    """Return what people made of the parts that a verdict rejected.

    A review or a press counts as judged; the quality engineer's word goes before the operator's,
    and a confirmation is the last.
    """
    said = said_of_rejects(connection, asked.station, (asked.since, asked.until))
    presses = dict(presses_in(connection, asked))
    flagged = {one: words[Source.FLAGGED] for one, words in said.items() if Source.FLAGGED in words}
    first = presses | flagged
    confirmed = {one: said.get(one, {}).get(Source.CONFIRM) for one in first}
    last = [confirmed[one] or word for one, word in first.items()]
    return Rejects(
        rejected=rejected,
        reviewed=len(first),
        called_good=sum(Word.GOOD in (presses.get(one), flagged.get(one)) for one in first),
        good=last.count(Word.GOOD),
    )


def seeds_in(connection: Connection, asked: Asked) -> Seeds | None:
    """Return what the chain made of the seeded defects judged in a window; None of none."""
    row, seeded = reviews.c, seeded_defects.c
    of = (seeded.station == asked.station,) if asked.station else ()
    wanted = (
        select(row.id, row.seeded, row.source, row.verdict)
        .join_from(reviews, seeded_defects)
        .where(*of, row.seeded.in_(seeds_judged(asked)), standing())
    )
    said: dict[str, Said] = defaultdict(dict)
    rows = sorted(connection.execute(wanted), key=lambda row: row.id)
    for _, subject, source, word in rows:
        said[subject][Source(source)] = Word(word)
    ends = [end_of(one) for one in said.values()]
    return Seeds(found=sum(end.bad for end in ends), judged=len(ends)) if ends else None


def seeds_judged(asked: Asked) -> Select[Any]:
    """Return the question for the seeded defects whose first look was in a window.

    All that was said of them later belongs to that look, as with a part and its audit.
    """
    row = reviews.c
    within = row.at + 0 >= asked.since, row.at + 0 < asked.until  # by the index of the few seeds
    first = row.seeded.is_not(None), row.source == Source.SEED.value
    return select(row.seeded).where(*first, *within, standing())


def look_s_in(connection: Connection, asked: Asked) -> float | None:
    """Return the median time of a person's look at a reject, in seconds; None: none measured."""
    row = reviews.c
    took = (func.coalesce(row.shown_ms, 0) + row.decided_ms).label("took")
    wanted = (
        select(took)
        .join_from(reviews, parts, row.record == parts.c.record)
        .where(row.source == Source.FLAGGED.value, row.decided_ms.is_not(None), standing())
        .where(row.at >= asked.since, *asked.of_few)
    )
    found = list(connection.execute(wanted).scalars())
    return median(found) / 1000 if found else None


def _passed_by_operators(asked: Asked) -> Select[Any]:
    """Return the question for parts that went on by an operator's word: by the few presses."""
    decision, event = plc_decisions.c, verdict_events.c
    passing = event.kind == "override", event.verdict == "pass"
    return (
        select(parts.c.record)
        .distinct()
        .join_from(verdict_events, parts)
        .join(plc_decisions, decision.record == parts.c.record)
        .where(*passing, decision.action == int(Action.PASSED_BY_OPERATOR), *asked.of_few)
    )


def presses_in(connection: Connection, asked: Asked) -> list[tuple[str, Word]]:
    """Return what operators said of rejected parts, in time or too late, oldest first."""
    event = verdict_events.c
    wanted = (
        select(event.record, event.verdict)
        .join_from(verdict_events, parts)
        .where(event.kind != "latched", parts.c.verdict == "reject", *asked.of_few)
        .order_by(event.id)
    )
    words: Mapping[str, Word] = {"pass": Word.GOOD, "reject": Word.BAD}
    return [(record, words[verdict]) for record, verdict in connection.execute(wanted)]


def end_of(said: Said) -> Conclusion:
    """Return what the looks at a drawn part, or at a seeded defect, came to."""
    first = said.get(Source.AUDIT, said.get(Source.SEED))
    return concluded(Looks(first, said.get(Source.SECOND), said.get(Source.CONFIRM)))
