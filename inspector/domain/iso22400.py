"""Figures with the names and formulas of ISO 22400-2, and no others.

Its abbreviations stay in the formulas, so that a reader can hold them against the standard.
"""

from __future__ import annotations

from inspector.domain.kpi import ISO_22400, Definition, Kpi, Window

FIRST_PASS_YIELD = Definition(
    "first_pass_yield",
    1,
    "First pass yield",
    "GP / IP: good at the first inspection / inspected",
    standard=ISO_22400,
)
SCRAP_RATIO = Definition(
    "scrap_ratio", 1, "Scrap ratio", "SQ / PQ: scrapped / produced", standard=ISO_22400
)
REWORK_RATIO = Definition(
    "rework_ratio", 1, "Rework ratio", "RQ / PQ: to be reworked / produced", standard=ISO_22400
)
AVAILABILITY = Definition(
    "availability",
    1,
    "Availability",
    "APT / PBT: actual production time / planned busy time",
    standard=ISO_22400,
)
THROUGHPUT_RATE = Definition(
    "throughput_rate",
    1,
    "Throughput rate",
    "PQ / AOET: produced / actual order execution time",
    unit="parts/h",
    standard=ISO_22400,
)
_WHAT_BECAME = "the records say which parts were rejected; what became of them the MES knows"
_NOT_RECORDED = {
    SCRAP_RATIO: f"{_WHAT_BECAME} (SQ)",
    REWORK_RATIO: f"{_WHAT_BECAME} (RQ)",
    AVAILABILITY: "the planned busy time (PBT) is not recorded here; the MES knows it",
}
DEFINITIONS = (FIRST_PASS_YIELD, SCRAP_RATIO, REWORK_RATIO, AVAILABILITY, THROUGHPUT_RATE)


def first_pass_yield(good: int, inspected: int, window: Window) -> Kpi:
    """Return GP / IP. Parts that were not inspected are in neither."""
    return Kpi(FIRST_PASS_YIELD, window, good, inspected)


def scrap_ratio(scrapped: int, produced: int, window: Window) -> Kpi:
    """Return SQ / PQ."""
    return Kpi(SCRAP_RATIO, window, scrapped, produced)


def rework_ratio(to_rework: int, produced: int, window: Window) -> Kpi:
    """Return RQ / PQ."""
    return Kpi(REWORK_RATIO, window, to_rework, produced)


def availability(producing_s: float, planned_s: float, window: Window) -> Kpi:
    """Return APT / PBT."""
    return Kpi(AVAILABILITY, window, producing_s, planned_s)


def throughput_rate(
    produced: int, order_s: float, window: Window, *, method: str = "counted"
) -> Kpi:
    """Return PQ / AOET; `method` says what stands for the orders' time."""
    return Kpi(THROUGHPUT_RATE, window, produced, order_s / 3600, method=method)


def not_recorded(window: Window) -> tuple[Kpi, ...]:
    """Return the figures that no record of ours can give, each with the sentence why."""
    return tuple(
        Kpi(definition, window, 0, 0, completeness=0.0, missing=why)
        for definition, why in _NOT_RECORDED.items()
    )
