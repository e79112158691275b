"""`inspector train`: the demo's models, from nothing but the simulator's pictures."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from inspector.errors import BadInput, InspectorError
from inspector.simulator.parts import STATIONS, kinds_of
from inspector.simulator.seeds import RANGES

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ".venv-train/bin/python"
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


@click.command("train")
@click.option("--hours", default=2.0, show_default=True, type=click.FloatRange(0.05, 100))
@click.option("--again", is_flag=True, help="Forget what earlier calls have done.")
def train_command(*, hours: float, again: bool) -> None:
    """Train the demo's models and make their packages, limits, figures and sample pictures.

    Makes an environment of its own (.venv-train, about 6 GB). Works on a CPU. A call that was cut
    off goes on where it stopped. One joint run teaches what the stations have in common, then each
    station has a run of its own.
    """
    if not (ROOT / "scripts" / "demo_models.py").is_file():
        msg = "inspector train needs a checkout of the repository, not an installed copy"
        raise BadInput(msg)
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
    environment = ["scripts/make_environment.py", ".venv-train", "--only-extra", "train"]
    yield Step("environment", [sys.executable, *environment])
    yield _pictures("joint", "--pictures", str(JOINT_PICTURES))
    yield _training("joint", "--hours", f"{hours * JOINT_SHARE:g}")
    first = 0
    for station in STATIONS:
        start = RUNS / "train" / "start" / f"{station}.pt"
        kinds = kinds_of(station)
        keep = ["keep", str(joint), str(start), "--first", str(first), "--classes", *kinds]
        yield Step(f"{station}-start", [TRAINER, "-m", "inspector.vision.train", *keep])
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
        "tools": {name: _version_in_trainer(name) for name in ("ultralytics", "torch")},
    }
    (folder / "training.json").write_text(json.dumps(facts, indent=1))


def _version_in_trainer(package: str) -> str:
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    ran = subprocess.run([TRAINER, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


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
