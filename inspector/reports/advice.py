"""The page of an advice on a limit: what limits do, and the whole cost curve with its band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inspector.domain.advice import Advice, Effect
from inspector.reports.charts import Bar, banded, plain
from inspector.reports.page import Cell, Page, Section, Table, row

HEAD: Final = (
    *("", "limit", "rejects/h", "operator min/h", "cost of 1000", "90 % band"),
    "escapes at most",
)
DRAWN_UP_TO: Final = 3
"""Times the cost now: limits that cost more say nothing about a step."""


def effects_of(advice: Advice) -> Mapping[str, Effect]:
    """Return the effects that stand beside each other, by name."""
    step = {} if advice.proposed is None else {"proposed": advice.proposed}
    return {"now": advice.now, "cheapest": advice.cheapest, **step}


def effect_cells(one: Effect) -> tuple[str, ...]:
    """Return an effect in words, in the order of `HEAD`."""
    low, high = one.band
    return (
        *(f"{one.limit:.6g}", f"{one.rejects_per_hour:.1f}"),
        *(f"{one.operator_minutes_per_hour:.1f}", f"{one.cost:.2f}"),
        *(f"{low:.2f} to {high:.2f}", f"{one.escapes_at_most:.4%}"),
    )


def advice_page(advice: Advice, *, station: str, currency: str, result: str) -> Page:
    """Return the page.

    Args:
        advice: What the figures say.
        station: Whose limit it is.
        currency: Of the costs.
        result: What it comes to, in a sentence.
    """
    rows = tuple(row(name, *effect_cells(one)) for name, one in effects_of(advice).items())
    notes = ("The band holds the cost with 90 %; the escape rate with 95 %.",)
    return Page(
        f"Advice on the limit of {station}",
        Cell(result, "warn" if advice.refusals or advice.lowers_protection else ""),
        (
            Section(f"What limits do, costs in {currency}", notes, Table(HEAD, rows)),
            Section("Cost of 1000 parts, by how many of all a limit rejects", chart=_curve(advice)),
        ),
    )


def _curve(advice: Advice) -> str:
    curve = advice.curve
    columns = (curve.rejected, curve.low, curve.high, curve.cost, curve.limit)
    most = DRAWN_UP_TO * advice.now.cost
    points = [
        (int(rejected), Bar(f"{limit:g}", low, high, cost))
        for rejected, low, high, cost, limit in zip(*(c.tolist() for c in columns), strict=True)
        if cost <= most
    ]
    marks = {name: one.rejects for name, one in effects_of(advice).items()}
    return banded("Cost of 1000 parts by rejects (logarithmic)", points, marks, shown=plain)
