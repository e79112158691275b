"""`inspector export package`: a package out of a checkpoint and labelled pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import cv2

from inspector import __version__
from inspector.cli.evaluate import (
    data_option,
    false_rejects_option,
    figure_lines,
    good_option,
    good_pictures,
    judged_pictures,
)
from inspector.cli.inspect import all_threads
from inspector.cli.train import NAME, RUNS
from inspector.cli.trainer import (
    framework_scores,
    make_trainer,
    refuse_installed_copy,
    trainer,
)
from inspector.errors import BadInput, InspectorError
from inspector.evaluation.evaluating import Evaluation, Judged, evaluated
from inspector.evaluation.labelled import LabelledSet, fingerprint, open_set
from inspector.evaluation.packaging import (
    GoldenPicture,
    draft_model,
    golden_pictures_of,
    manifest_table,
    metrics_of,
    write_package,
)
from inspector.vision.manifest import Input, open_package
from inspector.vision.runtime import Model, bounded_memory
from inspector.vision.verifying import verified


@click.command("package")
@click.option("--name", help="Of a run of `inspector train`: its last checkpoint.")
@click.option(
    "--weights",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Or a checkpoint, FILE.pt. It is a program: take none from people you do not trust.",
)
@data_option
@good_option
@click.option(
    "--test-good",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Good pictures beside the test split, for the figures alone.",
)
@false_rejects_option
@click.option("--package", required=True, help="The package's name.")
@click.option(
    "--target",
    default="models",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that the package is made in.",
)
def export_command(
    name: str | None,
    weights: Path | None,
    data: Path,
    good: tuple[Path, ...],
    test_good: tuple[Path, ...],
    package: str,
    target: Path,
    *,
    false_rejects: float,
) -> None:
    """Make a package out of a checkpoint, and prove it on this computer's CPU.

    Limits and golden pictures come from the val split of data.yaml; the figures in the manifest
    from its test split, or, where it has none, from the very pictures that chose the limits, and
    the manifest says so. The training framework's own scores of the golden pictures are kept
    beside ours. The weights are AGPL-3.0, as all that Ultralytics makes.
    """
    refuse_installed_copy()
    cv2.setNumThreads(1)
    folder = _new_folder(target, package)
    labelled = open_set(data)
    checkpoint, training = _checkpoint(name, weights, labelled)
    known = (labelled.pictures("val"), good_pictures(good))
    make_trainer()
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target, prefix=".making_") as making:
        onnx, facts = _exported(checkpoint, Path(making))
        _refuse_other_classes(labelled, facts["classes"])
        training |= {"epochs": facts["epochs"], "tools": {**facts["tools"], **_own_tools()}}
        table = manifest_table(package, facts["classes"], px=facts["px"], training=training)
        with bounded_memory():  # the trainer needs more
            model = draft_model(table, onnx, threads=all_threads())
            judged = judged_pictures(*known, model, label="choosing limits")
            chosen = evaluated(judged, table["limits"], false_rejects=false_rejects)
            figures, told = _figures(labelled, judged, chosen, model, test_good)
            table["limits"] = chosen.proposal
            table["metrics"] = metrics_of(figures, data=told, limits_rule=chosen.rule)
            goldens = golden_pictures_of(judged, chosen.proposal, model)
        given = _of_framework(checkpoint, goldens, table)
        made = Path(making) / package
        write_package(made, table, onnx, goldens, given)
        _refuse_unproven(made)
        made.rename(folder)
    click.echo(f"{folder}: {len(goldens)} golden pictures agree; figures on {told}")
    click.echo("\n".join(figure_lines(figures)))


def _new_folder(target: Path, package: str) -> Path:
    if not NAME.fullmatch(package):
        raise BadInput("--package: a small letter, then up to 31 small letters, digits and _")
    if (target / package).exists():
        raise BadInput(f"--package {package}: {target / package} is there already")
    return target / package


def _checkpoint(
    name: str | None, weights: Path | None, labelled: LabelledSet
) -> tuple[Path, dict[str, Any]]:
    """Return the checkpoint, and what the manifest says of its training."""
    if (name is None) == (weights is None):
        raise BadInput("--name or --weights: one of them says what is exported")
    if weights is not None:
        if not weights.is_file():
            raise BadInput(f"--weights {weights}: there is no such file")
        return weights, _training_of(weights, labelled)
    run = RUNS / str(name)
    last, facts = run / "weights" / "last.pt", run / "training.json"
    if not last.exists() or not facts.exists():
        raise BadInput(f"--name {name}: no run of `inspector train --data` has left a checkpoint")
    return last, dict(json.loads(facts.read_text()))


def _training_of(weights: Path, labelled: LabelledSet) -> dict[str, Any]:
    """Return what can be said of weights that come from a file."""
    pictures = labelled.pictures("train")
    return {
        "command": f"weights from {weights.name}; pictures and fingerprint are those of the train "
        f"split of {labelled.file.name}, which they are said to be trained on",
        "seeds": {},
        "pictures": len(pictures),
        "fingerprint": fingerprint(pictures),
    }


def _own_tools() -> dict[str, str]:
    return {"inspector": __version__}


def _exported(checkpoint: Path, making: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the ONNX file and what is known of the checkpoint; leaves nothing behind."""
    onnx, facts = making.resolve() / "model.onnx", making.resolve() / "facts.json"
    words = ("onnx", checkpoint.resolve(), onnx, "--raw", "--facts", facts)
    trainer("export", *words, what="exporting")
    return onnx.read_bytes(), dict(json.loads(facts.read_text()))


def _refuse_other_classes(labelled: LabelledSet, classes: Sequence[str]) -> None:
    if list(labelled.names) != list(classes):
        raise BadInput(
            f"{labelled.file}: names {', '.join(labelled.names)}; the checkpoint was trained on "
            f"{', '.join(classes)}"
        )


def _figures(
    labelled: LabelledSet,
    judged: Sequence[Judged],
    chosen: Evaluation,
    model: Model,
    test_good: Sequence[Path],
) -> tuple[Evaluation, str]:
    """Return the figures at the chosen limits, and on what they were got."""
    split, more = "val", ", the very pictures that chose the limits: kinder than the truth"
    if "test" in labelled.splits:
        split, more = "test", ""
        beside = good_pictures(test_good)
        judged = judged_pictures(labelled.pictures("test"), beside, model, label="judging")
    result = evaluated(judged, chosen.proposal, false_rejects=1)
    chosen_here = tuple(replace(one, proposed=one.limit) for one in result.classes)
    result = replace(result, classes=chosen_here)
    good = sum(not one.marked for one in judged)
    count = f"{len(judged) - good} pictures with defects and {good} good ones"
    return result, f"{split} of {labelled.file.name}: {count}, FP32 on the CPU{more}"


def _of_framework(
    checkpoint: Path, goldens: Sequence[GoldenPicture], table: dict[str, Any]
) -> list[dict[str, float]]:
    wanted = Input.model_validate(table["input"])
    return framework_scores(checkpoint, [one.image for one in goldens], wanted, "--raw")


def _refuse_unproven(folder: Path) -> None:
    """Return when the package agrees with its manifest as it lies on the disk."""
    result = verified(open_package(folder), device="CPU", precision="FP32")
    for row in result.rows:
        if row.trouble:
            raise InspectorError(f"{row.golden.file}: {row.trouble}; no package was made")
