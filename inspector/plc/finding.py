"""What somebody who looked at a PLC's connection found, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding is meant."""

    GOOD = "good"
    NOTE = "note"
    """Nothing stops, and somebody should know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the person at the cabinet.

    Attributes:
        about: What was looked at: `reached`, `offered`, `our certificate`, `nodes`.
        mark: How it is.
        text: What was found, and for what is wrong also what to do; no full stop.
    """

    about: str
    mark: Mark
    text: str
