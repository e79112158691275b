"""Which passed parts are audited: drawn by a keyed hash when the part is decided.

Nobody at the line can foresee the draw; whoever has the key can repeat it. It needs no state, so a
restart changes nothing. What was drawn with which probability stands on the part's record, and
the estimators (`domain/escapes.py`) use nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inspector.domain.auditing import OPERATOR_STRATUM
from inspector.errors import BadInput

CUTS = (0.80, 0.95, 0.99)
"""Quantiles of the passed parts' scores at which the strata are cut."""
PASSED_SHARES = (0.80, 0.15, 0.04, 0.01)
"""What of the passed parts lies in each stratum, lowest scores first."""
BUDGET_SHARES = (0.65, 0.17, 0.10, 0.08)
"""What of the audits goes to each: 9 to 15 % wider where the score says nothing, up to a third
narrower where it does, and two to six times as many finds."""
NEW_DAYS = 7
"""For so long nobody knows whether a new model's score says anything: audits go by size alone."""
LEAST_PI = 1e-4
"""No part is out of reach of the audit: what is never looked at cannot be bounded."""
SECOND_LOOKS = 0.10
"""Of the audits that say OK, so many get a second blind look."""


@dataclass(frozen=True, slots=True)
class PartKey:
    """What names one part among all of a company's: stations and restarts draw different parts."""

    site: str
    station: str
    count_run: int
    number: int


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A secret to draw with, and from when on; a new one each month.

    Attributes:
        id: Stands on the record in place of the secret.
        since: UTC.
    """

    id: str
    secret: bytes
    since: datetime


@dataclass(frozen=True, slots=True)
class Strata:
    """Where the scores of passed parts are cut, frozen for a week.

    Attributes:
        version: Goes up with each cut; stands on the record.
        limits: Ascending scores. A score equal to a limit belongs above it.
    """

    version: int
    limits: tuple[float, ...]

    def __post_init__(self) -> None:
        if any(above < below for below, above in pairwise(self.limits)):
            raise BadInput(f"strata {self.version}: the limits must ascend: {self.limits}")

    def of(self, score: float) -> int:
        """Return a score's stratum, 0 for the lowest scores."""
        return bisect_right(self.limits, score)


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """What holds until the next plan: strata, and the probability in each.

    Attributes:
        pis: One for each stratum of scores.
        operator_pi: For parts that an operator passed.
    """

    strata: Strata
    pis: tuple[float, ...]
    operator_pi: float = 1.0

    def __post_init__(self) -> None:
        if len(self.pis) != len(self.strata.limits) + 1:
            raise BadInput(f"{len(self.pis)} audit rates for {len(self.strata.limits) + 1} strata")
        if not all(0 < pi <= 1 for pi in (*self.pis, self.operator_pi)):
            raise BadInput("an audit rate must be above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class Selection:
    """What stands on the record of a passed part, whether it was drawn or not.

    Attributes:
        stratum: 0 for the lowest scores; `OPERATOR_STRATUM` for what an operator passed.
        audit_pi: The probability with which it was drawn.
    """

    stratum: int
    audit_pi: float
    selected: bool
    strata_version: int
    key_id: str


def cut(scores: NDArray[np.float64], *, version: int) -> Strata:
    """Return the strata for the week that comes, from the passed parts' scores of the one past.

    Many parts may have the same score, most of all 0: a score that lies on a quantile belongs
    below it, or clean parts would crowd into a stratum that is meant for few.
    """
    if not scores.size:
        raise BadInput("no passed part to cut strata by")
    limits = np.nextafter(np.quantile(scores, CUTS), np.inf)
    return Strata(version, tuple(float(one) for one in limits))


def start_plan(share: float) -> AuditPlan:
    """Return what holds while nothing is known of a station's scores: one stratum, version 0."""
    return AuditPlan(Strata(0, ()), (share,))


def key_of_month(site_key: bytes, at: datetime) -> AuditKey:
    """Return the key that draws in the month of a time.

    It is made of the site's secret, so nothing has to be kept, sent or restored: whoever has the
    site's key can repeat every draw, and one month's key gives away no other.
    """
    since = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    name = f"{since:%Y-%m}"
    secret = hmac.digest(site_key, f"audit sampling {name}".encode(), hashlib.sha256)
    return AuditKey(name, secret, since)


def site_name(site_key: bytes) -> str:
    """Return what stands for the site in its draws: the same wherever its folder lies."""
    return hmac.digest(site_key, b"site of the audit sampling", hashlib.sha256).hex()[:16]


def audit_rates(
    passed_per_day: Sequence[float], audits_per_day: float, *, days_since_change: float
) -> tuple[float, ...]:
    """Return the probability in each stratum that spends the budget.

    A stratum too small for its share is audited in full, and the rest of its share goes to the
    others. None falls below `LEAST_PI`.

    Args:
        passed_per_day: Passed parts expected in each stratum, lowest scores first.
        audits_per_day: What people can look at.
        days_since_change: Since the model, product, camera or recipe is new.
    """
    shares = PASSED_SHARES if days_since_change < NEW_DAYS else BUDGET_SHARES
    full = {stratum for stratum, passed in enumerate(passed_per_day) if passed <= 0}
    while True:
        rest = audits_per_day - sum(passed_per_day[stratum] for stratum in full)
        of = sum(share for stratum, share in enumerate(shares) if stratum not in full)
        rates = [
            1.0 if stratum in full else rest * share / of / passed_per_day[stratum]
            for stratum, share in enumerate(shares)
        ]
        over = {stratum for stratum, rate in enumerate(rates) if rate > 1}
        if not over:
            return tuple(max(LEAST_PI, rate) for rate in rates)
        full |= over


def strata_factor(shares: Sequence[float] = BUDGET_SHARES) -> float:
    """Return how many times as many audits a bound of no finds takes as a simple random sample."""
    return max(passed / share for passed, share in zip(PASSED_SHARES, shares, strict=True))


def select(
    plan: AuditPlan, key: AuditKey, part: PartKey, score: float, *, operator_passed: bool = False
) -> Selection:
    """Return whether a passed part is audited, with everything an estimate needs."""
    stratum = OPERATOR_STRATUM if operator_passed else plan.strata.of(score)
    pi = plan.operator_pi if operator_passed else plan.pis[stratum]
    drawn = draw(key, part, purpose="audit") < pi
    return Selection(stratum, pi, drawn, plan.strata.version, key.id)


def gets_second_look(key: AuditKey, part: PartKey) -> bool:
    """Return whether an audit that says OK is looked at again; independent of the audit's draw."""
    return draw(key, part, purpose="second") < SECOND_LOOKS


def draw(key: AuditKey, part: PartKey, *, purpose: str) -> float:
    """Return a number in [0, 1), uniform over parts, the same whenever it is asked for.

    Each field goes with its length, so that no two parts share a text.
    """
    fields = (purpose, part.site, part.station, str(part.count_run), str(part.number))
    text = b"".join(f"{len(field)}:{field}".encode() for field in fields)
    return int.from_bytes(hmac.digest(key.secret, text, hashlib.sha256)[:8]) / 2**64
