"""Checkpoints outside the database: signed notes one behind another, each with an empty line.

The file only grows. A database that is set back to an older copy does not agree with it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from inspector.audit.checkpoint import Checkpoint
from inspector.errors import BadInput, StoreRefused

_TAIL_BYTES: Final = 64 * 1024
_LONGEST_NOTE_BYTES: Final = 4096
_END: Final = re.compile(rb"^\xe2\x80\x94 [^\n]*\n\n", re.MULTILINE)
"""Where a note ends: its last signature, and the empty line behind it."""


class CheckpointFile:
    """The writing side; the recorder's.

    Attributes:
        newest: The last checkpoint in the file, its signature not looked at; None for none.
    """

    def __init__(self, path: Path) -> None:
        """Make the file if there is none, and take away what a power cut left half written.

        Raises:
            OSError: It cannot be written.
            StoreRefused: What lies there is no such file; nothing was changed.
            BadInput: Its last note is no checkpoint.
        """
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            start = max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0)
            file.seek(start)
            tail = file.read()
            whole = _whole(tail)
            if len(tail) - whole > _LONGEST_NOTE_BYTES:
                raise StoreRefused(f"{path}: not a file of checkpoints")
            self.newest = _last(tail)
            file.truncate(start + whole)

    def append(self, notes: Iterable[str]) -> None:
        """Add notes, oldest first, durably; raises `OSError`."""
        text = "".join(f"{note}\n" for note in notes).encode()
        if not text:
            return
        with self._path.open("ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.newest = _last(text)


def notes_in(path: Path, behind: int) -> Iterator[str]:
    """Yield the whole notes among the first `behind` bytes, as they lie there.

    Raises:
        StoreRefused: It cannot be read, or is no text.
    """
    lines: list[str] = []
    try:
        with path.open("rb") as file:
            while file.tell() < behind and (line := file.readline().decode()):
                if line == "\n" and lines and lines[-1].startswith("— "):
                    yield "".join(lines)
                    lines = []
                else:
                    lines.append(line)
    except OSError as error:
        raise StoreRefused(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StoreRefused(f"{path}: not a file of checkpoints") from error


def mirror(own: Path, copy: Path) -> None:
    """Bring a copy of the file up to date, durably; nothing in it is ever replaced.

    Raises:
        OSError: One of the two cannot be read or written; what is owed comes later.
        BadInput: What lies there is not the beginning of our file.
    """
    with own.open("rb") as source, copy.open("a+b") as target:
        size = target.seek(0, os.SEEK_END)
        start = max(size - _TAIL_BYTES, 0)
        source.seek(start)
        target.seek(start)
        if source.read(size - start) != target.read():
            raise BadInput(f"{copy} has checkpoints that our own file lacks")
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())


def _whole(text: bytes) -> int:
    """Return how many bytes the whole notes take."""
    return max((one.end() for one in _END.finditer(text)), default=0)


def _last(text: bytes) -> Checkpoint | None:
    ends = [0, *(one.end() for one in _END.finditer(text))]
    if len(ends) == 1:
        return None
    return Checkpoint.from_text(text[ends[-2] : ends[-1]].decode())
