"""The command line: `inspector --help`."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from inspector import __version__
from inspector.errors import BadInput, InspectorError, NothingRunning

PROMISE_BROKEN, BAD_INPUT, NOTHING_RUNNING = 1, 2, 3


COMMANDS = {
    "run": "run",
    "demo": "demo",
    "status": "status",
    "check": "check",
    "schema": "check",
    "inspect": "inspect",
    "evaluate": "evaluate",
    "models": "models",
    "people": "people",
    "cameras": "cameras",
    "pictures": "pictures",
    "replay": "replay",
    "plc": "plc",
    "audit": "audit",
    "kpi": "kpi",
    "limits": "limits",
    "report": "report",
    "train": "train",
    "export": "exports",
    "import-labels": "import_labels",
}
"""Each command's module; a command loads its own only: all of them take a second."""


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one of them, or None."""
        if cmd_name in COMMANDS:
            module = import_module(f"inspector.cli.{COMMANDS[cmd_name]}")
            found: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inspector")
def commands() -> None:
    """Visual inspection for factory lines: one gateway, several cameras, one PLC.

    Exit codes: 0 fine, 1 a promise is broken, 2 bad input, 3 nothing is running.
    """


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
