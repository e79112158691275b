"""Which version of its station's limits each record was judged by. Recorder only.

A version is the limits of all classes under one model, because scores of another model mean
something else. One that people signed is there before its first record; what came by another way,
an edited file or another package, becomes a version with its first record, and nobody's.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select

from inspector.audit.entry import Change
from inspector.storage.audit_changes import RECORDER
from inspector.storage.feedback_schema import versions
from inspector.storage.rows import Row, Rows
from inspector.storage.schema import from_us, parts
from inspector.storage.sql_feedback import add_version

THRESHOLDS: Final = "thresholds"
_LOOKED_BACK: Final = 20
"""Versions that a part may still have been judged by; older ones are made anew."""
_RECENT: Final = 1000
"""Records without a version that are passed over: a camera was away, or they are of older days."""
_FOUND: Final = "found on the first record that has them: the station's file or its package"


def number_limits(connection: Connection, rows: Rows) -> list[Change]:
    """Put the version onto each part of a batch, and return where another one begins."""
    changes, standing = [], dict[str, int | None]()
    known = {part["station"]: newest(connection, part["station"]) for part in rows.parts.values()}
    for record, part in rows.parts.items():
        station, limits = part["station"], rows.limits.get(record)
        if not limits or not part["model_sha256"]:
            continue
        content = {"limits": limits, "model": part["model_sha256"]}
        number = _number(connection, known[station], part, content)
        part["limits_version"] = number
        if station not in standing:
            standing[station] = _last(connection, station)
        if standing[station] != number:
            changes.append(_begins(part, known[station], standing[station], number))
            standing[station] = number
    return changes


def newest(connection: Connection, station: str) -> dict[int, Any]:
    """Return the last versions of a station's limits, newest first, by their numbers."""
    column = versions.c
    wanted = select(column.version, column.content).where(
        column.kind == THRESHOLDS, column.name == station
    )
    rows = connection.execute(wanted.order_by(column.version.desc()).limit(_LOOKED_BACK))
    return {row.version: row.content for row in rows}


def _number(
    connection: Connection, known: dict[int, Any], part: Row, content: dict[str, Any]
) -> int:
    for number, one in known.items():
        if {name: one[name] for name in content} == content:
            return number
    station, now = part["station"], from_us(part["judged_at"])
    number = add_version(connection, THRESHOLDS, station, content, person="", why=_FOUND, now=now)
    before = dict(known)
    known.clear()
    known.update({number: content, **before})
    return number


def _last(connection: Connection, station: str) -> int | None:
    """Return the version on the newest record that has one; None: no recent record has."""
    of_station = select(parts.c.limits_version).where(parts.c.station == station)
    newest_first = of_station.order_by(parts.c.triggered_at.desc())
    if (one := connection.execute(newest_first.limit(1)).scalar()) is not None:
        return int(one)
    recent = connection.execute(newest_first.limit(_RECENT)).scalars().all()
    return next((one for one in recent if one is not None), None)


def _begins(part: Row, known: dict[int, Any], before: int | None, after: int) -> Change:
    def told(number: int | None) -> dict[str, Any] | None:
        limits = known.get(number or 0)
        return {"version": number, "limits": limits["limits"] if limits else None}

    return Change(
        from_us(part["judged_at"]).isoformat(),
        RECORDER,
        "limits changed",
        f"station {part['station']}",
        station=part["station"],
        before=told(before) if before else None,
        after={**(told(after) or {}), "first_record": part["record"]},
        reason="this record is the first that was judged by them",
        model=part["model_sha256"],
    )
