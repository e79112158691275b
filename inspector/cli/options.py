"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from inspector.errors import BadInput


def moment(_: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """Return a time that an option names in ISO 8601 with its zone; for `callback`."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        name, example = parameter.opts[0], "2026-11-23T06:00:00+01:00"
        raise BadInput(f"{name} {text}: a time with its zone is expected, like {example}")
    return found


pictures_argument = click.argument(
    "pictures",
    nargs=-1,
    required=True,
    metavar="PICTURE_OR_FOLDER...",
    type=click.Path(path_type=Path),
)
package_option = click.option(
    "--package",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Model package, models/NAME.",
)
device_option = click.option(
    "--device",
    default="CPU",
    show_default=True,
    type=click.Choice(["CPU", "GPU", "NPU"]),
    help="No other is taken in its place.",
)
precision_option = click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "FP32", "BF16"]),
    help="auto: what a station chooses, the faster of those with the golden pictures' verdicts.",
)
