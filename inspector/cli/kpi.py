"""`inspector kpi`: figures with their evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from inspector.cli.advise import advise
from inspector.cli.kpi_alarms import alarm_lines
from inspector.cli.run import site_option
from inspector.clock import SystemClock
from inspector.config.loading import load_site
from inspector.domain.fatigue import alarms_as_json
from inspector.domain.intervals import Interval, clopper_pearson
from inspector.domain.kpi import Kpi, Window
from inspector.gateway.figures import alarms_of, figures_of
from inspector.streams.figures import Figures, figures

DEFAULT_WINDOW = timedelta(days=28)


class Moment(click.ParamType[datetime]):
    """A time with its zone, so that nobody takes one clock for another."""

    name = "TIME"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's
    ) -> datetime:
        """Return the time in UTC."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = datetime.min  # noqa: DTZ901 - refused below
        if moment.tzinfo is None:
            self.fail(f"{value} is no time with its zone, such as 2026-11-27T06:00+01:00", param)
        return moment.astimezone(UTC)


@click.group("kpi", invoke_without_command=True)
@site_option
@click.option("--since", type=Moment(), help="ISO 8601 with its zone; default: 28 days ago.")
@click.option("--until", type=Moment(), help="The same, not in the window; default: now.")
@click.option("--station", default="", help="Default: all of them.")
@click.option("--json", "as_json", is_flag=True, help="docs/schemas/kpi.json.")
@click.pass_context
def kpi_command(
    context: click.Context,
    *,
    site: Path,
    since: datetime | None,
    until: datetime | None,
    station: str,
    as_json: bool,
) -> None:
    """Figures of inspection with their evidence; docs/kpi.md defines them.

    From the site's records, of parts that came in a window. Exit code 2: no part came in it.
    """
    if context.invoked_subcommand:
        return
    now = SystemClock().now()
    end = until or now
    window = Window(since or end - DEFAULT_WINDOW, end)
    settings = load_site(site)
    found = figures_of(settings, station, window, now)
    raised = alarms_of(settings, station, window)
    if as_json:
        told = {"station": station, "kpis": [one.as_json() for one in found]}
        click.echo(json.dumps({**told, **alarms_as_json(raised, window)}))
        return
    click.echo(f"{window.since.isoformat()} to {window.until.isoformat()}")
    for one in found:
        click.echo(kpi_line(one.kpi))
        if one.business:
            click.echo(f"    {one.business}")
    click.echo("\n".join(alarm_lines(raised, window)))


def kpi_line(one: Kpi) -> str:
    """Return a figure for people: never without what it was made of."""
    if not one.denominator and not one.interval:
        return str(one)
    of = f"{one.numerator:g} of {one.denominator:g}" if one.denominator else "nothing counted"
    return f"{one}\n    {of}; {one.method}; {one.completeness:.0%} complete"


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
