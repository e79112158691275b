"""A watch's alarm comes once, stands across restarts and answers, and goes when all is usual."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from inspector.domain.health import Condition, State
from inspector.domain.watching.words import Watch
from inspector.storage.schema import alarms
from inspector.storage.sql_feedback import answer_alarm
from inspector.storage.watch_alarms import WatchAlarms
from tests.journal_entries import START

REJECTS, FINDS = ("ring", Watch.REJECTS), ("ring", Watch.FINDS)
STATIONS = ("board", "ring")
TEXT = "rejects: 4 % in the last hours"
LONGEST_NAME = "a" * 32


@pytest.fixture
def watching(engine: Engine) -> WatchAlarms:
    return WatchAlarms(engine, STATIONS)


def rows(engine: Engine) -> list[tuple[str, str, bool]]:
    column = alarms.c
    with engine.connect() as connection:
        wanted = select(column.name, column.text, column.on).order_by(column.id)
        return [(row.name, row.text, row.on) for row in connection.execute(wanted)]


def test_it_comes_once_and_goes_once(engine: Engine, watching: WatchAlarms) -> None:
    for hour, text in enumerate(["", TEXT, TEXT, "rejects: 5 %", "", ""]):
        watching.take({REJECTS: text}, START + timedelta(hours=hour))
    assert rows(engine) == [(Watch.REJECTS, TEXT, True), (Watch.REJECTS, "", False)]
    assert watching.conditions() == {}


def test_a_restart_neither_repeats_nor_forgets_it(engine: Engine, watching: WatchAlarms) -> None:
    watching.take({REJECTS: TEXT, FINDS: ""}, START)
    again = WatchAlarms(engine, STATIONS)
    assert again.conditions() == {"ring": [Condition(State.MAINTENANCE, TEXT)]}
    again.take({REJECTS: TEXT}, START + timedelta(hours=1))
    assert len(rows(engine)) == 1
    again.take({REJECTS: ""}, START + timedelta(hours=2))
    assert WatchAlarms(engine, STATIONS).conditions() == {}
    assert len(rows(engine)) == 2


def test_a_watch_that_was_not_asked_stands_as_it_stood(watching: WatchAlarms) -> None:
    watching.take({FINDS: "audits find more"}, START)
    watching.take({REJECTS: ""}, START + timedelta(hours=1))
    said = Condition(State.OUT_OF_SPECIFICATION, "audits find more")
    assert watching.conditions() == {"ring": [said]}


def test_an_answer_ends_the_condition_and_the_same_change_is_not_told_again(
    engine: Engine, watching: WatchAlarms
) -> None:
    watching.take({REJECTS: TEXT}, START)
    with engine.begin() as connection:
        answer_alarm(connection, 1, person="olga", did="cleaned the lens", now=START)
    assert watching.conditions() == {}
    watching.take({REJECTS: TEXT}, START + timedelta(hours=1))
    assert WatchAlarms(engine, STATIONS).conditions() == {}
    assert len(rows(engine)) == 1
    watching.take({REJECTS: ""}, START + timedelta(hours=2))
    watching.take({REJECTS: TEXT}, START + timedelta(hours=3))
    assert watching.conditions() == {"ring": [Condition(State.MAINTENANCE, TEXT)]}


def test_what_stood_at_a_station_that_is_gone_goes(engine: Engine, watching: WatchAlarms) -> None:
    watching.take({REJECTS: TEXT, ("board", Watch.REJECTS): TEXT}, START)
    without = WatchAlarms(engine, ("board",))
    without.take({("board", Watch.REJECTS): TEXT}, START + timedelta(hours=1))
    assert [*without.conditions()] == ["board"]


def test_a_clock_that_was_set_back_costs_no_alarm(engine: Engine, watching: WatchAlarms) -> None:
    watching.take({REJECTS: TEXT}, START + timedelta(hours=5))
    watching.take({REJECTS: ""}, START)
    watching.take({REJECTS: TEXT}, START + timedelta(hours=1))
    assert [on for *_, on in rows(engine)] == [True, False, True]
    assert WatchAlarms(engine, STATIONS).conditions() != {}


def test_the_longest_name_of_a_station_fits(engine: Engine) -> None:
    watching = WatchAlarms(engine, (LONGEST_NAME,))
    watching.take({(LONGEST_NAME, watch): TEXT for watch in Watch}, START)
    assert len(watching.conditions()[LONGEST_NAME]) == len(Watch)
