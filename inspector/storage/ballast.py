"""Two megabytes that are given up when the disk is full, so that the alarm of it can be stored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from inspector.domain.accounted import Accounted
from inspector.errors import StoreFull

BYTES: Final = 2 * 1024 * 1024
ROOM: Final = 16 * BYTES
"""It is taken again once so much is free, or it would be the last straw itself."""


class Ballast:
    """A file that holds a place on the disk of the database."""

    def __init__(self, data: Path) -> None:
        """Take a site's data folder, and the place if there is room."""
        self._file = data / "ballast"
        self.take()

    def take(self) -> None:
        """Hold the place, if it is not held already and there is room enough."""
        if self._file.exists() or shutil.disk_usage(self._file.parent).free < ROOM:
            return
        with self._file.open("wb") as file:
            file.write(b"\0" * BYTES)
            file.flush()
            os.fsync(file.fileno())

    def give_up(self) -> bool:
        """Make room; return whether there was any to make."""
        held = self._file.exists()
        self._file.unlink(missing_ok=True)
        return held


class _Store(Protocol):
    """What the recorder has of the store; see `recorder.RecordStore`."""

    def position(self) -> tuple[str, int]: ...
    def apply(
        self,
        ring: str,
        entries: Sequence[tuple[int, Mapping[str, Any]]],
        *,
        offset: int,
        now: datetime,
    ) -> None: ...
    def note_alarm(self, source: str, name: str, text: str, now: datetime) -> None: ...
    def accounted(self) -> dict[str, Accounted]: ...
    def row_count(self) -> int: ...


class BallastedStore:
    """The recorder's store, with an alarm that a full disk lets through."""

    def __init__(self, store: _Store, ballast: Ballast) -> None:
        self._store, self._ballast = store, ballast
        self.position, self.accounted = store.position, store.accounted
        self.note_alarm, self.row_count = store.note_alarm, store.row_count

    def apply(
        self,
        ring: str,
        entries: Sequence[tuple[int, Mapping[str, Any]]],
        *,
        offset: int,
        now: datetime,
    ) -> None:
        """Commit entries; on a full disk give up the ballast for the alarm, and raise."""
        try:
            self._store.apply(ring, entries, offset=offset, now=now)
        except StoreFull:
            if self._ballast.give_up():
                why = "the disk is full: records wait in the journal, pictures are not kept"
                self._store.note_alarm(f"{ring}:{offset}:disk", "disk_full", why, now)
            raise
        self._ballast.take()
