"""What the weekly review reads beside the figures. Query only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, distinct, func, select

from inspector.audit.entry import read_body
from inspector.domain.auditing import Conclusion, Source, Word
from inspector.domain.kpi import Window
from inspector.domain.record import Record
from inspector.domain.verdict import Verdict
from inspector.domain.week import FalseCalls, FoundEscape, Noted, Said, SignedLimit
from inspector.storage.feedback_schema import reviews, seeded_defects
from inspector.storage.reviewing import reviewed_between, standing
from inspector.storage.schema import audit, findings, parts, to_us
from inspector.storage.sql_advice import SqlAdvice
from inspector.storage.sql_judgements import (
    Asked,
    end_of,
    last_word,
    presses_in,
    said_of,
    seeds_judged,
)
from inspector.storage.sql_store import newest, whole

MOST_KINDS: Final = 4
MOST_EXAMPLES: Final = 3
MOST_ESCAPES: Final = 12
MOST_IDS: Final = 500
"""In one question."""
_CLOCK_SET: Final = timedelta(days=1)
"""The audit log is in the order of its numbers: a clock that was set may have gone back so far."""
_One = TypeVar("_One")
_WORDS: Final = {"override": "overrides", "correction": "corrections"}


class SqlWeek(SqlAdvice):
    """Records, and what happened in a window; as `SqlRecords`."""

    def false_calls(self, window: Window) -> tuple[FalseCalls, ...]:
        """Return good parts that were rejected, by station and kind, most first."""
        asked = _asked(window)
        with self._reading() as connection:
            found = reviewed_between(connection, "", (asked.since, asked.until))
            said = said_of(one for one in found if one.verdict is Verdict.REJECT)
            words: dict[str, Word] = dict(presses_in(connection, asked))
            for record, looks in said.items():
                if word := last_word(looks, words.get(record)):
                    words[record] = word
            kinds = _kinds(connection, list(words))
            judged, good = Counter(kinds.values()), defaultdict[tuple[str, str], list[str]](list)
            for record, kind in kinds.items():
                if words[record] is Word.GOOD:
                    good[kind].append(record)
            most = sorted(good.items(), key=lambda one: (-len(one[1]), one[0]))
            return tuple(
                FalseCalls(
                    *(*kind, len(some), judged[kind]),
                    _examples(connection, some) if at < MOST_KINDS else (),
                )
                for at, (kind, some) in enumerate(most)
            )

    def escapes(self, window: Window) -> tuple[FoundEscape, ...]:
        """Return bad parts that the model passed and people found in the window, newest first."""
        asked, look = _asked(window), reviews.c
        found = (
            select(look.record)
            .distinct()
            .join_from(reviews, parts, look.record == parts.c.record)
            .where(look.at >= asked.since, look.at < asked.until, standing())
            .where(look.verdict == "NOK", parts.c.verdict == "pass", look.source != "flagged")
        )
        with self._reading() as connection:
            ids = list(connection.execute(found).scalars())
            looks = _looks(connection, ids)
            records = whole(connection, newest([parts.c.record.in_(ids[:MOST_IDS])]))
        made = (_escape(record, looks[record.id]) for record in records)
        return tuple(one for one in made if one is not None)

    def seeds_missed(self, window: Window) -> dict[tuple[str, str], int]:
        """Return how many seeded defects that were judged in the window were missed."""
        asked, look, seed = _asked(window), reviews.c, seeded_defects.c
        wanted = (
            select(seed.id, seed.station, seed.kind, look.source, look.verdict)
            .join_from(reviews, seeded_defects, look.seeded == seed.id)
            .where(look.seeded.in_(seeds_judged(asked)), standing())
            .order_by(look.id)
        )
        said: dict[tuple[str, str, str], dict[Source, Word]] = defaultdict(dict)
        with self._reading() as connection:
            for row in connection.execute(wanted):
                said[row.id, row.station, row.kind][Source(row.source)] = Word(row.verdict)
        missed = (of[1:] for of, looks in said.items() if not end_of(looks).bad)
        return dict(Counter((station, kind) for station, kind in missed))

    def signed_limits(self, station: str, window: Window) -> tuple[SignedLimit, ...]:
        """Return the signed limits that judged parts of the window, newest first."""
        versions, proposals = self.versions(station), self.proposals(station)
        by_id = {one.id: one for one in proposals}
        signed = [(one.number, by_id[one.proposal]) for one in versions if one.proposal in by_id]
        asked, part = Asked(station, to_us(window.since), to_us(window.until)), parts.c
        found = []
        with self._reading() as connection:
            for version, one in signed:
                of = *asked.parts, part.limits_version == version, part.not_inspected == ""
                wanted = select(func.count(distinct(part.record))).where(*of)
                rejects = wanted.join_from(parts, findings, findings.c.record == part.record)
                rejects = rejects.where(findings.c.kind == one.kind)
                counts = (connection.execute(of).scalar_one() for of in (rejects, wanted))
                predicted = one.evidence["proposed"]["rejects"] / one.evidence["parts"]
                moves = one.kind, one.now, one.proposed, predicted
                found.append(SignedLimit(station, version, *moves, *counts))
        return tuple(one for one in found if one.parts)

    def noted(self, window: Window) -> Said:
        """Return what the audit log says of the window, oldest first."""
        counts: Counter[str] = Counter()
        changes = []
        with self._reading() as connection:
            for entry in _entries(connection, window.since - _CLOCK_SET):
                at = datetime.fromisoformat(entry["at"])
                if not window.since <= at < window.until:
                    continue
                if entry["action"] in _WORDS:
                    counts[_WORDS[entry["action"]]] += 1
                else:
                    changes.append(_noted(at, entry))
        return Said(tuple(reversed(changes)), counts["overrides"], counts["corrections"])


def _asked(window: Window) -> Asked:
    return Asked("", to_us(window.since), to_us(window.until))


def _kinds(connection: Connection, records: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return station and kind of the finding with the highest score of each record."""
    best: dict[str, tuple[float, tuple[str, str]]] = {}
    for ids in _some(records):
        wanted = (
            select(parts.c.record, parts.c.station, findings.c.kind, findings.c.score)
            .join_from(parts, findings, findings.c.record == parts.c.record)
            .where(parts.c.record.in_(ids), parts.c.verdict == "reject")
        )
        for row in connection.execute(wanted):
            one = row.score, (row.station, row.kind)
            best[row.record] = max(one, best.get(row.record, one))
    return {record: of for record, (_, of) in best.items()}


def _examples(connection: Connection, ids: list[str]) -> tuple[Record, ...]:
    """Return the records with the highest scores: their pictures show why."""
    found = whole(connection, newest([parts.c.record.in_(ids[:MOST_IDS])]))
    scores = {
        record.id: max((f.score for view in record.views for f in view.findings), default=0.0)
        for record in found
    }
    return tuple(sorted(found, key=lambda one: -scores[one.id])[:MOST_EXAMPLES])


def _looks(
    connection: Connection, records: Sequence[str]
) -> Mapping[str, dict[Source, tuple[Word, str]]]:
    """Return the last word of each kind of look, with the kind of defect that it names."""
    found: dict[str, dict[Source, tuple[Word, str]]] = defaultdict(dict)
    for ids in _some(records):
        wanted = select(reviews).where(reviews.c.record.in_(ids), standing())
        for row in connection.execute(wanted.order_by(reviews.c.id)):
            found[row.record][Source(row.source)] = Word(row.verdict), row.kind
    return found


def _escape(record: Record, looks: Mapping[Source, tuple[Word, str]]) -> FoundEscape | None:
    words = {source: word for source, (word, _) in looks.items()}
    end = end_of(words) if Source.AUDIT in words else Conclusion()
    downstream = words.get(Source.DOWNSTREAM) is Word.BAD
    if not (end.bad or downstream):
        return None
    kind = next((kind for _, kind in looks.values() if kind), "")
    how = "audit" if end.bad else "downstream"
    return FoundEscape(record, kind, how, confirmed=downstream or not end.unconfirmed)


def _entries(connection: Connection, since: datetime) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the audit log, newest first, until one is older."""
    wanted = select(audit.c.body).order_by(audit.c.seq.desc())
    for row in connection.execute(wanted.execution_options(yield_per=MOST_IDS)):
        entry = read_body(row.body)
        if entry is None:
            continue
        if datetime.fromisoformat(entry["at"]) < since:
            return
        yield entry


def _noted(at: datetime, entry: Mapping[str, Any]) -> Noted:
    who, action, what = str(entry["who"]["name"]), str(entry["action"]), str(entry["what"])
    return Noted(at, who, action, what, entry["before"], entry["after"], str(entry["reason"]))


def _some(values: Sequence[_One]) -> Iterator[Sequence[_One]]:
    for start in range(0, len(values), MOST_IDS):
        yield values[start : start + MOST_IDS]
