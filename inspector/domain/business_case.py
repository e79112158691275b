"""What a deployment costs and brings, with the intervals of what it rests on carried through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inspector.domain.intervals import Interval

DRAWS = 10_000
LARGEST_DRIVERS = 5
_Z975 = 1.959964
Amounts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its 95 % interval; all three are equal where it is certain.

    Attributes:
        measured: From when to when; empty where it is assumed.
    """

    value: float
    low: float
    high: float
    measured: str = ""

    def drawn(self, random: np.random.Generator) -> Amounts:
        """Return draws whose median is the value and whose 95 % interval is this one.

        Normal on either side, never below 0.
        """
        z = random.standard_normal(DRAWS) / _Z975
        side = np.where(z < 0, self.value - self.low, self.high - self.value)
        return np.maximum(0.0, self.value + side * z)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model takes; each is a `Quantity`, or a draw of it.

    Attributes:
        hardware: Once, as are the next three: cameras, light, gateway, fixtures.
        change: Training hours, studies, reviews.
        operations: A year: support, retraining, spares.
        audits: A year, each of `audit_s`.
        parts: A year.
        escape_before: Bad parts shipped / parts.
        false_calls_before: Good parts rejected / parts; each takes `review_s` of an operator.
        scrap_before: Parts scrapped / parts.
        downtime_before: Hours a year.
        escape_cost: Of one escape.
        hour_cost: Of an hour of labour.
    """

    hardware: Quantity
    software: Quantity
    integration: Quantity
    change: Quantity
    operations: Quantity
    audits: Quantity
    audit_s: Quantity
    parts: Quantity
    escape_before: Quantity
    escape_after: Quantity
    false_calls_before: Quantity
    false_calls_after: Quantity
    review_s: Quantity
    scrap_before: Quantity
    scrap_after: Quantity
    downtime_before: Quantity
    downtime_after: Quantity
    escape_cost: Quantity
    hour_cost: Quantity
    scrap_cost: Quantity
    downtime_cost: Quantity


NAMES = tuple(one.name for one in fields(Inputs))


@dataclass(frozen=True, slots=True)
class Horizon:
    """Over how many years, and what money later is worth less a year."""

    years: int
    discount: float

    @property
    def factor(self) -> float:
        """Return what one unit a year is worth today."""
        return sum((1 + self.discount) ** -year for year in range(1, self.years + 1))


@dataclass(frozen=True, slots=True)
class Amount:
    """A result at the inputs' values, with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Driver:
    """What the net present value would be at both ends of one input's interval."""

    name: str
    at_low: float
    at_high: float

    @property
    def swing(self) -> float:
        """Return how far apart they are."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True, slots=True)
class Case:
    """What it comes to.

    Attributes:
        yearly: What a year saves, by kind; running costs are negative.
        payback_months: Infinite where it never pays back.
        pays_back: The share of draws that pay back within the horizon.
        drivers: The largest, in descending swing.
        assumed: Inputs nobody measured.
    """

    once: Amount
    yearly: Mapping[str, Amount]
    net_present_value: Amount
    payback_months: Amount
    pays_back: float
    drivers: tuple[Driver, ...]
    assumed: tuple[str, ...]


Values = Mapping[str, Amounts]


def business_case(inputs: Inputs, horizon: Horizon, *, seed: int = 0) -> Case:
    """Return costs and savings with their intervals, of `DRAWS` seeded draws."""
    random = np.random.default_rng(seed)
    given = {name: quantity(inputs, name) for name in NAMES}
    drawn = {name: one.drawn(random) for name, one in given.items()}
    plain = {name: np.array([one.value]) for name, one in given.items()}

    def amount(of: Callable[[Values], Amounts]) -> Amount:
        low, high = np.quantile(of(drawn), (0.025, 0.975), method="nearest")
        return Amount(float(of(plain)[0]), (float(low), float(high)))

    def worth(values: Values) -> Amounts:
        return horizon.factor * net(values) - once(values)

    return Case(
        once=amount(once),
        yearly={name: amount(of) for name, of in YEARLY.items()},
        net_present_value=amount(worth),
        payback_months=amount(payback),
        pays_back=float((payback(drawn) <= 12 * horizon.years).mean()),
        drivers=_drivers(given, plain, worth),
        assumed=tuple(name for name, one in given.items() if not one.measured),
    )


def quantity(inputs: Inputs, name: str) -> Quantity:
    """Return one of the inputs by its name."""
    found: Quantity = getattr(inputs, name)
    return found


def once(v: Values) -> Amounts:
    """Return what is paid at the start."""
    return v["hardware"] + v["software"] + v["integration"] + v["change"]


YEARLY: Mapping[str, Callable[[Values], Amounts]] = {
    "escapes avoided": lambda v: (
        v["parts"] * (v["escape_before"] - v["escape_after"]) * v["escape_cost"]
    ),
    "false calls avoided": lambda v: (
        v["parts"]
        * (v["false_calls_before"] - v["false_calls_after"])
        * (v["review_s"] / 3600 * v["hour_cost"])
    ),
    "scrap avoided": lambda v: (
        v["parts"] * (v["scrap_before"] - v["scrap_after"]) * v["scrap_cost"]
    ),
    "downtime avoided": lambda v: (v["downtime_before"] - v["downtime_after"]) * v["downtime_cost"],
    "audits": lambda v: -v["audits"] * v["audit_s"] / 3600 * v["hour_cost"],
    "operations": lambda v: -v["operations"],
}


def net(v: Values) -> Amounts:
    """Return what a year saves, less what it costs."""
    return np.asarray(sum((of(v) for of in YEARLY.values()), np.zeros(1)))


def payback(v: Values) -> Amounts:
    """Return months until what was paid at the start has come back; infinite if never."""
    saved = net(v)
    never = np.full(saved.shape, np.inf)
    return np.asarray(np.divide(12 * once(v), saved, out=never, where=saved > 0))


def _drivers(
    given: Mapping[str, Quantity], plain: Values, worth: Callable[[Values], Amounts]
) -> tuple[Driver, ...]:
    def at(name: str, value: float) -> float:
        return float(worth({**plain, name: np.array([value])})[0])

    found = [Driver(name, at(name, one.low), at(name, one.high)) for name, one in given.items()]
    largest = sorted(found, key=lambda one: -one.swing)[:LARGEST_DRIVERS]
    return tuple(one for one in largest if one.swing > 0)
