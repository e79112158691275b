"""Which part a view's frames show, as a step of the belt: `sync` compares, this decides with what.

With the rings of the PLC's camera outputs, or where it has none with the times at which the gateway
asked for the pictures itself (`asking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inspector.domain import asking, sync
from inspector.domain.asking import Output
from inspector.domain.belt import AskGap, AskPicture, Belt, Effect, Step, SyncLost
from inspector.domain.numbers import extended
from inspector.domain.outputs import ANOTHERS_RING, owner_of
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.sync import ViewTrack


def pictures_asked(belt: Belt, view: str, snapshot: PlcSnapshot) -> Step:
    """Return the belt after it asked, with software trigger, for pictures of parts that came."""
    if not belt.layout.asks:
        return belt, ()
    output = belt.outputs.get(view, Output())
    effects: tuple[Effect, ...] = ()
    too_late = False
    for part in belt.parts.values():
        gone = belt.distance(part) - belt.layout.cameras_at[view]
        if part.number <= output.newest or gone < 0:
            continue
        if gone > belt.layout.lens_counts:
            output, too_late = asking.passed_over(output, part.number), True
            continue
        output, asks = asking.turn_of(output, part.number, round(snapshot.read_s * 1e6))
        effects += (AskPicture(view),) * asks
    belt = belt.with_output(view, output)
    if too_late and belt.tracks[view].in_sync:  # its number is not among the frames: they shift
        why = "a part had passed the camera before its picture could be asked for"
        belt = belt.with_track(view, sync.lost(belt.tracks[view], why))
        effects += (SyncLost(view, why),)
    return belt, effects


def _output(belt: Belt, view: str, snapshot: PlcSnapshot) -> Output:
    """Return what a view's output has fired for and answered, the PLC's or our own."""
    if belt.layout.asks:
        return belt.outputs[view]
    near = belt.newest or 0
    fired = {extended(i, near=near): us for i, (_, us) in snapshot.fired[view].items()}
    request, first = snapshot.sync[view]
    return Output(fired, answer=(request, extended(first, near=near)))


def frames_named(belt: Belt, view: str, snapshot: PlcSnapshot) -> Step:
    """Return the belt after a view's frames were given to parts, or it lost or sought its sync."""
    track = belt.tracks[view]
    spacing_us = belt.layout.smallest_spacing_us
    output = _output(belt, view, snapshot)
    fired, (request, first) = output.fired, output.answer
    if track.request and request == track.request:
        track = sync.answered(track, first, fired, spacing_us=spacing_us)
    if track.in_sync:
        track, why = sync.name_frames(track, fired, read_s=snapshot.read_s, spacing_us=spacing_us)
        if why:
            return belt.with_track(view, sync.lost(track, why)), (SyncLost(view, why),)
    if belt.layout.sync == "standstill":
        owner = owner_of(view, snapshot, belt.layout.cameras_at)
        if owner != view and not track.in_sync:
            return belt.with_track(view, replace(track, why=ANOTHERS_RING.format(owner))), ()
        return belt.with_track(view, _synced_by_stand(belt, track, fired)), ()
    if not sync.wants_gap(track):
        return belt.with_track(view, track), ()
    request = belt.asked + 1
    belt = replace(belt.with_track(view, sync.asked(track, request)), asked=request)
    if belt.layout.asks:
        return belt.with_output(view, asking.gap_begun(output, request)), ()
    return belt, (AskGap(view, request),)


def _synced_by_stand(belt: Belt, track: ViewTrack, fired: Mapping[int, int]) -> ViewTrack:
    if track.in_sync:
        return track
    spacing_us = belt.layout.smallest_spacing_us
    return sync.stood(track, belt.stand, fired, spacing_us=spacing_us)
