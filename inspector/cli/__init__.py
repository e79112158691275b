"""The command line: `inspector --help`."""

from __future__ import annotations

import sys

import click

from inspector import __version__
from inspector.cli.audit import audit_command
from inspector.cli.check import check_command, schema_command
from inspector.cli.demo import demo_command
from inspector.cli.evaluate import evaluate_command
from inspector.cli.export import export_command
from inspector.cli.inspect import inspect_command
from inspector.cli.models import models_command
from inspector.cli.people import people_command
from inspector.cli.pictures import pictures_command
from inspector.cli.plc import plc_command
from inspector.cli.run import run_command
from inspector.cli.status import status_command
from inspector.cli.train import train_command
from inspector.errors import BadInput, InspectorError, NothingRunning

PROMISE_BROKEN, BAD_INPUT, NOTHING_RUNNING = 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inspector")
def commands() -> None:
    """Visual inspection for factory lines: one gateway, several cameras, one PLC.

    Exit codes: 0 fine, 1 a promise is broken, 2 bad input, 3 nothing is running.
    """


for command in (
    run_command,
    demo_command,
    status_command,
    check_command,
    schema_command,
    inspect_command,
    evaluate_command,
    models_command,
    people_command,
    pictures_command,
    plc_command,
    train_command,
    export_command,
    audit_command,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; an error of ours is one line on stderr, never a traceback."""
    try:
        commands(standalone_mode=True)
    except BadInput as error:
        sys.exit(_said(error, BAD_INPUT))
    except NothingRunning as error:
        sys.exit(_said(error, NOTHING_RUNNING))
    except InspectorError as error:
        sys.exit(_said(error, PROMISE_BROKEN))


def _said(error: Exception, code: int) -> int:
    click.echo(str(error), err=True)
    return code
