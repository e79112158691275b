"""A database of its own for each test, once in SQLite and once in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspector.storage.database import database_file, writing
from inspector.storage.postgres import Server
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import Postgres, put_blank


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(servers: Postgres | None, data: Path) -> Server | None:
    """Make a blank database: in the server, or in the data folder."""
    if servers is None:
        put_blank(data)
    return servers.blank() if servers else None


@pytest.fixture
def engine(data: Path, server: Server | None) -> Iterator[Engine]:
    with writing(data, server) as engine:
        yield engine


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    return SqlStore(engine, a_log())


@pytest.fixture
def records(data: Path, server: Server | None) -> Iterator[SqlRecords]:
    opened = SqlRecords(server or database_file(data))
    yield opened
    opened.close()
