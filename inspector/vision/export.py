"""Writes checkpoints of Ultralytics as ONNX, and says what they themselves make of a picture.

It runs in `.venv-train`, as `train` beside it does.

    .venv-train/bin/python -m inspector.vision.export onnx last.pt model.onnx --facts facts.json
    .venv-train/bin/python -m inspector.vision.export scores last.pt TENSORS scores.json
"""

from __future__ import annotations

import argparse
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from ultralytics import YOLO

from inspector.vision.train import save

_LEAST_SCORE = 0.01


def specialised(joint: Path, *, classes: list[str], first: int, target: Path) -> Path:
    """Write a checkpoint that knows only some of a joint model's classes, and return its path.

    The last convolution of each class branch keeps the rows of these classes; nothing else changes.

    Args:
        joint: the checkpoint of the joint model.
        classes: the names of the classes to keep, which follow each other.
        first: the number of the first of them in the joint model.
        target: the path to write.
    """
    model = YOLO(str(joint)).model.float()
    head = model.model[-1]
    for branches in (head.cv3, head.one2one_cv3):
        for branch in branches:
            branch[-1] = _rows(branch[-1], first, len(classes))
    head.nc = len(classes)
    head.no = head.nc + 4 * head.reg_max
    model.names, model.nc = dict(enumerate(classes)), len(classes)
    model.yaml["nc"] = len(classes)
    save(model, target)
    return target


def _rows(whole: torch.nn.Conv2d, first: int, count: int) -> torch.nn.Conv2d:
    """Return a convolution with `count` of the output channels, from `first` on."""
    part = torch.nn.Conv2d(whole.in_channels, count, whole.kernel_size, whole.stride, whole.padding)
    with torch.no_grad():
        part.weight.copy_(whole.weight[first : first + count])
        part.bias.copy_(whole.bias[first : first + count])
    return part


def export(checkpoint: Path, *, target: Path, end2end: bool = True) -> None:
    """Write the checkpoint's network as ONNX: batch 1, fixed shape.

    Args:
        checkpoint: the checkpoint; its input has the size that it was trained with.
        target: the path to write.
        end2end: whether the output's rows are x1, y1, x2, y2, score, class (`yolo-e2e`), or
            every anchor's box and class scores (`yolo-raw`).
    """
    model = YOLO(str(checkpoint))
    made = model.export(
        **{"format": "onnx", "imgsz": _px(model), "batch": 1, "opset": 17, "dynamic": False},
        **{"simplify": True, "device": "cpu", "nms": False if end2end else None},
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)


def facts_of(checkpoint: Path) -> dict[str, Any]:
    """Return what a manifest says of a checkpoint: classes, side of the input, epochs, tools."""
    model = YOLO(str(checkpoint))
    return {
        "classes": [str(model.names[number]) for number in range(len(model.names))],
        "px": _px(model),
        "epochs": len((model.ckpt.get("train_results") or {}).get("epoch", [])),
        "tools": {name: version(name) for name in ("ultralytics", "torch", "onnx")},
    }


def framework_scores(
    checkpoint: Path, tensors: Path, *, end2end: bool
) -> dict[str, dict[str, float]]:
    """Return for each `<name>.npy`, a prepared input, the highest score of each class from 0.01.

    The network runs as Ultralytics runs it, in 32 bits on the CPU; nothing of ours is in between.
    """
    network = YOLO(str(checkpoint)).model.float().eval()
    if hasattr(network, "end2end") and network.end2end != end2end:
        network.end2end = end2end
    found = {}
    for file in sorted(tensors.glob("*.npy")):
        with torch.no_grad():
            answer = network(torch.from_numpy(np.load(file)))
        rows = (answer[0] if isinstance(answer, (tuple, list)) else answer)[0]
        best = _best_of_rows(rows) if end2end else rows[4:].amax(dim=1)
        found[file.stem] = {
            network.names[number]: round(float(score), 6)
            for number, score in enumerate(best)
            if score >= _LEAST_SCORE
        }
    return found


def _best_of_rows(rows: torch.Tensor) -> torch.Tensor:
    """Return the highest score of each class of rows x1, y1, x2, y2, score, class."""
    kinds = rows[:, 5].long()
    best = torch.zeros(int(kinds.max()) + 1)
    return best.scatter_reduce(0, kinds, rows[:, 4], "amax")


def _px(model: YOLO) -> int:
    side = model.ckpt["train_args"]["imgsz"]
    return int(max(side) if isinstance(side, (list, tuple)) else side)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    onnx = commands.add_parser("onnx", help="write a checkpoint, or a part of it, as ONNX")
    _add_checkpoint(onnx)
    onnx.add_argument("target", type=Path)
    onnx.add_argument("--facts", type=Path, help="write here what is known of it, as JSON")
    scores = commands.add_parser("scores", help="write what a checkpoint makes of prepared inputs")
    _add_checkpoint(scores)
    scores.add_argument("tensors", type=Path, help="folder of .npy files, (1, 3, height, width)")
    scores.add_argument("target", type=Path)
    keep = commands.add_parser("keep", help="write a checkpoint with some of its classes")
    _add_checkpoint(keep)
    keep.add_argument("target", type=Path)
    _run(parser.parse_args())


def _add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--classes", nargs="+", help="keep only these, which follow each other")
    parser.add_argument("--first", type=int, default=0, help="the first one's number")
    parser.add_argument("--raw", action="store_true", help="every anchor, overlaps not removed")


def _run(asked: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:  # the exporter writes beside its checkpoint
        checkpoint = Path(shutil.copy(asked.checkpoint, Path(folder) / "model.pt"))
        if asked.classes:
            kept = {"classes": asked.classes, "first": asked.first}
            checkpoint = specialised(checkpoint, target=Path(folder) / "kept.pt", **kept)
        if asked.command == "keep":
            asked.target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(checkpoint, asked.target)
        elif asked.command == "scores":
            scores = framework_scores(checkpoint, asked.tensors, end2end=not asked.raw)
            asked.target.write_text(json.dumps(scores))
        else:
            export(checkpoint, target=asked.target, end2end=not asked.raw)
            if asked.facts:
                asked.facts.write_text(json.dumps(facts_of(checkpoint)))


if __name__ == "__main__":
    main()
