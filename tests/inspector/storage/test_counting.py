"""Closed periods give the sums of their parts, whatever comes late."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, select, text

from inspector.domain.periods import Counted, Shifts
from inspector.domain.record import Counts
from inspector.storage.closing import GRACE, Closing
from inspector.storage.counting import closed_between
from inspector.storage.feedback_schema import cell_counts, period_counts
from inspector.storage.schema import to_us
from inspector.storage.sql_feedback import begin_lot
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import Entry, acked, decided, gap, judged, numbered, pressed

DAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIFTS = Shifts(ZoneInfo("Asia/Kolkata"), (time(6), time(18)))  # begins at a half hour of UTC


def part(n: int, at: datetime, verdict: str = "pass", **changes: Any) -> list[Entry]:
    """Return what the line writes of a part that was triggered then."""
    when = at.isoformat()
    action = {"pass": 1, "reject": 2, "unknown": 3}[verdict]
    station = "ring" if n % 3 else "board"
    entry = judged(n, verdict, station=station, triggered_at=when, at=when, **changes)
    about: dict[str, Any] = {"station": station, "at": when}
    return [entry, acked(n, late=n % 11 == 0, **about), decided(n, action, **about)]


def apply(store: SqlStore, entries: list[Entry], start: int = 0) -> None:
    store.apply("ring-1", numbered(entries, start), offset=8 * start + 1, now=DAY)


def closed(engine: Engine, kind: str, since: datetime, until: datetime) -> tuple[Counted, ...]:
    with engine.begin() as connection:
        return closed_between(connection, kind, "ring", (to_us(since), to_us(until)))


@pytest.fixture
def a_day(store: SqlStore) -> list[datetime]:
    """300 parts at two stations, at random times of 26 hours with three hours of standstill."""
    dice = random.Random(4)
    times = [
        DAY + HOUR * dice.choice((dice.uniform(0, 9), dice.uniform(12, 26))) for _ in range(300)
    ]
    entries: list[Entry] = []
    for n, at in enumerate(times, 1):
        cell = {"stratum": n % 3, "audit_pi": 0.25, "strata_version": 1}
        drawn = cell if n % 4 else {}
        entries += part(n, at, ("pass", "pass", "reject", "unknown")[n % 4], **drawn)
    entries += [gap(900, 909, at=(DAY + 3 * HOUR).isoformat())]
    apply(store, entries)
    return times


def close(engine: Engine, now: datetime) -> int:
    closing, n = Closing(engine, SHIFTS), 0
    while closing.step(now):
        n += 1
    return n


def directly(engine: Engine, records: SqlRecords, *window: Any) -> Counts:
    """Return what is counted when no hour has closed."""
    with engine.begin() as connection:
        kept = connection.execute(select(period_counts)).mappings().all()
        connection.execute(delete(period_counts))
    counts = records.counts(*window)
    with engine.begin() as connection:
        if kept:
            connection.execute(period_counts.insert(), [dict(row) for row in kept])
    return counts


def test_every_window_gives_the_same_whether_its_hours_have_closed_or_not(
    engine: Engine, records: SqlRecords, a_day: list[datetime]
) -> None:
    assert close(engine, DAY + 20 * HOUR) > 20
    dice = random.Random(5)
    windows = [
        (DAY + HOUR * dice.uniform(-2, 14), DAY + HOUR * dice.uniform(10, 28)) for _ in "12345678"
    ]
    for since, until in [*windows, (None, None), (DAY + HOUR / 3, DAY + HOUR / 2)]:
        for station in ("", "ring"):
            counted = records.counts(station, since, until)
            assert counted == directly(engine, records, station, since, until)
    assert records.counts().records == 300
    assert records.counts().in_gap == 10


def test_hours_that_have_closed_are_not_counted_part_by_part(
    engine: Engine, records: SqlRecords, a_day: list[datetime]
) -> None:
    close(engine, DAY + 48 * HOUR)
    with engine.begin() as connection:
        connection.execute(text("UPDATE period_counts SET records = records + 1000"))
    assert records.counts("ring", DAY, DAY + HOUR).records > 1000


def test_parts_in_a_gap_stand_with_the_hour_in_which_it_was(
    engine: Engine, records: SqlRecords, a_day: list[datetime]
) -> None:
    apply(SqlStore(engine, a_log()), [gap(950, 954, at=(DAY + 4 * HOUR).isoformat())], 2000)
    close(engine, DAY + 30 * HOUR)
    hours = closed(engine, "hour", DAY, DAY + 30 * HOUR)
    lost = {one.period.began_at - DAY: one.counts.in_gap for one in hours if one.counts.in_gap}
    assert lost == {3 * HOUR: 10, 4 * HOUR: 5}


def test_an_hour_closes_only_when_its_parts_have_had_time(
    engine: Engine, records: SqlRecords, store: SqlStore
) -> None:
    apply(store, part(1, DAY + HOUR / 2))
    assert close(engine, DAY + HOUR + GRACE - timedelta(seconds=1)) == 0
    assert close(engine, DAY + HOUR + GRACE) == 1
    assert close(engine, DAY + 9 * HOUR) == 0


@pytest.mark.parametrize("late", ["decision", "press", "part", "part of an empty hour"])
def test_what_comes_late_reopens_its_hour(
    engine: Engine, records: SqlRecords, store: SqlStore, late: str
) -> None:
    entry, ack, decision = part(1, DAY + HOUR / 2, "reject")
    apply(store, [entry, ack, *part(2, DAY + 5 * HOUR)])
    assert close(engine, DAY + 9 * HOUR) == 2
    said = {
        "decision": [decision],
        "press": [pressed(1)],
        "part": part(4, DAY + HOUR / 4),
        "part of an empty hour": part(4, DAY + 3 * HOUR),
    }[late]
    apply(store, said, start=9)
    assert records.counts() == directly(engine, records)
    assert close(engine, DAY + 9 * HOUR)
    assert records.counts() == directly(engine, records)
    hours = closed(engine, "hour", DAY, DAY + 9 * HOUR)
    assert sum(one.counts.records for one in hours) == records.counts().records


def test_shifts_and_lots_have_counts_of_their_own(
    engine: Engine, records: SqlRecords, a_day: list[datetime]
) -> None:
    with engine.begin() as connection:
        for hours, name in ((2, "lot 1"), (7, "lot 2"), (9, "lot 3")):
            begin_lot(connection, "ring", name, DAY + HOUR * hours)
    close(engine, DAY + 48 * HOUR)
    for kind, names in (
        ("lot", ["lot 1", "lot 2"]),
        ("shift", ["2026-11-22 18:00", "2026-11-23 06:00", "2026-11-23 18:00", "2026-11-24 06:00"]),
    ):
        found = closed(engine, kind, DAY - 24 * HOUR, DAY + 48 * HOUR)
        assert [one.period.name for one in found] == names
        for one in found:
            window = one.period.began_at, one.period.ended_at
            assert one.counts == records.counts("ring", *window)


def test_the_cells_of_audited_parts_add_up(
    engine: Engine, records: SqlRecords, a_day: list[datetime]
) -> None:
    before = records.audit_cells()
    assert sum(before.values()) == 225
    assert {cell[2] for cell in before} == {0.25}
    close(engine, DAY + 20 * HOUR)
    assert records.audit_cells() == before
    with engine.connect() as connection:
        assert connection.execute(select(cell_counts)).first()


def test_parts_of_an_hour_that_comes_again_are_counted_in_it(
    engine: Engine, records: SqlRecords, store: SqlStore
) -> None:
    """The clock is put back by an hour, and later to 1970."""
    apply(store, part(1, DAY + 3 * HOUR) + part(2, DAY + 4 * HOUR))
    assert close(engine, DAY + 9 * HOUR) == 2
    apply(store, part(4, DAY + 3 * HOUR) + part(5, datetime(1970, 1, 1, 0, 5, tzinfo=UTC)), 20)
    assert records.counts() == directly(engine, records)
    assert close(engine, datetime(1970, 1, 1, 3, tzinfo=UTC)) > 0
    assert close(engine, DAY + 9 * HOUR) == 0
    assert records.counts() == directly(engine, records)
    assert records.counts().records == 4
