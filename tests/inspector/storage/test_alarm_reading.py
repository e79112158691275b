"""Each alarm of a window has its end and what people made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from inspector.domain.fatigue import Raised
from inspector.domain.kpi import Window
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.schema import alarms
from inspector.storage.sql_feedback import answer_alarm
from inspector.storage.sql_judgements import SqlFigures
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, Entry, at, numbered

WINDOW = Window(START, START + timedelta(hours=1))


@pytest.fixture
def records(data: Path, server: Server | None) -> Iterator[SqlFigures]:
    opened = SqlFigures(server or database_file(data))
    yield opened
    opened.close()


def alarm(n: int, name: str, *, on: bool = True, station: str = "ring") -> Entry:
    fields = {"kind": "alarm", "at": at(n), "station": station, "name": name}
    return {**fields, "text": f"{name} came" if on else "", "on": on}


def put(store: SqlStore, *entries: Entry) -> None:
    store.apply("ring-1", numbered(list(entries)), offset=1, now=START)


def after(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def when(found: tuple[Raised, ...]) -> list[tuple[str, object, object]]:
    return [(one.rule, one.came - START, one.gone and one.gone - START) for one in found]


def test_an_alarm_ends_with_the_next_row_that_says_so_at_its_station(
    store: SqlStore, records: SqlFigures
) -> None:
    put(
        store,
        *(alarm(1, "sync top"), alarm(2, "sync top", station="board"), alarm(3, "sync top")),
        *(alarm(9, "sync top", on=False), alarm(10, "sync top"), alarm(11, "clock", on=False)),
        alarm(4000, "sync top", on=False),
    )
    assert when(records.raised("ring", WINDOW)) == [
        ("sync top", after(1), after(9)),
        ("sync top", after(3), after(9)),
        ("sync top", after(10), after(4000)),
    ]
    assert [one.station for one in records.raised("", WINDOW)] == ["ring", "board", "ring", "ring"]
    assert when(records.raised("board", WINDOW)) == [("sync top", after(2), None)]


def test_only_what_came_in_the_window_counts(store: SqlStore, records: SqlFigures) -> None:
    put(store, alarm(-1, "clock"), alarm(5, "takt"), alarm(3600, "clock"))
    assert when(records.raised("ring", WINDOW)) == [("takt", after(5), None)]
    later = Window(START + timedelta(days=1), START + timedelta(days=2))
    assert records.raised("", later) == ()


def test_the_first_answer_and_any_action_of_it_count(
    store: SqlStore, records: SqlFigures, engine: Engine
) -> None:
    put(store, alarm(1, "takt"), alarm(2, "clock"), alarm(3, "fan"))
    with engine.begin() as connection:
        takt, clock, _ = connection.execute(select(alarms.c.id).order_by(alarms.c.id)).scalars()
        for one, person, did, seconds in (
            (takt, "olga", "", 10),
            (takt, "quin", "slowed the line", 20),
            (clock, "olga", "", 90_000),
        ):
            moment = START + after(seconds)
            answer_alarm(connection, one, person=person, did=did, now=moment)
    found = records.raised("ring", WINDOW)
    assert [one.answered and one.answered - START for one in found] == [
        after(10),
        after(90_000),
        None,
    ]
    assert [one.acted for one in found] == [True, False, False]
    days = Window(START, START + timedelta(days=3))
    by_day = records.seen("", days).happened.operators
    assert by_day == {START.date(): 2, (START + after(90_000)).date(): 1}
