"""Entries of the journal become records, once, and are read back as they were said."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from inspector.domain.accounted import Accounted
from inspector.domain.finding import Finding
from inspector.domain.people import Role
from inspector.domain.record import Record, RecordFilter
from inspector.domain.verdict import Action, Verdict
from inspector.errors import StoreRefused
from inspector.storage.database import database_file, writing
from inspector.storage.feedback_schema import reviews
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import BY, a_log
from tests.databases import Postgres, put_blank
from tests.journal_entries import (
    DIGEST,
    START,
    Entry,
    acked,
    alarm,
    at,
    boot,
    decided,
    gap,
    judged,
    latched,
    numbered,
    pressed,
    view,
)

sqlite_only = pytest.mark.parametrize("servers", ["sqlite"], indirect=True, scope="session")
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def apply(store: SqlStore, *entries: Entry, ring: str = "ring-1", start: int = 0) -> None:
    some = numbered(list(entries), start)
    store.apply(ring, some, offset=some[-1][0], now=NOW)


def only(records: SqlRecords) -> Record:
    (one,) = records.records(RecordFilter())
    return one


def alarm_names(records: SqlRecords) -> list[str]:
    return [one.name for one in records.alarms()]


def test_a_part_is_read_back_as_it_was_said(store: SqlStore, records: SqlRecords) -> None:
    views = [view(), view("side", missed="view missing", picture="", findings=[], top_scores={})]
    apply(
        store,
        judged(7, "reject", views=views),
        acked(7),
        decided(7, 2, why="its heartbeat was stale"),
    )
    record = records.record("ring-000007")
    assert record == only(records)
    assert record is not None
    assert (record.station, record.run, record.number) == ("ring", 1, 7)
    assert record.triggered_at == START + timedelta(seconds=7)
    assert record.verdict is Verdict.REJECT
    assert record.reasons == ("scratch 0.93 in view top",)
    assert (record.device_asked, record.device) == ("GPU", "CPU")
    assert (record.precision, record.model_sha256) == ("BF16", "b" * 64)
    assert (record.ready_to_judged_ms, record.latency_ms, record.late) == (7.5, 9.25, False)
    assert (record.stratum, record.audit_pi, record.selected) == (None, None, None)
    top, side = record.views
    assert top.findings == (Finding("scratch", 0.93, (1.0, 2.0, 3.0, 4.0)),)
    assert (top.picture, top.top_scores) == (DIGEST, {"scratch": 0.93, "dent": 0.02})
    assert (side.view, side.missed, side.findings) == ("side", "view missing", ())
    assert record.decision is not None
    assert (record.decision.action, record.decision.agrees) == (Action.REJECTED, True)
    assert record.decision.why == "its heartbeat was stale"
    assert record.outcome == "rejected"


def test_an_outline_is_read_back_and_only_where_one_was_drawn(
    store: SqlStore, records: SqlRecords
) -> None:
    corners = [[1.0, 2.0], [3.5, 2.0], [3.5, 6.1]]
    rows = [["scratch", 0.9, [1.0, 2.0, 2.5, 4.1], corners], ["dent", 0.8, [1.0, 2.0, 3.0, 4.0]]]
    apply(store, judged(1, "reject", views=[view(findings=rows)]))
    first, second = only(records).views[0].findings
    assert first.outline == ((1.0, 2.0), (3.5, 2.0), (3.5, 6.1))
    assert second == Finding("dent", 0.8, (1.0, 2.0, 3.0, 4.0))


def test_a_part_of_an_older_journal_has_no_device_asked(
    store: SqlStore, records: SqlRecords
) -> None:
    old = judged(1)
    del old["device_asked"]
    apply(store, old)
    assert (only(records).device_asked, only(records).device) == ("", "CPU")


def test_presses_stand_beside_the_record(
    engine: Engine, store: SqlStore, records: SqlRecords
) -> None:
    olga = SqlPeople(engine, a_log()).add("Olga", Role.OPERATOR, "1", "hash", now=NOW, by=BY)
    apply(
        store,
        judged(1, "reject"),
        pressed(1, press="a", person=olga.id),
        latched(1),
        decided(1, 6),
        pressed(1, "correction", press="b", verdict="reject", signed_in=False, person="panel P"),
    )
    record = only(records)
    assert record.verdict is Verdict.REJECT
    assert [event.kind for event in record.events] == ["override", "latched", "correction"]
    first, _, last = record.events
    assert (first.person, first.person_name, first.panel) == (olga.id, "Olga", "line side")
    assert (first.painted_at, first.revision) == (START + timedelta(seconds=1), 1)
    assert (last.signed_in, last.person_name, last.why) == (False, "panel P", "too late")
    assert record.outcome == "passed"
    assert (record.standing_verdict, record.revision) == (Verdict.REJECT, 1)


BATCH = [
    boot(0),
    judged(1),
    acked(1),
    judged(2, "reject"),
    pressed(2),
    latched(2),
    acked(2),
    decided(1),
    decided(2, 6),
    pressed(2, "correction", press="p2"),
    gap(3, 5),
    alarm(5),
    judged(6, "unknown", not_inspected="view missing"),
    decided(6, None),
]


def contents(engine: Engine) -> dict[str, Any]:
    """Return every row of every table, without where and when the recorder stood and signed.

    Nor with counted ids: PostgreSQL leaves one out for each row that was there already.
    """
    with engine.connect() as connection:
        return {
            table.name: sorted(
                tuple(json.dumps(value, default=repr) for value in row)
                for row in connection.execute(select(*(c for c in table.c if c.name != "id")))
            )
            for table in reviews.metadata.sorted_tables
            if table.name not in ("journal_position", "audit_checkpoints")
        }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.tuples(st.integers(0, 13), st.integers(1, 14)), max_size=6))
def test_entries_applied_again_and_in_any_groups_change_nothing(
    cuts: list[tuple[int, int]],
    tmp_path_factory: pytest.TempPathFactory,
    servers: Postgres | None,
) -> None:
    once, again = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("again")
    put_blank(once)
    put_blank(again)
    first, second = (servers.blank(), servers.blank()) if servers else (None, None)
    with writing(once, first) as engine:
        SqlStore(engine, a_log()).apply("ring-1", numbered(BATCH), offset=1, now=NOW)
        expected = contents(engine)
    with writing(again, second) as engine:
        store = SqlStore(engine, a_log())
        for start, length in [*cuts, (0, len(BATCH))]:
            # A later group first needs what came before it, as after a restored backup.
            part = numbered(BATCH)[: start + length] if start else numbered(BATCH)[:length]
            store.apply("ring-1", part, offset=1, now=NOW)
        assert contents(engine) == expected


def test_position_and_rows_are_one_commit(
    store: SqlStore, engine: Engine, records: SqlRecords
) -> None:
    assert store.position() == ("", 0)
    apply(store, judged(1))
    assert store.position() == ("ring-1", 8)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE journal_position"))
    with pytest.raises(StoreRefused):
        apply(store, judged(2), start=1)
    assert only(records).number == 1


def test_a_second_record_of_a_part_is_refused_with_an_alarm(
    store: SqlStore, records: SqlRecords
) -> None:
    apply(store, judged(1))
    apply(store, judged(1, "reject", record="other"), decided(1, 1, record="other"), start=1)
    record = only(records)
    assert (record.id, record.verdict) == ("ring-000001", Verdict.PASS)
    assert record.outcome == "passed"
    assert alarm_names(records) == ["part_judged_twice"]


def test_two_records_of_a_part_in_one_batch_are_one(store: SqlStore, records: SqlRecords) -> None:
    apply(store, judged(1), judged(1, record="other"), judged(1))
    assert only(records).id == "ring-000001"
    assert alarm_names(records) == ["part_judged_twice"]


def test_a_decided_part_without_a_verdict_gets_a_record_that_says_so(
    store: SqlStore, records: SqlRecords
) -> None:
    apply(store, decided(9, 3))
    record = only(records)
    assert (record.number, record.verdict, record.not_inspected) == (
        9,
        Verdict.UNKNOWN,
        "evidence lost",
    )
    assert record.outcome == "rejected"
    assert alarm_names(records) == ["evidence_lost"]


def test_the_first_decision_and_the_first_acknowledgement_stand(
    store: SqlStore, records: SqlRecords
) -> None:
    apply(store, judged(1), acked(1), decided(1, 1))
    apply(store, acked(1, latency_ms=999.0, late=True), decided(1, 2), decided(1, 1), start=3)
    record = only(records)
    assert (record.latency_ms, record.late, record.outcome) == (9.25, False, "passed")
    assert alarm_names(records) == ["part_decided_twice"]


def test_an_acknowledgement_in_a_later_commit_is_kept(store: SqlStore, records: SqlRecords) -> None:
    apply(store, judged(1))
    apply(store, acked(1, latency_ms=None, late=True), start=1)
    assert (only(records).latency_ms, only(records).late) == (None, True)


ODD: list[Entry] = [
    {},
    {"kind": "no such kind"},
    {"kind": ["judged"]},
    {"kind": "judged"},
    judged(2, "perhaps"),
    judged(2, number=None),
    judged(2, number=2**70),
    judged(2, triggered_at="yesterday"),
    judged(2, triggered_at="2026-11-23T12:00:00"),
    judged(2, views=[view(findings=[["scratch", 0.9]])]),
    judged(2, views=[view(findings=[["scratch", 0.9, [1, 2, 3, 4], [[1, 2]]]])]),
    judged(2, views=None),
    judged(2, record=7),
    decided(1, 99),
    decided(1, "pass"),  # type: ignore[arg-type]
    acked(77),
    pressed(77),
    pressed(1, verdict="maybe"),
    latched(77),
    gap(3, 5, run="x"),
    alarm(1, text=None),
]


@pytest.mark.parametrize("odd", ODD)
def test_an_entry_that_cannot_be_stored_is_an_alarm_and_stops_nothing(
    odd: Entry, store: SqlStore, records: SqlRecords
) -> None:
    apply(store, judged(1), odd, judged(3))
    assert [record.number for record in records.records(RecordFilter())] == [3, 1]
    (one,) = records.alarms()
    assert json.dumps(odd)[1:-1][:40] in one.text
    assert store.position() == ("ring-1", 24)
    apply(store, judged(1), odd, judged(3))
    assert len(records.alarms()) == 1


def test_texts_and_figures_that_no_database_takes_are_kept_as_near_as_can_be(
    store: SqlStore, records: SqlRecords
) -> None:
    scores = {"scratch": float("nan")}
    odd = judged(1, reasons=["a\0b", "\ud800"], views=[view(top_scores=scores)])
    apply(store, odd, acked(1, latency_ms=float("inf")))
    record = only(records)
    assert record.reasons == ("a\ufffdb", "?")
    assert record.views[0].top_scores == {"scratch": None}
    assert record.latency_ms is None


@sqlite_only
def test_a_locked_database_loses_nothing(data: Path, store: SqlStore, records: SqlRecords) -> None:
    other = sqlite3_writer(data)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreRefused, match="locked"):
        apply(store, judged(1))
    other.execute("ROLLBACK")
    other.close()
    apply(store, judged(1))
    assert only(records).number == 1


@sqlite_only
def test_a_full_disk_loses_nothing(engine: Engine, store: SqlStore, records: SqlRecords) -> None:
    apply(store, judged(1))
    long = judged(2, reasons=["x" * 100_000])
    with engine.begin() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreRefused, match="full"):
        apply(store, judged(3), long, start=1)
    assert store.position() == ("ring-1", 8)
    assert only(records).number == 1
    with engine.begin() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    apply(store, judged(3), long, start=1)
    assert numbers(records.records(RecordFilter())) == [3, 2, 1]


def sqlite3_writer(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(database_file(data), isolation_level=None)


@pytest.fixture
def many(store: SqlStore) -> list[Entry]:
    """30 parts at two stations: every 5th rejected, every 7th unknown, the last 4 undecided."""
    entries: list[Entry] = []
    for n in range(1, 31):
        station = "ring" if n % 2 else "board"
        verdict = "reject" if n % 5 == 0 else "unknown" if n % 7 == 0 else "pass"
        entries.append(
            judged(n, verdict, station=station, not_inspected="x" if verdict == "unknown" else "")
        )
        if n <= 26:
            action = {"pass": 1, "reject": 2, "unknown": 3}[verdict]
            entries.append(decided(n, action, station=station))
    apply(store, *entries)
    return entries


def numbers(found: Sequence[Record]) -> list[int]:
    return [record.number for record in found]


@pytest.mark.usefixtures("many")
def test_records_are_found_newest_first(records: SqlRecords) -> None:
    def found(**wanted: Any) -> list[int]:
        return numbers(records.records(RecordFilter(**wanted)))

    assert found() == list(range(30, 0, -1))
    assert found(station="board", limit=3) == [30, 28, 26]
    assert found(verdict=Verdict.REJECT) == [30, 25, 20, 15, 10, 5]
    assert found(outcome="rejected") == [25, 21, 20, 15, 14, 10, 7, 5]
    assert found(outcome="undecided") == [30, 29, 28, 27]
    assert found(outcome="lost") == []
    assert found(outcome="nonsense") == []
    assert found(since=START + timedelta(seconds=28)) == [30, 29, 28]
    assert found(until=START + timedelta(seconds=3)) == [2, 1]
    assert numbers(records.last_rejects("ring", 2)) == [25, 21]


@pytest.mark.usefixtures("many")
def test_pages_follow_each_other_without_a_hole(records: SqlRecords) -> None:
    pages: list[int] = []
    before = ""
    while page := records.records(RecordFilter(before=before, limit=7)):
        pages += numbers(page)
        before = page[-1].id
    assert pages == list(range(30, 0, -1))
    assert records.records(RecordFilter(before="no such record")) == ()


def test_parts_of_the_same_moment_are_on_one_page_each(
    store: SqlStore, records: SqlRecords
) -> None:
    apply(store, *(judged(n, triggered_at=at(0)) for n in range(1, 6)))
    first = records.records(RecordFilter(limit=2))
    second = records.records(RecordFilter(limit=9, before=first[-1].id))
    assert numbers([*first, *second]) == [5, 4, 3, 2, 1]


@pytest.mark.usefixtures("many")
def test_the_sums_add_up(store: SqlStore, records: SqlRecords) -> None:
    apply(store, gap(101, 110), start=100)
    both = records.counts()
    assert (both.records, both.passed, both.rejected, both.unknown) == (30, 20, 6, 4)
    assert (both.decided, both.not_inspected, both.in_gap, both.late) == (26, 4, 10, 0)
    assert both.actions == {Action.PASSED: 18, Action.REJECTED: 5, Action.FAIL_SAFE: 3}
    ring = records.counts("ring")
    board = records.counts("board")
    assert ring.records + board.records == both.records
    assert records.counts(since=START + timedelta(seconds=30)).records == 1


def test_what_is_accounted_for_knows_runs_gaps_and_what_is_missing(store: SqlStore) -> None:
    assert store.accounted() == {}
    apply(store, judged(5), judged(9), judged(2, run=2, record="r2"), judged(4, station="board"))
    assert store.accounted() == {"ring": Accounted(2, 2), "board": Accounted(1, 4)}
    apply(store, gap(4, 8, run=2), judged(11, run=2, record="r11"), start=4)
    assert store.accounted()["ring"] == Accounted(2, 11, (3, 9, 10))


def test_readers_in_several_threads_see_whole_batches(store: SqlStore, records: SqlRecords) -> None:
    """Ten parts a commit: nobody ever sees a count that is no multiple of ten."""
    stop = threading.Event()
    seen: set[int] = set()

    def look() -> None:
        while not stop.is_set():
            seen.add(records.counts().records)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for batch in range(15):
        apply(store, *(judged(batch * 10 + n) for n in range(10)), start=batch * 10)
    stop.set()
    for thread in threads:
        thread.join()
    assert {count % 10 for count in seen} == {0}
    assert records.counts().records == 150
