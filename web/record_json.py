"""A record as the API shows it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import Enum

from inspector.domain.record import Record
from inspector.domain.verdict import Action, Verdict
from web.services import Json


def as_json(record: Record) -> Json:
    """Return a record as plain values: moments in ISO 8601, verdicts by name."""
    said = _plain(asdict(record))
    assert isinstance(said, dict)  # noqa: S101  asdict gives a dict
    decision = record.decision
    for view in said["views"]:
        del view["ran_on"]  # what ran stands once, on the record
        for finding in view["findings"]:
            if not finding["outline"]:
                del finding["outline"]
    return {
        **said,
        "standing_verdict": _plain(record.standing_verdict),
        "outcome": record.outcome,
        "revision": record.revision,
        "action": None if not decision or decision.action is None else int(decision.action),
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Verdict | Action):
        return value.name.lower()
    if isinstance(value, Enum):
        return _plain(value.value)
    return value.isoformat() if isinstance(value, datetime) else value
