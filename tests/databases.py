"""A blank database at once: the migrations run once for all tests."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from inspector.storage.database import check_usable, database_file


def put_blank(data: Path) -> None:
    """Put a database of the newest version, without rows, into a data folder."""
    data.mkdir(parents=True, exist_ok=True)
    database_file(data).write_bytes(_blank())


@cache
def _blank() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        check_usable(Path(folder))
        return database_file(Path(folder)).read_bytes()
