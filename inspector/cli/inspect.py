"""`inspector inspect`: pictures from files, judged by a model package."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2

from inspector.cli.options import device_option, package_option, precision_option
from inspector.domain.finding import Finding, ViewResult
from inspector.domain.judging import Decision, judge
from inspector.domain.words import verdict_name
from inspector.errors import BadInput, ModelFailed, PictureRefused
from inspector.vision.manifest import Package, open_package
from inspector.vision.parity import open_model
from inspector.vision.picture_check import CheckLimits, picture_trouble
from inspector.vision.picture_files import SUFFIXES, read_picture
from inspector.vision.runtime import Model, bounded_memory

BAD_INPUT = 2


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came of one file.

    Attributes:
        file: As it was named or found.
        result: Of its only view; the file is the view's name.
        seen: All findings from the score floor, those below the limits too.
        refused: Why the file is no picture that can be judged, or "".
    """

    file: Path
    result: ViewResult
    seen: tuple[Finding, ...] = ()
    refused: str = ""

    @property
    def decision(self) -> Decision:
        """Return the verdict on a part that has this view only."""
        return judge({str(self.file): self.result}, (str(self.file),))

    def as_object(self) -> dict[str, object]:
        """Return what `--json` prints of it (docs/schemas/inspect.json)."""
        return {
            "file": str(self.file),
            "verdict": verdict_name(self.decision.verdict),
            "reasons": self.reasons(),
            "findings": [
                {"class": one.kind, "score": round(one.score, 4), "box": _rounded(one)}
                for one in self.result.findings
            ],
        }

    def reasons(self) -> list[str]:
        """Return why, without the name of the view: there is one."""
        if self.result.missed:
            return [self.result.missed]
        return [f"{one.kind} {one.score:.2f}" for one in self.result.findings]


@click.command("inspect")
@click.argument(
    "pictures",
    nargs=-1,
    required=True,
    metavar="PICTURE_OR_FOLDER...",
    type=click.Path(path_type=Path),
)
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
        model = open_model(package, device=device, precision=precision, threads=_threads())
        inspected = list(inspected_files(files, model))
    if coco:
        write_coco(coco, inspected, package)
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


def inspected_files(files: Sequence[Path], model: Model) -> Iterator[Inspected]:
    """Yield what comes of each file, with a progress bar on stderr."""
    with click.progressbar(files, label="inspecting", file=sys.stderr) as bar:
        for file in bar:
            yield inspected_file(file, model)


def inspected_file(file: Path, model: Model) -> Inspected:
    """Return what comes of one file; one that is no picture is unknown, with the cause."""
    view = str(file)
    try:
        image = read_picture(file)
    except PictureRefused as error:
        return Inspected(file, ViewResult(view, missed=str(error)), refused=str(error))
    height_px, width_px = image.shape[:2]
    missed = picture_trouble(image, CheckLimits())
    if not missed:
        try:
            return Inspected(file, *model.look_at_all(view, image))
        except ModelFailed as error:
            missed = str(error)
    return Inspected(file, ViewResult(view, missed=missed, width_px=width_px, height_px=height_px))


def write_coco(file: Path, inspected: Iterable[Inspected], package: Package) -> None:
    """Write COCO results, and beside them the list of pictures and classes that they name.

    Results hold every finding from the score floor on, as an evaluation needs them. Pictures are
    numbered from 1 in the order they were inspected, classes from 1 in the package's order.

    Raises:
        BadInput: The file cannot be written.
    """
    numbers = {kind: number for number, kind in enumerate(package.manifest.classes, 1)}
    images, results = [], []
    for number, one in enumerate(inspected, 1):
        size = {"width": one.result.width_px, "height": one.result.height_px}
        images.append({"id": number, "file_name": str(one.file), **size})
        results += [
            {
                "image_id": number,
                "category_id": numbers[finding.kind],
                "bbox": _rounded(finding),
                "score": round(finding.score, 6),
            }
            for finding in one.seen
        ]
    categories = [{"id": number, "name": kind} for kind, number in numbers.items()]
    try:
        file.write_text(json.dumps(results))
        beside = file.with_name(file.name + ".images.json")
        beside.write_text(json.dumps({"images": images, "categories": categories}))
    except OSError as error:
        raise BadInput(f"{file}: cannot be written: {error.strerror}") from error


def _print_lines(inspected: Iterable[Inspected]) -> None:
    for one in inspected:
        why = "".join(f"  {reason}" for reason in one.reasons())
        click.echo(f"{verdict_name(one.decision.verdict):<8}{one.file}{why}")


def _rounded(finding: Finding) -> list[float]:
    return [round(number, 2) for number in finding.box]


def _threads() -> int:
    """Return how many CPU threads one command may take: nobody waits for the others."""
    return max(1, cv2.getNumberOfCPUs())
