"""How good a package is on labelled pictures, and which limits those pictures would propose.

A defect's picture is *missed* when nothing in it reaches its limit; a good one is *rejected* when
anything does. Pictures on which the model failed are counted by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
import numpy.typing as npt

from inspector.domain.detection import (
    Hits,
    Marked,
    Precision,
    Scored,
    average_precision,
    hits_of,
)
from inspector.domain.finding import SCORE_FLOOR
from inspector.domain.share import Share
from inspector.evaluation.limits import balanced_limit, chosen_limits
from inspector.vision.inspecting import Inspected

Limits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture of which a person said what is in it, and what the package made of it.

    Attributes:
        inspected: What the package made of it.
        marked: The defects; none: a good one.
        extra: A good picture from beside the set: it counts for false rejects alone.
    """

    inspected: Inspected
    marked: tuple[Marked, ...] = ()
    extra: bool = False

    @property
    def highest(self) -> dict[str, float]:
        """Return the highest score of each class that was found."""
        best: dict[str, float] = {}
        for one in self.inspected.seen:
            best[one.kind] = max(best.get(one.kind, 0.0), one.score)
        return best

    @property
    def looked(self) -> bool:
        """Return whether the model gave an answer."""
        return not self.inspected.result.missed

    def margin(self, limits: Limits) -> float:
        """Return how far it is above its limits, on the logit scale; from 0 on it is rejected."""
        over = (_logit(score) - _logit(limits[kind]) for kind, score in self.highest.items())
        return max(over, default=-inf)

    def rejected(self, limits: Limits) -> bool:
        """Return whether anything in it reaches its limit."""
        return any(score >= limits[kind] for kind, score in self.highest.items())


@dataclass(frozen=True, slots=True)
class Rates:
    """What limits do: pictures with defects that pass, good ones that do not."""

    missed: Share
    false_rejects: Share


@dataclass(frozen=True, slots=True)
class Point:
    """What happens when all limits move together by `shift` on the logit scale."""

    shift: float
    false_rejects: float
    missed: float


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """A class: boxes marked, its average precision (None: nothing is marked), its limits."""

    kind: str
    boxes: int
    precision: Precision | None
    limit: float
    proposed: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a package on a set.

    Attributes:
        pictures: Of the set, without the good ones from beside it.
        not_inspected: Pictures on which the model failed; in no rate.
        classes: In the package's order.
        rates: At the package's limits.
        proposed: At the proposed limits, on the very pictures that they were chosen on.
        rule: How the limits were chosen.
    """

    pictures: int
    not_inspected: int
    classes: tuple[ClassFigures, ...]
    rates: Rates
    proposed: Rates
    rule: str

    @property
    def precision(self) -> Precision | None:
        """Return the mean over the classes of which anything is marked: mAP50 and mAP50-95."""
        each = [one.precision for one in self.classes if one.precision]
        if not each:
            return None
        halves, all_ten = [one.ap50 for one in each], [one.ap50_95 for one in each]
        return Precision(float(np.mean(halves)), float(np.mean(all_ten)))

    @property
    def proposal(self) -> dict[str, float]:
        """Return the proposed limit of each class."""
        return {one.kind: one.proposed for one in self.classes}


def evaluated(judged: Sequence[Judged], limits: Limits, *, false_rejects: float) -> Evaluation:
    """Return the figures.

    Args:
        judged: All pictures, the good ones from beside the set too.
        limits: The package's, for each class of a defect.
        false_rejects: The share of the good pictures that the proposed limits may reject.
    """
    of_set = [one for one in judged if not one.extra]
    scored = [Scored(one.marked, one.inspected.seen) for one in of_set]
    hits = {kind: hits_of(scored, kind) for kind in limits}
    proposal, rule = proposed_limits(judged, hits, false_rejects=false_rejects)
    return Evaluation(
        pictures=len(of_set),
        not_inspected=sum(not one.looked for one in judged),
        classes=tuple(
            ClassFigures(kind, of.marked, average_precision(of), limits[kind], proposal[kind])
            for kind, of in hits.items()
        ),
        rates=rates(judged, limits),
        proposed=rates(judged, proposal),
        rule=rule,
    )


def proposed_limits(
    judged: Iterable[Judged], hits: Mapping[str, Hits], *, false_rejects: float
) -> tuple[dict[str, float], str]:
    """Return limits that these pictures propose, and the rule in words (`evaluation/limits.py`)."""
    looked = [one for one in judged if one.looked]
    good = [one for one in looked if not one.marked]
    if not good:
        limits = {kind: balanced_limit(of) for kind, of in hits.items()}
        return limits, "no good pictures: each class where its F1 is highest"
    clear = {
        kind: [one for one in looked if any(mark.kind == kind for mark in one.marked)]
        for kind in hits
    }
    limits = chosen_limits(
        {kind: _highest(good, kind) for kind in hits},
        {kind: _highest(clear[kind], kind) for kind in hits},
        false_rejects=false_rejects,
    )
    return limits, (
        f"good pictures rejected <= {false_rejects:.1%}, spent where they find the most defects"
    )


def rates(judged: Iterable[Judged], limits: Limits) -> Rates:
    """Return what limits do, over the pictures that the model looked at."""
    looked = [one for one in judged if one.looked]
    bad = [one.rejected(limits) for one in looked if one.marked]
    good = [one.rejected(limits) for one in looked if not one.marked]
    return Rates(Share(len(bad) - sum(bad), len(bad)), Share(sum(good), len(good)))


def curve(judged: Iterable[Judged], limits: Limits) -> list[Point]:
    """Return both rates as all limits rise together, from the first good picture saved on.

    Empty without good pictures or without defects.
    """
    looked = [one for one in judged if one.looked]
    bad = np.array([one.margin(limits) for one in looked if one.marked])
    good = np.array([one.margin(limits) for one in looked if not one.marked])
    if not len(bad) or not len(good):
        return []
    shifts = sorted({*good[np.isfinite(good)], 0.0})
    return [
        Point(float(shift), float((good >= shift).mean()), float((bad < shift).mean()))
        for shift in [*shifts, float(np.nextafter(shifts[-1], inf))]
    ]


def _highest(judged: Sequence[Judged], kind: str) -> npt.NDArray[np.float64]:
    return np.array([one.highest.get(kind, 0.0) for one in judged], np.float64)


def _logit(score: float) -> float:
    inside = min(max(score, SCORE_FLOOR / 10), 1 - 1e-6)
    return log(inside / (1 - inside))
