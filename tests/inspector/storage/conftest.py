"""A database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspector.storage.database import database_file, writing
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import put_blank


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def engine(data: Path) -> Iterator[Engine]:
    put_blank(data)
    with writing(data) as engine:
        yield engine


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    return SqlStore(engine, a_log())


@pytest.fixture
def records(data: Path) -> Iterator[SqlRecords]:
    opened = SqlRecords(database_file(data))
    yield opened
    opened.close()
