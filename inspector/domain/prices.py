"""What errors cost at a site.

Apart from what reckons with it: every process reads the settings, and the estimators take 30 MB.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost, all in one currency.

    Attributes:
        escape: Of a bad part that passes.
        false_reject: Of a good part that is rejected.
        review: Of an operator's look at a rejected part.
        review_s: How long that look takes.
    """

    escape: float
    false_reject: float
    review: float = 0.0
    review_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """A site's cost table.

    Attributes:
        currency: As people write it.
        bad_part: Of a bad part that is rejected: scrap or rework; None: not said.
        standstill_hour: Of an hour in which a station cannot inspect; None: not said.
    """

    currency: str
    errors: Costs
    bad_part: float | None = None
    standstill_hour: float | None = None
