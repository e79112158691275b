"""Everything that is not as it should be at a station, in NE 107's states."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.domain.belt import Layout
from inspector.domain.health import Condition, State
from inspector.domain.snapshot import POLICY_NODES, PlcSnapshot
from inspector.domain.sync import ViewTrack
from inspector.line.alarms import OTHER_GATEWAY, PASSING, RUN_OF_REJECTS
from inspector.line.link import PROGRAM_SILENT_S
from inspector.line.station_line import StationLine

NOT_EXECUTING = {
    2: "the line is stopped",
    4: "the line is idle",
    5: "the line is suspended",
    11: "the PLC holds the line",
}
"""PackML state → what the screens say; pictures, heartbeat and sync are not missed meanwhile."""


def conditions(line: StationLine, *, now_s: float) -> list[Condition]:
    """Return everything that is not as it should be at a station."""
    return [*_alarms(line), *_plc(line, now_s), *_views(line)]


def _alarms(line: StationLine) -> Iterator[Condition]:
    yield from line.worker_alarms.values()
    yield from line.watched
    shown = *PASSING, RUN_OF_REJECTS
    for text in filter(None, (line.ledger.alarm, *map(line.alarms.text, shown))):
        yield Condition(State.OUT_OF_SPECIFICATION, text)
    if other := line.alarms.text(OTHER_GATEWAY):
        yield Condition(State.FAILURE, other)


def _plc(line: StationLine, now_s: float) -> Iterator[Condition]:
    snapshot = line.link.snapshot
    if not line.link.up:
        yield Condition(State.FAILURE, f"no connection to the PLC: {line.link.why}")
    elif snapshot is None:
        return
    elif not snapshot.executes:
        unknown = f"the line is not in production (PackML state {snapshot.state})"
        yield Condition(State.OUT_OF_SPECIFICATION, NOT_EXECUTING.get(snapshot.state, unknown))
    elif now_s - line.link.program_beat_s > PROGRAM_SILENT_S:
        yield Condition(State.FAILURE, "the PLC's program is not running")
    if line.link.up and snapshot:
        for text in _policy(line.layout, snapshot):
            yield Condition(State.OUT_OF_SPECIFICATION, text)


def _policy(layout: Layout, snapshot: PlcSnapshot) -> Iterator[str]:
    """The PLC's line policy is its own: it is compared, and never written."""
    if snapshot.policy.get("pass_all"):
        yield "the PLC passes every part by key"
    for name, expected in layout.expects.items():
        found = snapshot.policy.get(name)
        if found != expected:
            shown = "is not shown" if found is None else f"is {str(found).lower()}"
            expects = str(expected).lower()
            yield f"the PLC's {POLICY_NODES[name]} {shown}, the station expects {expects}"


def _views(line: StationLine) -> Iterator[Condition]:
    if not line.link.up:
        return
    for view, track in line.belt.tracks.items():
        yield from _view(view, track, executes=line.link.executes)


def _view(view: str, track: ViewTrack, *, executes: bool) -> Iterator[Condition]:
    if not track.up:
        yield Condition(State.FAILURE, f"view {view}: {track.why}")
    elif executes and not track.proven:
        yield Condition(State.FUNCTION_CHECK, f"view {view}: {track.why or 'syncing'}")
