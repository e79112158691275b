"""The steps of one station's belt: every part from the eye until the PLC has decided it.

`Belt` is an immutable value; each step takes it with one event and returns the next belt and
what is to be done (`Effect`). Nothing here reads a clock, a file or a network, so that the
whole of the line's behaviour can be tested as a state machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from math import ceil

from inspector.domain import naming, sync
from inspector.domain.belt import (
    PLC_RESTARTED,
    Belt,
    Decided,
    Effect,
    Gap,
    Judged,
    Latched,
    Part,
    Step,
    SyncLost,
)
from inspector.domain.finding import ViewResult
from inspector.domain.judging import Decision, judge, not_inspected
from inspector.domain.numbers import extended, parts_from
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.sync import Arrival, Stand
from inspector.domain.verdict import Verdict
from inspector.domain.words import ID_MASK, OperatorWord, action_of

AHEAD_US = 1_000_000
"""The line and a worker are much faster: a message between them takes some milliseconds."""


def camera_changed(belt: Belt, view: str, *, session: int, up: bool, why: str) -> Step:
    """Return the belt after a camera connected anew or went away."""
    before = belt.tracks[view]
    after = sync.camera_changed(before, session=session, up=up, why=why)
    if after is before or not before.in_sync:
        return belt.with_track(view, after), ()
    belt = _unanswered(belt, view, after.why)
    return belt.with_track(view, after), (SyncLost(view, after.why),)


def frame_came(belt: Belt, view: str, session: int, frame: Arrival) -> Step:
    """Return the belt after a frame arrived, before the model looked."""
    track = belt.tracks[view]
    if session != track.session:
        return belt, ()
    track = sync.arrived(track, frame)
    if len(track.waiting) <= sync.MOST_WAITING:
        return belt.with_track(view, track), ()
    why = "the PLC was away for too many frames"
    return belt.with_track(view, sync.lost(track, why)), (SyncLost(view, why),)


def view_seen(belt: Belt, view: str, session: int, counter: int, result: ViewResult) -> Step:
    """Return the belt after the model's answer to a frame came."""
    track = belt.tracks[view]
    if session != track.session:
        return belt, ()
    return _settled(belt.with_track(view, sync.looked(track, counter, result)))


def plc_read(belt: Belt, snapshot: PlcSnapshot) -> Step:
    """Return the belt after the PLC's tables were read: new parts, names, echoes, decisions."""
    belt, effects = _boot_seen(belt, snapshot)
    belt = replace(_moved(belt, snapshot), boot=snapshot.boot_count)
    belt, more = _parts_entered(belt, snapshot)
    effects += more
    for view in belt.layout.views:
        belt, more = naming.pictures_asked(belt, view, snapshot)
        effects += more
        belt, more = naming.frames_named(belt, view, snapshot)
        effects += more
    belt, more = _settled(belt)
    effects += more
    belt, more = _echoes_and_decisions(belt, snapshot)
    return belt, effects + more


def restarted(belt: Belt, snapshot: PlcSnapshot) -> bool:
    """Return whether the PLC's program has started again, or its count has fallen back."""
    return belt.boot not in (None, snapshot.boot_count) or _fell_back(belt, snapshot)


def resync(belt: Belt, why: str) -> Step:
    """Return the belt with every view out of sync, for a reason outside the frames."""
    lost = tuple(SyncLost(view, why) for view, track in belt.tracks.items() if track.in_sync)
    tracks = {view: sync.lost(track, why) for view, track in belt.tracks.items()}
    return replace(belt, tracks=tracks, outputs={}), lost


def first_frames(belt: Belt) -> tuple[int, Mapping[str, tuple[int, int]]]:
    """Return the first part that another model may look at, and its frame in each view.

    Every view of a part must have the same model. The part lies a second ahead of the newest, so
    that the worker knows before it comes. A view that is not in sync has no such frame.

    Returns:
        The part's number; by view, the camera's session and its frame counter.
    """
    ahead = ceil(AHEAD_US / belt.layout.smallest_spacing_us) + 1
    frames = [
        track.zero + frame.counter
        for track in belt.tracks.values()
        for frame in track.waiting
        if track.zero is not None
    ]
    number = max([belt.newest or 0, *frames]) + ahead
    return number, {
        view: (track.session, number - track.zero)
        for view, track in belt.tracks.items()
        if track.zero is not None
    }


def link_lost(belt: Belt) -> Belt:
    """Return the belt after the session ended: what was asked of the PLC is asked again."""
    tracks = {view: replace(track, request=0) for view, track in belt.tracks.items()}
    return replace(belt, tracks=tracks)


def say_again(belt: Belt, why: str) -> Belt:
    """Return the belt with every word to be said again, under a new epoch or in a new session."""
    parts = {
        n: replace(part, said=False, undone=why if part.said else part.undone)
        for n, part in belt.parts.items()
    }
    return replace(belt, parts=parts)


def sent(belt: Belt, number: int) -> Belt:
    """Return the belt after the machine word of a part was handed to the PLC."""
    part = belt.parts.get(number)
    return belt.with_part(replace(part, sent=True)) if part and not part.sent else belt


def acked(belt: Belt, number: int) -> Belt:
    """Return the belt after the machine word of a part was acknowledged."""
    part = belt.parts.get(number)
    if part is None:
        return belt
    taken = not belt.layout.operator_table and part.operator is not None
    latched = part.operator.revision if taken and part.operator else part.latched
    return belt.with_part(replace(part, said=True, undone="", latched=latched))


def muted(belt: Belt, why: str) -> Belt:
    """Return the belt with nothing to be sent any more for the parts on it."""
    parts = {n: replace(part, mute=part.mute or why) for n, part in belt.parts.items()}
    return replace(belt, parts=parts)


def beats(belt: Belt) -> bool:
    """Return whether the heartbeat goes on: without an epoch, its pause voids our words."""
    return belt.layout.epoch or not any(part.mute for part in belt.parts.values())


def journal_failed(belt: Belt, number: int, *, failed: bool) -> Belt:
    """Return the belt with a part's PASS withheld, or free again."""
    part = belt.parts.get(number)
    if part is None or part.withheld == failed:
        return belt
    return belt.with_part(replace(part, withheld=failed))


def to_say(belt: Belt) -> tuple[Part, ...]:
    """Return the parts whose machine word the PLC has not acknowledged and may still get.

    A PASS waits while a person's REJECT of the same part lacks its echo: a late PASS must
    never overtake it.
    """
    return tuple(
        part
        for part in belt.parts.values()
        if part.decision and not part.said and belt.in_time(part) and _may_say(belt, part)
    )


def to_say_operator(belt: Belt) -> tuple[Part, ...]:
    """Return the parts whose operator word has no echo yet and may still get one."""
    if not belt.layout.operator_table:
        return ()
    return tuple(
        part
        for part in belt.parts.values()
        if part.operator and part.latched < part.operator.revision and belt.in_time(part)
    )


def _may_say(belt: Belt, part: Part) -> bool:
    word, layout = belt.machine_word(part), belt.layout
    if word is not Verdict.PASS:
        held = layout.hold_rejects and word is Verdict.REJECT
        return not held or belt.distance(part) >= layout.held_until_counts
    said = part.operator
    unheard = said is not None and said.verdict is Verdict.REJECT and part.latched < said.revision
    return not (part.withheld or unheard)


def _unanswered(belt: Belt, view: str, why: str) -> Belt:
    """Return the belt with the cause on each part whose frame will have no answer any more."""
    track = belt.tracks[view]
    parts = dict(belt.parts)
    for counter, (number, _) in track.names.items():
        part = parts.get(number)
        if part and not part.decision and counter not in track.results:
            results = {**part.results, view: ViewResult(view, missed=why)}
            parts[number] = replace(part, results=results)
    return replace(belt, parts=parts)


def _boot_seen(belt: Belt, snapshot: PlcSnapshot) -> Step:
    """A restarted PLC decides every part on the belt fail-safe; nothing is sent for them."""
    if not restarted(belt, snapshot):
        return belt, ()
    belt = muted(belt, PLC_RESTARTED)
    belt, lost = resync(belt, PLC_RESTARTED)
    if not _fell_back(belt, snapshot):
        return belt, lost
    orphans = tuple(Decided(part, None) for part in belt.parts.values())
    belt, judged = _judged_now(belt, belt.parts.values(), "the PLC's part count fell back")
    return replace(belt, run=belt.run + 1, newest=None, parts={}), lost + judged + orphans


def _fell_back(belt: Belt, snapshot: PlcSnapshot) -> bool:
    newest = belt.newest
    return newest is not None and extended(snapshot.part_id, near=newest) < newest


def _moved(belt: Belt, snapshot: PlcSnapshot) -> Belt:
    """Return the belt where it is now; how long it has stood there."""
    since_s = belt.stands_since_s
    if since_s is None or belt.away or snapshot.encoder != belt.encoder:
        return replace(belt, encoder=snapshot.encoder, stands_since_s=snapshot.read_s)
    stand = Stand(since_s, snapshot.read_s)
    long = stand.is_long(belt.layout.smallest_spacing_us)
    return replace(belt, stand=stand) if long else belt


def _parts_entered(belt: Belt, snapshot: PlcSnapshot) -> Step:
    """Take in what passed the eye since the last read; parts met after an absence get no PASS.

    A PLC need not answer a read from one scan: a part that is counted and not in the ring yet is
    met at the next read. What the ring never shows is a gap.
    """
    near = snapshot.part_id if belt.newest is None else belt.newest
    head = extended(snapshot.part_id, near=near)
    places = {extended(i, near=near): encoder for i, (encoder, _) in snapshot.triggers.items()}
    known = belt.newest if belt.newest is not None else _uncounted(snapshot, places, head)
    seen = sorted(n for n in places if max(known, head - belt.layout.slots) < n <= head)
    last = head if belt.away else max(seen, default=known)
    new = [number for number in seen if number not in belt.recorded]
    entering = {n: Part(n, places[n], snapshot.read_s, run=belt.run) for n in new}
    parts = dict(belt.parts) | entering
    unread = _missing(known, last + 1, belt.recorded | set(seen))
    cause = _gap_cause(belt)
    gaps = tuple(Gap(first, last, cause) for first, last in unread)
    entered = replace(
        belt, parts=dict(sorted(parts.items())), newest=last, recorded=frozenset(), away=False
    )
    if not belt.away:
        return entered, gaps
    entered, judged = _judged_now(entered, [parts[n] for n in new], "the gateway was not running")
    return entered, gaps + judged


def _uncounted(snapshot: PlcSnapshot, places: Mapping[int, int], head: int) -> int:
    """Return the number before the first part ever, or before the oldest in the ring.

    A PLC that does not count its parts leaves us nothing to account for before its ring.
    """
    if "triggered" in snapshot.counts:
        return head - snapshot.counts["triggered"]
    return min((number for number in places if number <= head), default=head + 1) - 1


def _missing(known: int, end: int, met: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """Return the ranges of part numbers between `known` and `end` that nothing is known of."""
    stops = [known, *sorted(n for n in met if known < n < end), end]
    ranges = ((one + 1, two - 1) for one, two in pairwise(stops))
    return tuple(pair for pair in ranges if parts_from(*pair))


def _gap_cause(belt: Belt) -> str:
    if belt.newest is None:
        return "before the gateway's first start"
    return "the gateway was not running" if belt.away else "no connection to the PLC"


def _settled(belt: Belt) -> Step:
    """Give named results to their parts, and judge every part that is complete or due."""
    parts = dict(belt.parts)
    tracks = dict(belt.tracks)
    for view, track in belt.tracks.items():
        tracks[view], named = sync.collected(track)
        for one in named:
            if (part := parts.get(one.number)) and not part.decision:
                parts[one.number] = replace(
                    part,
                    results={**part.results, view: one.result},
                    ready_s=max(part.ready_s, one.ready_s),
                )
    belt = replace(belt, parts=parts, tracks=tracks)
    ripe = [part for part in parts.values() if not part.decision and _is_ripe(belt, part)]
    return _judged_now(belt, ripe, "") if ripe else (belt, ())


def _is_ripe(belt: Belt, part: Part) -> bool:
    complete = all(view in part.results for view in belt.layout.views)
    return complete or bool(part.mute) or belt.distance(part) >= belt.layout.answer_by_counts


def _judged_now(belt: Belt, parts: Iterable[Part], cause: str) -> Step:
    """Judge the parts that have no decision yet; a `cause` makes them UNKNOWN."""
    judged = [
        replace(part, decision=_decision(belt, part, cause))
        for part in parts
        if part.decision is None
    ]
    after = dict(belt.parts) | {part.number: part for part in judged}
    return replace(belt, parts=after), tuple(Judged(part) for part in judged)


def _decision(belt: Belt, part: Part, cause: str) -> Decision:
    if cause:
        return not_inspected(cause)
    if part.mute:
        return not_inspected(part.mute)
    results = dict(part.results)
    for view, track in belt.tracks.items():
        if view not in results and track.why:
            results[view] = ViewResult(view, missed=track.why)
    return judge(results, belt.layout.views)


def _echoes_and_decisions(belt: Belt, snapshot: PlcSnapshot) -> Step:
    effects: tuple[Effect, ...] = ()
    parts = dict(belt.parts)
    for part in belt.parts.values():
        slot = part.number % belt.layout.slots
        heard = _echo(part, snapshot.latched[slot])
        if heard.latched != part.latched:
            parts[part.number] = heard
            effects += (Latched(heard),)
        word = snapshot.decisions[slot]
        action = action_of(word, part.number)
        if action is None and not _overwritten(belt, part, word):
            continue
        part_now, judged = _closed(heard)
        effects += (*judged, Decided(part_now, action))
        del parts[part.number]
    return replace(belt, parts=parts), effects


def _echo(part: Part, word: int) -> Part:
    if not part.operator or word >> 8 != part.number & ID_MASK:
        return part
    echo = OperatorWord.unpack(word)
    return replace(part, latched=max(part.latched, echo.revision))


def _overwritten(belt: Belt, part: Part, word: int) -> bool:
    """Return whether a later part's decision stands where this part's would be."""
    ahead = ((word >> 8) - part.number) & ID_MASK
    in_slot = word and 0 < ahead < ID_MASK // 2
    newest = belt.newest if belt.newest is not None else part.number
    return bool(in_slot) or newest - part.number >= 2 * belt.layout.slots


def _closed(part: Part) -> tuple[Part, tuple[Effect, ...]]:
    """Return the part with a decision: one decided before we judged it was not inspected."""
    if part.decision:
        return part, ()
    late = replace(part, decision=not_inspected("decided by the PLC before the verdict"))
    return late, (Judged(late),)
