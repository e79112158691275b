"""The charts of the weekly review: the rates of all stations, this week beside the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inspector.domain.kpi import Definition, Kpi
from inspector.domain.quality import ESCAPE_RATE, FALSE_CALL_SHARE
from inspector.domain.week import Week
from inspector.reports.charts import Bar, bars
from inspector.reports.page import Section

DRAWN: Final = ESCAPE_RATE, FALSE_CALL_SHARE


def rate_charts(week: Week) -> tuple[Section, ...]:
    """Return a chart of each rate that some station has a number of."""
    return tuple(
        Section(
            f"{of.name}, with 95 % intervals", chart=bars(of.name, rows, marks=_targets(week, of))
        )
        for of in DRAWN
        if (rows := _rows(week, of))
    )


def _rows(week: Week, of: Definition) -> list[Bar]:
    told = [
        (f"{one.station}, {when}", _found(figures, of))
        for one in week.stations
        for when, figures in (("this week", one.figures), ("the week before", one.before))
    ]
    return [
        Bar(name, *kpi.interval, kpi.value)
        for name, kpi in told
        if kpi and kpi.interval and kpi.value is not None
    ]


def _targets(week: Week, of: Definition) -> tuple[float, ...]:
    found = [_found(one.figures, of) for one in week.stations]
    return tuple({kpi.target for kpi in found if kpi and kpi.target is not None})


def _found(figures: Sequence[Kpi], of: Definition) -> Kpi | None:
    return next((kpi for kpi in figures if kpi.definition == of), None)
