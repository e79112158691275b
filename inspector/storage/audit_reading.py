"""Reads the audit log for checking and export: one snapshot, the outside files before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from sqlalchemy import Connection

from inspector.audit.checking import IN_DATABASE, Kept
from inspector.audit.checkpoint import Checkpoint
from inspector.errors import BadInput, StoreRefused
from inspector.storage.checkpoint_file import notes_in
from inspector.storage.database import check_readable, reading, refusing
from inspector.storage.postgres import Server
from inspector.storage.sql_audit import checkpoints


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log at one moment.

    Attributes:
        connection: Sees the database of this moment.
        files: Checkpoint files outside of it, each with how many bytes it had before.
    """

    connection: Connection
    files: Sequence[tuple[Path, int]]

    def kept(self) -> Iterator[Kept]:
        """Yield all checkpoints by size."""
        inside = (Kept(size, IN_DATABASE, note) for size, note in checkpoints(self.connection))
        outside = [_in_file(path, behind) for path, behind in self.files]
        return merge(inside, *outside, key=lambda one: one.size)


@contextmanager
def snapshot(database: Path | Server, files: Sequence[Path]) -> Iterator[Snapshot]:
    """Give the log as it stands now, whether a recorder runs or not.

    What a file holds was committed before: so it is measured first, and the database then.

    Raises:
        StoreRefused: The database or a file cannot be read.
    """
    measured = [(file, _bytes_of(file)) for file in files]
    for one in measured:
        deque(_in_file(*one), maxlen=0)  # refuses a file before any cursor of the database is open
    engine = reading(database)
    try:
        check_readable(engine, database)
        with refusing(database), engine.connect() as connection:
            yield Snapshot(connection, measured)
    finally:
        engine.dispose()


def _bytes_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise StoreRefused(f"{file}: {error.strerror}") from error


def _in_file(path: Path, behind: int) -> Iterator[Kept]:
    for note in notes_in(path, behind):
        try:
            size = Checkpoint.from_text(note).size
        except BadInput as error:
            raise StoreRefused(f"{path}: {error}") from error
        yield Kept(size, str(path), note)
