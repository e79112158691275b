"""Parts of a window with what was said of them later, joined when asked: reviews come late."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, literal_column, select, text

from inspector.domain.reviews import Look, Reviewed
from inspector.domain.verdict import Verdict
from inspector.storage.counting import HOUR_US, Stretch
from inspector.storage.feedback_schema import reviews
from inspector.storage.schema import from_us, parts

_PART: Final = (
    *(parts.c.record, parts.c.station, parts.c.triggered_at, parts.c.verdict),
    *(parts.c.selected, parts.c.stratum, parts.c.audit_pi, parts.c.strata_version),
)
NOT_PASSED: Final[ColumnElement[bool]] = parts.c.verdict != literal_column("'pass'")
"""As the index `ix_parts_not_passed` has it: a bound value would say nothing to SQLite."""
# Expressions that no index has: SQLite would go through all parts of a station's window otherwise.
_STATION: Final[ColumnElement[str]] = parts.c.station + ""
_TRIGGERED_AT: Final[ColumnElement[int]] = parts.c.triggered_at + 0


def of_few(station: str, window: Stretch) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on the parts of few presses or reviews, which are looked up by id."""
    return window[0] <= _TRIGGERED_AT, window[1] > _TRIGGERED_AT, *of_station(station)


def of_station(station: str) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on the station, none for all of them, that no index is taken for."""
    return (_STATION.in_([station]),) if station else ()


def reviewed_between(connection: Connection, station: str, window: Stretch) -> tuple[Reviewed, ...]:
    """Return the parts triggered in a window that were drawn or looked at, oldest first."""
    at = parts.c.triggered_at
    # The very words of the partial index, or SQLite does not take it.
    drawn = select(*_PART).where(text("parts.selected"), at >= window[0], at < window[1])
    found = {row.record: row for row in connection.execute(drawn.where(*of_station(station)))}
    looks: defaultdict[str, list[Look]] = defaultdict(list)
    for row in connection.execute(_looks(window).where(*of_few(station, window))):
        found[row.record] = row
        look = Look(row.source, row.word, row.reviewer, row.kind, from_us(row.at))
        looks[row.record].append(look)
    by_time = sorted(found.values(), key=lambda row: (row.triggered_at, row.record))
    return tuple(_reviewed(row, looks[row.record]) for row in by_time)


def standing() -> ColumnElement[bool]:
    """Return the condition that no later review takes a review back."""
    later = reviews.alias()
    return ~exists().where(later.c.supersedes == reviews.c.id)


def _looks(window: Stretch) -> Select[*tuple[Any, ...]]:
    """Return the question for the looks that stand; none is earlier than its part by any clock."""
    look = reviews.c
    said = look.source, look.verdict.label("word"), look.reviewer, look.kind, look.at
    return (
        select(*_PART, *said)
        .join_from(reviews, parts, look.record == parts.c.record)
        .where(look.at >= window[0] - 24 * HOUR_US, standing())
        .order_by(look.id)
    )


def _reviewed(row: Row[*tuple[Any, ...]], looks: list[Look]) -> Reviewed:
    return Reviewed(
        record=row.record,
        station=row.station,
        triggered_at=from_us(row.triggered_at),
        verdict=Verdict[row.verdict.upper()],
        selected=bool(row.selected),
        stratum=row.stratum,
        audit_pi=row.audit_pi,
        strata_version=row.strata_version,
        looks=tuple(looks),
    )
