"""The line's journal, what is owed to it while it is full, and what could not be owed any more."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.domain.entries import Entry
from inspector.errors import JournalFull
from inspector.ports import Clock, Journal

MOST_OWED = 2048
"""Some MB of entries, minutes of a fast line: the recorder is long since known to be stuck."""

PartNumber = tuple[int, int]
"""Count run and number."""


@dataclass(slots=True)
class Lost:
    """What found no room, neither in the journal nor among what is owed.

    Attributes:
        counts: Entries by kind.
        on_belt: Parts whose verdict was lost and that are on the belt still: they can be written
            again.
        ranges: [run, first, last] of parts that left no trace: gaps to be written. As long as
            neighbours are lost one after the other, they grow and do not become more.
    """

    counts: Counter[str] = field(default_factory=Counter)
    on_belt: set[PartNumber] = field(default_factory=set)
    ranges: list[list[int]] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Count an entry, and keep which parts it leaves without a trace."""
        self.counts[entry["kind"]] += 1
        if entry["kind"] == "judged":
            self.on_belt.add((entry["run"], entry["number"]))
        elif entry["kind"] == "gap":
            self._put(entry["run"], entry["first"], entry["last"])
        elif entry["kind"] == "decided":
            self.on_belt.discard((entry["run"], entry["number"]))
            self._put(entry["run"], entry["number"], entry["number"])

    def text(self) -> str:
        """Return what was lost, for people."""
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items()))
        return f"lost while the journal was full: {counts} (verdicts of parts on the belt are kept)"

    def _put(self, run: int, first: int, last: int) -> None:
        for one in self.ranges:
            if one[0] == run and first - 1 <= one[2] and one[1] <= last + 1:
                one[1:] = [min(one[1], first), max(one[2], last)]
                return
        self.ranges.append([run, first, last])


class Ledger:
    """Appends a station's entries in their order; what the journal cannot take is paid later.

    Attributes:
        alarm: What is wrong with the journal, for people; empty when nothing is.
    """

    def __init__(self, journal: Journal, clock: Clock, station: str) -> None:
        self.alarm = ""
        self._journal, self._clock, self._station = journal, clock, station
        self._owed: deque[tuple[int, Entry]] = deque()
        self._lost: Lost | None = None

    @property
    def owes(self) -> bool:
        """True while an entry waits for room."""
        return bool(self._owed)

    def write(self, entry: Mapping[str, object], *, number: int = -1, owe: bool = True) -> bool:
        """Append an entry; False when it could not be, and is owed unless `owe` is False."""
        full = {**entry, "at": self._clock.now().isoformat(), "station": self._station}
        if not self._owed and not self._lost and self._appended(full):
            return True
        if owe:
            self._owe(full, number)
        return False

    def pay(self) -> list[int]:
        """Append what is owed and has room now; return the parts whose entry was paid."""
        paid = []
        while self._owed and self._appended(self._owed[0][1]):
            paid.append(self._owed.popleft()[0])
        if not self._owed and not self._lost:
            self.alarm = ""
        return paid

    def forgiven(self) -> Lost | None:
        """Return what was lost, once, when all that is owed has been paid."""
        lost = None if self._owed else self._lost
        if lost:
            self._lost = None
        return lost

    def _owe(self, entry: Entry, number: int) -> None:
        """Keep an entry, within bounds; once one was lost, those behind it are lost too.

        A part's decision is always owed if its verdict was not lost: there are no more of them
        than of those.
        """
        if self._lost is None and len(self._owed) >= MOST_OWED:
            self._lost = Lost()
        if self._lost and not self._finishes_a_record(entry, self._lost):
            self._lost.add(entry)
        else:
            self._owed.append((number, entry))

    @staticmethod
    def _finishes_a_record(entry: Entry, lost: Lost) -> bool:
        known = (entry.get("run"), entry.get("number")) not in lost.on_belt
        return entry["kind"] == "decided" and known

    def _appended(self, entry: Entry) -> bool:
        try:
            self._journal.append(entry)
        except JournalFull:
            self.alarm = "the journal is full: the recorder does not keep up"
            return False
        return True
