"""What people said of a part, and what it comes to at the end of the chain.

An audit that says bad is confirmed on the part, an unsure one is adjudicated, and one that says
good gets a second blind look now and then. Seeded defects go through the same chain, so what
it finds of them is the chain's sensitivity.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OPERATOR_STRATUM = 4
"""Parts that an operator passed: a stratum of their own, above those of scores."""


class Word(StrEnum):
    """What one look came to; a class of defect is `BAD`."""

    GOOD = "OK"
    BAD = "NOK"
    UNSURE = "UNSURE"


class Source(StrEnum):
    """Why a person looked."""

    FLAGGED = "flagged"
    AUDIT = "audit"
    CONFIRM = "confirm"
    SECOND = "second"
    SEED = "seed"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True)
class Looks:
    """The last word of each kind of look at an audited part, None where there was none."""

    audit: Word | None = None
    second: Word | None = None
    confirm: Word | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an audit came to.

    Attributes:
        bad: It counts as an escape.
        open: Not settled: it counts as bad in the upper bound alone.
        unconfirmed: It counts on one person's word.
    """

    bad: bool = False
    open: bool = False
    unconfirmed: bool = False


def concluded(looks: Looks) -> Conclusion:
    """Return what the looks at an audited part come to.

    A definite confirmation settles it. Without one a bad word counts, unconfirmed; a second look
    stands in for an unsure audit, and one that disagrees with a good word leaves the part open. So
    does an audit without a word.
    """
    if looks.confirm in (Word.GOOD, Word.BAD):
        return Conclusion(bad=looks.confirm is Word.BAD)
    definite = looks.audit in (Word.GOOD, Word.BAD)
    word = looks.audit if definite else looks.second
    if word is Word.BAD:
        return Conclusion(bad=True, unconfirmed=True)
    disagrees = looks.second is Word.BAD or looks.confirm is Word.UNSURE
    return Conclusion(open=word is not Word.GOOD or disagrees)
