"""What was promised and is not kept is found."""

from __future__ import annotations

from pathlib import Path

from benchmarks.killed import Promised, kept
from inspector.gateway.audit import Auditing
from inspector.storage.database import writing
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, decided, judged, numbered, pressed


def test_what_is_missing_or_there_twice_is_found(tmp_path: Path) -> None:
    promised = Promised()
    with writing(tmp_path) as engine:
        store = SqlStore(engine, Auditing(engine, tmp_path).log)
        there = [judged(1), decided(1), judged(2)]
        twice = [pressed(1, press="p1"), pressed(1, press="p2", revision=2)]
        store.apply("ring-1", numbered([*there, *twice]), offset=99, now=START)
    promised.add([*there, twice[0], judged(3), decided(2)])
    promised.answered.add("change 1")
    found = kept(tmp_path, promised)
    assert found.lost == ("judged ring-000003", "decided ring-000002", "noted change 1")
    assert found.doubled == ("override ring-000001",)
    assert not found.whole
    assert "  lost 3, doubled 1" in found.lines()


def test_a_changed_entry_of_the_audit_log_is_found(tmp_path: Path) -> None:
    promised = Promised()
    with writing(tmp_path) as engine:
        entries = [judged(1), pressed(1)]
        store = SqlStore(engine, Auditing(engine, tmp_path).log)
        store.apply("ring-1", numbered(entries), offset=9, now=START)
        promised.add(entries)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit SET body = replace(body, 'override', 'x')")
    assert kept(tmp_path, promised).findings
