"""`inspector train` without data: the demo's models, from the simulator's pictures alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from inspector.cli.trainer import MAKE_TRAINER, ROOT, TRAINER, tool_version
from inspector.errors import InspectorError
from inspector.simulator.parts import STATIONS, kinds_of
from inspector.simulator.seeds import RANGES

RUNS = Path("runs")
JOINT_PICTURES, STATION_PICTURES = 4000, 8000
JOINT_SHARE = 0.48
"""Of the hours: what all stations have in common is learned once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the chain.

    Attributes:
        name: Its stamp under `runs/train/`: a step that is done is not done again.
        command: What is run in the checkout.
        run: Of a training: the run that is gone on with where it was cut off; else empty.
    """

    name: str
    command: Sequence[str]
    run: str = ""


def train_demo(hours: float, *, again: bool) -> None:
    """Train the demo's models and make their packages, limits, figures and sample pictures.

    One joint run teaches what the stations have in common, then each station has a run of its own.
    """
    for step in steps(hours):
        stamp = ROOT / RUNS / "train" / f"{step.name}.done"
        if again:
            stamp.unlink(missing_ok=True)
        if stamp.exists():
            click.echo(f"{step.name}: done before", err=True)
            continue
        click.echo(f"{step.name}: begins", err=True)
        if step.name.endswith("-package"):
            write_facts(step.name.removesuffix("-package"), hours)
        if subprocess.run(_command(step), cwd=ROOT, check=False).returncode:
            msg = f"{step.name} failed; its last lines above say why, the same command goes on"
            raise InspectorError(msg)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def steps(hours: float) -> Iterator[Step]:
    """Yield every step, in order.

    Args:
        hours: For all training together; limits, figures and samples come on top.
    """
    joint = RUNS / "train" / "joint" / "weights" / "last.pt"
    each = hours * (1 - JOINT_SHARE) / len(STATIONS)
    yield Step("environment", [sys.executable, *MAKE_TRAINER])
    yield _pictures("joint", "--pictures", str(JOINT_PICTURES))
    yield _training("joint", "--hours", f"{hours * JOINT_SHARE:g}")
    first = 0
    for station in STATIONS:
        start = RUNS / "train" / "start" / f"{station}.pt"
        kinds = kinds_of(station)
        keep = ["keep", str(joint), str(start), "--first", str(first), "--classes", *kinds]
        yield Step(f"{station}-start", [TRAINER, "-m", "inspector.vision.export", *keep])
        only = ("--stations", station, "--first", str(JOINT_PICTURES))
        yield _pictures(station, *only, "--pictures", str(STATION_PICTURES))
        yield _training(station, "--start", str(start), "--hours", f"{each:g}", "--lr0", "0.0006")
        first += len(kinds)
    for station in STATIONS:
        weights = RUNS / "train" / station / "weights" / "last.pt"
        facts = RUNS / "train" / station / "training.json"
        package = ["package", station, "--checkpoint", str(weights), "--training", str(facts)]
        yield Step(f"{station}-package", [sys.executable, "scripts/demo_models.py", *package])
        evaluate = ["scripts/demo_models.py", "evaluate", station]
        yield Step(f"{station}-figures", [sys.executable, *evaluate])
    yield Step("samples", [sys.executable, "scripts/demo_models.py", "samples"])


def write_facts(station: str, hours: float) -> None:
    """Write the manifest's [training] table: what this station's model was trained on."""
    folder = ROOT / RUNS / "train" / station
    labels = sorted((ROOT / RUNS / "data").glob(f"*/labels/train/{station}*.txt"))
    digest = hashlib.sha256(b"".join(label.read_bytes() for label in labels)).hexdigest()
    epochs = sum(
        len((ROOT / RUNS / "train" / run / "results.csv").read_text().splitlines()) - 1
        for run in ("joint", station)
    )
    facts = {
        "command": f"inspector train --hours {hours:g}",
        "seeds": {
            "training": f"0 to {JOINT_PICTURES - 1} of every station (joint run), then "
            f"{JOINT_PICTURES} to {JOINT_PICTURES + STATION_PICTURES - 1} of this one",
            "limits": f"{RANGES['limits'].start} onwards",
        },
        "pictures": len(STATIONS) * JOINT_PICTURES + STATION_PICTURES,
        "epochs": epochs,
        "fingerprint": digest,
        "tools": {name: tool_version(name) for name in ("ultralytics", "torch")},
    }
    (folder / "training.json").write_text(json.dumps(facts, indent=1))


def _command(step: Step) -> Sequence[str]:
    """Return the step's command; a training that was cut off is gone on with."""
    if step.run and (ROOT / RUNS / "train" / step.run / "weights" / "last.pt").exists():
        return [TRAINER, "-m", "inspector.vision.train", "resume", step.run]
    return step.command


def _pictures(name: str, *words: str) -> Step:
    folder = str(RUNS / "data" / name)
    command = [sys.executable, "-m", "inspector.simulator.dataset", folder, *words]
    return Step(f"{name}-pictures", command)


def _training(name: str, *words: str) -> Step:
    data = str(RUNS / "data" / name / "data.yaml")
    command = [TRAINER, "-m", "inspector.vision.train", "train", name, data, *words]
    return Step(f"{name}-training", command, run=name)
