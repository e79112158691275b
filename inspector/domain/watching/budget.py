"""How rarely each watch may cry in vain, so that all of a site together keep to one budget."""

from __future__ import annotations

KINDS = 3
"""Watches of a station: rejects, scores and audit finds."""
RESERVE = 1.5
"""Limits rest on what the stream itself says, so a third of the budget is kept back for that."""


def run_length_days(stations: int, false_alarms_per_30_days: float = 1.0) -> float:
    """Return how many days a single watch shall take to a false alarm, on average.

    Args:
        stations: How many are watched.
        false_alarms_per_30_days: Over all watches of all stations.
    """
    return 30.0 / false_alarms_per_30_days * RESERVE * KINDS * stations
