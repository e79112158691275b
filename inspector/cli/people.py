"""`inspector people`: who may sign in."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.domain.people import Role
from inspector.gateway.people import People
from inspector.gateway.recorder_desk import shown
from inspector.gateway.site_run import runtime_of
from inspector.gateway.store import server_of


@click.group("people")
def people_command() -> None:
    """Add, list and disable the people of a site; works whether it runs or not."""


@people_command.command("add")
@site_option
@click.option("--name", required=True, help="As shown beside what the person does.")
@click.option(
    "--role", required=True, type=click.Choice([role.value for role in Role]), help="What they may."
)
@click.option("--badge", default="", help="What they sign in with; default: a random number.")
def add(site: Path, name: str, role: str, badge: str) -> None:
    """Add somebody; prints badge and PIN, this once."""
    new = _people(site).add(name, Role(role), badge)
    click.echo(f"{new.name} ({new.role.value}): badge {new.badge}, PIN {new.pin}")
    click.echo("The PIN is not shown again.", err=True)


@people_command.command("list")
@site_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object (docs/schemas/people.json).")
def list_people(site: Path, *, as_json: bool) -> None:
    """List everybody."""
    everybody = _people(site).all()
    if as_json:
        click.echo(json.dumps({"schema": 1, "people": [shown(person) for person in everybody]}))
        return
    for person in everybody:
        state = "" if person.active else "  disabled"
        click.echo(f"{person.badge:<12} {person.role.value:<14} {person.name}{state}")


@people_command.command("disable")
@site_option
@click.argument("badge")
def disable(site: Path, badge: str) -> None:
    """Let somebody sign in no more, and end their sessions; what they did stays."""
    click.echo(f"{_people(site).set_active(badge, active=False).name} is disabled")


@people_command.command("enable")
@site_option
@click.argument("badge")
def enable(site: Path, badge: str) -> None:
    """Let somebody sign in again."""
    click.echo(f"{_people(site).set_active(badge, active=True).name} is enabled")


def _people(site: Path) -> People:
    settings = load_site(site)
    runtime = runtime_of(Path(settings.folder))
    return People(Path(settings.data), runtime.recorder_socket, server_of(settings))
