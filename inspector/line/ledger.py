"""The line's journal, and what is owed to it while it is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from inspector.domain.entries import Entry
from inspector.errors import JournalFull
from inspector.ports import Clock, Journal


class Ledger:
    """Appends a station's entries in their order; what the journal cannot take is paid later.

    Attributes:
        alarm: What is wrong with the journal, for people; empty when nothing is.
    """

    def __init__(self, journal: Journal, clock: Clock, station: str) -> None:
        self.alarm = ""
        self._journal, self._clock, self._station = journal, clock, station
        self._owed: deque[tuple[int, Entry]] = deque()

    @property
    def owes(self) -> bool:
        """True while an entry waits for room."""
        return bool(self._owed)

    def write(self, entry: Mapping[str, object], *, number: int = -1, owe: bool = True) -> bool:
        """Append an entry; False when it could not be, and is owed unless `owe` is False."""
        full = {**entry, "at": self._clock.now().isoformat(), "station": self._station}
        if not self._owed and self._appended(full):
            return True
        if owe:
            self._owed.append((number, full))
        return False

    def pay(self) -> list[int]:
        """Append what is owed and has room now; return the parts whose entry was paid."""
        paid = []
        while self._owed and self._appended(self._owed[0][1]):
            paid.append(self._owed.popleft()[0])
        if not self._owed:
            self.alarm = ""
        return paid

    def _appended(self, entry: Entry) -> bool:
        try:
            self._journal.append(entry)
        except JournalFull:
            self.alarm = "the journal is full: the recorder does not keep up"
            return False
        return True
