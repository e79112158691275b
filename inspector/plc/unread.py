"""What stands on our server and the PLC has not read yet. No clock, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inspector.plc.words import Word

Table = tuple[str, str]
"""Station, and a node below its prefix; a table is one node."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One value that waits to be read.

    Attributes:
        value: 32 bits.
        since_s: When the PLC began to owe us a read of this place, monotonic.
        word: Whose acknowledgement it is; None: a heartbeat, which nobody waits for.
    """

    value: int
    since_s: float
    word: Word | None = None


class Unread:
    """At most one value for each place of each node."""

    def __init__(self) -> None:
        self._waiting: dict[Table, dict[int, Standing]] = {}

    def add(self, table: Table, at: int, standing: Standing) -> None:
        """Take the place of an unread value; the PLC's debt stays as old as it was."""
        waiting = self._waiting.setdefault(table, {})
        if at in waiting:
            standing = replace(standing, since_s=waiting[at].since_s)
        waiting[at] = standing

    def take_read(self, table: Table, values: Sequence[int]) -> list[Word]:
        """Return the words among the values that the PLC was given; they wait no more."""
        waiting = self._waiting.get(table, {})
        read = [at for at, one in waiting.items() if values[at] == one.value]
        found = [waiting.pop(at).word for at in read]
        return [word for word in found if word is not None]

    def forget(self, table: Table) -> None:
        """Wait no more for any place of this node."""
        self._waiting.pop(table, None)

    def oldest(self) -> tuple[Table, float] | None:
        """Return the node that was not read for longest, and since when; None: all is read."""
        since = {
            table: min(one.since_s for one in waiting.values())
            for table, waiting in self._waiting.items()
            if waiting
        }
        if not since:
            return None
        table = min(since, key=lambda one: since[one])
        return table, since[table]
