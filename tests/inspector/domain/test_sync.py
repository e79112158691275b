"""Which frame shows which part: the zero point, the intervals, and every way to lose them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.domain import sync
from inspector.domain.finding import ViewResult
from inspector.domain.numbers import BITS_32
from inspector.domain.sync import PARTS_TO_WAIT, PATIENCE_S, Arrival, Stand, ViewTrack

SPACING_US = 800_000
"""The smallest spacing; parts come once a second."""
CAMERA_ZERO_US = 77_000_000_000
PLC_ZERO_US = BITS_32 - 5_000_000
"""The PLC's microseconds wrap a few parts after the beginning."""


def plc_us(at_s: float) -> int:
    return (PLC_ZERO_US + round(at_s * 1e6)) % BITS_32


def frame(counter: int, at_s: float, *, drift: float = 0.0) -> Arrival:
    """Return the frame of an exposure, ready 20 ms later; the camera's clock may run fast."""
    taken_us = CAMERA_ZERO_US + round(at_s * 1e6 * (1 + drift))
    return Arrival(counter, taken_us, at_s + 0.02)


def fired(*parts: int) -> dict[int, int]:
    """Return ring entries of parts that came at their number in seconds."""
    return {part: plc_us(part) for part in parts}


def result(part: int) -> ViewResult:
    return ViewResult("top", picture=f"part {part}")


CONNECTED = ViewTrack(session=1, up=True)


def in_sync(number: int = 10, counter: int = 3) -> ViewTrack:
    """Return a track that has just named a frame, and proven the one before it."""
    last = (frame(counter, number), plc_us(number))
    return replace(CONNECTED, zero=number - counter, proven=True, last=last, why="")


def named(track: ViewTrack, entries: Mapping[int, int], read_s: float) -> tuple[ViewTrack, str]:
    return sync.name_frames(track, entries, read_s=read_s, spacing_us=SPACING_US)


# --- the camera comes and goes ---


def test_a_camera_that_connects_is_not_in_sync_and_its_counter_starts_over() -> None:
    track = sync.camera_changed(in_sync(), session=2, up=True, why="")
    assert (track.session, track.up, track.in_sync, track.last) == (2, True, False, None)
    assert track.why


def test_a_camera_that_went_away_says_why() -> None:
    track = sync.camera_changed(in_sync(), session=1, up=False, why="unplugged")
    assert (track.up, track.in_sync, track.why) == (False, False, "unplugged")


def test_a_camera_that_is_reported_up_again_in_the_same_session_stays_in_sync() -> None:
    track = in_sync()
    assert sync.camera_changed(track, session=1, up=True, why="") is track


def test_a_lost_track_keeps_its_session_and_its_newest_frame_only() -> None:
    waiting = replace(in_sync(), waiting=(frame(4, 11.0), frame(5, 12.0)))
    lost = sync.lost(waiting, "frame 4 has no trigger")
    assert (lost.session, lost.up, lost.in_sync, lost.proven) == (1, True, False, False)
    assert lost.arrivals == (frame(5, 12.0),)
    assert lost.why == "frame 4 has no trigger"
    assert sync.lost(in_sync(), "x").arrivals == (frame(3, 10.0),)


# --- asking for a gap ---


def test_a_gap_is_wanted_once_a_frame_stands_before_it() -> None:
    assert not sync.wants_gap(CONNECTED)
    seen = sync.arrived(CONNECTED, frame(0, 1.0))
    assert sync.wants_gap(seen)
    assert not sync.wants_gap(sync.asked(seen, 5))
    assert not sync.wants_gap(replace(seen, up=False))
    assert not sync.wants_gap(in_sync())


def test_what_came_before_the_newest_frame_cannot_show_the_hole() -> None:
    track = sync.arrived(sync.arrived(CONNECTED, frame(0, 1.0)), frame(1, 2.0))
    assert sync.asked(track, 5).arrivals == (frame(1, 2.0),)


# --- the hole ---


def asked(*frames: Arrival) -> ViewTrack:
    """Return a track with a request at the PLC and frames since."""
    track = sync.asked(sync.arrived(CONNECTED, frames[0]), 5)
    for one in frames[1:]:
        track = sync.arrived(track, one)
    return track


def answered(track: ViewTrack, first: int, entries: Mapping[int, int]) -> ViewTrack:
    return sync.answered(track, first, entries, spacing_us=SPACING_US)


def test_the_hole_sets_the_zero_point() -> None:
    track = answered(asked(frame(3, 2.0), frame(4, 5.0), frame(5, 6.0)), 5, fired(1, 2, 5, 6))
    assert track.zero == 5 - 4
    assert [one.counter for one in track.waiting] == [4, 5]
    assert (track.request, track.arrivals, track.why) == (0, (), "")
    assert not track.proven


def test_frames_between_request_and_hole_do_not_matter() -> None:
    frames = [frame(3, 2.0), frame(4, 3.0), frame(5, 4.0), frame(6, 7.0)]
    assert answered(asked(*frames), 7, fired(2, 3, 4, 7)).zero == 1


def test_without_the_ring_entry_behind_the_hole_nothing_is_decided_yet() -> None:
    track = asked(frame(3, 2.0), frame(4, 5.0))
    assert answered(track, 5, fired(1, 2)) is track


def test_a_gap_whose_parts_came_closer_than_declared_is_asked_for_again() -> None:
    entries = {2: plc_us(2.0), 5: plc_us(3.7)}  # three parts of 0.8 s are 2.4 s
    track = answered(asked(frame(3, 2.0), frame(4, 3.7)), 5, entries)
    assert (track.zero, track.request) == (None, 0)
    assert "closer than the smallest spacing" in track.why


def test_without_the_frame_behind_the_hole_nothing_is_decided_yet() -> None:
    track = asked(frame(3, 2.0))
    assert answered(track, 5, fired(1, 2, 5)) is track


def test_without_an_entry_before_the_hole_its_length_is_not_known() -> None:
    track = asked(frame(3, 2.0), frame(4, 5.0))
    assert not answered(track, 5, fired(5)).in_sync


def test_an_interval_of_another_length_is_no_hole() -> None:
    for off_s in (0.5, -0.5):
        track = asked(frame(3, 2.0), frame(4, 5.0 + off_s))
        assert answered(track, 5, fired(2, 5)) is track


def test_a_hole_with_a_lost_frame_in_it_is_not_trusted() -> None:
    track = asked(frame(3, 2.0), frame(5, 5.0))
    assert answered(track, 5, fired(2, 5)) is track


def test_two_holes_of_the_same_length_are_not_trusted() -> None:
    track = asked(frame(3, 2.0), frame(4, 5.0), frame(5, 8.0))
    assert answered(track, 5, fired(2, 5)) is track


def test_after_some_parts_without_the_hole_a_gap_is_asked_for_again() -> None:
    track = asked(frame(3, 2.0), frame(4, 6.0))
    waiting = answered(track, 5, fired(2, 5, 5 + PARTS_TO_WAIT - 1))
    assert waiting is track
    given_up = answered(track, 5, fired(2, 5, 5 + PARTS_TO_WAIT))
    assert given_up.request == 0
    assert "did not show" in given_up.why
    assert sync.wants_gap(given_up)


@pytest.mark.parametrize("drift", [9e-5, -9e-5])
def test_a_long_hole_agrees_though_the_two_clocks_drift(drift: float) -> None:
    entries = {2: plc_us(2), 5: plc_us(2000.0)}
    track = asked(frame(3, 2.0, drift=drift), frame(4, 2000.0, drift=drift))
    assert answered(track, 5, entries).zero == 1


def test_a_clock_that_runs_too_wrong_agrees_with_nothing() -> None:
    entries = {2: plc_us(2), 5: plc_us(2000.0)}
    track = asked(frame(3, 2.0, drift=5e-4), frame(4, 2000.0, drift=5e-4))
    assert not answered(track, 5, entries).in_sync


# --- names ---


def test_a_frame_whose_interval_agrees_gets_its_number_across_the_plcs_rollover() -> None:
    track = in_sync(number=3, counter=0)
    for part in (4, 5, 6, 7):
        track, why = named(sync.arrived(track, frame(part - 3, part)), fired(part), part + 0.1)
        assert why == ""
        assert track.names[part - 3][0] == part
    assert PLC_ZERO_US + 7_000_000 > BITS_32


@pytest.mark.parametrize("off_s", [0.39, -0.39])
def test_a_frame_may_be_off_by_less_than_half_the_smallest_spacing(off_s: float) -> None:
    track = sync.arrived(in_sync(), frame(4, 11 + off_s))
    track, why = named(track, fired(11), 12.0)
    assert (why, track.names[4][0]) == ("", 11)


@pytest.mark.parametrize("off_s", [0.41, -0.41])
def test_a_frame_that_is_off_by_more_loses_sync(off_s: float) -> None:
    track, why = named(sync.arrived(in_sync(), frame(4, 11 + off_s)), fired(11), 12.0)
    assert why == f"frame 4 came {off_s * 1000:+.0f} ms off its trigger"
    assert not track.names


def test_a_dropped_frame_leaves_a_hole_in_the_counter_and_shifts_nothing() -> None:
    track, why = named(sync.arrived(in_sync(), frame(5, 12.0)), fired(11, 12), 12.1)
    assert why == ""
    assert {counter: number for counter, (number, _) in track.names.items()} == {5: 12}


def test_a_trigger_that_the_camera_did_not_notice_loses_sync() -> None:
    track = sync.arrived(in_sync(), frame(4, 12.0))
    _, why = named(track, fired(11, 12), 12.1)
    assert why == "frame 4 came +1000 ms off its trigger"


def test_a_doubled_frame_loses_sync_at_the_next_trigger() -> None:
    track = sync.arrived(sync.arrived(in_sync(), frame(4, 11.0)), frame(5, 11.003))
    track, why = named(track, fired(11), 11.1)
    assert (why, list(track.names)) == ("", [4])
    _, why = named(track, fired(11, 12), 12.1)
    assert why == "frame 5 came -997 ms off its trigger"


def test_a_frame_waits_for_its_ring_entry_but_not_for_ever() -> None:
    track = sync.arrived(in_sync(), frame(4, 11.0))
    ready_s = track.waiting[0].ready_s
    waiting, why = named(track, {}, ready_s + PATIENCE_S - 0.01)
    assert (why, waiting.waiting) == ("", track.waiting)
    _, why = named(track, {}, ready_s + PATIENCE_S + 0.01)
    assert why == "frame 4 has no trigger"


# --- a standstill of the belt ---

STAND = Stand(3.1, 8.0)
"""Parts come at 1, 2, 3 s; the belt stands; then at 8.5, 9.5, 10.5 s."""
TIMES = {5: 1.0, 6: 2.0, 7: 3.0, 8: 8.5, 9: 9.5, 10: 10.5}


def frames_of(times: Mapping[int, float]) -> tuple[Arrival, ...]:
    return tuple(frame(part + 100, at_s) for part, at_s in times.items())


def entries_of(times: Mapping[int, float]) -> dict[int, int]:
    return {part: plc_us(at_s) for part, at_s in times.items()}


def stood(
    arrivals: tuple[Arrival, ...], entries: Mapping[int, int], stand: Stand | None = STAND
) -> ViewTrack:
    return sync.stood(replace(CONNECTED, arrivals=arrivals), stand, entries, spacing_us=SPACING_US)


def test_a_standstill_that_both_sides_show_sets_the_zero_point() -> None:
    track = stood(frames_of(TIMES), entries_of(TIMES))
    assert (track.zero, track.why, track.proven) == (-100, "", False)
    assert [one.counter for one in track.waiting] == [108, 109, 110]
    track, why = named(track, entries_of(TIMES), 10.6)
    assert (why, track.proven) == ("", True)


def test_without_a_standstill_the_view_asks_for_one() -> None:
    track = stood(frames_of(TIMES), entries_of(TIMES), None)
    assert (track.in_sync, track.why) == (False, "stop the belt for a moment to sync in")


@pytest.mark.parametrize("until_s", [3.55, 4.65])
def test_a_standstill_shorter_than_half_a_second_or_two_spacings_sets_nothing(
    until_s: float,
) -> None:
    times = {**TIMES, 8: until_s + 0.1, 9: until_s + 1.1, 10: until_s + 2.1}
    track = stood(frames_of(times), entries_of(times), Stand(3.1, until_s))
    assert not track.in_sync


def test_a_frame_while_the_belt_stands_proves_nothing() -> None:
    arrivals = frames_of(TIMES)
    extra = frame(108, 5.0)
    later = tuple(replace(one, counter=one.counter + 1) for one in arrivals[3:])
    assert not stood((*arrivals[:3], extra, *later), entries_of(TIMES)).in_sync


def test_a_frame_lost_beside_the_standstill_sets_nothing() -> None:
    arrivals = frames_of(TIMES)
    assert not stood((*arrivals[:2], *arrivals[3:]), entries_of(TIMES)).in_sync
    assert not stood((*arrivals[:3], *arrivals[4:]), entries_of(TIMES)).in_sync


@pytest.mark.parametrize("missed", [7, 8])
def test_a_trigger_missed_beside_the_standstill_sets_nothing(missed: int) -> None:
    seen = {part: at_s for part, at_s in TIMES.items() if part != missed}
    arrivals = tuple(frame(200 + n, at_s) for n, at_s in enumerate(seen.values()))
    assert not stood(arrivals, entries_of(TIMES)).in_sync


def test_two_standstills_of_one_length_in_the_ring_set_nothing() -> None:
    earlier = {1: -9.5, 2: -4.0, 3: -1.0}
    assert not stood(frames_of(TIMES), {**entries_of(earlier), **entries_of(TIMES)}).in_sync


def test_two_standstills_of_one_length_in_the_frames_set_nothing() -> None:
    earlier = {3: -6.5, 4: -1.0}
    assert not stood(frames_of({**earlier, **TIMES}), entries_of(TIMES)).in_sync


def test_a_ring_that_ends_before_the_frames_waits() -> None:
    entries = {part: us for part, us in entries_of(TIMES).items() if part < 8}
    assert not stood(frames_of(TIMES), entries).in_sync


# --- results ---


def test_a_result_is_given_out_once_when_its_frame_has_a_name() -> None:
    track, _ = named(sync.arrived(in_sync(), frame(4, 11.0)), fired(11), 11.1)
    assert sync.collected(track)[1] == ()
    track, ready = sync.collected(sync.looked(track, 4, result(11)))
    assert [(one.number, one.result, one.ready_s) for one in ready] == [(11, result(11), 11.02)]
    assert sync.collected(track)[1] == ()


def test_a_result_may_come_before_the_name() -> None:
    track = sync.looked(sync.arrived(in_sync(), frame(4, 11.0)), 4, result(11))
    track, ready = sync.collected(track)
    assert ready == ()
    track, _ = named(track, fired(11), 11.1)
    assert [one.number for one in sync.collected(track)[1]] == [11]


def test_no_result_is_used_before_an_interval_has_proven_the_zero_point() -> None:
    track = answered(asked(frame(3, 2.0), frame(4, 5.0)), 5, fired(2, 5))
    track, why = named(sync.looked(track, 4, result(5)), fired(2, 5), 5.1)
    assert (why, track.proven) == ("", False)
    assert sync.collected(track)[1] == ()
    track = sync.looked(sync.arrived(track, frame(5, 6.0)), 5, result(6))
    track, why = named(track, fired(2, 5, 6), 6.1)
    assert (why, track.proven) == ("", True)
    assert [one.number for one in sync.collected(track)[1]] == [5, 6]


def test_a_result_that_comes_while_out_of_sync_is_never_used() -> None:
    track = asked(frame(3, 2.0), frame(4, 5.0))
    assert sync.looked(track, 4, result(5)) is track


def test_results_that_nobody_will_name_are_forgotten() -> None:
    track = replace(in_sync(counter=3000), results={1: result(1)}, names={2: (5, frame(2, 5.0))})
    track, ready = sync.collected(track)
    assert (ready, track.results, track.names) == ((), {}, {})


# --- everything together ---


@dataclass
class Camera:
    """A camera whose faults are listed by part; a picture says which part it shows."""

    faults: Mapping[int, str]
    counter: int = 0
    shows: dict[int, int] = field(default_factory=dict)

    def expose(self, part: int, at_s: float) -> list[Arrival]:
        fault = self.faults.get(part, "")
        if fault == "miss":
            return []
        first = self._frame(part, at_s)
        if fault == "drop":
            return []
        return [first, self._frame(part, at_s + 0.003)] if fault == "double" else [first]

    def _frame(self, part: int, at_s: float) -> Arrival:
        counter, self.counter = self.counter, self.counter + 1
        self.shows[counter] = part
        return frame(counter, at_s)


FAULTS = st.dictionaries(st.integers(1, 40), st.sampled_from(["drop", "miss", "double"]))
JITTER = st.lists(st.floats(0.8, 1.2), min_size=40, max_size=40)
CROWDS = st.lists(st.one_of(st.floats(0.8, 1.2), st.floats(0.05, 0.8)), min_size=40, max_size=40)


def driven(faults: Mapping[int, str], spacings: list[float]) -> list[int]:
    """Drive a belt past a camera; return the parts that got a result, each its own."""
    camera, track = Camera(faults), CONNECTED
    entries: dict[int, int] = {}
    withheld: list[int] = []
    given_to: list[int] = []
    request, at_s = 0, 0.0
    for part, spacing in enumerate(spacings, 1):
        at_s += spacing
        if track.request and len(withheld) < 2:
            withheld.append(part)
            continue
        entries[part] = plc_us(at_s)
        for one in camera.expose(part, at_s):
            track = sync.arrived(track, one)
            track = sync.looked(track, one.counter, result(camera.shows[one.counter]))
        if track.request and len(withheld) == 2:
            track = answered(track, withheld[-1] + 1, entries)
        if track.in_sync:
            track, why = named(track, entries, at_s + 0.03)
            track = sync.lost(track, why) if why else track
        track, ready = sync.collected(track)
        for one_named in ready:
            if one_named.result.missed:
                continue
            assert one_named.result == result(one_named.number)
            given_to.append(one_named.number)
        if sync.wants_gap(track):
            request += 1
            track, withheld = sync.asked(track, request), []
    return given_to


def test_without_faults_every_part_behind_the_first_gap_gets_its_result() -> None:
    assert driven({}, [1.0] * 40) == list(range(5, 41))


@pytest.mark.parametrize("faults", [{4: "drop", 7: "drop", 12: "miss"}, {4: "miss", 7: "miss"}])
@pytest.mark.parametrize("slow", [0.8, 0.9, 1.0])
def test_a_missed_trigger_is_not_taken_for_the_hole_when_that_cannot_be_seen(
    faults: dict[int, str], slow: float
) -> None:
    for fast_from in range(1, 14):
        driven(faults, [slow] * fast_from + [1.2] * (40 - fast_from))


@given(FAULTS, CROWDS)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_however_close_parts_come_no_result_goes_to_another_part(
    faults: dict[int, str], spacings: list[float]
) -> None:
    driven(faults, spacings)


@given(FAULTS, JITTER)
@settings(max_examples=300, deadline=None)
def test_whatever_frames_are_lost_or_doubled_no_result_goes_to_another_part(
    faults: dict[int, str], spacings: list[float]
) -> None:
    driven(faults, spacings)
