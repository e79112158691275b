"""What a technical figure means in parts, minutes and money: each beside the other, never alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspector.domain.incidents import (
    TIME_BETWEEN_FAILURES,
    TIME_TO_DETECT,
    TIME_TO_RESPOND,
    TIME_TO_RESTORATION,
)
from inspector.domain.intervals import Interval
from inspector.domain.iso22400 import FIRST_PASS_YIELD, THROUGHPUT_RATE
from inspector.domain.kpi import Kpi
from inspector.domain.prices import Prices
from inspector.domain.quality import (
    ESCAPE_RATE,
    FALSE_CALL_SHARE,
    FALSE_REJECT_RATE,
    MISS_RATE,
    NOT_INSPECTED_RATE,
    REVIEWED_SHARE,
    SHIPPED_ESCAPE_RATE,
)

NO_TABLE = "no money: enter what errors cost under [costs] in site.toml"


@dataclass(frozen=True, slots=True)
class Business:
    """The business figure beside a technical one.

    Attributes:
        amount: Of `unit`; None where the technical figure gives none.
        interval: Of the amount, 95 %; None for what is counted.
        price: What one of the unit costs; None: not said, or it has no price.
        missing: Why there is no amount, or what to enter so that there is money.
    """

    id: str
    name: str
    formula: str
    unit: str
    amount: float | None
    interval: Interval | None = None
    price: float | None = None
    currency: str = ""
    missing: str = ""

    @property
    def money(self) -> float | None:
        """Return what it costs, None where that cannot be said."""
        if self.amount is None or self.price is None:
            return None
        return self.amount * self.price

    @property
    def money_interval(self) -> Interval | None:
        """Return the ends of what it costs, None where it is certain or not known."""
        if self.interval is None or self.price is None:
            return None
        return self.interval[0] * self.price, self.interval[1] * self.price

    def __str__(self) -> str:
        """Return it for people, with what is missing."""
        if self.amount is None:
            return f"{self.name}: {self.missing}"
        said = f"{self.name}: {_ends(self.amount, self.interval)} {self.unit}"
        if self.money is not None:
            said += f", {_ends(self.money, self.money_interval)} {self.currency}"
        return f"{said} ({self.missing})" if self.missing else said

    def as_json(self) -> dict[str, Any]:
        """Return everything, for the API and people's own programs."""
        ends = self.money_interval
        return {
            **{"id": self.id, "name": self.name, "formula": self.formula, "unit": self.unit},
            **{"amount": self.amount, "interval": list(self.interval) if self.interval else None},
            **{"money": self.money, "money_interval": list(ends) if ends else None},
            **{"currency": self.currency or None, "missing": self.missing or None},
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """A technical figure and, where it has one, the business figure that goes with it."""

    kpi: Kpi
    business: Business | None

    def as_json(self) -> dict[str, Any]:
        """Return both, for the API and people's own programs."""
        return {**self.kpi.as_json(), "business": self.business and self.business.as_json()}


def paired(kpis: Sequence[Kpi], prices: Prices | None, look_s: float | None) -> tuple[Figure, ...]:
    """Return each figure with its business figure.

    Args:
        kpis: Those of `site_figures`, all of one window.
        prices: What errors cost; None: the site does not say.
        look_s: The median time of a person's look at a reject; None: none was measured.
    """
    by_id = {one.definition.id: one for one in kpis}
    pairs = _Pairs(by_id, prices, look_s)
    made: dict[str, Callable[[Kpi], Business]] = {
        ESCAPE_RATE.id: pairs.escapes,
        SHIPPED_ESCAPE_RATE.id: pairs.escapes,
        MISS_RATE.id: lambda _: pairs.escapes(by_id[ESCAPE_RATE.id]),
        FALSE_REJECT_RATE.id: pairs.false_rejects,
        NOT_INSPECTED_RATE.id: pairs.not_inspected,
        FALSE_CALL_SHARE.id: pairs.false_calls,
        REVIEWED_SHARE.id: pairs.reviewing,
        FIRST_PASS_YIELD.id: pairs.bad_parts,
        TIME_TO_DETECT.id: pairs.made_meanwhile,
        TIME_TO_RESPOND.id: pairs.made_meanwhile,
        TIME_TO_RESTORATION.id: pairs.standstill,
        TIME_BETWEEN_FAILURES.id: lambda _: pairs.standstill(by_id[TIME_TO_RESTORATION.id]),
    }
    without = {one for one in by_id if one not in made}
    return tuple(
        Figure(one, None if (name := one.definition.id) in without else made[name](one))
        for one in kpis
    )


class _Pairs:
    """Makes the business figures of one window; each method takes its technical figure."""

    def __init__(
        self, kpis: Mapping[str, Kpi], prices: Prices | None, look_s: float | None
    ) -> None:
        self._kpis, self._prices = kpis, prices
        self._look_s = look_s or (prices.errors.review_s if prices else 0.0)

    def escapes(self, kpi: Kpi) -> Business:
        passed = kpi.denominator
        return self._of(
            kpi,
            ("escapes", "Escapes", "escape rate x parts passed", "parts"),
            None if kpi.value is None else kpi.numerator,
            kpi.interval and (kpi.interval[0] * passed, kpi.interval[1] * passed),
            "escape",
        )

    def false_rejects(self, kpi: Kpi) -> Business:
        good = kpi.denominator - kpi.numerator
        ends = kpi.interval and tuple(good * one / (1 - one) for one in kpi.interval if one < 1)
        return self._of(
            kpi,
            ("false_rejects", "Good parts rejected", "good parts rejected by a verdict", "parts"),
            None if kpi.value is None else kpi.numerator,
            (ends[0], ends[1]) if ends and len(ends) == 2 else None,
            "false_reject",
        )

    def not_inspected(self, kpi: Kpi) -> Business:
        formula = "parts rejected fail-safe; the money is at most, were all of them good"
        return self._of(
            kpi,
            ("uninspected_rejects", "Parts rejected uninspected", formula, "parts"),
            None if kpi.value is None else kpi.numerator,
            None,
            "false_reject",
        )

    def false_calls(self, kpi: Kpi) -> Business:
        formula = "false calls x median time of a look"
        return self._looks(kpi, "false_call_time", "Time on false calls", formula)

    def reviewing(self, kpi: Kpi) -> Business:
        formula = "rejects judged x median time of a look"
        return self._looks(kpi, "review_time", "Time on reviews", formula)

    def _looks(self, kpi: Kpi, name: str, shown: str, formula: str) -> Business:
        known = kpi.value is not None and self._look_s
        made = self._of(
            kpi,
            (name, shown, formula, "min"),
            kpi.numerator * self._look_s / 60 if known else None,
            None,
            "review",
        )
        if kpi.value is None or self._look_s:
            return made
        why = "no look was measured: enter costs.review_s in site.toml"
        return Business(name, shown, formula, "min", None, missing=why)

    def bad_parts(self, kpi: Kpi) -> Business:
        false = self._kpis[FALSE_REJECT_RATE.id]
        known = kpi.value is not None and not false.missing
        return self._of(
            kpi if known or kpi.value is None else false,
            ("bad_parts", "Bad parts rejected", "rejected - good parts rejected", "parts"),
            kpi.denominator - kpi.numerator - false.numerator if known else None,
            None,
            "bad_part",
        )

    def made_meanwhile(self, kpi: Kpi) -> Business:
        rate = self._kpis[THROUGHPUT_RATE.id].value
        known = kpi.value is not None and rate is not None
        formula = "throughput rate x that time"
        amount = (rate or 0.0) * (kpi.value or 0.0) / 3600 if known else None
        name = "parts_before_" + ("alarm" if kpi.definition is TIME_TO_DETECT else "answer")
        why = "" if known else kpi.missing or "nothing to count"
        return Business(name, "Parts made meanwhile", formula, "parts", amount, missing=why)

    def standstill(self, kpi: Kpi) -> Business:
        return self._of(
            kpi,
            ("standstill", "Standstill", "time from failure to running again, in all", "h"),
            None if kpi.value is None else kpi.numerator / 3600,
            None,
            "standstill_hour",
        )

    def _of(
        self,
        kpi: Kpi,
        words: tuple[str, str, str, str],
        amount: float | None,
        interval: Interval | None,
        price: str,
    ) -> Business:
        """Return a figure, or why there is none, or what to enter so that it has money."""
        if amount is None:
            return Business(*words, None, missing=kpi.missing or "nothing to count")
        if self._prices is None:
            return Business(*words, amount, interval, missing=NO_TABLE)
        each = _each(self._prices, self._look_s)[price]
        if each is None:
            why = f"no money: enter costs.{price} in site.toml"
            return Business(*words, amount, interval, missing=why)
        return Business(*words, amount, interval, each, self._prices.currency)


def _each(prices: Prices, look_s: float) -> dict[str, float | None]:
    """Return what one costs, by the key in `[costs]`: a part, an hour, of looks a minute."""
    errors = prices.errors
    return {
        "escape": errors.escape,
        "false_reject": errors.false_reject,
        "review": errors.review * 60 / look_s if look_s and errors.review else None,
        "bad_part": prices.bad_part,
        "standstill_hour": prices.standstill_hour,
    }


def _ends(value: float, interval: Interval | None) -> str:
    if interval is None:
        return f"{value:,.1f}"
    return f"{value:,.1f} [{interval[0]:,.1f}, {interval[1]:,.1f}]"
