"""Which seeds are for what.

The ranges do not overlap, so no picture that trained a model or set its limits is ever judged.
"""

from __future__ import annotations

RANGES: dict[str, range] = {
    "training": range(0, 1_000_000),
    "limits": range(1_000_000, 1_100_000),
    "evaluation": range(2_000_000, 3_000_000),
    "samples": range(3_000_000, 3_100_000),
    "runs": range(10_000_000, 2_000_000_000),
}
"""First and past-the-last seed by purpose.

Live runs of the demo take a new seed for each part, so no picture repeats.
"""


class SeedOutsideRange(ValueError):
    """A seed does not belong to the purpose it was asked for."""

    def __init__(self, purpose: str, number: int) -> None:
        """Keep purpose and number."""
        super().__init__(
            f"purpose {purpose!r} has {len(RANGES[purpose])} seeds, number {number} is none of them"
        )
        self.purpose = purpose
        self.number = number


def seed_of(purpose: str, number: int) -> int:
    """Return the seed of the purpose's part `number`, counted from zero.

    Raises:
        SeedOutsideRange: the purpose has no such seed.
    """
    if not 0 <= number < len(RANGES[purpose]):
        raise SeedOutsideRange(purpose, number)
    return RANGES[purpose][number]
