"""On a full disk the alarm of it still gets through, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from inspector.errors import StoreDamaged, StoreFull
from inspector.storage.ballast import BYTES, Ballast, BallastedStore
from inspector.storage.database import database_file
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import judged, numbered

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
pytestmark = [
    pytest.mark.usefixtures("servers"),
    pytest.mark.parametrize("servers", ["sqlite"], indirect=True, scope="session"),
]


def limit(engine: Engine, more: int) -> None:
    """Let the database grow by so many pages, as a disk with so much room would."""
    with engine.begin() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + more}"))


def test_a_full_disk_gives_the_alarm_the_place_of_the_ballast(
    data: Path,
    engine: Engine,
    store: SqlStore,
    records: SqlRecords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ballast = Ballast(data)
    assert (data / "ballast").stat().st_size == BYTES
    give_up = ballast.give_up

    def given_up() -> bool:
        limit(engine, 20)
        return give_up()

    monkeypatch.setattr(ballast, "give_up", given_up)
    ballasted = BallastedStore(store, ballast)
    long = numbered([judged(n, reasons=["x" * 100_000]) for n in range(1, 3)])
    limit(engine, 0)
    for _ in range(2):
        with pytest.raises(StoreFull, match="full"):
            ballasted.apply("ring-1", long, offset=16, now=NOW)
    assert [one.name for one in records.alarms()] == ["disk_full"]
    assert not (data / "ballast").exists()
    assert store.position() == ("", 0)
    limit(engine, 10_000)
    ballasted.apply("ring-1", long, offset=16, now=NOW)
    assert records.counts().records == 2
    assert (data / "ballast").exists()


def test_the_ballast_is_never_the_last_straw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NearlyFull:
        free = 3 * BYTES

    monkeypatch.setattr("shutil.disk_usage", lambda folder: NearlyFull)
    Ballast(tmp_path)
    assert not (tmp_path / "ballast").exists()


def test_a_database_with_pages_overwritten_is_said_to_be_damaged(
    data: Path, engine: Engine, store: SqlStore
) -> None:
    store.apply("ring-1", numbered([judged(n) for n in range(1, 200)]), offset=8, now=NOW)
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    with database_file(data).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (database_file(data).stat().st_size - 4096))
    engine.dispose()
    with pytest.raises(StoreDamaged):
        store.apply("ring-1", numbered([judged(300)], 300), offset=99, now=NOW)
