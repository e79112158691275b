"""What the operator screen shows now: a pure shaping of the line's published state.

The line's state is read as it comes; a field that is missing or odd shows as nothing rather
than taking the screen down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from inspector.domain.finding import MOST_CORNERS
from inspector.domain.people import Person
from web.services import Json, StationCard

STALE_S: Final = 2.0
"""A line that has not spoken for so long shows as NO DATA."""
SHORTEST_TRAVEL_S: Final = 6.0
"""Below this travel time nobody can look and answer in time (issue 2, point 7)."""
PART_LISTS: Final = ("waiting", "in_flight", "recent")
STRIP: Final = 8
IN_FLIGHT: Final = 5
HALF, FULL = 1 << 31, 1 << 32

PACKML: Final = {
    1: "CLEARING",
    2: "STOPPED",
    3: "STARTING",
    4: "IDLE",
    5: "SUSPENDED",
    6: "RUNNING",
    7: "STOPPING",
    8: "ABORTING",
    9: "ABORTED",
    10: "HOLDING",
    11: "HELD",
    12: "UNHOLDING",
    13: "SUSPENDING",
    14: "UNSUSPENDING",
    15: "RESETTING",
    16: "COMPLETING",
    17: "COMPLETE",
}
STATES: Final = ("good", "maintenance", "out_of_specification", "function_check", "failure")
"""NE 107, the worst last."""

Object = Mapping[str, object]


def snapshot(
    cards: Sequence[StationCard],
    status: Object | None,
    *,
    now: datetime,
    monotonic_s: float,
    person: Person | None,
) -> Json:
    """Return what a screen with these stations shows.

    Args:
        cards: The stations on the screen.
        status: The line's last published state; None: it never published any.
        now: UTC; the screen gives it back as `painted_at`.
        monotonic_s: The monotonic clock at the same moment.
        person: Who is signed in on that panel.
    """
    beat = _number(status or {}, "beat_s", -1.0)
    stations = _map(status or {}, "stations")
    return {
        "at": now.isoformat(),
        "age_s": round(max(0.0, monotonic_s - beat), 3) if beat >= 0 else None,
        "person": {"name": person.name, "role": person.role.value} if person else None,
        "plc_down": _plc_down(_map(status or {}, "plc")),
        "stations": [_station(card, _map(stations, card.name), monotonic_s) for card in cards],
    }


def station_of(record: str, status: Object | None) -> str:
    """Return the station whose line shows this part just now, or empty."""
    for name, said in _map(status or {}, "stations").items():
        if not isinstance(said, Mapping):
            continue
        shown = [part for key in PART_LISTS for part in _maps(said, key)]
        if any(part.get("record") == record for part in shown):
            return name
    return ""


def waiting_parts(status: Object | None) -> object:
    """Return what a person must see without delay: which parts wait, and whose word stands."""
    return [
        (part.get("record"), part.get("operator"), part.get("operator_state"))
        for said in _map(status or {}, "stations").values()
        if isinstance(said, Mapping)
        for part in _maps(said, "waiting")
    ]


def _plc_down(plcs: Object) -> str:
    down = [
        f"{name}: {_text(_map(plcs, name), 'why') or 'no connection'}"
        for name in plcs
        if _map(plcs, name).get("up") is False
    ]
    return "; ".join(down)


def _station(card: StationCard, said: Object, monotonic_s: float) -> Json:
    travel_s = _number(said, "travel_s", card.travel_s)
    belt = _Belt(said, card.counts_per_s, monotonic_s)
    state = _text(said, "state") or "good"
    can_override = (
        card.override and said.get("override") is not False and travel_s >= SHORTEST_TRAVEL_S
    )

    def parts(key: str) -> list[Json]:
        return [_part(card, part, belt) for part in _maps(said, key)]

    return {
        "name": card.name,
        "title": card.title,
        "known": bool(said),
        "word": _word(state, said),
        "state": state if state in STATES else "failure",
        "state_why": _text(said, "state_why"),
        "running": said.get("running") is True,
        "travel_s": travel_s,
        "override": can_override,
        "model": _model(said),
        "counts": {key: value for key, value in _map(said, "counts").items() if _is_int(value)},
        "views": [_view(card, view, _map(_map(said, "views"), view)) for view in card.views],
        "waiting": parts("waiting"),
        "recent": parts("recent")[:STRIP],
        "in_flight": parts("in_flight")[:IN_FLIGHT],
    }


def _word(state: str, said: Object) -> str:
    """Return the one word for a station; the screen puts NO DATA over it when it is stale."""
    if not said:
        return "NO DATA"
    if state == "failure":
        return "FAILURE"
    packml = said.get("packml")
    if packml == 6 and said.get("running") is not True:
        return "BELT STANDS"
    return PACKML.get(packml, "NO PLC") if isinstance(packml, int) else "NO PLC"


def _model(said: Object) -> Json:
    """Return what runs, beside what was asked for, and its times against the takt."""
    model = _map(said, "model")
    ms = _map(model, "ms")
    return {
        "device_asked": _text(model, "device_asked"),
        "device": _text(said, "device"),
        "precision": _text(said, "precision"),
        "sha256": _text(said, "model_sha256")[:8],
        "since": _text(model, "since"),
        "p50_ms": _number(ms, "p50", 0.0),
        "p99_ms": _number(ms, "p99", 0.0),
        "takt_ms": _number(model, "takt_ms", 0.0),
    }


def _view(card: StationCard, view: str, said: Object) -> Json:
    frame_s = _number(said, "last_frame_s", -1.0)
    why = _text(said, "why")
    if said.get("camera_up") is False:
        why = why or "camera lost"
    elif said.get("synced") is False:
        why = why or "not in step with the parts"
    return {
        "name": view,
        "ok": said.get("camera_up") is not False and said.get("synced") is not False,
        "why": why,
        "picture": f"/pictures/live/{card.name}/{view}?at={frame_s:.3f}" if frame_s >= 0 else "",
    }


class _Belt:
    """Where the belt is at a moment, from where it was when last read."""

    def __init__(self, said: Object, usual_counts_per_s: float, monotonic_s: float) -> None:
        self.counts_per_s = max(1.0, _number(said, "counts_per_s", usual_counts_per_s))
        self.encoder = _number(said, "encoder", 0.0)
        since_s = monotonic_s - _number(said, "encoder_at_s", monotonic_s)
        if said.get("running") is True:
            self.encoder += min(max(since_s, 0.0), STALE_S) * self.counts_per_s

    def left_s(self, reject_at: float) -> float:
        """Return the seconds until the belt is there in normal running; 0 when it has been."""
        counts = (reject_at - self.encoder + HALF) % FULL - HALF
        return round(max(0.0, counts / self.counts_per_s), 2)


def _part(card: StationCard, said: Object, belt: _Belt) -> Json:
    verdict = _text(said, "verdict")
    return {
        "record": _text(said, "record"),
        "number": said.get("number"),
        "station": card.name,
        "title": card.title,
        "verdict": verdict,
        "reasons": [reason for reason in _list(said, "reasons") if isinstance(reason, str)],
        "findings": [_finding(card, finding) for finding in _maps(said, "findings")],
        "views": [_seen(view) for view in _maps(said, "views")],
        "left_s": belt.left_s(_number(said, "reject_at", 0.0)) if "reject_at" in said else None,
        "revision": int(_number(said, "revision", 0)),
        "operator": _text(said, "operator"),
        "by": _text(said, "by"),
        "operator_state": _text(said, "operator_state"),
        "can_pass": said.get("can_pass", True) is not False and verdict != "unknown",
        "action": said.get("action"),
        "decided_at": _text(said, "decided_at"),
    }


def _finding(card: StationCard, said: Object) -> Json:
    box = [value for value in _list(said, "box") if isinstance(value, int | float)]
    kind = _text(said, "kind")
    limit = _number(said, "limit", card.limits.get(kind, -1.0))
    outline = [corner for corner in _list(said, "outline") if _is_corner(corner)]
    shown: Json = {
        "view": _text(said, "view"),
        "kind": kind.replace("_", " "),
        "score": _number(said, "score", 0.0),
        "limit": limit if limit >= 0 else None,
        "box": box if len(box) == 4 else None,
    }
    return {**shown, "outline": outline[:MOST_CORNERS]} if outline else shown


def _is_corner(said: object) -> bool:
    return (
        isinstance(said, list) and len(said) == 2 and all(isinstance(n, int | float) for n in said)
    )


def _seen(said: Object) -> Json:
    picture = _text(said, "picture")
    return {
        "view": _text(said, "view"),
        "picture": f"/pictures/{picture}" if picture else "",
        "width_px": int(_number(said, "width_px", 0)),
        "height_px": int(_number(said, "height_px", 0)),
        "missed": _text(said, "missed"),
    }


def _number(said: Object, key: str, default: float) -> float:
    value = said.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return default
    return float(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(said: Object, key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _list(said: Object, key: str) -> list[object]:
    value = said.get(key)
    return value if isinstance(value, list) else []


def _map(said: Object, key: str) -> Object:
    value = said.get(key)
    return value if isinstance(value, Mapping) else {}


def _maps(said: Object, key: str) -> Iterable[Object]:
    return [value for value in _list(said, key) if isinstance(value, Mapping)]
