"""What the screens and `inspector status` are told of a station, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.domain.belt import Belt, Part
from inspector.domain.finding import Finding, ViewResult
from inspector.domain.health import Condition, worst
from inspector.domain.numbers import BITS_32
from inspector.domain.overriding import can_pass, state_of
from inspector.domain.verdict import Verdict
from inspector.domain.words import verdict_name
from inspector.line.conditions import conditions
from inspector.line.reconciling import Closed
from inspector.line.station_line import StationLine

WAITING_SHOWN = 12
RECENT_SHOWN = 8
IN_FLIGHT_SHOWN = 6


def station_status(
    line: StationLine, *, now_s: float, standing: Sequence[Condition] = ()
) -> dict[str, object]:
    """Return a station's live state; every number is taken, none is typed in.

    Args:
        line: The station's.
        now_s: The monotonic clock.
        standing: Of its PLC's connection and of the recorder; said beside whatever is worse, so
            that nothing hides it.
    """
    belt, link = line.belt, line.link
    snapshot = link.snapshot
    condition = worst([*standing, *conditions(line, now_s=now_s)])
    texts = [condition.text, *(one.text for one in standing if one is not condition)]
    counts = dict(snapshot.counts) if snapshot else {}
    return {
        "state": condition.state.value,
        "state_why": "; ".join(texts),
        "running": bool(link.up and snapshot and snapshot.executes),
        "packml": snapshot.state if snapshot else None,
        "counts": {
            **counts,
            "late": line.decisions.late,
            "disagreements": line.decisions.disagreements,
            "waiting": sum(_stands_bad(part) for part in belt.parts.values()),
        },
        "device": line.ran_on.device,
        "precision": line.ran_on.precision,
        "package": line.ran_on.package,
        "model_sha256": line.ran_on.model_sha256,
        "model": _model(line),
        "latency_ms": percentiles(line.latencies_ms),
        "encoder": belt.encoder,
        "encoder_at_s": snapshot.read_s if snapshot else 0.0,
        "policy": dict(snapshot.policy) if snapshot else {},
        "epoch": line.epoch,
        "views": {view: _view(belt, view) for view in belt.layout.views},
        "waiting": [_part(line, part) for part in _waiting(belt)],
        "in_flight": [_part(line, part) for part in _in_flight(belt)],
        "recent": _recent(line),
    }


def _model(line: StationLine) -> dict[str, object]:
    return {
        "device_asked": line.ran_on.device_asked,
        "precision_asked": line.model.precision_asked,
        "why": line.model.why,
        "since": line.model.since,
        "ms": percentiles(line.model.took_ms),
        "takt_ms": round(line.layout.smallest_spacing_us / 1000 / len(line.layout.views), 1),
    }


def percentiles(latencies_ms: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p99 and max of the last times, in milliseconds."""
    if not latencies_ms:
        return {"p50": None, "p99": None, "max": None}
    p50, p99, top = np.percentile(np.fromiter(latencies_ms, float), [50, 99, 100])
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2), "max": round(float(top), 2)}


def _waiting(belt: Belt) -> list[Part]:
    bad = [part for part in belt.parts.values() if _stands_bad(part)]
    return bad[:WAITING_SHOWN]


def _in_flight(belt: Belt) -> list[Part]:
    passing = [part for part in belt.parts.values() if part.stands is Verdict.PASS]
    return passing[: -IN_FLIGHT_SHOWN - 1 : -1]


def _stands_bad(part: Part) -> bool:
    """A part that the machine did not pass, or that a person changed: it is shown."""
    judged_bad = part.decision is not None and part.decision.verdict is not Verdict.PASS
    return judged_bad or part.operator is not None


def _is_bad(one: Closed) -> bool:
    return one.action is None or not one.action.is_pass or one.part.operator is not None


def _view(belt: Belt, view: str) -> dict[str, object]:
    track = belt.tracks[view]
    return {
        "synced": track.proven,
        "camera_up": track.up,
        "why": track.why,
        "last_frame_s": track.last[0].ready_s if track.last else None,
    }


def _recent(line: StationLine) -> list[dict[str, object]]:
    shown = [one for one in line.decisions.recent if _is_bad(one)]
    return [_closed(line, one) for one in shown[:RECENT_SHOWN]]


def _closed(line: StationLine, one: Closed) -> dict[str, object]:
    action = None if one.action is None else int(one.action)
    said = {"operator_state": one.said.value} if one.said else {}
    return {**_part(line, one.part), **said, "action": action, "decided_at": one.at}


def _part(line: StationLine, part: Part) -> dict[str, object]:
    layout = line.layout
    said = part.operator
    return {
        "record": line.record_of(part),
        "number": part.number,
        "verdict": verdict_name(part.decision.verdict if part.decision else None),
        "reasons": list(part.decision.reasons) if part.decision else [],
        "findings": [_finding(r, f) for r in part.results.values() for f in r.findings],
        "views": [_picture(result) for result in part.results.values()],
        "encoder": part.encoder,
        "reject_at": (part.encoder + layout.last_word_at_counts) % BITS_32,
        "revision": said.revision if said else 0,
        "operator": verdict_name(said.verdict) if said else "",
        "by": said.by if said else "",
        "operator_state": state_of(part).value if said else "",
        "can_pass": can_pass(line.belt, part),
    }


def _finding(result: ViewResult, finding: Finding) -> Mapping[str, object]:
    box = [round(value, 1) for value in finding.box]
    score = round(finding.score, 3)
    said: dict[str, object] = {"view": result.view, "kind": finding.kind, "score": score}
    said["box"] = box
    limits = dict(result.ran_on.limits) if result.ran_on else {}
    if finding.kind in limits:  # that judged it: the station may have others by now
        said["limit"] = limits[finding.kind]
    return {**said, "outline": finding.outline} if finding.outline else said


def _picture(result: ViewResult) -> Mapping[str, object]:
    return {
        "view": result.view,
        "picture": result.picture,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "missed": result.missed,
    }
