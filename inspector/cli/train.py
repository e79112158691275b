"""`inspector train`: a model of one's own labelled pictures, or the demo's models."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from inspector.cli.train_demo import train_demo
from inspector.cli.trainer import ROOT, make_trainer, refuse_installed_copy, trainer
from inspector.errors import BadInput
from inspector.evaluation.labelled import Labelled, LabelledSet, fingerprint, open_set, write_set
from inspector.vision.picture_files import picture_size

RUNS = ROOT / "runs" / "train"
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
STARTS = re.compile(r"yolo(26|11)[nsm]\.yaml")
EPOCHS, DEMO_HOURS = 100, 2.0
PLAN = "plan.json"
RATE = 0.001
_FEW, _SOME = 1000, 4000


@click.command("train")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="data.yaml of your labelled pictures, as Ultralytics reads it; without it: the demo.",
)
@click.option("--name", help="Of the run, runs/train/NAME; small letters, digits and _.")
@click.option(
    "--start",
    default="yolo26n.yaml",
    show_default=True,
    help="yolo26 or yolo11, n, s or m, .yaml: from random weights; or a checkpoint, FILE.pt. A "
    "checkpoint is a program: take none from people whom you do not trust.",
)
@click.option(
    "--px",
    default=640,
    show_default=True,
    type=click.IntRange(32, 4096),
    help="Side of the network's input; a multiple of 32.",
)
@click.option("--epochs", type=click.IntRange(1, 10_000), help=f"{EPOCHS}, if no hours are given.")
@click.option(
    "--hours",
    type=click.FloatRange(0.05, 1000),
    help=f"Instead of epochs, over all calls. For the demo {DEMO_HOURS:g} if left out.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 1024),
    help=f"Pictures in a step. Left out: 4 for up to {_FEW} pictures, 8 up to {_SOME}, else 16.",
)
@click.option("--rate", default=RATE, show_default=True, type=click.FloatRange(1e-6, 1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--again", is_flag=True, help="Forget what earlier calls have done.")
def train_command(
    data: Path | None,
    name: str | None,
    hours: float | None,
    *,
    again: bool,
    **asked: Any,
) -> None:
    """Train a model on your own labelled pictures; `inspector export` makes a package of it.

    Without --data the demo's models, packages, limits, figures and sample pictures are made. Makes
    an environment of its own (.venv-train, about 6 GB). Uses a GPU where there is one, else the
    CPU. Keeps a checkpoint of each epoch; a call that was cut off goes on where it stopped.
    Ultralytics, which trains, and the weights are AGPL-3.0.
    """
    refuse_installed_copy()
    if data is None:
        if name is not None:
            raise BadInput("--name is of a run on your own pictures: --data is missing")
        train_demo(hours or DEMO_HOURS, again=again)
        return
    if not NAME.fullmatch(name or ""):
        raise BadInput("--name: a small letter, then up to 31 small letters, digits and _")
    if hours is not None and asked["epochs"] is not None:
        raise BadInput("--hours and --epochs: one of them")
    run = RUNS / str(name)
    if again and (run / PLAN).exists():
        shutil.rmtree(run)
    _train_own(run, data, hours=hours, **asked)


def _train_own(
    run: Path,
    data: Path,
    *,
    start: str,
    px: int,
    batch: int | None,
    epochs: int | None,
    **asked: Any,
) -> None:
    if px % 32:
        raise BadInput(f"--px {px}: must be a multiple of 32")
    labelled = open_set(data)
    parts = {split: checked_pictures(labelled, split) for split in ("train", "val")}
    count = len(parts["train"])
    plan = {
        "data": str(data.resolve()),
        "fingerprint": fingerprint(parts["train"]),
        "start": _start(start),
        "px": px,
        "batch": batch or (4 if count <= _FEW else 8 if count <= _SOME else 16),
        "epochs": epochs or EPOCHS,
        **asked,
    }
    _keep_plan(run, plan)
    if (run / "done").exists():
        click.echo(f"{run.name}: done before (--again begins anew)", err=True)
        return
    make_trainer()
    file = write_set(run / "data", labelled.names, parts)
    _facts(run, plan, count)
    what = f"training {run.name} (the same command goes on with it)"
    if (run / "weights" / "last.pt").exists():
        trainer("train", "resume", run.name, what=what)
    else:
        trainer("train", "train", run.name, file, *_words(plan), what=what)
    (run / "done").touch()
    click.echo(f"{run.name}: done; inspector export --name {run.name} makes a package", err=True)


def checked_pictures(labelled: LabelledSet, split: str) -> list[Labelled]:
    """Return a split's pictures, every label and every picture's header checked.

    Raises:
        BadInput: The sentence names the file.
    """
    pictures = labelled.pictures(split)
    for one in pictures:
        picture_size(one.file)
    return pictures


def _start(start: str) -> str:
    if STARTS.fullmatch(start):
        return start
    file = Path(start)
    if file.suffix != ".pt" or not file.is_file():
        raise BadInput(
            f"--start {start}: neither yolo26 or yolo11 with n, s or m (yolo26n.yaml), nor a "
            "checkpoint that is there (FILE.pt)"
        )
    return str(file.resolve())


def _keep_plan(run: Path, plan: dict[str, Any]) -> None:
    """Write down what is asked for; a run that was begun goes on only with the same."""
    file = run / PLAN
    if file.exists():
        before = json.loads(file.read_text())
        other = sorted(key for key in {*plan, *before} if plan.get(key) != before.get(key))
        if other:
            raise BadInput(
                f"--name {run.name}: was begun with {other[0]} {before.get(other[0])}, now "
                f"{plan.get(other[0])}; take another name, or --again to begin anew"
            )
    elif run.exists():
        raise BadInput(f"--name {run.name}: {run} is of another training; take another name")
    run.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(plan, indent=1))


def _facts(run: Path, plan: dict[str, Any], count: int) -> None:
    """Write what the manifest of a package will say of its training."""
    start = str(plan["start"])
    if start.endswith(".pt"):
        start += f" (SHA-256 {hashlib.sha256(Path(start).read_bytes()).hexdigest()})"
    length = "epochs" if plan["hours"] is None else "hours"
    told = " ".join(f"--{key} {plan[key]}" for key in ("px", "batch", "rate", "seed", length))
    facts = {
        "command": f"inspector train --data {Path(plan['data']).name} --name {run.name} "
        f"--start {start.rpartition('/')[2]} {told}",
        "seeds": {"training": plan["seed"]},
        "pictures": count,
        "fingerprint": plan["fingerprint"],
    }
    (run / "training.json").write_text(json.dumps(facts, indent=1))


def _words(plan: dict[str, Any]) -> Sequence[str]:
    """Return a plan as the words of `inspector.vision.train`."""
    asked = {"start": plan["start"], "px": plan["px"], "batch": plan["batch"]}
    asked |= {"lr0": plan["rate"], "seed": plan["seed"], "epochs": plan["epochs"]}
    if plan["hours"] is not None:
        asked["hours"] = plan["hours"]
    return ["--real", *(word for key, value in asked.items() for word in (f"--{key}", str(value)))]
