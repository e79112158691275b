"""How long what is kept stays. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

PASSED_PICTURES: Final = "passed_pictures"
PICTURES: Final = "pictures"
RECORDS: Final = "records"
ALARMS: Final = "alarms"


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days that each class of data is kept; 0: for ever.

    Attributes:
        passed_pictures_days: Pictures of parts that simply passed.
        pictures_days: All other pictures.
        records_days: Parts with everything said of them; their sums by hour stay.
        alarms_days: Alarms and their answers.
        shed_below_percent: Free disk below which the oldest pictures go, whatever their age, those
            of passed parts first; records never do.
    """

    passed_pictures_days: int = 90
    pictures_days: int = 365
    records_days: int = 0
    alarms_days: int = 0
    shed_below_percent: float = 10.0

    def days(self, kind: str) -> int:
        """Return for how many days a class is kept."""
        return int(asdict(self)[f"{kind}_days"])
