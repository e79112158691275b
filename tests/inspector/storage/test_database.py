"""Opening: made when missing, refused in one sentence when it cannot be used, one writer."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from inspector.errors import NothingRunning, StoreRefused
from inspector.storage import database
from inspector.storage.database import check_usable, database_file, reading, writing
from inspector.storage.feedback_schema import reviews
from inspector.storage.postgres import Server
from inspector.storage.sql_store import SqlRecords
from tests.databases import Postgres

sqlite_only = pytest.mark.parametrize("servers", ["sqlite"], indirect=True, scope="session")


def test_the_migrations_make_the_tables_that_the_code_uses(
    data: Path, servers: Postgres | None
) -> None:
    new = servers.empty() if servers else None
    with writing(data, new) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, reviews.metadata) == []


def test_the_code_reads_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.NEWEST


def test_records_of_an_older_version_stay_and_their_package_is_known(
    data: Path, servers: Postgres | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = servers.empty() if servers else None
    with monkeypatch.context() as before:
        before.setattr(database, "NEWEST", "0002")
        with writing(data, old) as engine, engine.begin() as connection:
            connection.execute(text("INSERT INTO stations VALUES ('ring', 1)"))
            connection.execute(text(OLD_PART))
    with writing(data, old) as engine, engine.begin() as connection:
        found = connection.execute(text("SELECT device_asked, device, score FROM parts")).one()
        assert tuple(found) == ("", "CPU", None)
        assert connection.execute(text("SELECT name FROM packages")).scalars().all() == ["ring"]


OLD_PART = """INSERT INTO parts (record, station, run, number, triggered_at, judged_at, encoder,
 verdict, reasons, not_inspected, recipe, package, model_sha256, device, "precision", epoch)
 VALUES ('r1', 'ring', 1, 1, 5, 6, 0, 'pass', '[]', '', 'standard', 'ring', 'b', 'CPU', 'BF16', 3)
"""


@sqlite_only
def test_the_writer_keeps_the_settings_that_survive_a_power_cut(engine: Engine) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
    with engine.connect() as connection:
        for pragma, value in expected.items():
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_a_second_start_finds_what_the_first_made(data: Path, server: Server | None) -> None:
    with writing(data, server) as engine, engine.begin() as connection:
        connection.execute(text("INSERT INTO meta VALUES ('site', 'here')"))
    with writing(data, server) as engine, engine.begin() as connection:
        assert connection.execute(text("SELECT value FROM meta")).scalar() == "here"


@sqlite_only
def test_a_second_writer_is_refused(data: Path, engine: Engine) -> None:
    with pytest.raises(NothingRunning, match="another process is writing"):
        check_usable(data)


@sqlite_only
def test_a_reader_cannot_write(data: Path, engine: Engine) -> None:
    reader = reading(database_file(data))
    with reader.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("INSERT INTO meta VALUES ('site', 'here')"))
    reader.dispose()


def test_the_last_reader_to_leave_does_not_checkpoint(data: Path) -> None:
    """Two that checkpoint at once can damage a database of SQLite before 3.51.3."""
    with writing(data) as engine:
        reader = reading(database_file(data))
        with reader.connect() as connection:
            connection.execute(text("SELECT 1"))
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO meta VALUES ('site', 'here')"))
        size = database_file(data).stat().st_size
        reader.dispose()
        assert database_file(data).stat().st_size == size
        assert database_file(data).with_name("inspector.db-wal").stat().st_size > 0


def test_a_database_of_a_newer_version_is_refused_and_untouched(data: Path) -> None:
    with writing(data) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = database_file(data).read_bytes()
    with pytest.raises(StoreRefused, match=r"inspector\.db: .*version 9999, newer than this"):
        check_usable(data)
    assert database_file(data).read_bytes() == before
    reader = SqlRecords(database_file(data))
    with pytest.raises(StoreRefused, match="version 9999"):
        reader.counts()
    reader.close()


def test_a_file_that_is_no_database_is_refused_and_untouched(data: Path) -> None:
    content = b"not a database at all, but long enough" * 40
    data.mkdir()
    database_file(data).write_bytes(content)
    with pytest.raises(StoreRefused, match=r"inspector\.db: file is not a database"):
        check_usable(data)
    assert database_file(data).read_bytes() == content


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefused, match="cannot write here: Not a directory"):
        check_usable(tmp_path / "file" / "data")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(data: Path) -> None:
    data.mkdir(mode=0o500)
    with pytest.raises(StoreRefused, match="cannot write here: Permission denied"):
        check_usable(data)


def test_a_database_that_is_not_there_yet_is_said_to_be_so(data: Path) -> None:
    reader = SqlRecords(database_file(data))
    with pytest.raises(StoreRefused, match="there are no records yet"):
        reader.counts()
    check_usable(data)
    assert reader.counts().records == 0
    reader.close()


def test_an_old_sqlite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    assert database.sqlite_note() == ""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    assert "older than 3.51.3" in database.sqlite_note()
