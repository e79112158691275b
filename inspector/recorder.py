"""The recorder: what the line has written to the journal goes into the database, whole and once.

It reads from the offset that was committed with the rows, so a kill at any moment neither loses
nor doubles an entry. While the database cannot be written, the ring holds what is owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from inspector.domain.accounted import Accounted
from inspector.domain.health import Condition, State
from inspector.errors import StoreDamaged, StoreRefused
from inspector.ports import Clock

GROUP_S: Final = 0.05
"""What came within this time is committed together: one commit costs about 2 ms of disk."""
GROUP_ENTRIES: Final = 200
"""A commit holds at most so many: a press waits for the one before it."""
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 2.0
SLOW_COMMIT_MS: Final = 1000.0
"""A disk that takes so long is worn out or overloaded. Verdicts do not wait for it; the journal
holds what it owes for minutes, and then PASS is withheld."""
DAMAGE_S: Final = 2.0
"""An entry that is not whole for so long will not become so: memory was damaged."""

Entry = Mapping[str, Any]


class JournalTail(Protocol):
    """The journal as its one consumer sees it."""

    ring: str

    @property
    def head(self) -> int:
        """Offset behind the newest entry."""
        ...

    def since(self, offset: int, limit: int) -> Sequence[tuple[int, Entry]]:
        """Return (offset behind the entry, entry) from `offset` of `ring` on."""
        ...

    def consume(self, offset: int) -> None:
        """Let the writer overwrite what lies before `offset`."""
        ...


class RecordStore(Protocol):
    """The write side of the database; every method raises `StoreRefused` when it cannot now."""

    def position(self) -> tuple[str, int]:
        """Return ring and offset up to which all is committed."""
        ...

    def apply(
        self, ring: str, entries: Sequence[tuple[int, Entry]], *, offset: int, now: datetime
    ) -> None:
        """Commit entries and position together."""
        ...

    def note_alarm(self, source: str, name: str, text: str, now: datetime) -> None:
        """Commit an alarm of the recorder's own."""
        ...

    def accounted(self) -> dict[str, Accounted]:
        """Return up to which part each station's parts are kept."""
        ...

    def row_count(self) -> int:
        """Return how many parts have a record."""
        ...


@dataclass(slots=True)
class _Trouble:
    """Why nothing can be committed, since when, and when to try again (monotonic)."""

    why: str
    wait_s: float
    again_s: float


class Recorder:
    """Moves entries from the journal to the store; `step` is called again and again."""

    def __init__(self, journal: JournalTail, store: RecordStore, clock: Clock) -> None:
        """Take up where the store says; raises `StoreRefused`."""
        self._journal, self._store, self._clock = journal, store, clock
        ring, self._offset = store.position()
        if ring != journal.ring:
            self._offset = 0  # made anew, after a power cut: from its beginning
        self._ring = journal.ring
        journal.consume(self._offset)
        self._rows = store.row_count()
        self._last = store.accounted()
        self._commit_ms = 0.0
        self._trouble: _Trouble | None = None
        self._stuck_since_s: float | None = None

    @property
    def behind_bytes(self) -> int:
        """Return how much of the journal is not committed."""
        return max(self._journal.head - self._offset, 0)

    def step(self) -> bool:
        """Commit the next entries; return whether more may be waiting.

        Raises:
            StoreDamaged: The database's file is damaged.
        """
        now_s = self._clock.monotonic_s()
        if self._trouble and now_s < self._trouble.again_s:
            return False
        entries = self._journal.since(self._offset, limit=GROUP_ENTRIES)
        if self._journal.ring != self._ring:
            self._ring, self._offset = self._journal.ring, 0
        try:
            if entries:
                self._commit(entries)
            else:
                self._pass_damage(now_s)
        except StoreDamaged:
            raise  # trying again does not mend it
        except StoreRefused as error:
            self._wait(str(error), now_s)
            return False
        self._trouble = None
        return len(entries) == GROUP_ENTRIES

    def status(self) -> dict[str, object]:
        """Return what is published of the recorder."""
        condition = self._condition()
        return {
            "rows": self._rows,
            "behind_bytes": self.behind_bytes,
            "last_commit_ms": round(self._commit_ms, 3),
            "last": {
                name: [one.run, one.last, list(one.missing)] for name, one in self._last.items()
            },
            "state": condition.state.value,
            "why": condition.text,
        }

    def _condition(self) -> Condition:
        if self._trouble:
            return Condition(State.FAILURE, self._trouble.why)
        if self._commit_ms > SLOW_COMMIT_MS:
            why = f"the disk took {self._commit_ms / 1000:.1f} s to store records"
            return Condition(State.OUT_OF_SPECIFICATION, why)
        return Condition(State.GOOD, "")

    def _commit(self, entries: Sequence[tuple[int, Entry]]) -> None:
        before_s = self._clock.monotonic_s()
        offset = entries[-1][0]
        self._store.apply(self._ring, entries, offset=offset, now=self._clock.now())
        self._commit_ms = (self._clock.monotonic_s() - before_s) * 1000
        self._moved_to(offset)
        for _, entry in entries:
            self._count(entry)

    def _moved_to(self, offset: int) -> None:
        self._offset = offset
        self._journal.consume(offset)
        self._stuck_since_s = None

    def _count(self, entry: Entry) -> None:
        """Keep the figures of the status; after a restart they come from the store."""
        station, run = entry.get("station"), entry.get("run")
        first, last = (
            entry.get(key)
            for key in (("first", "last") if entry.get("kind") == "gap" else ("number", "number"))
        )
        if entry.get("kind") == "judged":
            self._rows += 1
        if not isinstance(station, str) or not isinstance(run, int):
            return
        if isinstance(first, int) and isinstance(last, int):
            before = self._last.get(station)
            after = before.with_parts(run, first, last) if before else Accounted(run, last)
            self._last[station] = after

    def _pass_damage(self, now_s: float) -> None:
        """Go past an entry that stays unreadable, with an alarm: what follows matters too."""
        if not self.behind_bytes:
            self._stuck_since_s = None
        elif self._stuck_since_s is None:
            self._stuck_since_s = now_s
        elif now_s - self._stuck_since_s > DAMAGE_S:
            head = self._journal.head
            text = f"{head - self._offset} bytes of the journal are damaged and were passed over"
            source = f"{self._ring}:{self._offset}:damage"
            self._store.note_alarm(source, "journal_damaged", text, self._clock.now())
            self._moved_to(head)

    def _wait(self, why: str, now_s: float) -> None:
        wait_s = min(self._trouble.wait_s * 2, LONGEST_WAIT_S) if self._trouble else FIRST_WAIT_S
        self._trouble = _Trouble(why, wait_s, now_s + wait_s)
