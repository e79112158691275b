"""PostgreSQL: one writer, readers that only read, a server that was away, no password said."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from inspector.errors import NothingRunning, StoreRefused
from inspector.storage import postgres
from inspector.storage.database import check_usable, reading, writing
from inspector.storage.postgres import Server
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.databases import Postgres
from tests.journal_entries import START, judged, numbered

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("servers"),
    pytest.mark.parametrize("servers", ["postgresql"], indirect=True, scope="session"),
]


def apply(store: SqlStore, number: int) -> None:
    store.apply("ring-1", numbered([judged(number)], number), offset=8 * number, now=START)


def test_a_second_writer_is_refused_whatever_its_data_folder(
    engine: Engine, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(NothingRunning, match="another process is writing this database"):
        check_usable(tmp_path / "another gateway", server)


def test_when_the_writer_has_ended_the_next_one_may_write(data: Path, server: Server) -> None:
    check_usable(data, server)
    check_usable(data, server)


def test_a_reader_cannot_write(engine: Engine, server: Server) -> None:
    reader = reading(server)
    with reader.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.execute(text("INSERT INTO meta VALUES ('site', 'here')"))
    reader.dispose()


def test_a_reader_sees_one_snapshot(engine: Engine, server: Server) -> None:
    reader = reading(server)
    with reader.begin() as connection:
        before = connection.execute(text("SELECT count(*) FROM meta")).scalar()
        with engine.begin() as other:
            other.execute(text("INSERT INTO meta VALUES ('site', 'here')"))
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar() == before
    reader.dispose()


def test_the_writer_waits_for_the_disk(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_locked_table_loses_nothing(
    servers: Postgres, server: Server, store: SqlStore, records: SqlRecords
) -> None:
    with servers.connected(server) as holder:
        holder.execute(text("BEGIN"))
        holder.execute(text("LOCK TABLE parts IN EXCLUSIVE MODE"))
        with pytest.raises(StoreRefused, match="lock timeout"):
            apply(store, 1)
        holder.execute(text("ROLLBACK"))
    apply(store, 1)
    assert records.counts().records == 1


def test_a_server_that_was_away_loses_nothing_and_has_one_writer_again(
    servers: Postgres, server: Server, store: SqlStore, records: SqlRecords, tmp_path: Path
) -> None:
    apply(store, 1)
    servers.stop()
    with pytest.raises(StoreRefused):
        apply(store, 2)
    with pytest.raises(StoreRefused):
        records.counts()
    servers.start()
    apply(store, 2)
    assert records.counts().records == 2
    with pytest.raises(NothingRunning):
        check_usable(tmp_path / "another gateway", server)


def test_a_database_of_a_newer_version_is_refused(data: Path, server: Server) -> None:
    with writing(data, server) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreRefused, match=r"postgresql:.*version 9999, newer than this program"):
        check_usable(data, server)
    reader = SqlRecords(server)
    with pytest.raises(StoreRefused, match="version 9999"):
        reader.counts()
    reader.close()


def test_a_database_that_is_not_there_is_one_sentence_without_the_password(
    data: Path, servers: Postgres
) -> None:
    nowhere = Server(servers.address("nowhere").url, "s3cret")
    with pytest.raises(StoreRefused, match='database "nowhere" does not exist') as refused:
        check_usable(data, nowhere)
    cause = refused.value.__cause__
    assert "s3cret" not in f"{refused.value} {cause} {cause!r} {nowhere} {nowhere!r}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("query", "ours"), [("", {"sslmode": "require"}), ("?sslmode=verify-full", {})]
)
def test_the_connection_is_encrypted_unless_the_address_says_how(
    query: str, ours: dict[str, str]
) -> None:
    assert postgres._encrypted(Server(f"postgresql://inspector@db/inspector{query}")) == ours
