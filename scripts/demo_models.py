"""Make the demo's model packages and sample pictures from a training run, and measure them.

    D=scripts/demo_models.py
    python $D package board --checkpoint runs/train/joint/weights/last.pt --joint --training T.json
    python $D framework board --checkpoint runs/train/board/weights/last.pt --raw
    python $D limits board
    python $D evaluate board
    python $D samples

`package` exports the network in `.venv-train`, chooses the limits on the limits' seeds and writes
`models/<station>/`; `framework` asks the checkpoint itself for its scores of a package's golden
pictures and writes them beside the package's; `limits` chooses the limits anew for a package that
is there. `evaluate` judges freshly drawn parts of the evaluation's seeds with the package as the
product runs it, prints the figures and writes them into the manifest. `samples` writes
`sample_images/` with what the packages say of each picture, their errors included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import tomlkit

from inspector.cli.trainer import framework_scores, trainer
from inspector.domain.frame import BgrImage
from inspector.evaluation.limits import FALSE_REJECTS, chosen_limits
from inspector.simulator.dataset import INPUT_PX
from inspector.simulator.evaluate import (
    CLEAR_SIGMA,
    Evaluation,
    evaluated,
    evaluation_parts,
    judged,
    report,
)
from inspector.simulator.parts import STATIONS, PartTruth, draw_part, kinds_of, views_of
from inspector.simulator.samples import GOOD, Sample, faint, samples
from inspector.simulator.seeds import RANGES
from inspector.vision.golden import difference
from inspector.vision.manifest import MANIFEST, open_package
from inspector.vision.runtime import Session

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
SAMPLE_IMAGES = ROOT / "sample_images"
NOTE = (
    "Trained with Ultralytics from random weights on the simulator's pictures alone. The exporter "
    "marks its weights AGPL-3.0; see models/LICENSE."
)
_FAINT_SIGMA = 1.5
_PROVISIONAL_LIMIT = 0.25

Manifest = dict[str, Any]
Scores = dict[str, float]


class Looker:
    """A package on this computer's CPU in FP32, the reference."""

    def __init__(self, folder: Path) -> None:
        self.package = open_package(folder)
        self._session = Session(self.package, device="CPU", precision="FP32", threads=1)

    def scores(self, picture: BgrImage) -> Scores:
        """Return the highest score of each class, from 0.01."""
        return self._session.detect(picture)[1]

    def kinds(self, picture: BgrImage) -> list[str]:
        """Return the classes that reach their limit."""
        limits = self.package.manifest.limits
        return [kind for kind, score in self.scores(picture).items() if score >= limits[kind]]

    def verdict(self, picture: BgrImage) -> str:
        """Return "reject" where anything reaches its limit, else "pass"."""
        return "reject" if self.kinds(picture) else "pass"


def package(asked: argparse.Namespace) -> None:
    """Write `models/<station>/`, with limits and golden scores and without figures."""
    folder = MODELS / asked.station
    shutil.rmtree(folder, ignore_errors=True)
    _export(asked, folder / "model.onnx")
    goldens = _write_goldens(asked.station, folder / "golden")
    manifest = _manifest(asked, goldens)
    _save(folder, manifest)
    choose_limits(asked)
    ask_framework(asked)


def ask_framework(asked: argparse.Namespace) -> None:
    """Write what the training framework itself gives for each golden picture into the manifest."""
    folder = MODELS / asked.station
    wanted = open_package(folder).manifest.input
    manifest = tomlkit.parse((folder / MANIFEST).read_text("utf-8")).unwrap()
    pictures = [_read_png(folder / golden["file"]) for golden in manifest["golden"]]
    scores = framework_scores(asked.checkpoint, pictures, wanted, *_part(asked))
    for golden, given in zip(manifest["golden"], scores, strict=True):
        golden["framework"] = given
        off = difference(given, golden["scores"])
        print(f"{asked.station} {golden['file']}: framework and export differ by {off:.6f}")
    _save(folder, manifest)


def choose_limits(asked: argparse.Namespace) -> None:
    """Choose the limits of a package, and write what its golden pictures give with them."""
    folder = MODELS / asked.station
    manifest = tomlkit.parse((folder / MANIFEST).read_text("utf-8")).unwrap()
    manifest["limits"] = _limits(asked.station, Looker(folder), parts=asked.parts)
    manifest["metrics"] = {}  # of other limits
    _save(folder, manifest)
    _fill_goldens(folder, manifest)
    _save(folder, manifest)
    print(asked.station, "limits", manifest["limits"])


def _export(asked: argparse.Namespace, target: Path) -> None:
    words = ("onnx", asked.checkpoint.resolve(), target, *_part(asked))
    trainer("export", *words, what=f"exporting {asked.station}")


def _part(asked: argparse.Namespace) -> list[str]:
    """Return the words of `inspector.vision.export` for a station's part of the checkpoint."""
    words = ["--classes", *kinds_of(asked.station), *(["--raw"] if asked.raw else [])]
    if asked.joint:
        before = STATIONS[: STATIONS.index(asked.station)]
        words += ["--first", str(sum(len(kinds_of(station)) for station in before))]
    return words


def _golden_samples(station: str) -> list[Sample]:
    """Return a good part in each view, a part of each kind, and a faint one, none picked."""
    shown = list(samples(station, each=1))
    again = [s for s in samples(station, each=2) if s.label == GOOD and s not in shown]
    return [*shown, *again[:1], faint(station, below_sigma=_FAINT_SIGMA)]


def _write_goldens(station: str, folder: Path) -> list[str]:
    folder.mkdir(parents=True)
    names: list[str] = []
    for sample in _golden_samples(station):
        name = f"{sample.label}_{sample.truth.seed}_{sample.view}.png"
        _write_png(folder / name, draw_part(sample.truth, sample.view))
        names.append(f"golden/{name}")
    return list(dict.fromkeys(names))


def _write_png(file: Path, picture: BgrImage) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _manifest(asked: argparse.Namespace, goldens: list[str]) -> Manifest:
    kinds = list(kinds_of(asked.station))
    training = json.loads(asked.training.read_text("utf-8"))
    return {
        "schema": 1,
        "name": asked.station,
        "task": "detect",
        "classes": kinds,
        "licence": "AGPL-3.0",
        "licence_note": NOTE,
        "input": {
            **{"width": INPUT_PX, "height": INPUT_PX, "colour": "rgb", "scale": 1 / 255},
            **{"letterbox": "pad", "pad_value": 114},
        },
        "output": {"layout": "yolo-raw" if asked.raw else "yolo-e2e"},
        "limits": dict.fromkeys(kinds, _PROVISIONAL_LIMIT),
        "precision": {"reference": "FP32"},
        "training": training,
        "metrics": {},
        "files": {},
        "golden": [{"file": name, "verdict": "pass", "scores": {}} for name in goldens],
    }


def _save(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with the hash of every other file in the folder."""
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST)
    names = {file.relative_to(folder).as_posix(): file for file in files}
    manifest["files"] = {name: _sha256(file) for name, file in names.items()}
    (folder / MANIFEST).write_text(tomlkit.dumps(manifest), "utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _limits(station: str, looker: Looker, *, parts: int) -> dict[str, float]:
    """Return the limits by the rule of `evaluation.limits`, on `parts` good and bad parts."""
    good: dict[str, list[float]] = {kind: [] for kind in kinds_of(station)}
    clear: dict[str, list[float]] = {kind: [] for kind in kinds_of(station)}
    for part in evaluation_parts(station, good=parts, bad=parts, purpose="limits"):
        if not part.bad:
            for kind, score in _part_scores(part, looker).items():
                good[kind].append(score)
        for defect in part.defects:
            if defect.sigma >= CLEAR_SIGMA:
                scores = looker.scores(draw_part(part, defect.view))
                clear[defect.kind].append(scores.get(defect.kind, 0.0))
    return chosen_limits(_arrays(good), _arrays(clear))


def _arrays(lists: Mapping[str, list[float]]) -> dict[str, npt.NDArray[np.float64]]:
    return {name: np.array(values, np.float64) for name, values in lists.items()}


def _part_scores(part: PartTruth, looker: Looker) -> Scores:
    """Return each class's highest score over the part's views."""
    looks = [looker.scores(draw_part(part, view)) for view in views_of(part.station)]
    return {kind: max(look.get(kind, 0.0) for look in looks) for kind in kinds_of(part.station)}


def _fill_goldens(folder: Path, manifest: Manifest) -> None:
    looker = Looker(folder)
    for golden in manifest["golden"]:
        picture = _read_png(folder / golden["file"])
        golden["verdict"] = looker.verdict(picture)
        golden["scores"] = {kind: round(s, 6) for kind, s in looker.scores(picture).items()}


def _read_png(file: Path) -> BgrImage:
    picture = cv2.imread(str(file))
    assert picture is not None, file  # noqa: S101 - we have just written it
    return np.asarray(picture, np.uint8)


def evaluate(asked: argparse.Namespace) -> None:
    """Print the figures of a package on fresh parts and write them into its manifest."""
    folder = MODELS / asked.station
    looker = Looker(folder)
    parts = evaluation_parts(asked.station, good=asked.parts, bad=asked.parts, draw=asked.draw)
    started_s = time.monotonic()
    figures = evaluated(asked.station, [judged(part, looker.kinds) for part in parts])
    print(report(figures))
    print(f"{2 * asked.parts} parts drawn and judged in {time.monotonic() - started_s:.0f} s")
    manifest = tomlkit.parse((folder / MANIFEST).read_text("utf-8")).unwrap()
    manifest["metrics"] = _metrics(figures, parts=asked.parts, draw=asked.draw)
    _save(folder, manifest)


def _metrics(figures: Evaluation, *, parts: int, draw: int) -> Manifest:
    first = RANGES["evaluation"].start + draw * 2 * parts
    return {
        "data": f"{parts} good and {parts} bad parts, evaluation seeds from {first}, "
        "FP32 on the CPU",
        "limits_rule": f"good parts rejected <= {FALSE_REJECTS:.1%} on the limits' seeds, spent "
        "where they find the most defects; see inspector/evaluation/limits.py",
        "missed_from_3_sigma": str(figures.missed_clear),
        "good_parts_rejected": str(figures.false_rejects),
        "kind_right": str(figures.kind_right),
        "missed": {
            f"{kind} {low:g} to {high:g} sigma": str(share)
            for (kind, low, high), share in figures.missed.items()
        },
    }


def write_samples(asked: argparse.Namespace) -> None:
    """Write `sample_images/` and its manifest."""
    shutil.rmtree(SAMPLE_IMAGES, ignore_errors=True)
    entries: list[Manifest] = []
    for station in STATIONS:
        looker = Looker(MODELS / station)
        entries += [_write_sample(sample, looker) for sample in samples(station, each=asked.each)]
    seeds = RANGES["samples"]
    head = {"schema": 1, "first_seed": seeds.start, "each": asked.each}
    text = tomlkit.dumps({**head, "picture": entries})
    (SAMPLE_IMAGES / "manifest.toml").write_text(text, "utf-8")
    print(len(entries), "sample pictures")


def _write_sample(sample: Sample, looker: Looker) -> Manifest:
    picture = draw_part(sample.truth, sample.view)
    file = SAMPLE_IMAGES / sample.file
    _write_png(file, picture)
    entry: Manifest = {
        **{"file": sample.file, "station": sample.truth.station, "view": sample.view},
        **{"seed": sample.truth.seed, "bad": sample.truth.bad},
        "verdict": looker.verdict(picture),
        "scores": {kind: round(s, 6) for kind, s in looker.scores(picture).items()},
        "sha256": _sha256(file),
    }
    if sample.defect is not None:
        box = [round(v, 1) for v in sample.defect.box]
        entry |= {"kind": sample.defect.kind, "sigma": round(sample.defect.sigma, 3), "box": box}
    return entry


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("package")
    one.set_defaults(run=package)
    asking = commands.add_parser("framework")
    asking.set_defaults(run=ask_framework)
    for command in (one, asking):
        command.add_argument("station", choices=STATIONS)
        command.add_argument("--checkpoint", type=Path, required=True)
        command.add_argument("--joint", action="store_true", help="the checkpoint knows all")
        command.add_argument("--raw", action="store_true", help="the one-to-many head, all anchors")
    one.add_argument("--training", type=Path, required=True, help="JSON of the [training] table")
    one.add_argument("--parts", type=int, default=2000, help="good, and bad, to choose limits on")
    again = commands.add_parser("limits")
    again.set_defaults(run=choose_limits)
    again.add_argument("station", choices=STATIONS)
    again.add_argument("--parts", type=int, default=2000, help="good, and bad")
    two = commands.add_parser("evaluate")
    two.set_defaults(run=evaluate)
    two.add_argument("station", choices=STATIONS)
    two.add_argument("--parts", type=int, default=2500, help="good, and bad")
    two.add_argument("--draw", type=int, default=1, help="another one after a look at this one")
    three = commands.add_parser("samples")
    three.set_defaults(run=write_samples)
    three.add_argument("--each", type=int, default=2)
    asked = parser.parse_args()
    asked.run(asked)


if __name__ == "__main__":
    main()
