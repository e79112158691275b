"""Each record names the version of the limits it was judged by; what nobody signed is one too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from inspector.audit.entry import read_body
from inspector.storage.schema import audit
from inspector.storage.sql_limits import first_record, versions_of
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, judged, numbered

OLD, NEW = [["dent", 0.5], ["scratch", 0.4]], [["dent", 0.5], ["scratch", 0.3]]


def apply(store: SqlStore, start: int, entries: list[Any]) -> None:
    store.apply("ring-1", numbered(entries, start), offset=start + len(entries), now=START)


def version(records: SqlRecords, n: int) -> int | None:
    record = records.record(f"ring-{n:06d}")
    assert record is not None
    return record.limits_version


def changes(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        bodies = [row.body for row in connection.execute(select(audit).order_by(audit.c.seq))]
    found = [read_body(body) for body in bodies]
    return [one for one in found if one and one["action"] == "limits changed"]


def test_limits_that_were_found_become_a_version_and_an_entry_of_the_audit_log(
    store: SqlStore, records: SqlRecords, engine: Engine
) -> None:
    apply(store, 0, [judged(1, limits=OLD), judged(2, limits=OLD), judged(3, limits=NEW)])
    assert [version(records, n) for n in (1, 2, 3)] == [1, 1, 2]
    with engine.connect() as connection:
        newest, first = versions_of(connection, "ring")
        begins = first_record(connection, "ring", newest)
    assert (newest.limits, newest.by) == ({"dent": 0.5, "scratch": 0.3}, "")
    assert first.limits == {"dent": 0.5, "scratch": 0.4}
    assert begins is not None
    assert begins[0] == "ring-000003"
    told = changes(engine)
    assert [one["after"]["first_record"] for one in told] == ["ring-000001", "ring-000003"]
    assert told[1]["before"] == {"version": 1, "limits": {"dent": 0.5, "scratch": 0.4}}


def test_an_old_version_that_comes_again_is_not_made_anew(
    store: SqlStore, records: SqlRecords, engine: Engine
) -> None:
    apply(store, 0, [judged(1, limits=OLD), judged(2, limits=NEW)])
    apply(store, 2, [judged(3, limits=OLD)])
    assert [version(records, n) for n in (1, 2, 3)] == [1, 2, 1]
    assert len(changes(engine)) == 3


def test_the_same_limits_under_another_model_are_another_version(
    store: SqlStore, records: SqlRecords
) -> None:
    apply(store, 0, [judged(1, limits=OLD), judged(2, limits=OLD, model_sha256="c" * 64)])
    assert [version(records, n) for n in (1, 2)] == [1, 2]


def test_a_record_without_limits_names_no_version(store: SqlStore, records: SqlRecords) -> None:
    apply(store, 0, [judged(1), judged(2, limits=OLD, model_sha256="")])
    assert [version(records, n) for n in (1, 2)] == [None, None]


def test_records_without_a_version_between_hide_no_change_and_make_none(
    store: SqlStore, records: SqlRecords, engine: Engine
) -> None:
    apply(store, 0, [judged(1, limits=OLD)])
    apply(store, 1, [judged(2, limits=OLD, model_sha256="")])
    apply(store, 2, [judged(3, limits=OLD)])
    assert [version(records, n) for n in (1, 2, 3)] == [1, None, 1]
    assert len(changes(engine)) == 1
