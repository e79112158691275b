"""Which look at a part or a seeded defect is owed next, and to whom it may be given.

Three queues: what an operator and the gateway judged differently, the audit of passed parts, and
second opinions of other people. The last two are blind: nothing said of the part before is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from inspector.domain.auditing import Source, Word

LOOKBACK: Final = timedelta(days=30)
"""Older parts are asked about no more: the window of the figures, and two days."""
SEEDS_IN: Final = 8
"""At most every so manieth picture of the audit is a seeded defect while parts wait."""


class Queue(StrEnum):
    """Where a person takes the next picture from."""

    DISAGREEMENT = "disagreement"
    AUDIT = "audit"
    SECOND = "second"

    @property
    def is_blind(self) -> bool:
        """Return whether nothing that was said of the part may be shown before the answer."""
        return self is not Queue.DISAGREEMENT


def queue_of(source: Source) -> Queue:
    """Return where a kind of look is waited for."""
    if source is Source.FLAGGED:
        return Queue.DISAGREEMENT
    return Queue.AUDIT if source in (Source.AUDIT, Source.SEED) else Queue.SECOND


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at: a part, or a seeded defect.

    Attributes:
        id: Of the record or of the seeded defect.
    """

    id: str
    is_seed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A look that is owed.

    Attributes:
        source: Which kind of look.
        since: When the part was seen, the defect seeded or the last word said, UTC.
        not_by: Ids and names of those who may not give it: they have had a word in it.
    """

    subject: Subject
    source: Source
    since: datetime
    not_by: frozenset[str] = frozenset()

    def is_open_to(self, person: str, name: str) -> bool:
        """Return whether this person may look."""
        return not self.not_by & {person, name}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits in a queue.

    Attributes:
        parts: All that is owed.
        for_you: What of it the person who asks may look at.
        oldest: Since when the oldest waits, UTC; None when nothing does.
    """

    parts: int
    for_you: int
    oldest: datetime | None


def next_look(said: Mapping[Source, Word], *, drawn: bool) -> Source | None:
    """Return the look that is owed after the first one, None when it is settled.

    Bad is confirmed, unsure gets a second opinion, and two opinions that differ a third. What an
    operator and the gateway judged differently ends with the quality engineer, unless unsure.

    Args:
        said: The last word of each kind of look.
        drawn: Good goes to a second look, too.
    """
    confirm = said.get(Source.CONFIRM)
    if confirm in (Word.GOOD, Word.BAD):
        return None
    first = said.get(Source.AUDIT, said.get(Source.SEED))
    if first is None:
        unsure = said.get(Source.FLAGGED) is Word.UNSURE
        return Source.CONFIRM if unsure else None
    second = said.get(Source.SECOND)
    if confirm is Word.UNSURE or first is Word.BAD:
        return Source.CONFIRM
    if second is None:
        return Source.SECOND if drawn or first is Word.UNSURE else None
    return None if second is Word.GOOD else Source.CONFIRM


def mixed(parts: Sequence[Wanted], seeds: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """Return what waits for the audit in an order that does not tell seeded defects from parts.

    Both come oldest first; of what is handed in, the order is by the hash of the id.
    """
    among = list(parts) + list(seeds[: max(1, len(parts) // (SEEDS_IN - 1))])
    return tuple(sorted(among, key=lambda one: sha256(one.subject.id.encode()).digest()))


def waiting(wanted: Iterable[Wanted], person: str, name: str) -> Waiting:
    """Return how much of this waits, and how much of it for this person."""
    of = list(wanted)
    mine = sum(one.is_open_to(person, name) for one in of)
    return Waiting(len(of), mine, min((one.since for one in of), default=None))
