"""Sums over parts: of closed periods from their rows, of what is still open from the parts.

A year of parts is some thousand rows of hours for each station. Only the hour that runs, the two
ends of a window, and hours that something late belongs to are counted part by part.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, case, func, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.periods import Counted, Period
from inspector.domain.record import Counts
from inspector.domain.verdict import Action
from inspector.storage.feedback_schema import ACTIONS, COUNTED, cell_counts, period_counts
from inspector.storage.schema import (
    from_us,
    gaps,
    parts,
    plc_decisions,
    stations,
    to_us,
    verdict_events,
)

HOUR_US: Final = 3_600_000_000
Stretch = tuple[int, int]
"""From, and until without it: microseconds, UTC."""

_FOREVER: Final[Stretch] = (0, 2**62)


def counts_between(
    connection: Connection, station: str, since: datetime | None, until: datetime | None
) -> Counts:
    """Return the sums of a station, or of all, over parts triggered in a window."""
    window = _window(since, until)
    sums = dict.fromkeys(COUNTED, 0)
    for name in [station] if station else names_of_stations(connection):
        for row in (
            _closed(connection, name, window),
            *(count(connection, name, open_) for open_ in open_stretches(connection, name, window)),
        ):
            sums = {column: sums[column] + row[column] for column in COUNTED}
    return counts_of(sums, in_gap=_in_gap(connection, station, window))


def cells_between(
    connection: Connection, station: str, since: datetime | None, until: datetime | None
) -> dict[tuple[int, int, float], int]:
    """Return how many passed parts had (strata version, stratum, chance of an audit)."""
    window = _window(since, until)
    found: dict[tuple[int, int, float], int] = {}
    for name in [station] if station else names_of_stations(connection):
        wanted = [closed_cells(name, window)]
        wanted += [cells_of(name, open_) for open_ in open_stretches(connection, name, window)]
        for one in wanted:
            for *cell, n in connection.execute(one):
                key = (int(cell[0]), int(cell[1]), float(cell[2]))
                found[key] = found.get(key, 0) + int(n)
    return found


def closed_between(
    connection: Connection, kind: str, station: str, window: Stretch
) -> tuple[Counted, ...]:
    """Return the closed periods of a kind that began in a window, oldest first."""
    column = period_counts.c
    began = column.began_at >= window[0], column.began_at < window[1]
    wanted = select(period_counts).where(column.kind == kind, column.station == station, *began)
    rows = connection.execute(wanted.order_by(column.began_at)).all()
    if not rows:
        return ()
    lost = select(gaps.c.at, gaps.c.last - gaps.c.first + 1).where(
        gaps.c.station == station, gaps.c.at >= rows[0].began_at, gaps.c.at < rows[-1].ended_at
    )
    in_gaps = sorted((int(at), int(n)) for at, n in connection.execute(lost))
    times = [at for at, _ in in_gaps]
    lost_before = [0, *accumulate(n for _, n in in_gaps)]

    def lost_until(at: int) -> int:
        return lost_before[bisect_left(times, at)]

    return tuple(_counted(connection, row, lost_until) for row in rows)


def looked_by_hour(
    connection: Connection, names: Sequence[str], window: Stretch
) -> list[tuple[int, int, int]]:
    """Return of the closed hours that began in a window: when, parts judged, of these rejected.

    Those of several stations are one row, but for hours that have to be counted again.
    """
    column = period_counts.c
    began = column.began_at >= window[0], column.began_at < window[1]
    of = column.kind == "hour", column.station.in_(names), *began
    sums = func.sum(column.passed + column.rejected), func.sum(column.rejected)
    fresh = select(column.began_at, *sums).where(*of, column.stale.is_(False))
    found = [
        (int(at), int(n), int(rejected))
        for at, n, rejected in connection.execute(fresh.group_by(column.began_at))
    ]
    stale = select(column.station, column.began_at, column.ended_at)
    for name, *stretch in connection.execute(stale.where(*of, column.stale.is_(True))).all():
        counted = count(connection, name, (stretch[0], stretch[1]))
        judged = counted["passed"] + counted["rejected"]
        found.append((int(stretch[0]), judged, counted["rejected"]))
    return found


def _counted(connection: Connection, row: Row[Any], lost_until: Callable[[int], int]) -> Counted:
    stretch = row.began_at, row.ended_at
    fresh = {name: getattr(row, name) for name in COUNTED}
    sums = count(connection, row.station, stretch) if row.stale else fresh
    period = Period(from_us(row.began_at), from_us(row.ended_at), row.name)
    in_gap = lost_until(stretch[1]) - lost_until(stretch[0])
    return Counted(row.kind, row.station, period, counts_of(sums, in_gap=in_gap))


def names_of_stations(connection: Connection) -> list[str]:
    """Return every station that has had a part or a gap."""
    return list(connection.execute(select(stations.c.name).order_by(stations.c.name)).scalars())


def counts_of(sums: dict[str, int], *, in_gap: int) -> Counts:
    """Return the sums of the columns `COUNTED` as the screens know them."""
    actions = {Action(action): sums[f"action_{action}"] for action in ACTIONS}
    plain = {name: sums[name] for name in COUNTED if not name.startswith("action_")}
    seen = {action: n for action, n in actions.items() if n}
    return Counts(**plain, actions=seen, in_gap=in_gap)


def count(connection: Connection, station: str, stretch: Stretch) -> dict[str, int]:
    """Return the sums over the parts that were triggered in a stretch, part by part."""
    row = connection.execute(open_sums(station, stretch)).mappings().one()
    kinds = {kind: int(n) for kind, n in connection.execute(said_in(station, stretch))}
    people = {"overrides": kinds.get("override", 0), "corrections": kinds.get("correction", 0)}
    return {**{name: int(value or 0) for name, value in row.items()}, **people}


def said_in(station: str, stretch: Stretch) -> Select[Any]:
    """Return the question for how often people pressed what, of the parts of a stretch."""
    return (
        select(verdict_events.c.kind, func.count())
        .join_from(parts, verdict_events)
        .where(*_within(station, stretch))
        .group_by(verdict_events.c.kind)
    )


def open_sums(station: str, stretch: Stretch) -> Select[*tuple[Any, ...]]:
    """Return the question for the sums over the parts of a stretch, without what people said."""
    part, decision = parts.c, plc_decisions.c
    decided = decision.record.is_not(None)
    wanted: Select[*tuple[Any, ...]] = select(
        func.count().label("records"),
        _many("passed", part.verdict == "pass"),
        _many("rejected", part.verdict == "reject"),
        _many("unknown", part.verdict == "unknown"),
        _many("not_inspected", part.not_inspected != ""),
        _many("late", part.late.is_(True)),
        _many("decided", decided),
        _many("lost", and_(decided, decision.action.is_(None))),
        _many("disagreeing", decision.agrees.is_(False)),
        *(_many(f"action_{action}", decision.action == action) for action in ACTIONS),
    )
    return wanted.join_from(parts, plc_decisions, isouter=True).where(*_within(station, stretch))


def _many(name: str, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0)).label(name)


def _within(station: str, stretch: Stretch) -> tuple[ColumnElement[bool], ...]:
    at = parts.c.triggered_at
    return parts.c.station == station, at >= stretch[0], at < stretch[1]


def _closed(connection: Connection, station: str, window: Stretch) -> dict[str, int]:
    row = connection.execute(closed_sums(station, window)).mappings().one()
    return {name: int(value) for name, value in row.items()}


def closed_sums(station: str, window: Stretch) -> Select[*tuple[Any, ...]]:
    """Return the question for the sums over the closed hours of a window."""
    columns = [func.coalesce(func.sum(period_counts.c[name]), 0).label(name) for name in COUNTED]
    return select(*columns).where(*_whole_hours(station, window))


def closed_cells(station: str, window: Stretch) -> Select[Any]:
    """Return the question for the cells of `_whole_hours`; a join would loop over both."""
    cell, hour = cell_counts.c, period_counts.c
    stale = select(hour.began_at).where(
        hour.kind == "hour", hour.station == station, hour.stale.is_(True)
    )
    within = cell.began_at >= window[0], cell.began_at <= window[1] - HOUR_US
    by = cell.strata_version, cell.stratum, cell.audit_pi
    return (
        select(*by, func.sum(cell.parts))
        .where(cell.station == station, *within, cell.began_at.not_in(stale))
        .group_by(*by)
    )


def cells_of(station: str, stretch: Stretch) -> Select[Any]:
    """Return the question for the cells of a stretch, part by part."""
    part = parts.c
    by = part.strata_version, part.stratum, part.audit_pi
    drawn = part.strata_version.is_not(None), part.stratum.is_not(None), part.audit_pi.is_not(None)
    return select(*by, func.count()).where(*_within(station, stretch), *drawn).group_by(*by)


def _whole_hours(station: str, window: Stretch) -> tuple[ColumnElement[bool], ...]:
    closed = period_counts.c
    return (
        closed.kind == "hour",
        closed.station == station,
        closed.began_at >= window[0],
        closed.ended_at <= window[1],
        closed.stale.is_(False),
    )


def open_stretches(connection: Connection, station: str, window: Stretch) -> Iterator[Stretch]:
    """Yield the stretches of a window whose parts no row of a closed hour stands for."""
    closed = period_counts.c
    hours = closed.kind == "hour", closed.station == station
    # Hours do not overlap: the last to begin is the last to end, and the key finds both at once.
    last_ended = select(closed.ended_at).where(*hours).order_by(closed.began_at.desc()).limit(1)
    began = select(func.min(closed.began_at)).where(*hours)
    ends = select(began.label("began"), last_ended.label("ended"))
    first, last = connection.execute(ends).one()
    if first is None:
        yield window
        return
    begin, end = -(-window[0] // HOUR_US) * HOUR_US, window[1] // HOUR_US * HOUR_US
    begin, end = max(begin, first), min(end, last)
    if begin >= end:
        yield window
        return
    stale = select(closed.began_at, closed.ended_at).where(*hours, closed.stale.is_(True))
    inside = stale.where(closed.began_at >= begin, closed.ended_at <= end)
    stretches = [(window[0], begin), *_pairs(connection.execute(inside)), (end, window[1])]
    yield from (stretch for stretch in stretches if stretch[0] < stretch[1])


def _pairs(rows: Iterable[Any]) -> list[Stretch]:
    return [(int(began), int(ended)) for began, ended in rows]


def _window(since: datetime | None, until: datetime | None) -> Stretch:
    return (
        max(to_us(since), 0) if since else _FOREVER[0],
        to_us(until) if until else _FOREVER[1],
    )


def _in_gap(connection: Connection, station: str, window: Stretch) -> int:
    wanted = select(func.coalesce(func.sum(gaps.c.last - gaps.c.first + 1), 0))
    wanted = wanted.where(gaps.c.at >= window[0], gaps.c.at < window[1])
    if station:
        wanted = wanted.where(gaps.c.station == station)
    return int(connection.execute(wanted).scalar_one())
