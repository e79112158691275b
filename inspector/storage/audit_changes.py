"""What of a journal's batch goes into the audit log: persons' words, and another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from inspector.audit.entry import Change, Who
from inspector.storage.rows import Row, Rows
from inspector.storage.schema import from_us, parts, verdict_events

RECORDER = Who("recorder")
DELETED = "deleted"
"""The action of an entry about what the retention policy deleted."""


def only_new(connection: Connection, events: Sequence[Row]) -> list[Row]:
    """Return the events that are not in the table yet, each press once."""
    if not events:
        return []
    column = verdict_events.c
    sources = [event["source"] for event in events]
    presses = [event["press_id"] for event in events if event["press_id"]]
    wanted = select(column.source, column.press_id).where(
        or_(column.source.in_(sources), column.press_id.in_(presses))
    )
    known = {value for row in connection.execute(wanted) for value in row if value}
    new = []
    for event in events:
        names = {event["source"], *([event["press_id"]] if event["press_id"] else [])}
        if not names & known:
            new.append(event)
        known |= names
    return new


def changes_in(connection: Connection, rows: Rows) -> list[Change]:
    """Return what a batch changes, before its rows are inserted."""
    return [*_other_models(connection, rows), *_words(connection, rows)]


def _words(connection: Connection, rows: Rows) -> list[Change]:
    words = [event for event in rows.events if event["kind"] != "latched"]
    if not words:
        return []
    standing = _standing(connection, rows, {event["record"] for event in words})
    changes = []
    for event in words:
        part = standing[event["record"]]
        changes.append(_word(event, part))
        part["verdict"] = event["verdict"] if event["kind"] == "override" else part["verdict"]
    return changes


def _word(event: Row, part: Row) -> Change:
    after = {name: event[name] for name in ("verdict", "revision", "press_id")}
    if event["painted_at"] is not None:
        after["painted_at"] = from_us(event["painted_at"]).isoformat()
    who = Who(
        event["person_name"], event["person"], event["role"], event["signed_in"], event["panel"]
    )
    return Change(
        from_us(event["at"]).isoformat(),
        who,
        event["kind"],
        f"record {event['record']}",
        station=part["station"],
        before={"verdict": part["verdict"], "recipe": part["recipe"]},
        after=after,
        reason=event["why"],
        model=part["model_sha256"],
    )


def _standing(connection: Connection, rows: Rows, records: set[str]) -> dict[str, Row]:
    """Return parts with the verdict that stands: the machine's, or the last override."""
    names = "station", "verdict", "recipe", "model_sha256"
    found: dict[str, Row] = {
        record: {name: part[name] for name in names}
        for record, part in rows.parts.items()
        if record in records
    }
    columns = [parts.c.record, *(parts.c[name] for name in names)]
    for row in connection.execute(select(*columns).where(parts.c.record.in_(records - set(found)))):
        found[row.record] = {name: getattr(row, name) for name in names}
    said = verdict_events.c
    before = select(said.record, said.verdict).where(
        said.record.in_(records), said.kind == "override"
    )
    for record, verdict in connection.execute(before.order_by(said.id)):
        found[record]["verdict"] = verdict
    return found


def _other_models(connection: Connection, rows: Rows) -> list[Change]:
    changes = []
    models: dict[str, Any] = {}
    for part in rows.parts.values():
        station, model = part["station"], part["model_sha256"]
        if not model:
            continue  # never looked at by one
        before = models[station] if station in models else _last_model(connection, station)
        models[station] = {"package": part["package"], "sha256": model}
        if before != models[station]:
            changes.append(_other_model(part, before, models[station]))
    return changes


def _other_model(part: Row, before: Row | None, after: Row) -> Change:
    return Change(
        from_us(part["judged_at"]).isoformat(),
        RECORDER,
        "model changed",
        f"station {part['station']}",
        station=part["station"],
        before=before,
        after={**after, "first_record": part["record"]},
        reason="this record is the first that names another model",
        model=after["sha256"],
    )


def _last_model(connection: Connection, station: str) -> Row | None:
    wanted = (
        select(parts.c.package, parts.c.model_sha256)
        .where(parts.c.station == station, parts.c.model_sha256 != "")
        .order_by(parts.c.triggered_at.desc())
        .limit(1)
    )
    row = connection.execute(wanted).one_or_none()
    return {"package": row.package, "sha256": row.model_sha256} if row else None
