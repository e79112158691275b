"""What people said of the parts of a window, brought together by the database. Query only.

A year has some ten thousand audits: the database counts those that came to the same, and what is
read one by one is what was said of the few others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, case, func, select, text
from sqlalchemy.sql import ColumnElement

from inspector.domain.auditing import Source, Word
from inspector.domain.site_figures import Cell
from inspector.storage.counting import Stretch
from inspector.storage.feedback_schema import reviews
from inspector.storage.pieces import Pieces
from inspector.storage.reviewing import of_few, of_station, standing
from inspector.storage.schema import parts

Said = dict[Source, Word]
"""The last word of each kind of look."""

Part = tuple[int, str]
"""When it was triggered (microseconds, UTC), and its record."""

AUDIT_LOOKS: Final = (Source.AUDIT, Source.SEED, Source.SECOND, Source.CONFIRM)
_REJECT_LOOKS: Final = (Source.FLAGGED, Source.AUDIT, Source.SECOND, Source.CONFIRM)
_WORDS: Final = (Word.GOOD, Word.BAD, Word.UNSURE)


def drawn_between(
    connection: Connection, station: str, pieces: Pieces
) -> Iterator[tuple[int, Cell, Said, int]]:
    """Yield piece, stratum and chance, what was said, and of how many parts that were drawn."""
    said = _last_words(station, pieces.whole).subquery()
    cell, last = (said.c.stratum, said.c.audit_pi), [said.c[source] for source in AUDIT_LOOKS]
    words = [(one % len(_WORDS)).label(one.name) for one in last]
    piece = pieces.number(said.c.triggered_at)
    wanted = select(piece, *cell, *words, func.count()).group_by("piece", *cell, *words)
    for number_of, stratum, pi, *numbers, n in connection.execute(wanted):
        found = zip(AUDIT_LOOKS, numbers, strict=True)
        said_of = {source: _WORDS[number] for source, number in found if number is not None}
        yield int(number_of), (int(stratum), float(pi)), said_of, int(n)


def _last_words(station: str, window: Stretch) -> Select[Any]:
    """Return the question for each drawn part's last look of each kind, by `ix_parts_selected`."""
    part, look, later = parts.c, reviews.c, reviews.alias()
    taken_back = select(later.c.supersedes).where(later.c.supersedes.is_not(None))
    stands = look.source.in_(AUDIT_LOOKS), look.id.not_in(taken_back)
    said = reviews, and_(look.record == part.record, *stands)
    key = part.triggered_at, part.record, part.stratum, part.audit_pi
    return (
        select(*key, *(_last(source) for source in AUDIT_LOOKS))
        .select_from(parts.outerjoin(*said))
        .where(text("parts.selected"), part.triggered_at >= window[0])
        .where(part.triggered_at < window[1], part.stratum.is_not(None), *of_station(station))
        .group_by(*key)
    )


def _last(source: Source) -> ColumnElement[int]:
    """Return the number of the newest look of a kind, with its word in the remainder."""
    look = reviews.c
    word = case(*((look.verdict == word, n) for n, word in enumerate(_WORDS)))
    return func.max(case((look.source == source, look.id * len(_WORDS) + word))).label(source)


def flagged_looks(connection: Connection, station: str, window: Stretch) -> list[Row[Any]]:
    """Return the looks that stand at parts that were flagged, oldest first, each with its part.

    What the rejects come to and how long a look takes are read from the same rows: each has to
    find its part among millions.
    """
    look, part = reviews.c, parts.c
    took = (func.coalesce(look.shown_ms, 0) + look.decided_ms).label("took_ms")
    wanted = (
        select(part.triggered_at, look.record, look.source, look.verdict.label("word"))
        .add_columns((part.verdict == "reject").label("rejected"), took, look.at)
        .join_from(reviews, parts, look.record == part.record)
        .where(look.source.in_(_REJECT_LOOKS), standing())
        .where(*of_few(station, window))
        .order_by(look.id)
    )
    return list(connection.execute(wanted))


def said_of_rejects(looks: Iterable[Row[Any]]) -> dict[Part, Said]:
    """Return what was said of the parts that a verdict rejected, from `flagged_looks`."""
    said: defaultdict[Part, Said] = defaultdict(dict)
    for one in looks:
        if one.rejected:
            said[one.triggered_at, one.record][Source(one.source)] = Word(one.word)
    return said


def said_of_records(connection: Connection, records: Select[Any]) -> dict[str, Said]:
    """Return what was said of some records, few of them."""
    look = reviews.c
    wanted = select(look.record, look.source, look.verdict)
    wanted = wanted.where(look.record.in_(records), standing()).order_by(look.id)
    said: defaultdict[str, Said] = defaultdict(dict)
    for record, source, word in connection.execute(wanted):
        said[record][Source(source)] = Word(word)
    return said
