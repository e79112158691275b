"""`inspector report`: pages to print, of a site's week or from files that people write.

docs/kpi.md has the forms of the files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from inspector.cli.options import moment
from inspector.cli.run import site_option
from inspector.clock import SystemClock
from inspector.config.loading import load_site
from inspector.domain.appraising import studied
from inspector.domain.kpi import Window
from inspector.gateway.weekly import WEEK, week_before, week_of, zone_of
from inspector.reports.business_case import case_lines, case_of, case_page, read_case
from inspector.reports.charter import charter_lines, charter_page, read_charter
from inspector.reports.page import Page, written
from inspector.reports.pilot import pilot_lines, pilot_page, pilot_results, read_pilot
from inspector.reports.study import study_lines, study_page
from inspector.reports.study_file import read_study
from inspector.reports.weekly import weekly_lines, weekly_page
from inspector.storage.image_files import KeptPictures


@click.group("report")
def report_command() -> None:
    """Pages to print and to sign: each one HTML file that needs nothing else."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what reports take that are made from a file."""
    source = click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
    return source(_out_options(command))


def _out_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all reports take."""
    out = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The HTML file; left out: the command's name in this folder.",
    )
    pdf = click.option("--pdf", is_flag=True, help="Print it too, with a Chromium.")
    return out(pdf(command))


def _write(page: Page, lines: Sequence[str], out: Path, *, pdf: bool) -> None:
    click.echo("\n".join(lines))
    for file in written(page, out, pdf=pdf):
        click.echo(f"written: {file}", err=True)


@report_command.command("study")
@_options
def study(source: Path, *, out: Path | None, pdf: bool) -> None:
    """Attribute agreement study: how well operators, the model and both judge parts.

    FILE is a CSV with part, truth, mode, appraiser, trial and verdict.
    """
    found = studied(read_study(source))
    _write(study_page(found), study_lines(found), out or Path("study.html"), pdf=pdf)


@report_command.command("weekly")
@_out_options
@click.option(
    "--until",
    callback=moment,
    help="The week's end, ISO 8601 with its zone; default: the last midnight at the site.",
)
@click.option(
    "--charter", "charter_file", type=click.Path(path_type=Path), help="Its targets are shown."
)
@site_option
def weekly(
    site: Path,
    *,
    until: datetime | None,
    charter_file: Path | None,
    out: Path | None,
    pdf: bool,
) -> None:
    """Weekly review of a site: figures, false calls, escapes, alarms, changes, what is open.

    From the site's records, whether it runs or not. A week without a part says so.
    """
    settings = load_site(site)
    charter_of = read_charter(charter_file) if charter_file else None
    window = week_before(settings, SystemClock().now())
    if until:
        window = Window(until - WEEK, until)
    week = week_of(settings, window)
    kept = KeptPictures(Path(settings.data))
    page = weekly_page(week, zone_of(settings), charter_of, kept.picture)
    _write(page, weekly_lines(week), out or Path("weekly.html"), pdf=pdf)


@report_command.command("charter")
@_options
def charter(source: Path, *, out: Path | None, pdf: bool) -> None:
    """Deployment charter: scope, targets, who decides; one page to sign.

    FILE is a TOML file. A target that its audits cannot show is refused, with how many it takes.
    """
    found = read_charter(source)
    _write(charter_page(found), charter_lines(found), out or Path("charter.html"), pdf=pdf)


@report_command.command("pilot")
@_options
def pilot(source: Path, *, out: Path | None, pdf: bool) -> None:
    """Pilot: the same parts judged as before and with assistance, compared pair by pair.

    FILE is the folder with pilot.csv.
    """
    found = pilot_results(read_pilot(source))
    _write(pilot_page(found), pilot_lines(found), out or Path("pilot.html"), pdf=pdf)


@report_command.command("business-case")
@_options
def business_case(source: Path, *, out: Path | None, pdf: bool) -> None:
    """Business case: payback and net present value as intervals, and their largest drivers.

    FILE is a TOML file. What was not measured is shown as assumed.
    """
    read = read_case(source)
    case = case_of(read)
    out = out or Path("business-case.html")
    _write(case_page(read, case), case_lines(read, case), out, pdf=pdf)
