"""The sample pictures: the first parts of the samples' seeds, none picked.

For each station there are good parts and parts with one defect of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from inspector.simulator.parts import Defect, PartTruth, kinds_of, make_part, views_of
from inspector.simulator.seeds import seed_of

GOOD = "good"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample picture: a part and one of its views.

    Attributes:
        truth: the part.
        label: the kind of its defect, or `GOOD`; names the folder.
        view: the view shown: the one with the defect, or any of a good part.
    """

    truth: PartTruth
    label: str
    view: str

    @property
    def file(self) -> str:
        """Return the picture's path below the samples' folder."""
        return f"{self.truth.station}/{self.label}/{self.truth.seed}_{self.view}.png"

    @property
    def defect(self) -> Defect | None:
        """Return the defect shown, or None of a good part."""
        return self.truth.defects[0] if self.truth.bad else None


def samples(station: str, *, each: int) -> Iterator[Sample]:
    """Yield the first `each` good parts in all views, then `each` bad ones of every kind."""
    for number in range(each):
        part = make_part(station, seed_of("samples", number), bad=False)
        yield from (Sample(part, GOOD, view) for view in views_of(station))
    for kind in kinds_of(station):
        yield from (
            Sample(part, kind, part.defects[0].view) for part in _first(station, kind, each)
        )


def faint(station: str, *, below_sigma: float) -> Sample:
    """Return the first sample whose only defect is fainter than `below_sigma`."""
    parts = (make_part(station, seed_of("samples", number), bad=True) for number in count())
    part = next(p for p in parts if len(p.defects) == 1 and p.defects[0].sigma < below_sigma)
    return Sample(part, part.defects[0].kind, part.defects[0].view)


def _first(station: str, kind: str, each: int) -> Iterator[PartTruth]:
    found = 0
    for number in count():
        part = make_part(station, seed_of("samples", number), bad=True)
        if [defect.kind for defect in part.defects] == [kind]:
            yield part
            found += 1
        if found == each:
            return
