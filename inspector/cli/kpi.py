"""`inspector kpi`: figures with their evidence."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inspector.cli.advise import advise
from inspector.domain.intervals import Interval, clopper_pearson
from inspector.streams.figures import Figures, figures


@click.group("kpi")
def kpi_command() -> None:
    """Figures of inspection with their evidence; docs/kpi.md defines them."""


@kpi_command.command("from-files")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="docs/schemas/kpi-from-files.json.")
def from_files(folder: Path, *, as_json: bool) -> None:
    """Figures of a stream that was recorded elsewhere.

    Reads DIR/stream.csv and DIR/verdicts.csv (docs/kpi.md has their columns) and prints the escape
    rate with its bounds, what people made of the rejects, and the days on which drift was noticed.
    """
    found = figures(folder)
    click.echo(json.dumps(found.as_json()) if as_json else "\n".join(lines(found)))
    for note in found.notes:
        click.echo(note, err=True)


def lines(found: Figures) -> list[str]:
    """Return the figures for people."""
    escapes, rejects, seeds = found.escapes, found.rejects, found.seeds
    share = None if found.false_calls is None else found.false_calls
    days = ", ".join(str(day) for day in found.drift_days)
    rows = {
        "parts": f"{found.parts}: {escapes.passed} passed, {rejects.rejected} rejected",
        "audited": f"{escapes.audited}: {escapes.found} bad ({found.unconfirmed} unconfirmed), "
        f"{escapes.open} open",
        "escape rate": shown(escapes.estimate, escapes.interval),
        "  at most (95 %)": f"{escapes.upper95:.4%}",
        "  auditors corrected": corrected(escapes.upper95_corrected),
        "seeds found": f"{seeds.found} of {seeds.judged}",
        "rejects reviewed": f"{rejects.reviewed} of {rejects.rejected}, "
        f"{rejects.called_good} overridden",
        "false calls": shown(share, clopper_pearson(rejects.good, rejects.reviewed)),
        "found downstream": f"{found.downstream_found}",
        "drift alarms": f"day {days}" if days else "none",
    }
    return [f"{name:<20} {text}" for name, text in rows.items()]


def shown(value: float | None, interval: Interval) -> str:
    """Return a share with its interval, or that it is not known."""
    low, high = interval
    return f"{'not known' if value is None else f'{value:.4%}'} [{low:.4%}, {high:.4%}]"


def corrected(bound: float | None) -> str:
    """Return the bound for auditors who miss, or why there is none."""
    return "no seeds" if bound is None else f"at most {bound:.4%}"


kpi_command.add_command(advise)
