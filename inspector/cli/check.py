"""`inspector check` and `inspector schema`: the settings, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inspector.config.loading import check_site
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import SiteFile
from inspector.config.station import Station
from inspector.errors import SettingsWrong
from inspector.gateway.preflight import (
    device_problems,
    library_problems,
    package_problems,
    password_file_problems,
)
from inspector.vision.manifest import package_schema

SCHEMAS = {
    "station": Station.model_json_schema,
    "plc": PlcProfile.model_json_schema,
    "site": SiteFile.model_json_schema,
    "package": package_schema,
}


@click.command("check")
@click.option(
    "--site",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with stations/ and models/.",
)
def check_command(site: Path) -> None:
    """Check all settings and model packages: one line per problem, exit code 2 if there is one."""
    problems: list[SettingsWrong] = []
    found = check_site(site, problems)
    lines = [str(problem) for problem in problems]
    if found:
        later = [
            *package_problems(found),
            *device_problems(found),
            *library_problems(found),
            *password_file_problems(found),
        ]
        lines += [str(problem) for problem in later]
    for line in lines:
        click.echo(line, err=True)
    if lines:
        raise SystemExit(2)
    click.echo(f"{site}: {len(found.stations) if found else 0} stations, all in order")


@click.command("schema")
@click.argument("which", type=click.Choice(sorted(SCHEMAS)))
def schema_command(which: str) -> None:
    """Print the JSON Schema of a file of settings: station, PLC profile, site, model package."""
    click.echo(json.dumps(SCHEMAS[which](), indent=2))
