"""A figure with its evidence: what it is, of when, out of how many, how sure, how complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspector.domain.intervals import Interval

ISO_22400 = "ISO 22400-2"
COMPLETE_SHARE = 0.95
"""Below this share of what was to be judged, a figure is provisional."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure means; docs/kpi.md has them all.

    Attributes:
        id: Its name in code, API and screens.
        version: Goes up whenever the same records would give another figure.
        name: For people; that of `standard` where it has one.
        formula: In words.
        unit: "share", "s" or "parts/h".
        standard: Whose name and formula it is; empty for ours.
    """

    id: str
    version: int
    name: str
    formula: str
    unit: str = "share"
    standard: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, UTC; `until` is not in it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure.

    Attributes:
        interval: 95 %, None for what is counted and not estimated.
        method: How interval and estimate were made.
        completeness: The share of what was to be judged that is, 0 to 1.
        stale: Its records are older than they should be by now.
        missing: What there is too little of to show a number: "not enough audits: 120 of 299".
        target: What it shall reach; None: the site says nothing of it.
        judged: On how many judgements an estimate rests; None: it is counted.
        watched: The 95 % interval that may be looked at every day while the window's begin stays,
            as `interval` may be once. None: there is none of this figure.
    """

    definition: Definition
    window: Window
    numerator: float
    denominator: float
    interval: Interval | None = None
    method: str = "counted"
    completeness: float = 1.0
    stale: bool = False
    missing: str = ""
    target: float | None = None
    judged: int | None = None
    watched: Interval | None = None

    @property
    def value(self) -> float | None:
        """Return the number that may be shown, None when there is none."""
        if self.missing or not self.denominator:
            return None
        return self.numerator / self.denominator

    @property
    def provisional(self) -> bool:
        """Return whether too much of it is still to be judged."""
        return self.completeness < COMPLETE_SHARE

    def __str__(self) -> str:
        """Return the figure with its evidence, or why there is none."""
        value = self.value
        if value is None:
            return f"{self.definition.name}: {self.missing or 'nothing to count'}"
        of = f"{self.definition.name}: {self._shown(value)}"
        if self.interval:
            of += " [" + ", ".join(self._shown(end) for end in self.interval) + "]"
        marks = [*(["provisional"] if self.provisional else []), *(["stale"] if self.stale else [])]
        return f"{of}{' (' + ', '.join(marks) + ')' if marks else ''}"

    def _shown(self, value: float) -> str:
        unit = self.definition.unit
        return f"{value:.3%}" if unit == "share" else f"{value:.1f} {unit}"

    def as_json(self) -> dict[str, Any]:
        """Return everything, for the API and people's own programs."""
        window = {"since": self.window.since.isoformat(), "until": self.window.until.isoformat()}
        what = self.definition
        return {
            **{"id": what.id, "version": what.version, "name": what.name, "unit": what.unit},
            **{"standard": what.standard or None, "window": window, "value": self.value},
            **{"numerator": self.numerator, "denominator": self.denominator},
            **{"interval": list(self.interval) if self.interval else None, "method": self.method},
            **{"judged": self.judged, "watched": list(self.watched) if self.watched else None},
            **{"completeness": self.completeness, "provisional": self.provisional},
            **{"stale": self.stale, "missing": self.missing or None, "target": self.target},
        }
