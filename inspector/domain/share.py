"""A count out of a total, with its interval: no figure without its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a total."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """Return the share, 0 to 1; 0 of an empty total."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval (E. B. Wilson 1927); 0 to 1 for an empty total."""
        if not self.total:
            return (0.0, 1.0)
        n, p, z2 = self.total, self.value, _Z95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        reach = _Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return (max(0.0, middle - reach), min(1.0, middle + reach))

    def __str__(self) -> str:
        """Return count, total, per cent and interval."""
        low, high = self.interval
        return f"{self.count}/{self.total} = {self.value:.2%} [{low:.2%}, {high:.2%}]"

    def as_json(self) -> dict[str, float]:
        """Return count, total, share and interval, for people's own programs."""
        low, high = self.interval
        return {
            **{"count": self.count, "of": self.total, "share": self.value},
            **{"lo": low, "hi": high},
        }
