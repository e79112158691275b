"""People: the operator who looks at rejects, the auditors and the chain behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.audited_hours.factory import Flags
from inspector.domain.auditing import Looks, Word, concluded

NONE, GOOD, BAD = 0, 1, 2
"""A look's word in arrays."""
_WORDS = (None, Word.GOOD, Word.BAD)

Said = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class People:
    """How well they see.

    Attributes:
        sensitivity: Of an auditor's one look at a bad part.
        false_alarms: The share of good parts that an auditor calls bad.
        operator_sensitivity: Of the operator's look at a rejected part that is bad.
        operator_false_alarms: The share of falsely rejected parts that the operator calls bad.
        operator_reviews: The share of rejects that an operator looks at.
        downstream_finds: The share of shipped bad parts that somebody finds later.
        downstream_days: After so many days on average.
    """

    sensitivity: float = 1.0
    false_alarms: float = 0.02
    operator_sensitivity: float = 0.98
    operator_false_alarms: float = 0.1
    operator_reviews: float = 0.97
    downstream_finds: float = 0.5
    downstream_days: float = 6.0


@dataclass(frozen=True, slots=True)
class Chain:
    """What was said of audited parts, one entry for each.

    Attributes:
        found: Bad at the end.
    """

    audit: Said
    second: Said
    confirm: Said
    found: Flags


@cache
def _table() -> NDArray[np.bool_]:
    """Return what `concluded` says of each triple of words: bad at the end or not."""
    return np.array(
        [[[concluded(Looks(a, s, c)).bad for c in _WORDS] for s in _WORDS] for a in _WORDS]
    )


def look(random: np.random.Generator, bad: Flags, *, finds: float, false_alarms: float) -> Said:
    """Return one person's words."""
    says_bad = random.random(len(bad)) < np.where(bad, finds, false_alarms)
    return np.where(says_bad, BAD, GOOD).astype(np.int8)


def audited(people: People, random: np.random.Generator, bad: Flags, second: Flags) -> Chain:
    """Return what the chain says: an audit, a second look at some good ones, a confirmation.

    Whoever confirms has the part in hand and a first word to hold it against: that one is right.
    Every bad word is confirmed, the second look's too, which disagrees with the first.

    Args:
        people: How well they see.
        random: Where their errors come from.
        bad: What the parts really are.
        second: Which of them get a second look if the audit says good.
    """
    rates = {"finds": people.sensitivity, "false_alarms": people.false_alarms}
    first = look(random, bad, **rates)
    again = np.where(second & (first == GOOD), look(random, bad, **rates), NONE).astype(np.int8)
    told = (first == BAD) | (again == BAD)
    confirm = np.where(told, np.where(bad, BAD, GOOD), NONE).astype(np.int8)
    return Chain(first, again, confirm, _table()[first, again, confirm])


def reviewed(people: People, random: np.random.Generator, bad: Flags) -> Said:
    """Return what the operator says of rejected parts; nothing of some."""
    said = look(
        random,
        bad,
        finds=people.operator_sensitivity,
        false_alarms=people.operator_false_alarms,
    )
    return np.where(random.random(len(bad)) < people.operator_reviews, said, NONE).astype(np.int8)


def found_later(
    people: People, random: np.random.Generator, shipped_bad: Flags
) -> NDArray[np.float64]:
    """Return after how many days each part is found bad downstream; infinite: never."""
    lag = random.exponential(people.downstream_days, len(shipped_bad))
    found = shipped_bad & (random.random(len(shipped_bad)) < people.downstream_finds)
    return np.where(found, lag, np.inf)
