"""Whether a deployment charter's targets can be shown with the audits that it pays for."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from inspector.domain.audit_sampling import strata_factor
from inspector.domain.intervals import audits_needed
from inspector.domain.quality import ESCAPE_RATE, MISS_RATE, SHIPPED_ESCAPE_RATE

AUDITED = (ESCAPE_RATE.id, SHIPPED_ESCAPE_RATE.id)
SEEDED = (MISS_RATE.id,)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a target takes, and what there will be.

    Attributes:
        of: What is looked at; empty where each part counts by itself.
        needed: Looks that show the target when nothing is found.
        planned: Looks within the window.
        days: In how many days the planned budget comes to what is needed.
    """

    of: str
    needed: int = 0
    planned: int = 0
    days: int = 0

    @property
    def demonstrable(self) -> bool:
        """Return whether the window can show the target."""
        return self.planned >= self.needed

    def __str__(self) -> str:
        """Return the numbers in a sentence."""
        if not self.of:
            return "counted on every part"
        return (
            f"{self.needed} {self.of} show it when none is bad or missed; planned: {self.planned}"
        )


def evidence(kpi: str, target: float, *, days: int, audits: float, seeds: float) -> Evidence:
    """Return what showing a target with 95 % takes.

    Args:
        kpi: The id of its definition. Escape rates rest on audits, the miss rate on seeds.
        target: The rate that must not be exceeded.
        days: The length of the window.
        audits: A day.
        seeds: A day.
    """
    if kpi in AUDITED:
        return _looked_at("audits", ceil(audits_needed(target) * strata_factor()), days, audits)
    if kpi in SEEDED:
        return _looked_at("seeds", audits_needed(target), days, seeds)
    return Evidence("")


def _looked_at(of: str, needed: int, days: int, daily: float) -> Evidence:
    return Evidence(of, needed, int(days * daily), ceil(needed / daily) if daily else 0)
