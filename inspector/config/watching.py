"""The table `[watching]` of a site's `site.toml`."""

from __future__ import annotations

from pydantic import Field

from inspector.settings import Settings


class WatchingSettings(Settings):
    """What the watches of all stations together may cost in false alarms."""

    false_alarms_per_30_days: float = Field(
        default=1.0, ge=0.01, le=30, description="Over all watches of all stations, on average."
    )
