"""`inspector plc`: tools for the person at the PLC's cabinet."""

from __future__ import annotations

import click

from inspector.cli.plc_check import check
from inspector.cli.plc_force import force
from inspector.cli.plc_simulate import simulate
from inspector.cli.plc_trust import certificate, trust


@click.group("plc")
def plc_command() -> None:
    """Tools for the person at the cabinet: look, trust, try out."""


for command in (check, certificate, trust, simulate, force):
    plc_command.add_command(command)
