"""`inspector export`: a package for the line, or records for other tools."""

from __future__ import annotations

import click

from inspector.cli.export import export_command as package_command
from inspector.cli.export_records import records_command


class _PackageFirst(click.Group):
    """The group; options without a name in front are those of `package`, as before it had two."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name in front where it was left out."""
        if args and args[0].startswith("--") and args[0] != "--help":
            args = ["package", *args]
        return super().parse_args(ctx, args)


@click.group("export", cls=_PackageFirst)
def export_command() -> None:
    """Make a package out of what was trained (`package`), or a folder of records (`records`).

    `inspector export --name ...` is `inspector export package --name ...`.
    """


export_command.add_command(package_command)
export_command.add_command(records_command)
