"""What contenders took side by side, and the figures that come of it. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Taken:
    """What one contender took for the pictures of one round.

    Attributes:
        ms: Of each picture where they came one after the other; empty otherwise.
        wall_s: Of all of them.
        count: How many.
    """

    ms: tuple[float, ...]
    wall_s: float
    count: int

    @property
    def rate_hz(self) -> float:
        """Return pictures a second."""
        return self.count / self.wall_s


Contender = Callable[[int, int], Taken]
"""Given the number of the first picture and how many, looks at them."""


@dataclass(slots=True)
class Rounds:
    """All rounds of all contenders; in each round every one of them ran once.

    Attributes:
        taken: By contender, one for each round.
    """

    taken: dict[str, list[Taken]] = field(default_factory=dict)

    def add(self, contender: str, taken: Taken) -> None:
        """Enter one contender's part of a round."""
        self.taken.setdefault(contender, []).append(taken)

    def rate_hz(self, contender: str) -> float:
        """Return its median rate."""
        return statistics.median(one.rate_hz for one in self.taken[contender])

    def best(self, contenders: Sequence[str]) -> str:
        """Return which of these has the highest median rate."""
        return max((one for one in contenders if one in self.taken), key=self.rate_hz)

    def ms(self, contender: str, views: int = 1) -> list[float]:
        """Return how long parts took whose views came at the same instant, one after the other."""
        return [
            sum(one.ms[at : at + views])
            for one in self.taken[contender]
            for at in range(0, len(one.ms) - views + 1, views)
        ]


def in_turns(
    contenders: Mapping[str, Contender], number: int, calls: int
) -> Iterator[tuple[str, Taken]]:
    """Let each look at `calls` pictures; who comes first changes with the round's number."""
    names = list(contenders)
    turned = number % len(names)
    for name in names[turned:] + names[:turned]:
        yield name, contenders[name](number * calls, calls)


def shares(stage_ms: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    """Return the median of each stage in ms, and its share of their sum."""
    medians = {stage: statistics.median(taken) for stage, taken in stage_ms.items()}
    total = sum(medians.values())
    return {stage: (ms, ms / total) for stage, ms in medians.items()}
