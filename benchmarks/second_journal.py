"""The recorder's process with a second journal: `python -m benchmarks.second_journal recorder ...`.

A journal has one writer, the line. What else is to be recorded lies in a ring of its own, `LOAD`
in the runtime folder; this recorder reads both and commits both in one transaction.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final
from unittest.mock import patch

from inspector.gateway import __main__ as gateway
from inspector.gateway import recorder_process
from inspector.storage.journal import JournalConsumer
from inspector.storage.ring import Entry

LOAD: Final = "load"


class BothJournals(JournalConsumer):
    """The line's journal; what the other one holds goes with it, at the offset that stands."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._load = JournalConsumer(path.with_name(LOAD))
        self._taken = self._next = 0

    def since(self, offset: int, limit: int = 1000) -> list[tuple[int, Entry]]:
        """Return the line's entries, then as many of the load's as go into the same commit."""
        ring = self.ring
        entries = super().since(offset, limit)
        at = entries[-1][0] if entries else offset if self.ring == ring else 0
        more = self._load.since(self._taken, limit - len(entries)) if limit > len(entries) else []
        self._next = more[-1][0] if more else self._taken
        return [*entries, *((at, entry) for _, entry in more)]

    def consume(self, offset: int) -> None:
        """Let both writers go on: everything that `since` returned last is committed."""
        super().consume(offset)
        self._taken = self._next
        self._load.consume(self._taken)

    def close(self) -> None:
        """Unmap both."""
        super().close()
        if hasattr(self, "_load"):
            self._load.close()


if __name__ == "__main__":
    with patch.object(recorder_process, "JournalConsumer", BothJournals):
        sys.exit(gateway.main())
