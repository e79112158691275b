"""What rejects were rejected for, by their strongest finding. Query only."""

from __future__ import annotations

from collections import Counter
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.sql import ColumnElement

from inspector.domain.dashboard import Defect, Defects
from inspector.storage.schema import findings, parts

MOST_REJECTS: Final = 1000
"""So many of the newest are looked at: a year has too many to join while somebody waits."""

Conditions = tuple[ColumnElement[bool], ...]


def defects_in(connection: Connection, within: Conditions, rejected: int) -> Defects:
    """Return how often each kind was the strongest finding of a reject, most often first."""
    kinds = strongest(connection, within)
    counted = sorted(Counter(kinds.values()).items(), key=lambda one: (-one[1], one[0]))
    return Defects(tuple(Defect(kind, n) for kind, n in counted), len(kinds), rejected)


def strongest(connection: Connection, within: Conditions) -> dict[str, str]:
    """Return the kind of the strongest finding of the newest rejects, by record, newest first."""
    part = parts.c
    newest = (
        select(part.record, part.triggered_at)
        .where(part.verdict == "reject", *within)
        .order_by(part.triggered_at.desc(), part.record.desc())
        .limit(MOST_REJECTS)
        .subquery()
    )
    wanted = (
        select(newest.c.record, findings.c.kind)
        .join_from(newest, findings, newest.c.record == findings.c.record)
        .order_by(newest.c.triggered_at.desc(), newest.c.record.desc(), findings.c.score)
    )
    rows = connection.execute(wanted).all()
    return {row.record: row.kind for row in rows}  # of each record the last is the strongest
