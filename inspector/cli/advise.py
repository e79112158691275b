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
from inspector.reports.advice import HEAD, advice_page, effect_cells, effects_of
from inspector.reports.costs import CostsFile
from inspector.reports.page import written
from inspector.reports.toml_file import TomlFile
from inspector.streams.judged import JudgedStation, judged_station


@click.command("advise")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--costs", "costs_file", required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Where the stream has several.")
@click.option("--json", "as_json", is_flag=True, help="docs/schemas/kpi-advise.json.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file to write as well, with the whole cost curve and its band.",
)
def advise(
    folder: Path, *, costs_file: Path, station: str | None, as_json: bool, out: Path | None
) -> None:
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
    if out:
        said = {"station": parts.station, "currency": costs.currency}
        page = advice_page(advice, **said, result="; ".join(_result(costs, advice)))
        written(page, out, pdf=False)
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


_WIDTHS = (10, 12, 12, 16, 14, 24, 16)


def lines(parts: JudgedStation, costs: CostsFile, advice: Advice) -> list[str]:
    """Return the advice for people."""
    head = f"station {parts.station}, costs in {costs.currency}"
    return [head, *table(advice), *_result(costs, advice)]


def _result(costs: CostsFile, advice: Advice) -> list[str]:
    if advice.proposed is None:
        return [f"nothing is proposed: {why}" for why in advice.refusals]
    less = " It lowers protection." if advice.lowers_protection else ""
    return [f"a step from version {costs.version}; nothing is changed by it.{less}"]


def table(advice: Advice) -> list[str]:
    """Return what the limits would do, a row for each."""
    return effect_rows(effects_of(advice))


def effect_rows(effects: Mapping[str, Effect]) -> list[str]:
    """Return a table of effects, each under its name."""
    return [_row(HEAD), *(_row((name, *effect_cells(one))) for name, one in effects.items())]


def _row(cells: tuple[str, ...]) -> str:
    padded = (text.rjust(width) for text, width in zip(cells[1:], _WIDTHS[1:], strict=True))
    return cells[0].ljust(_WIDTHS[0]) + "".join(padded)
