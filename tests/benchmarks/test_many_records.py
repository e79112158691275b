"""The made year of records is as the product would have written it, and can be asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import many_records
from benchmarks.progress import Progress
from benchmarks.records_made import BLOCK, FIRST, STATIONS, check_hours, id_of, make, number_at
from inspector.domain.verdict import Verdict
from inspector.storage.database import database_file, writing
from inspector.storage.sql_store import SqlRecords

pytestmark = pytest.mark.slow
SEED, PARTS = 800, 2400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("records")
    make(data, PARTS, Progress(), seed=SEED)
    return data


@pytest.fixture
def records(made: Path) -> Iterator[SqlRecords]:
    with closing(SqlRecords(database_file(made))) as records:
        yield records


def test_every_part_has_one_record_under_the_id_that_is_asked_for(records: SqlRecords) -> None:
    for n in range(0, PARTS, 7):
        station, number = number_at(n)
        found = records.record(id_of(station, number, SEED))
        assert found is not None
        assert (found.station, found.number) == (station, number)
        assert found.decision is not None
        assert found.verdict is Verdict.UNKNOWN or found.views[0].picture


def test_copies_come_later_and_are_no_copies_of_pictures(made: Path) -> None:
    with closing(sqlite3.connect(database_file(made))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        pictures = "SELECT count(*), count(DISTINCT picture) FROM views WHERE picture <> ''"
        every, different = connection.execute(pictures).fetchone()
        times = connection.execute("SELECT triggered_at FROM parts ORDER BY rowid").fetchall()
    assert every == different
    assert times == sorted(times)


def test_the_sums_of_closed_hours_are_those_of_the_parts(made: Path, records: SqlRecords) -> None:
    with writing(made) as engine:
        check_hours(engine, FIRST + BLOCK * (PARTS // SEED))
    counts = [records.counts(name) for name in STATIONS]
    assert [one.records for one in counts] == [PARTS // len(STATIONS)] * len(STATIONS)
    with closing(sqlite3.connect(database_file(made))) as connection:
        said = dict(connection.execute("SELECT verdict, count(*) FROM parts GROUP BY verdict"))
        cells = "SELECT sum(parts) FROM cell_counts"
        assert connection.execute(cells).fetchone() == (said["pass"],)
    assert sum(one.rejected for one in counts) == said["reject"]


def test_an_hour_that_was_counted_wrong_is_noticed(tmp_path: Path) -> None:
    make(tmp_path, SEED, Progress(), seed=SEED)
    with closing(sqlite3.connect(database_file(tmp_path))) as connection, connection:
        connection.execute("UPDATE period_counts SET passed = passed + 1")
    with writing(tmp_path) as engine, pytest.raises(ValueError, match="counted"):
        check_hours(engine, FIRST + BLOCK)


def test_everything_that_is_to_be_measured_is(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_records, "ASKED", 2)
    monkeypatch.setattr(many_records, "DURABLE_PARTS", 20)
    (tmp_path / "inspector.db").write_bytes(database_file(made).read_bytes())
    section = many_records.measure(tmp_path, Progress())
    keys = [figure.key for figure in section.figures]
    assert len(keys) == len(set(keys)) == 18
    assert all(figure.value > 0 for figure in section.figures)
