"""`inspector evaluate`: a package on labelled pictures, judged as a station would judge them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import cv2

from inspector.cli.inspect import all_threads, inspected_files
from inspector.cli.options import device_option, package_option, precision_option
from inspector.domain.share import Share
from inspector.errors import BadInput, PictureRefused
from inspector.evaluation.coco import write_coco
from inspector.evaluation.evaluating import (
    Evaluation,
    Judged,
    Limits,
    Rates,
    curve,
    evaluated,
    rates,
)
from inspector.evaluation.labelled import Labelled, LabelledSet, listed_pictures, open_set
from inspector.evaluation.limits import FALSE_REJECTS
from inspector.evaluation.mistakes import mistakes, write_mistakes
from inspector.evaluation.rates_plot import rates_svg
from inspector.vision.manifest import Manifest, open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model, bounded_memory

data_option = click.option(
    "--data",
    "data",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="data.yaml of labelled pictures, as Ultralytics reads it.",
)
good_option = click.option(
    "--good",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Good pictures beside the set, for false rejects alone: a folder, or a list (.txt).",
)
false_rejects_option = click.option(
    "--false-rejects",
    default=FALSE_REJECTS,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of the good pictures that the proposed limits may reject.",
)


@click.command("evaluate")
@package_option
@data_option
@click.option("--split", default="val", show_default=True, help="train, val or test of data.yaml.")
@good_option
@false_rejects_option
@click.option("--plot", type=click.Path(path_type=Path), help="Draw both rates into this SVG.")
@click.option("--mistakes", "look", type=click.Path(path_type=Path), help="Draw them into DIR.")
@click.option(
    "--coco",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write COCO results here, and the marked boxes to FILE.images.json.",
)
@click.option("--json", "as_json", is_flag=True, help="One object (docs/schemas/evaluate.json).")
@device_option
@precision_option
def evaluate_command(
    folder: Path,
    data: Path,
    split: str,
    good: tuple[Path, ...],
    plot: Path | None,
    look: Path | None,
    coco: Path | None,
    *,
    false_rejects: float,
    as_json: bool,
    device: str,
    precision: str,
) -> None:
    """Say how good a package is on labelled pictures, and propose limits.

    Prints average precision as COCO defines it, the share of defects' pictures missed and of good
    ones rejected at the package's limits with Wilson's 95 % intervals, and the limits that these
    pictures would propose. A picture without labels is a good one. Every picture is looked at:
    which ones are too dark or too bright to be judged is a matter of a station's view.
    """
    cv2.setNumThreads(1)
    package = open_package(folder)
    labelled = known_set(data, package.manifest)
    pictures, beside = labelled.pictures(split), good_pictures(good)
    refuse_unwritable(look, plot, good=bool(beside) or any(not one.kinds for one in pictures))
    with bounded_memory():
        model = open_model(package, device=device, precision=precision, threads=all_threads())
        judged = judged_pictures(pictures, beside, model, label=f"evaluating {split}")
    limits = package.manifest.limits
    result = evaluated(judged, limits, false_rejects=false_rejects)
    if coco:
        of_set = [one for one in judged if not one.extra]
        seen, marked = [one.inspected for one in of_set], [one.marked for one in of_set]
        write_coco(coco, seen, package.manifest.classes, marked)
    if plot:
        write_plot(plot, f"{folder} on {split} of {data}", judged, limits, result)
    if as_json:
        asked = {"package": str(folder), "data": str(data), "split": split}
        ran = {"device": model.ran.device, "precision": model.ran.precision}
        points = [_point(one.shift, one.false_rejects, one.missed) for one in curve(judged, limits)]
        click.echo(json.dumps({"schema": 1, **asked, **ran, **as_object(result), "curve": points}))
    else:
        click.echo(f"{folder} on {split} of {data}, {model.ran.precision} on {model.ran.device}")
        click.echo("\n".join(lines(result)))
    if look:
        count = write_mistakes(look, mistakes(judged, limits), limits)
        click.echo(f"{count} pictures with mistakes in {look}, the worst first", err=True)


def known_set(data: Path, manifest: Manifest) -> LabelledSet:
    """Return the labelled set; raises `BadInput` for a class that the package does not have."""
    labelled = open_set(data)
    unknown = sorted(set(labelled.names) - set(manifest.defects))
    if unknown:
        raise BadInput(
            f"{data}: names {unknown[0]!r}; package {manifest.name} has "
            f"{', '.join(manifest.defects)}"
        )
    return labelled


def good_pictures(sources: Sequence[Path]) -> list[Labelled]:
    """Return the good pictures from beside a set."""
    return [Labelled(file) for source in sources for file in listed_pictures(source)]


def judged_pictures(
    pictures: Sequence[Labelled], beside: Sequence[Labelled], model: Model, *, label: str
) -> list[Judged]:
    """Return what the model makes of each picture, with a progress bar on stderr.

    Raises:
        PictureRefused: A file is no picture that can be read: no figure without it.
    """
    judged = []
    known = [*pictures, *beside]
    files = inspected_files([one.file for one in known], model, None, label=label)
    for number, (of, one) in enumerate(zip(known, files, strict=True)):
        if one.refused:
            raise PictureRefused(one.refused)
        marked = of.marked(one.result.width_px, one.result.height_px)
        judged.append(Judged(one, marked, extra=number >= len(pictures)))
    return judged


def refuse_unwritable(look: Path | None, plot: Path | None, *, good: bool) -> None:
    """Say before the work what could not be written after it."""
    if look and look.exists() and (not look.is_dir() or any(look.iterdir())):
        raise BadInput(f"--mistakes {look}: must be a new or an empty folder")
    if plot and not good:
        raise BadInput(f"--plot {plot}: there are no good pictures, so there are no two rates")


def write_plot(
    file: Path, title: str, judged: Sequence[Judged], limits: Limits, result: Evaluation
) -> None:
    """Draw the rates at the package's and at the proposed limits."""
    curves = {
        name: (curve(judged, used), rates(judged, used))
        for name, used in (("the package's limits", limits), ("proposed", result.proposal))
    }
    try:
        file.write_text(rates_svg(title, curves), "utf-8")
    except OSError as error:
        raise BadInput(f"{file}: cannot be written: {error.strerror}") from error


def lines(result: Evaluation) -> list[str]:
    """Return the figures for people, and the proposal."""
    return [
        *figure_lines(result),
        *_told("at the proposed limits, on the pictures that chose them", result.proposed),
        f"proposed: {result.rule}",
    ]


def figure_lines(result: Evaluation) -> list[str]:
    """Return the figures for people, without the rates at the proposed limits."""
    width = max(len("class"), *(len(one.kind) for one in result.classes))
    whole = result.precision
    table = [f"{'class':<{width}}   boxes   AP50  AP50-95   limit  proposed"]
    for one in result.classes:
        halves, all_ten = (
            _pair(one.precision.ap50 if one.precision else None),
            _pair(one.precision.ap50_95 if one.precision else None),
        )
        table.append(
            f"{one.kind:<{width}}  {one.boxes:>6}  {halves:>5}  {all_ten:>7}  "
            f"{one.limit:>6.4f}  {one.proposed:>8.4f}"
        )
    means = f"mAP50 {_pair(whole.ap50 if whole else None)}, mAP50-95 "
    means += _pair(whole.ap50_95 if whole else None)
    return [
        *table,
        f"{means}, {result.pictures} pictures",
        *_told("at the package's limits", result.rates),
        *([f"the model failed on {result.not_inspected}"] if result.not_inspected else []),
    ]


def _told(where: str, of: Rates) -> list[str]:
    return [
        f"{where}:",
        f"  pictures with defects missed  {_or_none(of.missed)}",
        f"  good pictures rejected        {_or_none(of.false_rejects)}",
    ]


def _or_none(share: Share) -> str:
    return str(share) if share.total else "there are none: not measured"


def _pair(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def as_object(result: Evaluation) -> dict[str, object]:
    """Return what `--json` prints of the figures (docs/schemas/evaluate.json)."""
    whole = result.precision
    return {
        "pictures": result.pictures,
        "not_inspected": result.not_inspected,
        "map50": whole.ap50 if whole else None,
        "map50_95": whole.ap50_95 if whole else None,
        "classes": [
            {
                "class": one.kind,
                "boxes": one.boxes,
                "ap50": one.precision.ap50 if one.precision else None,
                "ap50_95": one.precision.ap50_95 if one.precision else None,
                "limit": one.limit,
                "proposed": one.proposed,
            }
            for one in result.classes
        ],
        **_rates(result.rates),
        "at_proposed": _rates(result.proposed),
        "rule": result.rule,
    }


def _rates(of: Rates) -> dict[str, object]:
    return {"missed": of.missed.as_json(), "false_rejects": of.false_rejects.as_json()}


def _point(shift: float, false_rejects: float, missed: float) -> dict[str, float]:
    return {"shift": round(shift, 4), "false_rejects": false_rejects, "missed": missed}
