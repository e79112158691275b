"""The belt's world: which part arrives at the eye when, and what it really is.

Pure: time is handed in, positions are encoder counts. The truth about part `n` follows from seed,
station and `n` alone, so that it does not depend on when or how often the process was restarted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from inspector.domain.numbers import BITS_32, signed_32
from inspector.simulator.plc_memory import Edge
from inspector.simulator.seeds import RANGES, seed_of

JITTER = 0.2
"""The spacing of two parts varies by so much of its mean, evenly."""
LONGEST_STEP_US = 200_000
"""When the process was stopped for longer, the belt stood still for the rest."""
_SEED_STEP = 1_000_003
_SPACING, _TRUTH = 0, 1


@dataclass(frozen=True, slots=True)
class Feed:
    """What is put on the belt.

    Attributes:
        seed: Of the whole run.
        index: Of the station, so that two of them differ.
        rate_hz: Parts a second while the belt runs.
        defect_rate: Share of bad parts.
        parts: So many in this run, then none; 0: without end.
        counts_per_s: Belt speed.
        reject_at_counts: Eye to reject station.
    """

    seed: int
    index: int
    rate_hz: float
    defect_rate: float
    parts: int
    counts_per_s: float
    reject_at_counts: int

    def bad(self, nth: int) -> bool:
        """Return whether the n-th part has a defect."""
        return bool(self._random(_TRUTH, nth) < self.defect_rate)

    def spacing(self, nth: int) -> float:
        """Return the counts from part n-1 to part n."""
        jitter = 1 + JITTER * (2 * self._random(_SPACING, nth) - 1)
        return self.counts_per_s / self.rate_hz * jitter

    def picture_seed(self, nth: int) -> int:
        """Return the seed of the n-th part's pictures: another for each part of a run."""
        return seed_of("runs", (self.seed * _SEED_STEP + nth) % len(RANGES["runs"]))

    def _random(self, question: int, nth: int) -> float:
        return float(np.random.default_rng((self.seed, self.index, question, nth)).random())


@dataclass(slots=True)
class Lying:
    """What the eye saw: a part on the belt, or nothing at all.

    Attributes:
        position: Belt position at the eye, counts since the beginning of the world.
        at_us: When.
        ordinal: Which trigger of this run, from 1.
        nth: Which part of the feed; 0 for a phantom.
        seed: Of its pictures.
        bad: It has a defect.
        number: What the PLC counted it as, 64 bits; 0 until then.
        action: What the PLC decided; 0 until then.
        decided_us: When.
        actuations: How often the actuator hit it.
        actuated_us: When first; 0: never.
    """

    position: float
    at_us: int
    ordinal: int
    nth: int
    seed: int
    bad: bool
    number: int = 0
    action: int = 0
    decided_us: int = 0
    actuations: int = 0
    actuated_us: int = 0

    @property
    def truth(self) -> str:
        """Return "good", "bad" or "phantom"."""
        return "phantom" if not self.nth else "bad" if self.bad else "good"


@dataclass(slots=True)
class World:
    """What survives a restart: where the belt stands and what lies on it.

    Attributes:
        position: Of the belt, counts since the beginning of the world.
        fed: Parts put on the belt ever; phantoms are none.
        next_at: Position at which the next part reaches the eye; below 0: never run.
        triggers: Edges at the eye ever.
        number: What the PLC counted last, 64 bits.
        order: The run that this feed belongs to.
        until: Parts are fed up to this many; 0: without end.
        first: Triggers before this run.
        lying: From eye to a little behind the reject station, oldest first.
    """

    position: float = 0.0
    fed: int = 0
    next_at: float = -1.0
    triggers: int = 0
    number: int = 0
    order: str = ""
    until: int = 0
    first: int = 0
    lying: deque[Lying] = field(default_factory=deque)


class Belt:
    """One station's belt."""

    def __init__(
        self, feed: Feed, world: World, *, phantom_at: Callable[[int], bool], order: str = ""
    ) -> None:
        """Take the world up where it was left; another `order` is another run's feed."""
        self.feed, self.world = feed, world
        self._usual_hz = feed.rate_hz
        self._phantom_at = phantom_at
        self._moved_us: int | None = None
        if world.next_at < 0 or world.order != order:
            world.order, world.first = order, world.triggers
            world.until = world.fed + feed.parts if feed.parts else 0
            world.next_at = world.position + feed.spacing(world.fed + 1)

    @property
    def us_per_count(self) -> float:
        """Return the running belt's time per count."""
        return 1e6 / self.feed.counts_per_s

    @property
    def encoder(self) -> int:
        """Return the belt's position as the PLC reads it, 32 bits."""
        return int(self.world.position) % BITS_32

    @property
    def fed_out(self) -> bool:
        """Return whether no more parts will come."""
        return bool(self.world.until) and self.world.fed >= self.world.until

    @property
    def triggers(self) -> int:
        """Return how many edges this run has seen."""
        return self.world.triggers - self.world.first

    def pace(self, times: float) -> None:
        """Let parts come so many times as often as usual, from the next but one on."""
        self.feed = replace(self.feed, rate_hz=self._usual_hz * times)

    def move(self, now_us: int, *, running: bool) -> tuple[Edge, ...]:
        """Move the belt up to now and return the eye's edges on the way, oldest first."""
        before_us = now_us if self._moved_us is None else self._moved_us
        self._moved_us = now_us
        if not running:
            return ()
        step_us = min(now_us - before_us, LONGEST_STEP_US)
        self.world.position += step_us / self.us_per_count
        edges = []
        while (seen := self._next_at_eye()) is not None:
            back_us = (self.world.position - seen.position) * self.us_per_count
            seen.at_us = now_us - round(back_us)
            self.world.lying.append(seen)
            self.world.triggers += 1
            edges.append(Edge(int(seen.position) % BITS_32, seen.at_us))
        return tuple(edges)

    def actuated(self, encoder: int, at_us: int) -> None:
        """Note that the actuator fired; it hits what lies at the reject station, if anything."""
        hit = min(self.world.lying, key=lambda part: self._off(part, encoder), default=None)
        if hit is None or self._off(hit, encoder) > self._half_spacing:
            return
        hit.actuations += 1
        hit.actuated_us = hit.actuated_us or at_us

    def leaves(self) -> list[Lying]:
        """Take off what has passed the reject station by more than the actuator can still hit."""
        left = []
        lying = self.world.lying
        end = self.world.position - self.feed.reject_at_counts - self._half_spacing
        while lying and lying[0].position < end and lying[0].action:
            left.append(lying.popleft())
        return left

    def _next_at_eye(self) -> Lying | None:
        world = self.world
        if self.fed_out:
            return None
        phantom = self._phantom_at(self.triggers + 1)
        at = world.next_at
        if phantom:
            at -= self.feed.spacing(world.fed + 1) / 2
        if at > world.position:
            return None
        nth = 0 if phantom else world.fed + 1
        bad = bool(nth) and self.feed.bad(nth)
        seen = Lying(at, 0, self.triggers + 1, nth, self._seed(nth), bad=bad)
        if nth:
            world.fed = nth
            world.next_at += self.feed.spacing(nth + 1)
        return seen

    def _seed(self, nth: int) -> int:
        return self.feed.picture_seed(nth or -self.world.triggers)

    @property
    def _half_spacing(self) -> float:
        return self.feed.counts_per_s / self.feed.rate_hz * (1 - JITTER) / 2

    def _off(self, part: Lying, encoder: int) -> float:
        there = int(part.position) + self.feed.reject_at_counts
        return abs(signed_32(encoder - there))
