"""Advice takes a passed part for audited when it was drawn and looked at, and for no other word."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from inspector.domain.kpi import Window
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.sql_advice import SqlAdvice
from inspector.storage.sql_feedback import Review, add_review
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, Entry, decided, judged, numbered, pressed, view

WINDOW = Window(START, START + timedelta(hours=1))
LIMITS = [["dent", 0.5], ["scratch", 0.95]]
LOOKS = (1, "audit", "OK"), (2, "flagged", "UNSURE"), (2, "confirm", "NOK")


def test_what_an_operator_passed_and_its_audit_calls_bad_is_no_false_call(
    data: Path, server: Server | None, store: SqlStore, engine: Engine
) -> None:
    known: Entry = {"limits": LIMITS, "views": [view(top_scores={"scratch": 0.97})]}
    entries = [judged(1, "reject", **known), pressed(1, press="p1"), decided(1, 6)]
    store.apply("ring-1", numbered(entries), offset=1, now=START)
    with closing(SqlAdvice(server or database_file(data))) as records:
        (version,) = records.versions("ring")
        assert not records.judged("ring", "scratch", version, WINDOW).judged.bad.any()
        with engine.begin() as connection:
            review = Review("r", "audit", "NOK", "quinn", record="ring-000001")
            add_review(connection, review, START)
        assert records.judged("ring", "scratch", version, WINDOW).judged.bad.all()


def test_what_an_operator_stopped_and_somebody_confirmed_is_no_audit(
    data: Path, server: Server | None, store: SqlStore, engine: Engine
) -> None:
    drawn: Entry = {"stratum": 0, "audit_pi": 0.5, "strata_version": 1, "limits": LIMITS}
    parts = [judged(n, selected=n == 1, **drawn) for n in (1, 2, 3)]
    stopped = pressed(2, press="p2", verdict="reject")
    entries = [*parts, stopped, decided(1), decided(2, 7), decided(3)]
    store.apply("ring-1", numbered(entries), offset=1, now=START)
    with engine.begin() as connection:
        for n, source, word in LOOKS:
            review = Review(f"{n}-{source}", source, word, source, record=f"ring-{n:06d}")
            add_review(connection, review, START)
    with closing(SqlAdvice(server or database_file(data))) as records:
        (version,) = records.versions("ring")
        found = records.judged("ring", "scratch", version, WINDOW)
    assert (found.parts, found.audited) == (3, 1)
    assert not found.judged.bad.any()
