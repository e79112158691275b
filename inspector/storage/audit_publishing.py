"""Brings the audit log's checkpoints out of the database, and holds the two against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from inspector.audit.checkpoint import Checkpoint
from inspector.errors import BadInput
from inspector.storage.checkpoint_file import CheckpointFile
from inspector.storage.sql_audit import AuditLog, checkpoint_note, checkpoints

_LATER: Final = "the audit log's checkpoints wait until their file can be written"


class Publishing:
    """Appends to the file what has been committed; behind the commit, so that it never runs ahead.

    Args:
        log: Knows when there is something new; becomes suspect when the two do not agree.
        engine: The recorder's.
        path: The file.

    Attributes:
        why: Why the file cannot be written now, "" when it can; what is owed comes later.
    """

    def __init__(self, log: AuditLog, engine: Engine, path: Path) -> None:
        self._log, self._engine, self._path = log, engine, path
        self._file: CheckpointFile | None = None
        self.why = ""

    def step(self) -> None:
        """Do what there is to do."""
        if not self._log.unpublished:
            return
        try:
            with self._engine.connect() as connection:
                self._publish(connection)
        except OSError as error:
            self.why = f"{_LATER}: {self._path}: {error.strerror}"
        except (BadInput, SQLAlchemyError) as error:
            self.why = f"{_LATER}: {self._path}: {error}"
        else:
            self._log.unpublished, self.why = False, ""

    def _publish(self, connection: Connection) -> None:
        if self._file is None:
            self._file = CheckpointFile(self._path)
            self._log.suspect = self._log.suspect or _set_back(connection, self._file.newest)
            self._log.check(connection)
        newest = self._file.newest
        if not self._log.suspect:
            above = newest.size if newest else 0
            self._file.append(note for _, note in checkpoints(connection, above=above))


def _set_back(connection: Connection, outside: Checkpoint | None) -> str:
    """Return why the database is not the one that this checkpoint was made of, or ""."""
    if outside is None:
        return ""
    note = checkpoint_note(connection, outside.size)
    if not note:
        why = f"{outside.size} entries were signed outside of the database"
        return f"{why}, which does not have them: was it set back to an older copy?"
    same = Checkpoint.from_text(note) == outside
    return "" if same else f"the {outside.size} first entries are not those that were signed"
