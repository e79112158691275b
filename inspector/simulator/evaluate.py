"""How good a judge of pictures is, on freshly drawn parts. Pure scoring: who looks is handed in.

A part is *rejected* when the judge finds anything in any of its views. A defect is *missed* when
nothing is found in the view that shows it. Figures carry Wilson's 95 % interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from inspector.domain.frame import BgrImage
from inspector.domain.share import Share
from inspector.simulator.parts import Defect, PartTruth, draw_part, make_part, views_of
from inspector.simulator.seeds import seed_of

Judge = Callable[[BgrImage], Sequence[str]]
"""Takes a picture, returns the kinds found in it; nothing found means pass."""

SIGMA_BINS: tuple[tuple[float, float], ...] = ((0.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, inf))
CLEAR_SIGMA = 3.0
"""From this contrast on, a defect must not be missed."""


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """A part and the kinds found in each of its views."""

    truth: PartTruth
    found: Mapping[str, tuple[str, ...]]

    @property
    def rejected(self) -> bool:
        """Return whether anything was found in any view."""
        return any(self.found.values())

    def missed(self, defect: Defect) -> bool:
        """Return whether nothing was found in the view that shows the defect."""
        return not self.found[defect.view]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judge's figures on one station.

    Attributes:
        station: the station.
        missed_clear: defects of at least `CLEAR_SIGMA` missed.
        false_rejects: good parts rejected.
        missed: defects missed, by kind and by contrast from and below (sigma).
        kind_right: clear defects found whose kind is among the kinds found.
    """

    station: str
    missed_clear: Share
    false_rejects: Share
    missed: Mapping[tuple[str, float, float], Share]
    kind_right: Share


def evaluation_parts(
    station: str, *, good: int, bad: int, purpose: str = "evaluation", draw: int = 0
) -> Iterator[PartTruth]:
    """Yield parts of the purpose's seeds: the good ones, then the bad ones.

    Args:
        station: the station.
        good: how many good ones.
        bad: how many bad ones.
        purpose: whose seeds.
        draw: 0 for the first `good` + `bad` seeds, 1 for the next as many, and so on: a model that
            was changed after a look at one draw is judged on another.

    Raises:
        SeedOutsideRange: the purpose has no such draw.
    """
    first = draw * (good + bad)
    for number in range(good + bad):
        yield make_part(station, seed_of(purpose, first + number), bad=number >= good)


def judged(truth: PartTruth, judge: Judge) -> JudgedPart:
    """Return what the judge finds in the part's views."""
    return JudgedPart(
        truth, {view: tuple(judge(draw_part(truth, view))) for view in views_of(truth.station)}
    )


def evaluated(station: str, parts: Iterable[JudgedPart]) -> Evaluation:
    """Return the figures over judged parts."""
    seen = list(parts)
    defects = [(part, defect) for part in seen for defect in part.truth.defects]
    clear = [(part, defect) for part, defect in defects if defect.sigma >= CLEAR_SIGMA]
    good = [part for part in seen if not part.truth.bad]
    found = [(part, defect) for part, defect in clear if not part.missed(defect)]
    return Evaluation(
        station=station,
        missed_clear=_missed(clear),
        false_rejects=Share(sum(part.rejected for part in good), len(good)),
        missed=_by_bin(defects),
        kind_right=Share(sum(d.kind in part.found[d.view] for part, d in found), len(found)),
    )


def report(evaluation: Evaluation) -> str:
    """Return the figures as a table in plain text."""
    name = evaluation.station
    lines = [
        f"{name}: defects of at least {CLEAR_SIGMA:g} sigma missed {evaluation.missed_clear}",
        f"{name}: good parts rejected {evaluation.false_rejects}",
        f"{name}: kind right, of the clear defects found {evaluation.kind_right}",
    ]
    for (kind, low, high), share in evaluation.missed.items():
        lines.append(f"  {kind:16} {low:g} to {high:g} sigma: missed {share}")
    return "\n".join(lines)


def _missed(pairs: Iterable[tuple[JudgedPart, Defect]]) -> Share:
    misses = [part.missed(defect) for part, defect in pairs]
    return Share(sum(misses), len(misses))


def _by_bin(pairs: list[tuple[JudgedPart, Defect]]) -> dict[tuple[str, float, float], Share]:
    kinds = sorted({defect.kind for _, defect in pairs})
    return {
        (kind, low, high): _missed(
            (p, d) for p, d in pairs if d.kind == kind and low <= d.sigma < high
        )
        for kind in kinds
        for low, high in SIGMA_BINS
    }
