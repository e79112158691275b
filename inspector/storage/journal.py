"""The journal: a ring of JSON entries in shared memory that survives `kill -9` of its writer.

The file (`ring.py`) lies in the runtime folder (tmpfs). One process writes (the line); any number
read; one of the readers (the recorder) says how far it has got, and the writer overwrites only
what lies before that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from inspector.errors import JournalFull, StoreRefused
from inspector.storage.ring import (
    LARGEST_ENTRY_BYTES,
    Entry,
    Ring,
    new_ring,
    room_of,
    whole_ring,
)

CAPACITY_BYTES: Final = 16 * 1024 * 1024
"""For a whole site: four minutes of 30 parts/s, 2 kB each, while the recorder does not read."""

_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class JournalReader:
    """Reads the ring: also before there is one, across the writer's restart, and when made anew.

    Attributes:
        ring: Id of the ring that the last entries came from; "" while none was found. Offsets of
            two rings have nothing to do with each other.
    """

    _writable = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: Ring | None = None
        self.ring = ""
        self._reopened()

    @property
    def head(self) -> int:
        """Return the offset behind the newest entry."""
        return self._ring.head if self._ring else 0

    @property
    def oldest(self) -> int:
        """Return the offset of the oldest entry that can still be read."""
        return self._ring.oldest if self._ring else 0

    @property
    def consumed(self) -> int:
        """Return the offset up to which the recorder has committed everything."""
        return self._ring.consumed if self._ring else 0

    def since(self, offset: int, limit: int = 1000) -> list[tuple[int, Entry]]:
        """Return (offset behind the entry, entry), oldest first, at most `limit`.

        An offset that the ring does not have (already overwritten, or never written) reads from
        the oldest. When nothing is left and the ring was made anew, reading goes on at the new
        one's beginning, and `ring` says so: look at it after each call.
        """
        if entries := self._read(offset, limit):
            return entries
        return self._read(0, limit) if self._reopened() else []

    def _read(self, offset: int, limit: int) -> list[tuple[int, Entry]]:
        if self._ring is None:
            return []
        if not self._ring.oldest <= offset <= self._ring.head:
            offset = self._ring.oldest
        return self._ring.read(offset, limit)

    def _reopened(self) -> bool:
        """Return whether another ring than ours lies at the path, and map that one."""
        try:
            status = self._path.stat()
            if self._ring and self._ring.file == (status.st_dev, status.st_ino):
                return False
            ring = Ring(self._path, writable=self._writable)
        except (OSError, StoreRefused):
            return False  # none yet, or one that the writer is about to make anew
        self.close()
        self._ring, self.ring = ring, ring.id
        return True

    def close(self) -> None:
        """Unmap; may be called twice."""
        if self._ring:
            self._ring.close()
        self._ring = None

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unmap."""
        self.close()


class JournalConsumer(JournalReader):
    """The one reader that says how far all is committed: the recorder."""

    _writable = True

    def consume(self, offset: int) -> None:
        """Let the writer overwrite what lies before `offset` of the ring last read."""
        if self._ring and self._ring.consumed < offset <= self._ring.head:
            self._ring.consumed = offset


class JournalWriter:
    """The line's side; also reads, since what the line knows after its restart it knows from here.

    Attributes:
        made_anew: "" when the ring was there and whole; else why there is a new one: "there was
            none", or what was wrong with the old one, which then lies beside it as `journal.aside`.
    """

    def __init__(self, path: Path, capacity_bytes: int = CAPACITY_BYTES) -> None:
        """Open or make the ring.

        Raises:
            NothingRunning: Another process writes this journal.
            OSError: The folder is missing or full.
        """
        self.made_anew = ""
        ring = whole_ring(path)
        if isinstance(ring, str):
            self.made_anew = ring
            ring = new_ring(path, capacity_bytes)
        self._ring = ring

    @property
    def ring(self) -> str:
        """Return the ring's id."""
        return self._ring.id

    @property
    def head(self) -> int:
        """Return the offset behind the newest entry."""
        return self._ring.head

    @property
    def oldest(self) -> int:
        """Return the offset of the oldest entry."""
        return self._ring.oldest

    @property
    def room_bytes(self) -> int:
        """Return how much can be written before the recorder must have read on."""
        return self._ring.capacity - (self._ring.head - min(self._ring.consumed, self._ring.head))

    def append(self, entry: Mapping[str, object]) -> int:
        """Return the offset behind the entry once it is in shared memory.

        Raises:
            JournalFull: It would overwrite what the recorder has not committed yet, or is longer
                than `LARGEST_ENTRY_BYTES`. Nothing was written.
        """
        content = _dumps(entry).encode("utf-8", "surrogatepass")
        if len(content) > LARGEST_ENTRY_BYTES or room_of(len(content)) > self.room_bytes:
            why = f"no room for an entry of {len(content)} bytes: the recorder is behind"
            raise JournalFull(why)
        return self._ring.write(content)

    def since(self, offset: int) -> list[tuple[int, Entry]]:
        """Return (offset behind the entry, entry) from `offset` on, oldest first; 0: all."""
        return self._ring.read(max(offset, self._ring.oldest), limit=self._ring.capacity)

    def close(self) -> None:
        """Unmap and unlock; the ring stays."""
        self._ring.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unmap and unlock."""
        self.close()
