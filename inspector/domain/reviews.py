"""What people said of parts later, as the figures are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inspector.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a person that stands: none that was superseded.

    Attributes:
        source: Why the person looked: "flagged", "audit", "confirm", "second", "seed" or
            "downstream".
        word: "OK", "NOK" or "UNSURE".
        reviewer: Person's id; empty for a find that came from outside.
        kind: Of the defect; empty when none was named.
        at: UTC.
    """

    source: str
    word: str
    reviewer: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A part that was drawn for the audit or that somebody looked at.

    Attributes:
        record: The part's record.
        triggered_at: UTC.
        verdict: What the gateway said.
        selected: It was drawn for the audit.
        stratum, audit_pi, strata_version: How; None for a part that could not be drawn.
        looks: Oldest first; empty while an audit waits.
    """

    record: str
    station: str
    triggered_at: datetime
    verdict: Verdict
    selected: bool
    stratum: int | None
    audit_pi: float | None
    strata_version: int | None
    looks: tuple[Look, ...]
