"""`inspector kpi advise`: what a station's limit costs, and the step that the guard rails allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from inspector.domain.advice import Advice, Effect, advised
from inspector.errors import BadInput, RowRefused
from inspector.reports.costs import CostsFile
from inspector.reports.toml_file import TomlFile
from inspector.streams.judged import JudgedStation, judged_station


@click.command("advise")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--costs", "costs_file", required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Where the stream has several.")
@click.option("--json", "as_json", is_flag=True, help="docs/schemas/kpi-advise.json.")
def advise(folder: Path, *, costs_file: Path, station: str | None, as_json: bool) -> None:
    """What a station's limit costs, and whether another one would cost less.

    Reads DIR/stream.csv and DIR/verdicts.csv, and a TOML file with costs (docs/kpi.md). Nothing is
    changed; `inspector limits propose` makes a proposal of a site's own records.
    """
    costs = TomlFile(costs_file).read(CostsFile)
    parts = judged_station(folder, station)
    try:
        advice = advised(parts.judged, costs.costs, costs.rails, now=parts.newest)
    except RowRefused:
        raise
    except BadInput as error:
        raise RowRefused(folder / "stream.csv", 1, str(error)) from None
    if as_json:
        click.echo(json.dumps(advice_json(parts, costs, advice)))
    else:
        click.echo("\n".join(lines(parts, costs, advice)))


def advice_json(parts: JudgedStation, costs: CostsFile, advice: Advice) -> dict[str, Any]:
    """Return the advice with its whole curve."""
    columns = asdict(advice.curve)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return {
        **{"station": parts.station, "currency": costs.currency, "version": costs.version},
        **{"made_at": parts.newest.isoformat(), "now": asdict(advice.now)},
        **{"cheapest": asdict(advice.cheapest)},
        "proposed": None if advice.proposed is None else asdict(advice.proposed),
        "lowers_protection": advice.lowers_protection,
        "refusals": list(advice.refusals),
        "curve": [dict(zip(columns, row, strict=True)) for row in rows],
    }


_HEAD = ("", "limit", "rejects/h", "operator min/h", "cost of 1000", "90 % band", "escapes at most")
_WIDTHS = (10, 12, 12, 16, 14, 24, 16)


def lines(parts: JudgedStation, costs: CostsFile, advice: Advice) -> list[str]:
    """Return the advice for people."""
    end = [f"nothing is proposed: {why}" for why in advice.refusals]
    if advice.proposed is not None:
        less = " It lowers protection." if advice.lowers_protection else ""
        end = [f"a step from version {costs.version}; nothing is changed by it.{less}"]
    return [f"station {parts.station}, costs in {costs.currency}", *table(advice), *end]


def table(advice: Advice) -> list[str]:
    """Return what the limits would do, a row for each."""
    effects = {"now": advice.now, "cheapest": advice.cheapest}
    if advice.proposed:
        effects["proposed"] = advice.proposed
    return effect_rows(effects)


def effect_rows(effects: Mapping[str, Effect]) -> list[str]:
    """Return a table of effects, each under its name."""
    return [_row(_HEAD), *(_row((name, *_cells(one))) for name, one in effects.items())]


def _cells(one: Effect) -> tuple[str, ...]:
    low, high = one.band
    return (
        *(f"{one.limit:.6g}", f"{one.rejects_per_hour:.1f}"),
        *(f"{one.operator_minutes_per_hour:.1f}", f"{one.cost:.2f}"),
        *(f"{low:.2f} to {high:.2f}", f"{one.escapes_at_most:.4%}"),
    )


def _row(cells: tuple[str, ...]) -> str:
    padded = (text.rjust(width) for text, width in zip(cells[1:], _WIDTHS[1:], strict=True))
    return cells[0].ljust(_WIDTHS[0]) + "".join(padded)
