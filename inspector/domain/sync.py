"""Which frame shows which part: one camera's frame counter against the PLC's ring.

A frame's number is `zero + counter`. The zero point is set only in a gap that both sides show:
the PLC withholds this camera's output for some parts, and the same hole must stand in the
camera's own time stamps. From then on the interval between two frames, by the camera's clock,
must agree with the interval between their two ring entries, by the PLC's clock. Arrival times
play no part: a picture may be late, but its exposure cannot be. Agreeing is worth nothing where two
parts came closer than that and a little: either frame may show either part, so neither is used.

Every function is pure and returns a new track.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from inspector.domain.finding import ViewResult
from inspector.domain.numbers import signed_32

PATIENCE_S = 0.5
"""How long a frame may wait for its ring entry: several PLC scans and reads."""
CLOCK_DRIFT = 1e-4
"""Two quartz clocks differ by less than 100 parts in a million."""
PARTS_TO_WAIT = 3
"""So many parts after the hole its first frame must have come, or the camera lost it."""
SHORTEST_STAND_S = 0.5
TOO_CLOSE = "another part came within three quarters of the smallest spacing"
SHORT_GAP = "the gap's parts came closer than the smallest spacing"
_CROWDED_SHARE = 0.75
"""Of the smallest spacing: the tolerance, and a quarter for a doubled frame, which comes later."""
STOP_THE_BELT = "stop the belt for a moment to sync in"
_KEPT_ARRIVALS = 64
MOST_WAITING = 256
"""Frames beyond the largest ring can never be named: their entries are overwritten by then."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame came: its counter, the camera's own time (µs), our monotonic time (s)."""

    counter: int
    taken_us: int
    ready_s: float


@dataclass(frozen=True, slots=True)
class Stand:
    """The belt stood: the encoder did not move between two reads, seconds of our clock."""

    from_s: float
    until_s: float

    def is_long(self, spacing_us: float) -> bool:
        """Return whether no two parts of a running belt can be mistaken for it."""
        return self.until_s - self.from_s >= max(SHORTEST_STAND_S, 2 * spacing_us / 1e6)


@dataclass(frozen=True, slots=True)
class Named:
    """A result whose part is known."""

    number: int
    result: ViewResult
    ready_s: float


@dataclass(frozen=True, slots=True)
class ViewTrack:
    """What is known of one camera's frames.

    Attributes:
        session: Of the camera's connection; frames of another one are not ours.
        up: The camera is connected.
        why: Why it is not in sync, for people; empty when it is.
        zero: Part number less frame counter; None while not in sync.
        proven: An interval has agreed since `zero` was set; before that no result is used.
        last: The last frame that agreed, and its ring time in µs.
        arrivals: Frames that came while not in sync, to find the hole in.
        waiting: Frames in sync whose ring entry has not been read yet.
        names: Part number and arrival by counter, for frames whose result is still awaited.
        results: Results by counter that still wait for their name.
        crowded: Parts among `names` that came too close to another to tell their frames apart.
        request: The sync request that stands at the PLC; 0 for none.
    """

    session: int = -1
    up: bool = False
    why: str = "no picture yet"
    zero: int | None = None
    proven: bool = False
    last: tuple[Arrival, int] | None = None
    arrivals: tuple[Arrival, ...] = ()
    waiting: tuple[Arrival, ...] = ()
    names: Mapping[int, tuple[int, Arrival]] = field(default_factory=dict)
    results: Mapping[int, ViewResult] = field(default_factory=dict)
    crowded: frozenset[int] = frozenset()
    request: int = 0

    @property
    def in_sync(self) -> bool:
        """True when frames are given part numbers."""
        return self.zero is not None


def lost(track: ViewTrack, why: str) -> ViewTrack:
    """Return the track out of sync: no frame seen so far is used any more."""
    newest = track.waiting[-1:] or ((track.last[0],) if track.last else ()) or track.arrivals[-1:]
    return ViewTrack(session=track.session, up=track.up, why=why, arrivals=tuple(newest))


def camera_changed(track: ViewTrack, *, session: int, up: bool, why: str) -> ViewTrack:
    """Return the track after the camera connected anew or went away; its counter starts over."""
    if up and track.up and session == track.session:
        return track
    return ViewTrack(session=session, up=up, why=why or "camera connected, not yet in sync")


def arrived(track: ViewTrack, frame: Arrival) -> ViewTrack:
    """Return the track after a frame came, before the model has looked."""
    if not track.in_sync:
        return replace(track, arrivals=(*track.arrivals, frame)[-_KEPT_ARRIVALS:])
    return replace(track, waiting=(*track.waiting, frame))


def looked(track: ViewTrack, counter: int, result: ViewResult) -> ViewTrack:
    """Return the track after the model's answer to a frame came; None of it when out of sync."""
    if not track.in_sync:
        return track
    return replace(track, results={**track.results, counter: result})


def name_frames(
    track: ViewTrack, fired: Mapping[int, int], *, read_s: float, spacing_us: float
) -> tuple[ViewTrack, str]:
    """Give waiting frames their part numbers, each only if its interval agrees with the ring.

    A frame waits for a ring that was read after it came: an earlier one may lack a part that came
    close behind, and whose frame this is.

    Args:
        track: In sync.
        fired: Part number → PLC time in µs (32 bits) when this camera's output fired.
        read_s: Monotonic time before `fired` was read.
        spacing_us: The smallest spacing of two parts.

    Returns:
        The track, and why sync was lost; empty when it was not.
    """
    zero = track.zero
    names = dict(track.names)
    last, proven = track.last, track.proven
    waiting = list(track.waiting)
    while waiting and zero is not None:
        frame = waiting[0]
        number = zero + frame.counter
        if number not in fired or read_s < frame.ready_s:
            if read_s - frame.ready_s > PATIENCE_S:
                return track, f"frame {frame.counter} has no trigger"
            break
        crowded = _is_crowded(number, fired, spacing_us)
        if crowded and not proven:
            return track, f"part {number} cannot be synced in by: {TOO_CLOSE}"
        if last is not None:
            off_us = _disagreement_us(last, frame, fired[number])
            if abs(off_us) > _tolerance_us(last[0], frame, spacing_us):
                return track, f"frame {frame.counter} came {off_us / 1000:+.0f} ms off its trigger"
            proven = True
        names[frame.counter] = (number, frame)
        if not crowded:  # or the next frame would be measured from one that may be another's
            last = (frame, fired[number])
        waiting.pop(0)
    named = replace(track, names=names, last=last, proven=proven, waiting=tuple(waiting))
    close = (n for n, _ in names.values() if _is_crowded(n, fired, spacing_us))
    return replace(named, crowded=frozenset(close)), ""


def _is_crowded(number: int, fired: Mapping[int, int], spacing_us: float) -> bool:
    """Return whether another part came so close that their frames cannot be told apart."""
    others = (number - 2, number - 1, number + 1, number + 2)  # by two: the PLC skips the id 0
    return number in fired and any(
        abs(signed_32(fired[number] - fired[other])) < spacing_us * _CROWDED_SHARE
        for other in others
        if other in fired
    )


def collected(track: ViewTrack) -> tuple[ViewTrack, tuple[Named, ...]]:
    """Return the results whose part is known, once an interval has proven the zero point."""
    if not track.proven:
        return track, ()
    both = sorted(track.names.keys() & track.results.keys())
    ready = tuple(_named(track, counter) for counter in both)
    newest = track.last[0].counter if track.last else 0
    # Frames are in order: what is far behind the newest will not be answered any more.
    names = {c: name for c, name in track.names.items() if c not in both and c > newest - 1024}
    results = {c: r for c, r in track.results.items() if c not in both and c > newest - 1024}
    return replace(track, names=names, results=results), ready


def _named(track: ViewTrack, counter: int) -> Named:
    number, frame = track.names[counter]
    result = track.results[counter]
    if number in track.crowded:
        result = ViewResult(result.view, missed=TOO_CLOSE)
    return Named(number, result, frame.ready_s)


def wants_gap(track: ViewTrack) -> bool:
    """Return whether a sync request should be made now: a frame must stand before the hole."""
    return track.up and not track.in_sync and not track.request and bool(track.arrivals)


def asked(track: ViewTrack, request: int) -> ViewTrack:
    """Return the track with its request at the PLC; the newest frame stands before the hole."""
    return replace(
        track, request=request, arrivals=track.arrivals[-1:], why="waiting for a gap to sync in"
    )


def answered(
    track: ViewTrack, first: int, fired: Mapping[int, int], *, spacing_us: float
) -> ViewTrack:
    """Set the zero point if the PLC's hole stands in the camera's time stamps too.

    Args:
        track: With `request` at the PLC, which has answered it.
        first: Part number that the output fired for first after the hole.
        fired: As in `name_frames`.
        spacing_us: As in `name_frames`.

    Returns:
        In sync; or unchanged while frame or entry may still come; or ready to ask again.
    """
    before = max((number for number in fired if number < first), default=None)
    if before is not None and first in fired and _is_short(before, first, fired, spacing_us):
        return replace(track, request=0, why=SHORT_GAP)
    pairs = [
        pair
        for pair in pairwise(track.arrivals)
        if before is not None
        and first in fired
        and _is_hole(pair, fired[before], fired[first], spacing_us)
    ]
    if (
        len(pairs) == 1
        and before is not None
        and _all_agree(track.arrivals, (before, first), pairs[0][1].counter, fired, spacing_us)
    ):
        return _zeroed(track, first, pairs[0][1].counter)
    if any(number >= first + PARTS_TO_WAIT for number in fired):
        return replace(track, request=0, why="the gap did not show in the camera's times")
    return track


def _is_short(before: int, first: int, fired: Mapping[int, int], spacing_us: float) -> bool:
    """Return whether the gap's parts came closer than declared: it may look like no gap at all."""
    least_us = (first - before) * spacing_us * _CROWDED_SHARE
    return 0 <= signed_32(fired[first] - fired[before]) < least_us  # below 0: half an hour or more


def stood(
    track: ViewTrack, stand: Stand | None, fired: Mapping[int, int], *, spacing_us: float
) -> ViewTrack:
    """Set the zero point by a standstill of the belt, if one hole shows it on both sides.

    The frames around the hole are those that came before the belt stood and after it went on;
    exactly one pair of neighbours in the ring must be as far apart, and no other two frames.

    Args:
        track: Not in sync.
        stand: The last one that is over; None: none was seen.
        fired: As in `name_frames`.
        spacing_us: As in `name_frames`.
    """
    hole = _around(track.arrivals, stand, spacing_us) if stand else None
    if hole is None:
        return replace(track, why=STOP_THE_BELT) if track.up and track.arrivals else track
    ring = [
        (number, number + 1)
        for number in fired
        if number + 1 in fired and _is_hole(hole, fired[number], fired[number + 1], spacing_us)
    ]
    if len(ring) != 1:
        return track  # the entry is not there yet, or the hole is not the only one of its length
    before, first = ring[0]
    alike = [
        pair
        for pair in pairwise(track.arrivals)
        if _is_hole(pair, fired[before], fired[first], spacing_us)
    ]
    after = hole[1].counter
    if len(alike) != 1 or not _all_agree(track.arrivals, ring[0], after, fired, spacing_us):
        return track
    return _zeroed(track, first, after)


def _around(
    arrivals: tuple[Arrival, ...], stand: Stand, spacing_us: float
) -> tuple[Arrival, Arrival] | None:
    """Return the frames before and after a long enough standstill in which none was taken."""
    before = [frame for frame in arrivals if frame.ready_s <= stand.from_s + PATIENCE_S]
    after = [frame for frame in arrivals if frame.ready_s > stand.until_s]
    if not before or not after:
        return None
    one, two = before[-1], after[0]
    long_us = max(SHORTEST_STAND_S * 1e6, 2 * spacing_us)
    long = stand.is_long(spacing_us) and two.taken_us - one.taken_us >= long_us
    unbroken = two.counter == one.counter + 1  # no frame was taken or lost in between
    return (one, two) if long and unbroken else None


def _zeroed(track: ViewTrack, first: int, counter: int) -> ViewTrack:
    """Return the track in sync: the frame with this counter shows part `first`."""
    return replace(
        track,
        zero=first - counter,
        request=0,
        why="",
        arrivals=(),
        waiting=tuple(frame for frame in track.arrivals if frame.counter >= counter),
    )


def _is_hole(
    pair: tuple[Arrival, Arrival], before_us: int, first_us: int, spacing_us: float
) -> bool:
    one, two = pair
    if two.counter != one.counter + 1:
        return False
    off_us = _disagreement_us((one, before_us), two, first_us)
    return abs(off_us) <= _tolerance_us(one, two, spacing_us)


def _all_agree(
    arrivals: tuple[Arrival, ...],
    hole: tuple[int, int],
    after: int,
    fired: Mapping[int, int],
    spacing_us: float,
) -> bool:
    """Return whether every frame since the request fits the ring, not the hole's two alone.

    A trigger that the camera missed leaves an interval that can look like the hole when the true
    one cannot be seen because a frame beside it was lost. The true one then fits nothing.
    Frames whose ring entry has not been read yet are left to `name_frames`.
    """
    before, first = hole

    def number(frame: Arrival) -> int:
        return frame.counter - after + (first if frame.counter >= after else before + 1)

    for one, two in pairwise(arrivals):
        if number(two) > max(fired):
            return True
        if number(one) not in fired or number(two) not in fired:
            return False
        off_us = _disagreement_us((one, fired[number(one)]), two, fired[number(two)])
        if abs(off_us) > _tolerance_us(one, two, spacing_us):
            return False
    return True


def _disagreement_us(last: tuple[Arrival, int], frame: Arrival, fired_us: int) -> int:
    before, before_us = last
    return signed_32((frame.taken_us - before.taken_us) - (fired_us - before_us))


def _tolerance_us(one: Arrival, two: Arrival, spacing_us: float) -> float:
    """Return half a spacing; less than 0 when the clocks may have drifted apart by as much.

    After so long a standstill no interval can tell a part from its neighbour.
    """
    drift_us = CLOCK_DRIFT * abs(two.taken_us - one.taken_us)
    return spacing_us / 2 if drift_us < spacing_us / 2 else -1.0
