"""When parts came, which alarms came and were answered, and when a station could not inspect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from inspector.domain.incidents import Failure, Running
from inspector.domain.kpi import Window
from inspector.domain.periods import Shifts
from inspector.domain.retention import RetentionPolicy
from inspector.domain.site_figures import Happened
from inspector.storage import retention
from inspector.storage.closing import Closing
from inspector.storage.database import database_file
from inspector.storage.image_files import KeptPictures
from inspector.storage.postgres import Server
from inspector.storage.schema import alarms
from inspector.storage.sql_feedback import answer_alarm
from inspector.storage.sql_judgements import SqlFigures
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import START, Entry, at, decided, judged, numbered

HOUR = 3600
WINDOW = Window(START, START + timedelta(hours=6))


@pytest.fixture
def records(data: Path, server: Server | None) -> Iterator[SqlFigures]:
    opened = SqlFigures(server or database_file(data))
    yield opened
    opened.close()


def alarm(n: int, name: str, *, on: bool, station: str = "ring") -> Entry:
    fields = {"kind": "alarm", "at": at(n), "station": station, "name": name}
    return {**fields, "text": "no connection to the PLC" if on else "", "on": on}


def put(store: SqlStore, *entries: Entry) -> None:
    store.apply("ring-1", numbered(list(entries)), offset=1, now=START)


def happened(records: SqlFigures, station: str = "") -> Happened:
    return records.seen(station, WINDOW).happened


def after(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def test_hours_in_a_row_are_one_stretch_from_the_first_part_to_the_end(
    store: SqlStore, records: SqlFigures, engine: Engine
) -> None:
    seconds = (600, HOUR + 5, 4 * HOUR + 10)
    put(store, *(entry for n in seconds for entry in (judged(n), decided(n))))
    expected = (
        Running("ring", Window(START + after(600), START + after(2 * HOUR))),
        Running("ring", Window(START + after(4 * HOUR), START + after(5 * HOUR))),
    )
    assert happened(records).running == expected
    closing = Closing(engine, Shifts(ZoneInfo("UTC")))
    while closing.step(START + timedelta(days=1)):
        pass
    assert happened(records).running == expected, "the same from closed hours"
    assert happened(records, "board").running == ()


def test_hours_whose_parts_are_deleted_still_ran(
    store: SqlStore,
    records: SqlFigures,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "LOOKED_BACK", 0)
    seconds = (600, HOUR + 5, 4 * HOUR + 10)
    put(store, *(entry for n in seconds for entry in (judged(n), decided(n))))
    closing = Closing(engine, Shifts(ZoneInfo("UTC")))
    while closing.step(START + timedelta(days=1)):
        pass
    policy = RetentionPolicy(records_days=1)
    tidy = retention.Retention(engine, KeptPictures(tmp_path), policy, a_log())
    now = START + timedelta(days=1, hours=4)
    assert tidy.step(now, free_percent=50.0) == 2, "of three parts"
    assert happened(records).running == (
        Running("ring", Window(START, START + after(2 * HOUR))),
        Running("ring", Window(START + after(4 * HOUR), START + after(5 * HOUR))),
    )


def test_a_failure_lasts_from_ten_seconds_before_its_alarm_until_it_went(
    store: SqlStore, records: SqlFigures
) -> None:
    put(
        store,
        *(judged(1), decided(1), judged(2, station="board")),
        *(alarm(100, "failure", on=True), alarm(110, "takt", on=True)),
        *(alarm(160, "failure", on=False), alarm(200, "failure", on=True, station="board")),
    )
    ring = Failure(START + after(90), START + after(160), "ring")
    assert happened(records, "ring").failures == (ring,)
    assert set(happened(records).failures) == {ring, Failure(START + after(190), None, "board")}


def test_an_alarm_is_answered_by_the_first_word_of_a_person(
    store: SqlStore, records: SqlFigures, engine: Engine
) -> None:
    came = [alarm(100, "takt", on=True), alarm(120, "takt", on=False)]
    put(store, *came, alarm(300, "takt", on=True))
    with engine.begin() as connection:
        one = connection.execute(select(alarms.c.id).order_by(alarms.c.at)).scalars().first()
        assert one is not None
        for seconds in (130, 150):
            now = START + after(seconds)
            answer_alarm(connection, one, person="mia", did="", now=now)
    first, second = happened(records).incidents
    assert (first.alarm, first.action) == (START + after(100), START + after(130))
    assert second.action is None


def test_the_records_reach_to_the_last_commit(store: SqlStore, records: SqlFigures) -> None:
    assert records.recorded_until() is None
    put(store, judged(1))
    assert records.recorded_until() == START
