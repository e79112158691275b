"""The figures count what is on the records, each part once and the last word of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from inspector.domain.escapes import Seeds
from inspector.domain.kpi import Kpi, Window
from inspector.domain.site_figures import site_figures
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.sql_feedback import Review, add_review, add_seeded_defect
from inspector.storage.sql_judgements import SqlFigures
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, decided, gap, judged, numbered, pressed

TARGETS = {"escape_rate": 0.01}
WINDOW = Window(START, START + timedelta(hours=2))
PASSED, BY_OPERATOR, REJECTED, MISSED = range(1, 401), range(401, 411), range(411, 431), 431


@pytest.fixture
def records(data: Path, server: Server | None) -> Iterator[SqlFigures]:
    opened = SqlFigures(server or database_file(data))
    yield opened
    opened.close()


@pytest.fixture
def recorded(store: SqlStore) -> None:
    """400 passed (every second drawn), 10 passed by an operator, 20 rejected, 1 not seen, a gap."""
    entries = []
    for n in PASSED:
        drawn: dict[str, Any] = {
            "stratum": 0,
            "audit_pi": 0.5,
            "strata_version": 1 + n % 2,
            "score": 0.1,
        }
        entries += [judged(n, selected=n % 2 == 0, audit_key="2026-11", **drawn), decided(n)]
    for n in BY_OPERATOR:
        entries += [judged(n, "reject"), pressed(n, press=f"p{n}"), decided(n, 6)]
    for n in REJECTED:
        entries += [judged(n, "reject"), decided(n, 2)]
    entries += [judged(MISSED, "unknown", not_inspected="view top missing"), decided(MISSED, 3)]
    store.apply("ring-1", numbered([*entries, gap(432, 440)]), offset=1, now=START)


def say(engine: Engine, n: int, source: str, verdict: str, **more: Any) -> int:
    with engine.begin() as connection:
        request = f"{n}-{source}-{verdict}"
        review = Review(request, source, verdict, "quinn", record=f"ring-{n:06d}", **more)
        return add_review(connection, review, START)


def figures(records: SqlFigures, station: str = "") -> dict[str, Kpi]:
    found = site_figures(records.seen(station, WINDOW), WINDOW, targets=TARGETS)
    return {one.definition.id: one for one in found}


def test_without_audits_the_figures_say_how_many_are_missing(
    recorded: None, records: SqlFigures
) -> None:
    found = figures(records)
    for name in ("escape_rate", "shipped_escape_rate", "miss_rate"):
        assert found[name].value is None
        assert found[name].missing == "not enough audits: 0 of 299"
    assert "none was audited" in found["false_reject_rate"].method
    assert found["false_reject_rate"].denominator == 400 + 30


def test_what_was_not_inspected_stands_apart_from_what_was_rejected(
    recorded: None, records: SqlFigures
) -> None:
    found = figures(records)
    lost = found["not_inspected_rate"]
    assert (lost.numerator, lost.denominator) == (1, 431)
    assert lost.completeness == pytest.approx(431 / 440)
    assert found["first_pass_yield"].value == pytest.approx(400 / 430)
    assert found["reviewed_share"].denominator == 30


def test_the_escape_rate_comes_from_drawn_parts_alone(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    for n in PASSED:
        if n % 2 == 0:
            say(engine, n, "audit", "NOK" if n <= 4 else "OK")
    say(engine, 4, "confirm", "OK")  # so that one is no escape
    say(engine, 3, "audit", "NOK")  # was not drawn
    say(engine, 6, "downstream", "NOK")  # was drawn, and a find by chance is no audit
    found = figures(records)["escape_rate"]
    assert found.numerator == pytest.approx(400 * 1 / 200)
    assert found.denominator == 400
    assert found.completeness == 1.0
    assert found.missing.startswith("not enough audits: 200 of ")


def test_a_review_that_was_taken_back_counts_no_more(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    first = say(engine, 2, "audit", "NOK")
    assert figures(records)["escape_rate"].numerator == 400
    say(engine, 2, "audit", "OK", supersedes=first)
    assert figures(records)["escape_rate"].numerator == 0
    assert figures(records)["escape_rate"].completeness == pytest.approx(1 / 200)
    assert figures(records)["escape_rate"].provisional


def test_what_an_operator_passed_is_audited_in_full_and_counts_in_what_was_shipped(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    for n in PASSED:
        if n % 2 == 0:
            say(engine, n, "audit", "OK")
    for n in BY_OPERATOR:
        say(engine, n, "audit", "NOK" if n < 404 else "OK")
    found = figures(records)
    assert found["escape_rate"].numerator == 0
    shipped = found["shipped_escape_rate"]
    assert shipped.numerator == pytest.approx(3)
    assert shipped.denominator == 410
    assert shipped.completeness == 1.0
    one = records.record("ring-000401")
    assert one is not None
    assert (one.stratum, one.audit_pi, one.selected) == (4, 1.0, True)


def test_rejects_are_judged_by_operators_and_reviews_and_a_confirmation_is_the_last_word(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    say(engine, 411, "flagged", "OK")
    say(engine, 412, "flagged", "NOK")
    say(engine, 411, "confirm", "NOK")
    found = figures(records)
    assert (found["override_rate"].numerator, found["override_rate"].denominator) == (11, 12)
    assert found["false_call_share"].numerator == 10
    assert found["reviewed_share"].value == pytest.approx(12 / 30)


@pytest.mark.parametrize(
    ("looks", "good", "escapes", "unconfirmed"),
    [
        ({"audit": "NOK"}, 9, 1, 1),
        ({"audit": "NOK", "confirm": "NOK"}, 9, 1, 0),
        ({"audit": "NOK", "confirm": "OK"}, 10, 0, 0),
        ({"audit": "NOK", "confirm": "UNSURE"}, 9, 1, 1),
        ({"audit": "UNSURE"}, 9, 0, 0),
        ({"audit": "OK"}, 10, 0, 0),
    ],
)
def test_what_an_operator_passed_is_an_escape_or_a_false_reject_and_never_both(
    recorded: None,
    records: SqlFigures,
    engine: Engine,
    looks: dict[str, str],
    good: int,
    escapes: int,
    unconfirmed: int,
) -> None:
    for source, word in looks.items():
        say(engine, 401, source, word)
    seen = records.seen("", WINDOW)
    ends = seen.audits.ends[4, 1.0]
    assert (seen.rejects.good, seen.rejects.reviewed) == (good, 10)
    assert sum(end.bad for end in ends) == escapes
    assert sum(end.unconfirmed for end in ends) == unconfirmed


def test_seeded_defects_widen_the_bound_and_are_no_parts(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    for n in PASSED:
        if n % 2 == 0:
            say(engine, n, "audit", "OK")
    before = figures(records)["escape_rate"]
    with engine.begin() as connection:
        for n in range(10):
            known = {"kind": "scratch", "picture": "", "made_from": "", "person": "quinn"}
            add_seeded_defect(connection, START, id=f"SEED{n}", station="ring", **known)
            word = "NOK" if n < 7 else "OK"
            review = Review(f"s{n}", "seed", word, "ada", seeded=f"SEED{n}")
            add_review(connection, review, START)
    after = figures(records)["escape_rate"]
    assert before.interval is not None
    assert after.interval is not None
    assert after.interval[1] > before.interval[1]
    assert after.denominator == before.denominator
    assert figures(records, station="board")["escape_rate"].denominator == 0


def test_a_confirmation_that_followed_from_another_queue_is_no_audit(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    say(engine, 2, "flagged", "UNSURE")
    say(engine, 2, "confirm", "NOK")
    assert not any(records.seen("", WINDOW).audits.ends.values())
    say(engine, 2, "audit", "OK")
    assert sum(map(len, records.seen("", WINDOW).audits.ends.values())) == 1


def test_a_seeded_defect_is_of_the_window_of_its_first_look_with_all_that_came_of_it(
    recorded: None, records: SqlFigures, engine: Engine
) -> None:
    known = {"kind": "dent", "picture": "", "made_from": "", "person": "quinn", "station": "ring"}
    looks = {
        "seed": ("OK", START),
        "second": ("NOK", WINDOW.until),
        "confirm": ("NOK", WINDOW.until),
    }
    with engine.begin() as connection:
        add_seeded_defect(connection, START, id="SEED1", **known)
        for source, (word, at) in looks.items():
            add_review(connection, Review(source, source, word, source, seeded="SEED1"), at)
    assert records.seen("", WINDOW).seeds == Seeds(found=1, judged=1)
    later = Window(WINDOW.until, WINDOW.until + timedelta(hours=1))
    assert records.seen("", later).seeds is None
