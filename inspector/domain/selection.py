"""Which records are exported, and how many passed parts each audited one stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from inspector.domain.escapes import Cells, audit_weights
from inspector.domain.record import RecordFilter
from inspector.domain.verdict import Verdict

Cell = tuple[int, float]
"""Stratum and probability of an audit."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records; None and empty mean all.

    Attributes:
        station, since, until: The window; until is exclusive.
        verdict, outcome: As in `RecordFilter`.
        kind: A class of defect that the model found, that a review names, or that was labelled.
        reviewed: True: somebody has said something of it; False: nobody has.
        audited: It was drawn for an audit, and an auditor has judged it.
    """

    station: str = ""
    since: datetime | None = None
    until: datetime | None = None
    verdict: Verdict | None = None
    outcome: str = ""
    kind: str = ""
    reviewed: bool | None = None
    audited: bool = False

    @property
    def window(self) -> RecordFilter:
        """Return the window alone."""
        return RecordFilter(station=self.station, since=self.since, until=self.until)

    @property
    def beyond_window(self) -> list[str]:
        """Return what else is asked, by name: that leaves out parts of the window."""
        asked = {
            "verdict": self.verdict,
            "outcome": self.outcome,
            "class": self.kind,
            "reviewed": self.reviewed is not None,
            "audited": self.audited,
        }
        return [name for name, value in asked.items() if value]


@dataclass(frozen=True, slots=True)
class Population:
    """The passed parts of a window by their chance of an audit.

    Attributes:
        cells: How many the model passed, and how many of them an auditor has judged.
        without: Parts that were passed without a chance of an audit on their record.
    """

    cells: Mapping[Cell, tuple[int, int]] = field(default_factory=dict)
    without: int = 0

    @property
    def passed(self) -> int:
        """Return how many parts the weights stand for."""
        return sum(passed for passed, _ in self.cells.values())

    @property
    def audited(self) -> int:
        """Return how many audited parts carry them."""
        return sum(audited for _, audited in self.cells.values())

    def weights(self) -> dict[Cell, float]:
        """Return for how many passed parts each audited part of a cell stands."""
        weights = audit_weights(_cells(self.cells.items()))
        return dict(zip(self.cells, weights.tolist(), strict=True))


def _cells(rows: Iterable[tuple[Cell, tuple[int, int]]]) -> Cells:
    listed = [(*cell, *counts) for cell, counts in rows]
    table = np.array(listed, dtype=np.float64).reshape(len(listed), 4)
    stratum, passed, audited = (table[:, column].astype(np.int64) for column in (0, 2, 3))
    nothing = np.zeros(len(listed), dtype=np.int64)
    return Cells(stratum, table[:, 1], passed, audited, nothing, nothing)
