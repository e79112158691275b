"""What a tile of the page of figures says; the CSV has the very same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from web.scales import Bar, Spark, interval_bar, spark

if TYPE_CHECKING:
    from inspector.domain.business import Business, Figure
    from inspector.domain.intervals import Interval
    from inspector.domain.kpi import Kpi

GROUPS: Final = {
    "Quality": (
        *("escape_rate", "shipped_escape_rate", "miss_rate"),
        *("false_reject_rate", "false_call_share", "first_pass_yield"),
    ),
    "People": ("reviewed_share", "override_rate", "auditor_sensitivity", "time_to_respond"),
    "Continuity": (
        *("not_inspected_rate", "throughput_rate", "mean_operating_time_between_failures"),
        *("mean_time_to_restoration", "time_to_detect"),
    ),
    "Alarms": (
        *("alarm_rate", "alarm_peak", "alarm_flood_share"),
        *("alarm_action_rate", "standing_alarm_share"),
    ),
    "Not recorded here": ("scrap_ratio", "rework_ratio", "availability"),
}
"""Which figures stand together, and in which order."""
MORE_IS_BETTER: Final = {"first_pass_yield"}
COLUMNS: Final = (
    *("id", "version", "name", "standard", "shown", "range", "state", "target", "since", "until"),
    *("value", "low", "high", "watched_low", "watched_high", "judged"),
    *("numerator", "denominator", "method", "completeness"),
    *(
        "stale",
        "missing",
        "business",
        "business_shown",
        "amount",
        "amount_low",
        "amount_high",
        "unit",
    ),
    *("money_shown", "money", "money_low", "money_high", "currency", "business_missing"),
)


@dataclass(frozen=True, slots=True)
class BusinessWords:
    """The business figure beside a technical one, as it is shown.

    Attributes:
        shown, range: The amount and its ends; empty where there is none.
        money, money_range: The same of what it costs.
    """

    name: str
    formula: str
    shown: str
    range: str
    money: str
    money_range: str
    missing: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure as it is shown.

    Attributes:
        shown: The number, or with nothing found its bound; empty where there is none.
        range: The ends of its interval; empty where it has none.
        watched: Those of the one that may be looked at every day.
        evidence: Out of how many.
        state: One word for its target, or what is missing of it.
        is_odd: That word is one to act on.
        marks: "provisional", "stale".
    """

    id: str
    name: str
    formula: str
    standard: str
    shown: str
    range: str
    watched: str
    evidence: str
    method: str
    state: str
    is_odd: bool
    marks: tuple[str, ...]
    missing: str
    target: str
    bar: Bar | None
    trend: Spark | None
    business: BusinessWords | None


def grouped_tiles(
    figures: Sequence[Figure], trends: Mapping[str, Sequence[float | None]]
) -> dict[str, list[Tile]]:
    """Return the tiles of each group."""
    tiles = {
        one.kpi.definition.id: tile(one, trends.get(one.kpi.definition.id, ())) for one in figures
    }
    return {name: [tiles[one] for one in ids if one in tiles] for name, ids in GROUPS.items()}


def tile(figure: Figure, trend: Sequence[float | None] = ()) -> Tile:
    """Return a figure as it is shown."""
    kpi, what = figure.kpi, figure.kpi.definition
    state, is_odd = _state(kpi)
    return Tile(
        id=what.id,
        name=what.name,
        formula=what.formula,
        standard=what.standard,
        shown=_headline(kpi),
        range=_range(kpi, kpi.interval),
        watched=_range(kpi, kpi.watched),
        evidence=_evidence(kpi),
        method=kpi.method,
        state=state,
        is_odd=is_odd,
        marks=_marks(kpi),
        missing="" if kpi.value is not None else kpi.missing or "nothing to count",
        target="" if kpi.target is None else in_words(kpi.target, what.unit),
        bar=None if kpi.value is None else interval_bar(kpi.value, kpi.interval, kpi.target),
        trend=spark(trend),
        business=_business(figure.business),
    )


def in_words(value: float, unit: str) -> str:
    """Return a value with its unit, with as many digits as say something."""
    if unit == "share" and value == 0:
        return "0%"
    if unit == "share":
        return f"{value:.3%}" if value < 0.01 else f"{value:.2%}" if value < 0.1 else f"{value:.1%}"
    if unit == "s":
        if value < 120:
            return f"{value:.1f} s"
        return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:,.1f} h"
    return f"{value:,.2f}" if unit == "alarms" else f"{value:,.1f} {unit}"


def row(figure: Figure) -> dict[str, object]:
    """Return a figure for the CSV: the words of its tile, and every number in full."""
    kpi, business, told = figure.kpi, figure.business, tile(figure)
    words = told.business
    low, high = _two(kpi.interval)
    watched_low, watched_high = _two(kpi.watched)
    values = {
        **{"id": told.id, "version": kpi.definition.version, "name": told.name},
        **{"standard": told.standard, "shown": told.shown, "range": told.range},
        **{"state": told.state, "target": kpi.target, "since": kpi.window.since.isoformat()},
        **{"until": kpi.window.until.isoformat(), "value": kpi.value, "low": low, "high": high},
        **{"numerator": kpi.numerator, "denominator": kpi.denominator, "method": kpi.method},
        **{"watched_low": watched_low, "watched_high": watched_high, "judged": kpi.judged},
        **{"completeness": kpi.completeness, "stale": kpi.stale, "missing": told.missing},
    }
    if business and words:
        amount_low, amount_high = _two(business.interval)
        money_low, money_high = _two(business.money_interval)
        values |= {
            **{"business": words.name, "business_shown": words.shown, "amount": business.amount},
            **{"amount_low": amount_low, "amount_high": amount_high, "unit": business.unit},
            **{"money_shown": words.money, "money": business.money, "money_low": money_low},
            **{"money_high": money_high, "currency": business.currency},
            **{"business_missing": words.missing},
        }
    return values


def _two(interval: Interval | None) -> tuple[float | None, float | None]:
    return interval or (None, None)


def _headline(kpi: Kpi) -> str:
    """Nothing found is no zero: what is shown then is how much it may be."""
    if kpi.value is None:
        return ""
    unit = kpi.definition.unit
    if kpi.interval and not kpi.numerator:
        return f"≤ {in_words(kpi.interval[1], unit)}"
    return in_words(kpi.value, unit)


def _range(kpi: Kpi, interval: Interval | None) -> str:
    if kpi.value is None or interval is None:
        return ""
    low, high = (in_words(end, kpi.definition.unit) for end in interval)
    return f"{low} to {high}"


def _evidence(kpi: Kpi) -> str:
    if not kpi.denominator:
        return ""
    if kpi.definition.unit == "s":
        return kpi.method
    unit = " h" if kpi.definition.unit == "parts/h" else ""
    of = f"{_count(kpi.numerator)} of {_count(kpi.denominator)}{unit}"
    return of if kpi.judged is None else f"{kpi.judged:,} judged; {of}"


def _count(value: float) -> str:
    """Return a count as it is, and a small estimated one with a decimal."""
    return f"{value:,.0f}" if value >= 1000 or value == round(value) else f"{value:,.1f}"


def _marks(kpi: Kpi) -> tuple[str, ...]:
    marks = {"provisional": kpi.provisional and kpi.value is not None, "stale": kpi.stale}
    return tuple(name for name, holds in marks.items() if holds)


def _state(kpi: Kpi) -> tuple[str, bool]:
    """Return a word for the figure against its target, and whether somebody should act."""
    if kpi.value is None:
        return "no figure", False
    if kpi.target is None:
        return "", False
    low, high = kpi.watched or kpi.interval or (kpi.value, kpi.value)  # looked at each day
    if kpi.definition.id in MORE_IS_BETTER:
        low, high, target = -high, -low, -kpi.target
    else:
        target = kpi.target
    if high <= target:
        return "on target", False
    return ("off target", True) if low > target else ("not shown yet", False)


def _business(business: Business | None) -> BusinessWords | None:
    if business is None:
        return None
    has_amount, has_money = business.amount is not None, business.money is not None
    unit, currency = f" {business.unit}", f" {business.currency}"
    return BusinessWords(
        business.name,
        business.formula,
        _amount(business.amount, business.interval, unit),
        _between(business.interval, unit) if has_amount else "",
        _amount(business.money, business.money_interval, currency),
        _between(business.money_interval, currency) if has_money else "",
        business.missing,
    )


def _amount(value: float | None, interval: Interval | None, unit: str) -> str:
    """Nothing found costs up to something, as above."""
    if value is None:
        return ""
    return f"≤ {interval[1]:,.1f}{unit}" if interval and not value else f"{value:,.1f}{unit}"


def _between(interval: Interval | None, unit: str) -> str:
    return "" if interval is None else f"{interval[0]:,.1f} to {interval[1]:,.1f}{unit}"
