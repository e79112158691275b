"""A window and the pieces it is cut into, counted together: each part is read once for all of them.

A page of figures shows a window and the trend through it: nine windows would be nine times the
same questions. Query only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, Select, case, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.kpi import Window
from inspector.domain.record import Counts
from inspector.domain.site_figures import Cell
from inspector.storage.counting import (
    HOUR_US,
    Stretch,
    closed_cells,
    closed_sums,
    counts_of,
    names_of_stations,
    open_stretches,
    open_sums,
    said_in,
)
from inspector.storage.feedback_schema import COUNTED, cell_counts, period_counts
from inspector.storage.schema import gaps, parts, to_us

_PEOPLE: Final = {"override": "overrides", "correction": "corrections"}


@dataclass(frozen=True, slots=True)
class Pieces:
    """A window, and the pieces that it is cut into at whole hours of UTC; one is the window.

    Attributes:
        limits: Where the pieces begin, and where the last one ends: microseconds, UTC.
    """

    limits: tuple[int, ...]

    @property
    def whole(self) -> Stretch:
        """Return the window."""
        return self.limits[0], self.limits[-1]

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Return the window, and then each piece."""
        return self.whole, *pairwise(self.limits)

    def number(self, at: ColumnElement[int]) -> ColumnElement[int]:
        """Return the column "piece" of a time in the window: which of `stretches`, from 1."""
        ends = enumerate(self.limits[1:], start=1)
        return case(*((at < end, n) for n, end in ends)).label("piece")

    def both(self, at: int) -> tuple[int, int]:
        """Return which two of `stretches` hold a time in the window."""
        return 0, bisect_right(self.limits, at)


def pieces_of(windows: Sequence[Window]) -> Pieces:
    """Return windows that follow each other as the pieces of one."""
    return Pieces((*(to_us(one.since) for one in windows), to_us(windows[-1].until)))


@dataclass(slots=True)
class Tally:
    """What the parts of a window or a piece add up to, while they are added.

    Attributes:
        sums: Of the columns `COUNTED`.
        passed: Parts by stratum and chance of an audit, under any version.
    """

    sums: Counter[str] = field(default_factory=Counter)
    passed: Counter[Cell] = field(default_factory=Counter)
    in_gap: int = 0

    @property
    def counts(self) -> Counts:
        """Return the sums as the screens know them."""
        return counts_of({name: self.sums[name] for name in COUNTED}, in_gap=self.in_gap)


@dataclass(frozen=True, slots=True)
class Tallied:
    """The sums of the window and of each piece, and by station the clock hours with a part."""

    each: tuple[Tally, ...]
    hours: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def tallied(connection: Connection, station: str, pieces: Pieces) -> Tallied:
    """Return what the parts of a station, or with "" of all, add up to."""
    made = Tallied(tuple(Tally() for _ in pieces.stretches))
    for name in [station] if station else names_of_stations(connection):
        _add_closed(connection, name, pieces, made)
        for stretch in open_stretches(connection, name, pieces.whole):
            _add_open(connection, (name, stretch), pieces, made)
    column = gaps.c
    lost = func.sum(column.last - column.first + 1)
    within = column.at >= pieces.whole[0], column.at < pieces.whole[1]
    of = (column.station == station,) if station else ()
    wanted = select(pieces.number(column.at), lost).where(*within, *of).group_by("piece")
    for piece, n in connection.execute(wanted):
        for tally in _two(made, piece):
            tally.in_gap += int(n)
    return made


def _two(made: Tallied, piece: int) -> tuple[Tally, Tally]:
    """Return the tallies of the window and of a piece."""
    return made.each[0], made.each[piece]


def _add_closed(connection: Connection, station: str, pieces: Pieces, made: Tallied) -> None:
    closed, number = period_counts.c, pieces.number(period_counts.c.began_at)
    sums = closed_sums(station, pieces.whole).add_columns(number).group_by("piece")
    for row in connection.execute(sums).mappings():
        for tally in _two(made, row["piece"]):
            tally.sums.update({name: int(row[name]) for name in COUNTED})
    number = pieces.number(cell_counts.c.began_at)
    cells = closed_cells(station, pieces.whole).add_columns(number).group_by("piece")
    for _, stratum, pi, n, piece in connection.execute(cells):
        _add_cell(made, piece, (stratum, pi), n)
    within = closed.began_at > pieces.whole[0] - HOUR_US, closed.began_at < pieces.whole[1]
    hours = closed.kind == "hour", closed.station == station, closed.records > 0
    made.hours[station] |= set(
        connection.execute(select(closed.began_at).where(*hours, *within)).scalars()
    )


def _add_open(
    connection: Connection, where: tuple[str, Stretch], pieces: Pieces, made: Tallied
) -> None:
    number = pieces.number(parts.c.triggered_at)
    for row in connection.execute(_open_parts(where, number)).mappings():
        for tally in _two(made, row["piece"]):
            tally.sums.update({name: int(row[name]) for name in COUNTED if name in row})
        cell = row["stratum"], row["audit_pi"]
        if None not in (*cell, row["strata_version"]):
            _add_cell(made, row["piece"], cell, row["records"])
        made.hours[where[0]].add(row["hour"])
    said = said_in(*where).add_columns(number).group_by("piece")
    for kind, n, piece in connection.execute(said):
        for tally in _two(made, piece):
            tally.sums[_PEOPLE.get(kind, "")] += int(n)


def _open_parts(where: tuple[str, Stretch], number: ColumnElement[int]) -> Select[Any]:
    """Return the one question for all that the parts of an open stretch are counted by."""
    part = parts.c
    hour = (part.triggered_at // HOUR_US * HOUR_US).label("hour")
    cell = part.strata_version, part.stratum, part.audit_pi
    return open_sums(*where).add_columns(number, hour, *cell).group_by("piece", "hour", *cell)


def _add_cell(made: Tallied, piece: int, cell: tuple[Any, Any], n: int) -> None:
    for tally in _two(made, piece):
        tally.passed[int(cell[0]), float(cell[1])] += int(n)


def within(stretch: Stretch, at: int) -> bool:
    """Return whether a time lies in a stretch."""
    return stretch[0] <= at < stretch[1]
