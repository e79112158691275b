"""The pictures that a station's worker holds for parts not yet decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from inspector.domain.belt import Belt
from inspector.ports import Clock

HELD_PICTURES_S = 120.0
"""A picture that belongs to no part on the belt is dropped after this."""


class HeldPictures:
    """Tells the worker which pictures to keep and which to drop."""

    def __init__(self, tell_worker: Callable[[Mapping[str, object]], None], clock: Clock) -> None:
        self._tell_worker, self._clock = tell_worker, clock
        self._held: dict[str, float] = {}

    def came(self, picture: str) -> None:
        """The worker holds a picture, by its digest; empty: there was none."""
        if picture:
            self._held[picture] = self._clock.monotonic_s()

    def settle(self, pictures: Iterable[str], *, keep: bool) -> None:
        """A part was decided: keep its pictures, or drop them."""
        for picture in filter(None, pictures):
            self._held.pop(picture, None)
            self._tell_worker({"do": "keep" if keep else "drop", "picture": picture})

    def drop_strays(self, belt: Belt) -> None:
        """Drop pictures that no part on the belt shows: late, doubled, or out of sync."""
        limit_s = self._clock.monotonic_s() - HELD_PICTURES_S
        if not self._held or next(iter(self._held.values())) > limit_s:
            return
        shown = {r.picture for part in belt.parts.values() for r in part.results.values()}
        shown |= {r.picture for t in belt.tracks.values() for r in t.results.values()}
        strays = [p for p, seen_s in self._held.items() if seen_s <= limit_s and p not in shown]
        self.settle(strays, keep=False)
