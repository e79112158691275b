"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

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
