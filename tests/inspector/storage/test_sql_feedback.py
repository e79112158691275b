"""What people say later stands beside the record, once, and nobody changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Table, delete, insert, select, update
from sqlalchemy.exc import DatabaseError

from inspector.domain.labels import LabelFile, PictureLabels
from inspector.errors import BadInput
from inspector.storage import feedback_schema, schema
from inspector.storage.feedback_schema import deletions, lots, packages, reviews, versions
from inspector.storage.sql_feedback import (
    Review,
    add_review,
    add_seeded_defect,
    add_version,
    answer_alarm,
    begin_lot,
    standing_reviews,
)
from inspector.storage.sql_labels import add_labels
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, alarm, boot, decided, gap, judged, numbered, pressed

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
AUDIT = Review("press-1", "audit", "NOK", "olga", record="ring-000001", kind="scratch")

LABELS = LabelFile("l.json", "c" * 64, "coco", (PictureLabels("a" * 64),))


@pytest.fixture
def filled(engine: Engine, store: SqlStore) -> Engine:
    """Give a database with a row in every table that is append-only."""
    some = [judged(1), pressed(1), decided(1), gap(2, 3), alarm(4), boot(5)]
    store.apply("ring-1", numbered(some), offset=1, now=START)
    seed = {"id": "SEED1", "station": "ring", "kind": "dent", "picture": "a" * 64}
    with engine.begin() as connection:
        add_seeded_defect(connection, NOW, **seed, made_from="ring-000001", person="quin")
        add_review(connection, AUDIT, NOW)
        answer_alarm(connection, 1, person="olga", did="cleaned the lens", now=NOW)
        add_version(connection, "retention", "", {}, person="quin", why="first", now=NOW)
        begin_lot(connection, "ring", "lot 7", NOW)
        add_labels(connection, LABELS, person="quin", now=NOW)
        step = {"station": "ring", "kind": "dent", "follows": 1, "now": 0.5, "proposed": 0.4}
        who = {"evidence": {}, "person": "ada", "at": 1}
        connection.execute(insert(feedback_schema.limit_proposals).values(**step, **who))
    return engine


@pytest.mark.parametrize(
    "table",
    [
        *(schema.stations, schema.parts, schema.views, schema.findings, schema.plc_decisions),
        *(schema.verdict_events, schema.gaps, schema.boots, schema.alarms, reviews, packages),
        *(feedback_schema.seeded_defects, feedback_schema.alarm_answers, versions, lots),
        *(feedback_schema.label_imports, feedback_schema.labels, feedback_schema.limit_proposals),
    ],
    ids=str,
)
def test_a_row_is_neither_changed_nor_deleted(filled: Engine, table: Table) -> None:
    before = contents(filled, table)
    assert before
    for change in (update(table).values({column: column for column in table.c}), delete(table)):
        with pytest.raises(DatabaseError, match=f"{table} is append-only"), filled.begin() as one:
            one.execute(change)
    assert contents(filled, table) == before


def test_an_acknowledgement_still_comes_to_its_part(filled: Engine, records: SqlRecords) -> None:
    with filled.begin() as connection:
        connection.execute(update(schema.parts).values(latency_ms=9.0, late=False))
    record = records.record("ring-000001")
    assert record
    assert (record.latency_ms, record.late) == (9.0, False)


def test_what_was_deleted_under_which_policy_stays_known(filled: Engine) -> None:
    row = {"policy": 1, "kind": "alarms", "why": "older", "before": 0, "at": 1}
    with filled.begin() as connection:
        connection.execute(insert(deletions).values(row))
        connection.execute(delete(feedback_schema.alarm_answers))
        connection.execute(update(deletions).values(ended_at=2, rows=1))
    assert contents(filled, feedback_schema.alarm_answers) == []
    for change in (update(deletions).values(rows=0), delete(deletions), delete(schema.alarms)):
        with pytest.raises(DatabaseError, match="append-only"), filled.begin() as connection:
            connection.execute(change)


def contents(engine: Engine, table: Table) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table))]


def test_a_review_that_is_sent_twice_is_one(filled: Engine) -> None:
    with filled.begin() as connection:
        first = add_review(connection, AUDIT, NOW)
        assert add_review(connection, replace(AUDIT, verdict="OK"), NOW) == first
        (row,) = standing_reviews(connection, "ring-000001")
    assert (row.id, row.verdict, row.kind, row.source) == (first, "NOK", "scratch", "audit")


def test_a_review_that_was_taken_back_stands_no_more_and_is_kept(filled: Engine) -> None:
    with filled.begin() as connection:
        first = add_review(connection, AUDIT, NOW)
        again = Review("press-2", "audit", "OK", "olga", record="ring-000001", supersedes=first)
        second = add_review(connection, again, NOW + timedelta(seconds=9))
        assert [row.id for row in standing_reviews(connection, "ring-000001")] == [second]
        with pytest.raises(BadInput, match="has been superseded already"):
            add_review(connection, replace(again, request="press-3"), NOW)
    assert len(contents(filled, reviews)) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": "guess"}, "no such review"),
        ({"verdict": "maybe"}, "no such review"),
        ({"record": "nobody"}, "there is no record nobody"),
        ({"record": "", "seeded": "SEED9"}, "there is no record SEED9"),
        ({"seeded": "SEED1"}, "of a part or of a seeded defect"),
        ({"record": ""}, "of a part or of a seeded defect"),
        ({"supersedes": 99}, "is not this person's of this part"),
        ({"supersedes": 1, "reviewer": "abe"}, "is not this person's of this part"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(
    filled: Engine, changes: dict[str, Any], says: str
) -> None:
    with filled.begin() as connection, pytest.raises(BadInput, match=says):
        add_review(connection, replace(AUDIT, request="press-9", **changes), NOW)


def test_a_seeded_defect_is_reviewed_like_a_part(filled: Engine) -> None:
    seen = replace(AUDIT, request="press-4", record="", seeded="SEED1", source="seed")
    with filled.begin() as connection:
        assert add_review(connection, seen, NOW)
        assert len(standing_reviews(connection, "ring-000001")) == 1


def test_an_alarm_that_never_was_is_not_answered(filled: Engine) -> None:
    with filled.begin() as connection, pytest.raises(BadInput, match="no alarm 77"):
        answer_alarm(connection, 77, person="olga", did="", now=NOW)


def test_settings_have_a_new_version_only_when_they_change(engine: Engine) -> None:
    def said(content: dict[str, float], name: str = "ring") -> int:
        with engine.begin() as connection:
            who = {"person": "quin", "why": "fewer false rejects"}
            return add_version(connection, "thresholds", name, content, **who, now=NOW)

    assert said({"scratch": 0.5}) == 1
    assert said({"scratch": 0.5}) == 1
    assert said({"scratch": 0.6}) == 2
    assert said({"scratch": 0.5}) == 3
    assert said({"scratch": 0.5}, "board") == 1


def test_a_lot_lasts_until_the_next_one(engine: Engine) -> None:
    for minute, name in enumerate("AABA"):
        with engine.begin() as connection:
            begin_lot(connection, "ring", name, NOW + timedelta(minutes=minute))
    assert [row[2] for row in contents(engine, lots)] == ["A", "B", "A"]


def test_a_part_keeps_how_it_was_drawn_for_the_audit(store: SqlStore, records: SqlRecords) -> None:
    drawn = {"score": 0.25, "stratum": 2, "audit_pi": 0.125, "selected": True}
    entry = {**judged(1), **drawn, "strata_version": 7, "audit_key": "2026-11"}
    store.apply("ring-1", numbered([entry]), offset=1, now=START)
    record = records.record("ring-000001")
    assert record
    assert (record.score, record.stratum, record.audit_pi) == (0.25, 2, 0.125)
    assert (record.selected, record.strata_version, record.audit_key) == (True, 7, "2026-11")


def test_a_package_is_known_from_its_first_part_on(store: SqlStore, engine: Engine) -> None:
    some = [judged(1), judged(2), judged(3, model_sha256="c" * 64)]
    store.apply("ring-1", numbered(some), offset=1, now=START)
    assert [(name, sha[:1]) for name, sha, _ in contents(engine, packages)] == [
        ("ring", "b"),
        ("ring", "c"),
    ]


def test_parts_that_were_drawn_or_looked_at_come_with_the_looks_that_stand(
    engine: Engine, store: SqlStore, records: SqlRecords
) -> None:
    cell = {"stratum": 2, "audit_pi": 0.5, "strata_version": 7}
    entries = [judged(n) for n in range(1, 5)]
    entries[0] |= {**cell, "selected": True}
    entries[1] |= {**cell, "selected": True}
    entries[2] |= {**cell, "selected": False}
    store.apply("ring-1", numbered(entries), offset=1, now=START)
    with engine.begin() as connection:
        first = add_review(connection, AUDIT, NOW)
        add_review(connection, replace(AUDIT, request="2", verdict="OK", supersedes=first), NOW)
        add_review(connection, replace(AUDIT, request="3", source="confirm", reviewer="abe"), NOW)
        flagged = replace(AUDIT, request="4", source="flagged", record="ring-000004")
        add_review(connection, flagged, NOW)
    end = START + timedelta(minutes=1)
    one, two, four = records.reviewed("ring", since=START, until=end)
    assert (one.record, one.stratum, one.audit_pi, one.strata_version) == (
        *("ring-000001", 2, 0.5, 7),
    )
    assert [(look.source, look.word, look.reviewer) for look in one.looks] == [
        ("audit", "OK", "olga"),
        ("confirm", "NOK", "abe"),
    ]
    assert (two.selected, two.looks) == (True, ())
    assert (four.record, four.selected, four.audit_pi) == ("ring-000004", False, None)
    assert records.reviewed(since=START, until=end) == (one, two, four)
    assert records.reviewed("board", since=START, until=end) == ()
    assert records.reviewed(since=START + timedelta(seconds=3), until=end) == (four,)
