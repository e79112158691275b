"""What waits to be written to one PLC, in the order in which it must go. No clock, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from inspector.plc.contract import EPOCH

MOST_TRIES = 3
"""Times a word is sent that the PLC answers with a bad status, before the session is given up."""


class Kind(IntEnum):
    """What a word is about; the lower number goes first."""

    EPOCH = 0
    """First of all: whatever was queued before it is void under it anyway."""
    OPERATOR = 1
    VERDICT = 2
    SYNC = 3


@dataclass(frozen=True, slots=True)
class Word:
    """One value for one node.

    Attributes:
        station: Whose node.
        kind: What it is about.
        node: Without the station's prefix.
        value: 32 bits.
        token: The line's; it comes back with the acknowledgement.
        tries: How often the PLC has refused it.
    """

    station: str
    kind: Kind
    node: str
    value: int
    token: object = None
    tries: int = 0


class WaitingWords:
    """At most one word per node; those of one kind in the order they came."""

    def __init__(self) -> None:
        self._waiting: dict[Kind, dict[tuple[str, str], Word]] = {kind: {} for kind in Kind}

    def put(self, word: Word) -> None:
        """Add a word; it takes the place of an unsent one for the same node."""
        self._waiting[word.kind][word.station, word.node] = word

    def put_back(self, word: Word) -> None:
        """Add a word that was sent in vain, unless a newer one for its node came meanwhile."""
        self._waiting[word.kind].setdefault((word.station, word.node), word)

    def take(self, most: int) -> Sequence[Word]:
        """Return the next words, all of one kind, at most `most`; empty when none wait.

        All of one kind, because a PLC may carry out the writes of one request in any order.
        """
        waiting = next((words for words in self._waiting.values() if words), {})
        return [waiting.pop(key) for key in list(waiting)[:most]]

    def has_epoch(self, station: str) -> bool:
        """Return whether an epoch of this station waits."""
        return (station, EPOCH) in self._waiting[Kind.EPOCH]

    def clear(self) -> None:
        """Throw everything away."""
        for words in self._waiting.values():
            words.clear()

    def __len__(self) -> int:
        return sum(len(words) for words in self._waiting.values())


class WaitingBeats:
    """The newest heartbeat of each station, held back while the station's epoch is on its way.

    A beat before the epoch would make the PLC act on words of the last run (an old PASS whose
    operator's REJECT was lost with that run).
    """

    def __init__(self) -> None:
        self._beats: dict[str, int] = {}
        self._held: set[str] = set()

    def put(self, station: str, count: int) -> None:
        """Take the place of the station's unsent beat."""
        self._beats[station] = count

    def hold(self, station: str) -> None:
        """Keep the station's beats until `release`."""
        self._held.add(station)

    def release(self, station: str) -> None:
        """Let the station's beats go."""
        self._held.discard(station)

    def take(self) -> Sequence[tuple[str, int]]:
        """Return the beats that may go now."""
        ready = [station for station in self._beats if station not in self._held]
        return [(station, self._beats.pop(station)) for station in ready]

    def clear(self) -> None:
        """Throw everything away."""
        self._beats.clear()
        self._held.clear()
