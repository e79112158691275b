"""Up to which part a station's parts are kept, and which before it are not yet.

Parts are judged as their views come, so that a power cut can leave a lower one without a record
behind a higher one that has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from inspector.domain.numbers import BITS_32

LOOKED_BACK = 1024
"""Parts below the highest that may still be open: four times the largest table."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """What is kept of a station's parts, as records or in gaps.

    Attributes:
        run: The newest count run.
        last: The highest number kept of it.
        missing: Lower ones, behind the first that was kept, that are not kept.
    """

    run: int
    last: int
    missing: tuple[int, ...] = ()

    def with_parts(self, run: int, first: int, last: int) -> Accounted:
        """Return it after a record (`first` = `last`) or a gap was kept too."""
        if run != self.run:
            return self if run < self.run else Accounted(run, last)
        skipped = range(max(self.last + 1, first - LOOKED_BACK), first)
        open_numbers = (*self.missing, *(number for number in skipped if number % BITS_32))
        highest = max(self.last, last)
        missing = (
            number
            for number in open_numbers
            if not first <= number <= last and number > highest - LOOKED_BACK
        )
        return replace(self, last=highest, missing=tuple(missing))


def accounted(run: int, ranges: Iterable[tuple[int, int]]) -> Accounted | None:
    """Return what the (first, last) of a run's records and gaps amount to; None without any."""
    found: Accounted | None = None
    for first, last in sorted(ranges):
        found = found.with_parts(run, first, last) if found else Accounted(run, last)
    return found
