"""The table `[shifts]` of a site's `site.toml`."""

from __future__ import annotations

from datetime import time
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from inspector.domain.periods import Shifts
from inspector.settings import Settings


class ShiftSettings(Settings):
    """When the shifts begin, by the clock on the site's wall; without the table there are none."""

    zone: str = Field(min_length=1, description='Time zone of the site, as "Europe/Berlin".')
    starts: tuple[time, ...] = Field(
        min_length=1, description="When each shift begins, ascending; the last ends with the first."
    )

    @model_validator(mode="after")
    def _a_day(self) -> Self:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = f"there is no time zone {self.zone!r}"
            raise ValueError(msg) from error
        if any(start.tzinfo or start.second for start in self.starts):
            msg = 'starts are times of the wall clock, as "06:00:00"'
            raise ValueError(msg)
        if any(after <= before for before, after in pairwise(self.starts)):
            msg = "starts must ascend"
            raise ValueError(msg)
        return self

    def shifts(self) -> Shifts:
        """Return what they say."""
        return Shifts(ZoneInfo(self.zone), self.starts)
