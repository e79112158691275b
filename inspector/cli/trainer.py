"""The training environment, `.venv-train`: another program, told what to do and never imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage
from inspector.errors import BadInput, InspectorError
from inspector.vision.manifest import Input
from inspector.vision.preparing import Prepared, Preparing

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ".venv-train/bin/python"
MAKE_TRAINER = ("scripts/make_environment.py", ".venv-train", "--only-extra", "train")
OFFLINE = {"YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": str(ROOT / "runs")}
"""Ultralytics neither asks for newer versions nor writes into a home folder."""


def refuse_installed_copy() -> None:
    """Return in a checkout of the repository, which has the scripts; raises `BadInput`."""
    if not (ROOT / "scripts" / "demo_models.py").is_file():
        raise BadInput("training needs a checkout of the repository, not an installed copy")


def make_trainer() -> None:
    """Make the training environment where it is missing (about 6 GB)."""
    if not (ROOT / ".venv-train" / "ready").exists():
        click.echo("the training environment is made first, about 6 GB", err=True)
        _run([sys.executable, *MAKE_TRAINER], "making .venv-train")


def trainer(module: str, *words: str | Path, what: str) -> None:
    """Run `inspector.vision.<module>` there, its output on stderr.

    Raises:
        InspectorError: It failed; `what` names it.
    """
    _run([TRAINER, "-m", f"inspector.vision.{module}", *map(str, words)], what)


def tool_version(package: str) -> str:
    """Return the version of a package there."""
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    ran = subprocess.run([TRAINER, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def framework_scores(
    checkpoint: Path, pictures: Sequence[BgrImage], wanted: Input, *words: str
) -> list[dict[str, float]]:
    """Return what the training framework itself makes of pictures, prepared as we prepare them.

    Args:
        checkpoint: Of the framework.
        pictures: In any order; the answers have the same.
        wanted: The manifest's input.
        words: More for `inspector.vision.export scores`.
    """
    preparing = Preparing(wanted)
    with TemporaryDirectory() as folder:
        tensors, answer = Path(folder) / "tensors", Path(folder) / "scores.json"
        tensors.mkdir()
        for number, picture in enumerate(pictures):
            preparing.fill(picture)
            np.save(tensors / f"{number:04}.npy", _planes(preparing.prepared, wanted))
        asked = ("scores", checkpoint.resolve(), tensors, answer)
        trainer("export", *asked, *words, what="asking the training framework for its scores")
        found: dict[str, dict[str, float]] = json.loads(answer.read_text())
    return [found[name] for name in sorted(found)]


def _planes(prepared: Prepared, wanted: Input) -> npt.NDArray[np.float32]:
    """Return what the runtime makes of a prepared picture in front of the model."""
    scaled = (prepared * wanted.scale - wanted.mean) / wanted.std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)


def _run(command: Sequence[str], what: str) -> None:
    environment = {**os.environ, **OFFLINE}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
    if ran.returncode:
        raise InspectorError(f"{what} failed; its last lines above say why")
