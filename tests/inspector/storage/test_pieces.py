"""A window asked for together with its pieces says what each says when it is asked for alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine, event, select

from inspector.domain.dashboard import eighths
from inspector.domain.kpi import Window
from inspector.domain.periods import Shifts
from inspector.line.alarms import FAILURE
from inspector.storage.closing import Closing
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.schema import alarms, parts
from inspector.storage.sql_feedback import (
    Review,
    add_review,
    add_seeded_defect,
    answer_alarm,
)
from inspector.storage.sql_judgements import SqlFigures
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import Entry, acked, alarm, decided, gap, judged, numbered, pressed

DAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(DAY + 0.4 * HOUR, DAY + 20.7 * HOUR)
SOURCES = "audit", "confirm", "flagged", "second"


@pytest.fixture
def figures(data: Path, server: Server | None) -> Iterator[SqlFigures]:
    opened = SqlFigures(server or database_file(data))
    yield opened
    opened.close()


def part(n: int, dice: random.Random) -> list[Entry]:
    """Return what becomes of a part at some time of the day; many are judged late or pressed."""
    when = (DAY + HOUR * dice.uniform(0, 22)).isoformat()
    verdict = dice.choice(("pass", "pass", "reject", "unknown"))
    station = dice.choice(("ring", "board"))
    drawn = {"stratum": n % 3, "audit_pi": (n % 3 + 1) / 4, "strata_version": 1 + n % 2}
    cell = {**drawn, "selected": n % 2 == 0, "score": 0.1} if verdict == "pass" else {}
    entries = [judged(n, verdict, station=station, triggered_at=when, at=when, **cell)]
    if verdict == "reject" and n % 2:
        word = dice.choice(("pass", "reject"))
        entries.append(pressed(n, press=f"p{n}", verdict=word, station=station, at=when))
    action = dice.choice((1, 2, 3, 6))
    said = [acked(n, late=n % 7 == 0, station=station, at=when)]
    return [*entries, *said, decided(n, action, station=station, at=when)]


def look(connection: Connection, n: int, dice: random.Random, records: list[str]) -> None:
    word, source = dice.choice(("OK", "NOK", "UNSURE")), dice.choice(SOURCES)
    record, took = dice.choice(records), dice.randrange(300, 3000)
    review = Review(f"r{n}", source, word, "quinn", record, shown_ms=200, decided_ms=took)
    add_review(connection, review, DAY + HOUR * dice.uniform(0, 30))


def look_at_seeds(connection: Connection, dice: random.Random) -> None:
    known = {"kind": "dent", "picture": "0" * 64, "made_from": "ring-1", "person": "quinn"}
    for n in range(20):
        add_seeded_defect(connection, DAY, id=f"SEED{n}", station="ring", **known)
        for source in ("seed", "confirm"):
            word = dice.choice(("OK", "NOK"))
            said = Review(f"s{n}{source}", source, word, "quinn", seeded=f"SEED{n}")
            add_review(connection, said, DAY + HOUR * dice.uniform(0, 24))


@pytest.fixture
def a_day(store: SqlStore, engine: Engine) -> None:
    """400 parts at two stations, alarms, answers, seeds; one hour is stale, the last is open."""
    dice = random.Random(9)
    entries = [entry for n in range(1, 401) for entry in part(n, dice)]
    entries.append(gap(900, 909, at=(DAY + 4.5 * HOUR).isoformat()))
    for n in range(40):
        when = (DAY + 0.5 * n * HOUR).isoformat()
        name, station = dice.choice(("drift", FAILURE)), dice.choice(("ring", "board"))
        entries.append(alarm(n, at=when, name=name, station=station, on=dice.random() < 0.6))
    store.apply("ring-1", numbered(entries), offset=1, now=DAY)
    closing = Closing(engine, Shifts(ZoneInfo("UTC")))
    while closing.step(DAY + 19.5 * HOUR):
        pass
    with engine.begin() as connection:
        records = list(connection.execute(select(parts.c.record)).scalars())
        for one in connection.execute(select(alarms.c.id).where(alarms.c.on)).scalars().all():
            answered = DAY + HOUR * dice.uniform(0, 30)
            answer_alarm(connection, one, person=dice.choice("abc"), did="", now=answered)
        for n in range(150):
            look(connection, n, dice, records)
        look_at_seeds(connection, dice)
    late = (DAY + 6.2 * HOUR).isoformat()
    entries = [judged(500, "reject", triggered_at=late, at=late)]
    store.apply("ring-1", numbered(entries, 9000), offset=99999, now=DAY)


@pytest.mark.parametrize("station", ["", "ring", "board", "nowhere"])
def test_each_piece_and_the_whole_say_what_they_say_alone(
    a_day: None, figures: SqlFigures, station: str
) -> None:
    pieces = eighths(WINDOW)
    together = figures.seen_through(station, pieces)
    for one, window in zip(together, (WINDOW, *pieces), strict=True):
        alone = figures.seen(station, window)
        assert replace(one, audits=alone.audits) == alone
        assert one.audits.drawn == alone.audits.drawn
        for cell in alone.audits.drawn:
            ends, expected = one.audits.ends.get(cell, ()), alone.audits.ends.get(cell, ())
            assert sorted(map(repr, ends)) == sorted(map(repr, expected))


@pytest.mark.parametrize("station", ["", "ring"])
def test_the_sums_are_those_that_are_asked_for_by_themselves(
    a_day: None, figures: SqlFigures, station: str
) -> None:
    seen = figures.seen(station, WINDOW)
    assert seen.counts == figures.counts(station, WINDOW.since, WINDOW.until)
    cells = figures.audit_cells(station, WINDOW.since, WINDOW.until)
    for cell, n in seen.passed.items():
        assert n == sum(more for (_, *own), more in cells.items() if tuple(own) == cell)
    assert sum(seen.passed.values()) == sum(cells.values())


def test_a_window_in_eight_pieces_takes_as_many_questions_as_in_one(
    a_day: None, figures: SqlFigures
) -> None:
    figures.counts("", WINDOW.since, WINDOW.until)  # the first question looks at the version too
    asked: list[str] = []
    event.listen(figures._engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    figures.seen("", WINDOW)
    alone = len(asked)
    figures.seen_through("", eighths(WINDOW))
    assert len(asked) == 2 * alone
