"""The attribute agreement study: how well operators, the model, and both together judge parts.

Looks at the same part are not independent, so each interval is one over parts: a part counts with
the share of its looks that erred. Grades come from the bad end of the interval. docs/kpi.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import ceil, floor
from typing import TypeVar

from inspector.domain.intervals import (
    ALPHA,
    Interval,
    audits_needed,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
)

BALANCED = (0.3, 0.5)
"""Shares of bad parts for which kappa says something: it depends on them."""
_ROUNDING = 1e-9
Key = TypeVar("Key")


class Mode(StrEnum):
    """Who judges."""

    OPERATOR = "operator"
    AI = "ai"
    BOTH = "both"


class Grade(IntEnum):
    """What the bad end of an interval is worth."""

    FAIL = 0
    MARGINAL = 1
    PASS = 2


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one part.

    Attributes:
        bad: What the part is.
        called_bad: What the appraiser said.
    """

    part: str
    mode: Mode
    appraiser: str
    trial: int
    bad: bool
    called_bad: bool

    @property
    def right(self) -> bool:
        """Return whether the appraiser said what the part is."""
        return self.bad == self.called_bad


@dataclass(frozen=True, slots=True)
class Limit:
    """Up to where a rate passes, and is marginal (AIAG's attribute criteria).

    Attributes:
        least: The rate must be at least so high, not at most.
    """

    passes: float
    marginal: float
    least: bool = False


EFFECTIVENESS = Limit(0.90, 0.80, least=True)
MISS_RATE = Limit(0.02, 0.05)
FALSE_ALARM_RATE = Limit(0.05, 0.10)


@dataclass(frozen=True, slots=True)
class PartShare:
    """A rate over looks, with its interval over parts.

    Attributes:
        count: Sum over parts of the share of its looks that count.
    """

    count: float
    parts: int
    looks: int
    counted_looks: int

    @property
    def value(self) -> float | None:
        """Return the share of looks, None without one."""
        return self.counted_looks / self.looks if self.looks else None

    @property
    def interval(self) -> Interval:
        """Return the two-sided 95 % interval, rounded outward to whole parts."""
        low, high = self._whole
        if not self.parts:
            return 0.0, 1.0
        return clopper_pearson(low, self.parts)[0], clopper_pearson(high, self.parts)[1]

    def bad_end(self, limit: Limit) -> float:
        """Return the one-sided 95 % bound on the side that the limit fears."""
        low, high = self._whole
        if not self.parts:
            return 0.0 if limit.least else 1.0
        if limit.least:
            return clopper_pearson_lower(low, self.parts, alpha=ALPHA)
        return clopper_pearson_upper(high, self.parts, alpha=ALPHA)

    @property
    def _whole(self) -> tuple[int, int]:
        return floor(self.count + _ROUNDING), ceil(self.count - _ROUNDING)

    def grade(self, limit: Limit) -> Grade:
        """Return what the bad end is worth."""
        end = self.bad_end(limit)
        sign = 1 if limit.least else -1
        reached = [sign * end >= sign * one for one in (limit.marginal, limit.passes)]
        return Grade(sum(reached))


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How one appraiser, or all of a mode together, judged.

    Attributes:
        within: Parts on which each appraiser agreed with himself; of parts with several looks.
        between: Parts on which all appraisers agreed; None with one of them.
        kappa: Of verdict and truth; None where the share of bad parts makes it say nothing.
        ac1: Gwet's AC1 of verdict and truth.
    """

    name: str
    mode: Mode
    effectiveness: PartShare
    miss_rate: PartShare
    false_alarm_rate: PartShare
    within: PartShare
    between: PartShare | None
    kappa: float | None
    ac1: float | None

    @property
    def grades(self) -> dict[str, Grade]:
        """Return the grade of each rate."""
        return {
            "effectiveness": self.effectiveness.grade(EFFECTIVENESS),
            "miss rate": self.miss_rate.grade(MISS_RATE),
            "false alarm rate": self.false_alarm_rate.grade(FALSE_ALARM_RATE),
        }

    @property
    def grade(self) -> Grade:
        """Return the worst of the grades."""
        return min(self.grades.values())


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What a study says.

    Attributes:
        appraisals: Of each mode as a whole, then of each appraiser.
        warnings: What a reader has to know beside the figures.
    """

    parts: int
    bad_parts: int
    appraisals: tuple[Appraisal, ...]
    warnings: tuple[str, ...]


def studied(looks: Sequence[Look]) -> StudyResult:
    """Return what the looks of a study come to."""
    truth = {look.part: look.bad for look in looks}
    bad = sum(truth.values())
    share = bad / len(truth)
    balanced = BALANCED[0] <= share <= BALANCED[1]
    modes = _by(looks, lambda look: look.mode)
    whole = [_appraised(f"all of {mode}", of, balanced=balanced) for mode, of in modes.items()]
    people = _by(looks, lambda look: (look.mode, look.appraiser))
    single = [_appraised(name, of, balanced=balanced) for (_, name), of in people.items()]
    return StudyResult(
        len(truth), bad, (*whole, *single), tuple(_warnings(len(truth), bad, balanced=balanced))
    )


def _warnings(parts: int, bad: int, *, balanced: bool) -> Iterable[str]:
    if not balanced:
        yield (
            f"{bad} of {parts} parts are bad: kappa depends on that share and is not shown; "
            f"plan {BALANCED[0]:.0%} to {BALANCED[1]:.0%}"
        )
    else:
        yield "Kappa depends on the share of bad parts: compare it within this study alone"
    for name, limit, there in (
        ("bad", MISS_RATE, bad),
        ("good", FALSE_ALARM_RATE, parts - bad),
    ):
        needed = audits_needed(limit.passes)
        if there < needed:
            some = f"{there} {name} part{'' if there == 1 else 's'}"
            yield (
                f"{some} cannot show at most {limit.passes:.0%}, even without an error: "
                f"that takes {needed}"
            )


def _by(looks: Iterable[Look], key: Callable[[Look], Key]) -> dict[Key, list[Look]]:
    groups: dict[Key, list[Look]] = {}
    for look in looks:
        groups.setdefault(key(look), []).append(look)
    return groups


def _appraised(name: str, looks: Sequence[Look], *, balanced: bool) -> Appraisal:
    bad = [look for look in looks if look.bad]
    good = [look for look in looks if not look.bad]
    people = _by(looks, lambda look: look.appraiser)
    kappa, ac1 = _agreement(looks)
    return Appraisal(
        name=name,
        mode=looks[0].mode,
        effectiveness=_share(looks, lambda look: look.right),
        miss_rate=_share(bad, lambda look: not look.right),
        false_alarm_rate=_share(good, lambda look: not look.right),
        within=_agreed(list(_by(looks, lambda look: (look.appraiser, look.part)).values())),
        between=_agreed(_of_several(looks)) if len(people) > 1 else None,
        kappa=kappa if balanced else None,
        ac1=ac1,
    )


def _of_several(looks: Sequence[Look]) -> list[list[Look]]:
    """Return the looks at each part that several appraisers saw."""
    parts = _by(looks, lambda look: look.part).values()
    return [of for of in parts if len({look.appraiser for look in of}) > 1]


def _share(looks: Sequence[Look], counts: Callable[[Look], bool]) -> PartShare:
    parts = _by(looks, lambda look: look.part).values()
    shares = [sum(map(counts, of)) / len(of) for of in parts]
    return PartShare(sum(shares), len(shares), len(looks), sum(map(counts, looks)))


def _agreed(groups: Sequence[Sequence[Look]]) -> PartShare:
    """Return of how many parts all looks of each group say the same; one look says nothing."""
    of_part: dict[str, bool] = {}
    for group in groups:
        if len(group) > 1:
            same = len({look.called_bad for look in group}) == 1
            of_part[group[0].part] = of_part.get(group[0].part, True) and same
    agreed = sum(of_part.values())
    return PartShare(agreed, len(of_part), len(of_part), agreed)


def _agreement(looks: Sequence[Look]) -> tuple[float | None, float | None]:
    """Return kappa (J. Cohen 1960) and AC1 (K. Gwet 2008) of verdicts and truth."""
    total = len(looks)
    same = sum(look.right for look in looks) / total
    bad = sum(look.bad for look in looks) / total
    called = sum(look.called_bad for look in looks) / total
    by_chance = bad * called + (1 - bad) * (1 - called)
    mean = (bad + called) / 2
    by_chance_ac1 = 2 * mean * (1 - mean)
    kappa = (same - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return kappa, (same - by_chance_ac1) / (1 - by_chance_ac1)
