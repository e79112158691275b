"""What journal entries become in the tables: pure, so that every odd entry can be tested.

An entry that is not understood, or that speaks of a part nobody knows, becomes an alarm with its
text: the recorder neither stops at it nor drops it.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from inspector.domain.entries import outline_from
from inspector.domain.verdict import Action
from inspector.storage.schema import to_us

Row = dict[str, Any]
Entry = Mapping[str, Any]
Number = tuple[str, int, int]
"""Station, count run, part number: what the PLC knows a part by."""

EVIDENCE_LOST: Final = "evidence lost"
_LONGEST_ALARM: Final = 4000


@dataclass(slots=True)
class Known:
    """What the database holds of the parts that a batch speaks of; goes on with the batch.

    Attributes:
        by_number: Record id of the part.
        actions: Record id → the PLC's action, for decided parts.
        names: Person's id → name.
    """

    by_number: dict[Number, str] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)
    actions: dict[str, int | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Rows:
    """The rows of one batch, by table, in the order in which they can be inserted."""

    known: Known
    stations: dict[str, Row] = field(default_factory=dict)
    packages: dict[tuple[str, str], Row] = field(default_factory=dict)
    parts: dict[str, Row] = field(default_factory=dict)
    limits: dict[str, dict[str, float]] = field(default_factory=dict)  # by record
    views: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    acks: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    gaps: list[Row] = field(default_factory=list)
    boots: list[Row] = field(default_factory=list)
    pictures: list[Row] = field(default_factory=list)
    alarms: list[Row] = field(default_factory=list)


def mentioned(
    entries: Sequence[tuple[str, Entry]],
) -> tuple[set[str], dict[tuple[str, int], set[int]]]:
    """Return the record ids that entries speak of, and the numbers by (station, run)."""
    records: set[str] = set()
    numbers: dict[tuple[str, int], set[int]] = defaultdict(set)
    for _, entry in entries:
        if isinstance(record := entry.get("record"), str):
            records.add(record)
        station, run, number = (entry.get(key) for key in ("station", "run", "number"))
        if isinstance(station, str) and isinstance(run, int) and isinstance(number, int):
            numbers[station, run].add(number)
    return records, numbers


def rows_of(entries: Sequence[tuple[str, Entry]], known: Known, now: datetime) -> Rows:
    """Return the rows of a batch of (source, entry); `known` is brought up to date with it."""
    rows = Rows(known)
    for source, entry in entries:
        sourced = {**entry, "source": source}
        # Every value is made before the first is added, so a bad entry leaves nothing behind.
        try:
            _KINDS[entry["kind"]](rows, sourced)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            why = f"{type(error).__name__} {error}"
            rows.alarms.append(_alarm_row(sourced, "entry_not_understood", why, to_us(now)))
    return rows


def unstorable(source: str, entry: Entry, why: str, now: datetime) -> Row:
    """Return the alarm for an entry whose rows the database refused."""
    return _alarm_row({**entry, "source": source}, "entry_not_stored", why, to_us(now))


def _judged(rows: Rows, entry: Entry) -> None:
    record, number = _text(entry["record"]), _number(entry)
    if record in rows.known.records:
        return  # applied before
    if other := rows.known.by_number.get(number):
        why = f"part {_shown(number)} has record {other} already; the first is kept"
        rows.alarms.append(_alarm_row(entry, "part_judged_twice", why, _at(entry)))
        return
    part = _part_row(record, number, entry)
    views, findings = _view_rows(record, entry["views"])
    limits = {_text(kind): float(limit) for kind, limit in entry.get("limits", ())}
    _new_part(rows, part)
    rows.limits[record] = limits
    rows.views += views
    rows.findings += findings


def _part_row(record: str, number: Number, entry: Entry) -> Row:
    station, run, part_number = number
    return {
        "record": record,
        "station": station,
        "run": run,
        "number": part_number,
        "triggered_at": _us(entry["triggered_at"]),
        "judged_at": _at(entry),
        "encoder": int(entry["encoder"]),
        "verdict": _verdict(entry["verdict"]),
        "reasons": [_text(reason) for reason in entry["reasons"]],
        "not_inspected": _text(entry["not_inspected"]),
        "recipe": _text(entry["recipe"]),
        "package": _text(entry["package"]),
        "model_sha256": _text(entry["model_sha256"]),
        "device_asked": _text(entry.get("device_asked", "")),
        "device": _text(entry["device"]),
        "precision": _text(entry["precision"]),
        "epoch": int(entry["epoch"]),
        "ready_to_judged_ms": _figure(entry["ready_to_judged_ms"]),
        "latency_ms": None,
        "late": None,
        "stratum": entry.get("stratum"),
        "audit_pi": _figure(entry.get("audit_pi")),
        "selected": entry.get("selected"),
        "score": _figure(entry.get("score")),
        "strata_version": entry.get("strata_version"),
        "audit_key": entry.get("audit_key"),
        "limits_version": None,  # found where the versions are: `storage.limit_versions`
    }


def _view_rows(record: str, views: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[Row]]:
    view_rows, findings = [], []
    for position, view in enumerate(views):
        name = _text(view["view"])
        view_rows.append(
            {
                "record": record,
                "view": name,
                "position": position,
                "picture": _text(view["picture"]),
                "width_px": int(view["width_px"]),
                "height_px": int(view["height_px"]),
                "missed": _text(view["missed"]),
                "model_ms": _figure(view["model_ms"]) or 0.0,
                "top_scores": {k: _figure(score) for k, score in view["top_scores"].items()},
            }
        )
        for place, (kind, score, box, *more) in enumerate(view["findings"]):
            x, y, w, h = (float(figure) for figure in box)
            where = {"record": record, "view": name, "position": place}
            what = {"kind": _text(kind), "score": float(score), "x": x, "y": y, "w": w, "h": h}
            outline = outline_from(*more) if more else None
            findings.append({**where, **what, "outline": outline})
    return view_rows, findings


def _acked(rows: Rows, entry: Entry) -> None:
    record = _known_record(rows, entry)
    said = {"latency_ms": _figure(entry["latency_ms"]), "late": bool(entry["late"])}
    if record in rows.parts:
        if rows.parts[record]["late"] is None:  # the first acknowledgement stands
            rows.parts[record].update(said)
    elif record:
        rows.acks.append({"of_record": record, **said})


def _decided(rows: Rows, entry: Entry) -> None:
    record, number = _text(entry["record"]), _number(entry)
    action = None if entry["action"] is None else int(Action(entry["action"]))
    said = {"agrees": bool(entry["agrees"]), "why": _text(entry.get("why", ""))}
    decision = {"action": action, **said, "at": _at(entry)}
    if record not in rows.known.records:
        # A second record of a part was refused: the PLC's decision is about the part.
        record = rows.known.by_number.get(number, record)
    if record not in rows.known.records:
        _new_part(rows, _lost_part(record, number, entry))
        why = f"part {_shown(number)} was decided, and its verdict is not in the journal"
        rows.alarms.append(_alarm_row(entry, "evidence_lost", why, _at(entry)))
    if record not in rows.known.actions:
        rows.known.actions[record] = action
        rows.decisions.append({"record": record, **decision})
    elif rows.known.actions[record] != action:
        before = rows.known.actions[record]
        why = f"part {_shown(number)} was decided as {before} before, now {action}"
        rows.alarms.append(_alarm_row(entry, "part_decided_twice", why, _at(entry)))


def _lost_part(record: str, number: Number, entry: Entry) -> Row:
    empty = dict.fromkeys(("recipe", "package", "model_sha256", "device", "precision"), "")
    return _part_row(
        record,
        number,
        {
            **empty,
            "at": entry["at"],
            "triggered_at": entry["at"],
            "encoder": 0,
            "verdict": "unknown",
            "reasons": [EVIDENCE_LOST],
            "not_inspected": EVIDENCE_LOST,
            "epoch": 0,
            "ready_to_judged_ms": None,
        },
    )


def _event(rows: Rows, entry: Entry) -> None:
    person = _text(entry.get("person", ""))
    row = {
        "source": entry["source"],
        "kind": entry["kind"],
        "press_id": _text(entry["press_id"]) if entry["kind"] != "latched" else None,
        "revision": int(entry.get("revision", 0)),
        "verdict": _verdict(entry["verdict"]),
        "person": person,
        "person_name": rows.known.names.get(person, person),
        "role": _text(entry.get("role", "")),
        "signed_in": bool(entry.get("signed_in", False)),
        "panel": _text(entry.get("panel", "")),
        "painted_at": _us(entry["painted_at"]) if entry.get("painted_at") else None,
        "at": _at(entry),
        "why": _text(entry.get("why", "")),
    }
    if record := _known_record(rows, entry):
        rows.events.append({"record": record, **row})


def _gap(rows: Rows, entry: Entry) -> None:
    station = _text(entry["station"])
    row = {
        "station": station,
        "run": int(entry["run"]),
        "first": int(entry["first"]),
        "last": int(entry["last"]),
        "cause": _text(entry["cause"]),
        "totals": entry["totals"],
        "at": _at(entry),
    }
    rows.gaps.append(row)
    rows.stations.setdefault(station, {"name": station, "first_seen_at": row["at"]})


def _boot(rows: Rows, entry: Entry) -> None:
    station, epoch, boot = _text(entry["station"]), int(entry["epoch"]), int(entry["plc_boot"])
    row = {"source": entry["source"], "station": station, "epoch": epoch, "plc_boot": boot}
    rows.boots.append({**row, "at": _at(entry)})


def _alarm(rows: Rows, entry: Entry) -> None:
    rows.alarms.append(
        {
            "source": entry["source"],
            "station": _text(entry["station"]),
            "name": _text(entry["name"])[:64],
            "text": _text(entry["text"])[:_LONGEST_ALARM],
            "on": bool(entry["on"]),
            "at": _at(entry),
        }
    )


def _kept(rows: Rows, entry: Entry) -> None:
    rows.pictures.append(
        {
            "digest": _text(entry["picture"]),
            "file_sha256": _text(entry["file_sha256"]),
            "bytes": int(entry["bytes"]),
            "path": _text(entry["path"]),
            "at": _at(entry),
        }
    )


_KINDS: dict[str, Callable[[Rows, Entry], None]] = {
    "judged": _judged,
    "acked": _acked,
    "decided": _decided,
    "override": _event,
    "latched": _event,
    "correction": _event,
    "gap": _gap,
    "boot": _boot,
    "alarm": _alarm,
    "kept": _kept,
}


def _new_part(rows: Rows, part: Row) -> None:
    record, station = part["record"], part["station"]
    rows.parts[record] = part
    rows.known.records.add(record)
    rows.known.by_number[station, part["run"], part["number"]] = record
    seen = {"first_seen_at": part["judged_at"]}
    rows.stations.setdefault(station, {"name": station, **seen})
    if package := part["package"]:
        model = {"name": package, "model_sha256": part["model_sha256"]}
        rows.packages.setdefault((package, part["model_sha256"]), {**model, **seen})


def _known_record(rows: Rows, entry: Entry) -> str:
    """Return the entry's record, or "" after an alarm when there is no such record."""
    record = _text(entry["record"])
    if record in rows.known.records:
        return record
    alarm = _alarm_row(entry, "no_such_record", "no record has this id", _at(entry))
    rows.alarms.append(alarm)
    return ""


def _alarm_row(entry: Entry, name: str, why: str, at: int) -> Row:
    text = f"{why}: {json.dumps(entry, default=str)}"[:_LONGEST_ALARM]
    station = str(entry.get("station") or "")[:64]
    # The name keeps it apart from an alarm that the entry itself may be.
    known = {"source": f"{entry['source']}:{name}", "station": station, "name": name}
    return {**known, "text": text, "on": True, "at": at}


def _number(entry: Entry) -> Number:
    return _text(entry["station"]), int(entry["run"]), int(entry["number"])


def _shown(number: Number) -> str:
    station, run, part = number
    return f"{part} of run {run} at {station}"


def _at(entry: Entry) -> int:
    return _us(entry["at"])


def _us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def _text(value: object) -> str:
    """Return a text that every database can store; anything else raises `TypeError`."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value.encode("utf-8", "replace").decode().replace("\0", "�")


def _figure(value: float | None) -> float | None:
    """Return a finite number, or None: NaN is no JSON."""
    return None if value is None or not math.isfinite(value) else float(value)


def _verdict(value: object) -> str:
    if value not in ("pass", "reject", "unknown"):
        raise ValueError(f"{value!r} is not a verdict")
    return str(value)
