"""The table `[retention]` of a site's `site.toml`."""

from __future__ import annotations

from pydantic import Field

from inspector.domain.retention import RetentionPolicy
from inspector.settings import Settings


class RetentionSettings(Settings):
    """For how many days what is kept stays; 0: for ever."""

    passed_pictures_days: int = Field(
        default=90, ge=0, description="Pictures of parts that simply passed."
    )
    pictures_days: int = Field(default=365, ge=0, description="All other pictures.")
    records_days: int = Field(
        default=0, ge=0, description="Parts with all that was said of them; sums by hour stay."
    )
    alarms_days: int = Field(default=0, ge=0, description="Alarms and their answers.")
    shed_below_percent: float = Field(
        default=10.0, ge=0, le=50, description="Free disk below which the oldest pictures go."
    )

    def policy(self) -> RetentionPolicy:
        """Return what they say."""
        return RetentionPolicy(**self.model_dump())
