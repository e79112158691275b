"""`inspector inspect`: pictures from files, judged by a model package."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import cv2

from inspector.cli.options import device_option, package_option, pictures_argument, precision_option
from inspector.domain.words import verdict_name
from inspector.errors import BadInput
from inspector.evaluation.coco import write_coco
from inspector.vision.inspecting import Inspected, inspected_file
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.vision.picture_check import CheckLimits
from inspector.vision.picture_files import SUFFIXES
from inspector.vision.runtime import Model, bounded_memory

BAD_INPUT = 2


@click.command("inspect")
@pictures_argument
@package_option
@click.option("--json", "as_json", is_flag=True, help="A JSON list (docs/schemas/inspect.json).")
@click.option(
    "--coco",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write COCO results here, and the pictures they name to FILE.images.json.",
)
@device_option
@precision_option
def inspect_command(
    pictures: tuple[Path, ...],
    folder: Path,
    coco: Path | None,
    *,
    as_json: bool,
    device: str,
    precision: str,
) -> None:
    """Judge pictures (PNG, JPEG, BMP) or folders of them with a model package.

    Exit code 0 whatever the verdicts are; 2 when a file is no picture or the package is refused.
    A file that cannot be read is reported as unknown and does not keep the others from being
    judged.
    """
    cv2.setNumThreads(1)
    files = picture_files(pictures)
    package = open_package(folder)
    with bounded_memory():
        model = open_model(package, device=device, precision=precision, threads=all_threads())
        inspected = list(inspected_files(files, model, CheckLimits(), label="inspecting"))
    if coco:
        write_coco(coco, inspected, package.manifest.classes)
    if as_json:
        click.echo(json.dumps([one.as_object() for one in inspected]))
    else:
        _print_lines(inspected)
    refused = [one.refused for one in inspected if one.refused]
    for why in refused:
        click.echo(why, err=True)
    if refused:
        sys.exit(BAD_INPUT)


def picture_files(named: Sequence[Path]) -> list[Path]:
    """Return the files to inspect: those named, and the pictures under the folders named.

    Raises:
        BadInput: A path that does not exist, or a folder without pictures.
    """
    files: list[Path] = []
    for path in named:
        if not path.is_dir():
            if not path.exists():
                raise BadInput(f"{path}: there is no such file or folder")
            files.append(path)
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not found:
            raise BadInput(f"{path}: no pictures in this folder ({', '.join(SUFFIXES)})")
        files += found
    return files


def inspected_files(
    files: Sequence[Path], model: Model, checks: CheckLimits | None, *, label: str
) -> Iterator[Inspected]:
    """Yield what comes of each file, with a progress bar on stderr."""
    with click.progressbar(files, label=label, file=sys.stderr) as bar:
        for file in bar:
            yield inspected_file(file, model, checks)


def _print_lines(inspected: Iterable[Inspected]) -> None:
    for one in inspected:
        why = "".join(f"  {reason}" for reason in one.reasons())
        click.echo(f"{verdict_name(one.decision.verdict):<8}{one.file}{why}")


def all_threads() -> int:
    """Return how many CPU threads one command may take: nobody waits for the others."""
    return max(1, cv2.getNumberOfCPUs())
