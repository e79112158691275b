"""Shifts: when they begin at the site's wall clock, and what that is in UTC.

Everything is kept in UTC; only the limits of a shift are local, so that the day on which the clock
is set has 23 or 25 hours and no part is counted twice or left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inspector.domain.record import Counts


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when, UTC; `ended_at` is not in it."""

    began_at: datetime
    ended_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a closed period came to.

    Attributes:
        kind: "hour", "shift" or "lot".
        period: Its name is that of the shift or the lot, empty for an hour.
    """

    kind: str
    station: str
    period: Period
    counts: Counts


@dataclass(frozen=True, slots=True)
class Shifts:
    """When the shifts of a site begin, each until the next one.

    Attributes:
        zone: Of the site's clock on the wall.
        starts: Ascending, at least one; empty: no shifts are counted.
    """

    zone: ZoneInfo
    starts: tuple[time, ...] = ()

    def at(self, moment: datetime) -> Period | None:
        """Return the shift that a moment (UTC) lies in, None where there are no shifts."""
        if not self.starts:
            return None
        day = moment.astimezone(self.zone).date()
        limits = [
            self._began(day + timedelta(days=offset), start)
            for offset in (-1, 0, 1)
            for start in self.starts
        ]
        began = max(limit for limit in limits if limit <= moment)
        ended = min(limit for limit in limits if limit > moment)
        return Period(began, ended, began.astimezone(self.zone).strftime("%Y-%m-%d %H:%M"))

    def _began(self, day: date, start: time) -> datetime:
        return datetime.combine(day, start, self.zone).astimezone(UTC)
