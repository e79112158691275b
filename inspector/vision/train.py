"""Trains the demo's models with Ultralytics.

The only module that imports it; it runs in its own environment, `.venv-train`.

    nice -n 19 .venv-train/bin/python -m inspector.vision.train train joint DATA_YAML --hours 1

Training starts from random weights (`yolo26n.yaml`) or from an earlier checkpoint of ours: no
picture but the simulator's, and no downloaded weights. The network's forward pass runs in
bfloat16 where the processor is a CPU, which about halves the time; weights, losses and boxes stay
in 32 bits. The simulator's own jitter takes the place of augmentation.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from ultralytics import YOLO
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel

INPUT_PX = 320
RUNS = Path("runs/train")
_TICKS_BETWEEN = 250
"""Over all cores; a tick is 10 ms."""
_LAST_RATE = 0.02
"""Share of the first learning rate that the last one keeps."""
NO_AUGMENTATION: dict[str, float] = dict.fromkeys(
    (
        *("mosaic", "mixup", "cutmix", "copy_paste", "hsv_h", "hsv_s", "hsv_v"),
        *("translate", "scale", "fliplr", "erasing"),
    ),
    0.0,
)
AUGMENTATION: dict[str, float] = {"fliplr": 0.5, "flipud": 0.5, "translate": 0.1, "scale": 0.2}
"""For real pictures, of which there are few: a part's face has no up or down to a defect."""
SETTINGS: dict[str, Any] = {
    "batch": 16,
    "nbs": 16,
    "optimizer": "AdamW",
    "lr0": 0.002,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 0.3,
    "weight_decay": 0.0005,
    "device": "cpu",
    "workers": 1,
    "val": False,
    "plots": False,
    "amp": False,
    "save_period": 1,
    "seed": 0,
    "deterministic": False,
    "exist_ok": True,
    "close_mosaic": 0,
    "patience": 0,
    **NO_AUGMENTATION,
}


def _float32(value: Any) -> Any:
    """Return the network's outputs with every tensor in 32 bits."""
    if isinstance(value, torch.Tensor):
        return value.float()
    if isinstance(value, dict):
        return {key: _float32(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_float32(entry) for entry in value)
    return value


@contextmanager
def bfloat16_forward() -> Iterator[None]:
    """Run the forward pass of models in training in bfloat16 while this lasts."""
    exact = DetectionModel.predict

    def predict(self: DetectionModel, *args: Any, **named: Any) -> Any:
        if not self.training:
            return exact(self, *args, **named)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = exact(self, *args, **named)
        return _float32(outputs)

    DetectionModel.predict = predict
    try:
        yield
    finally:
        DetectionModel.predict = exact


class FreeCores:
    """Gives PyTorch as many threads as there are cores that no one else uses.

    A network's threads wait for each other after every layer. Where the line or a test run takes a
    core, a second thread at low priority would hold the first one up; one thread alone is faster.
    """

    def __init__(self) -> None:
        self._last = _busy_and_all_ticks()

    def lay_out(self, trainer: DetectionTrainer) -> None:
        """Lay the weights out as the CPU likes them, once, at the start."""
        trainer.model.to(memory_format=torch.channels_last)
        torch.set_num_threads(os.cpu_count() or 1)

    def count(self, _trainer: DetectionTrainer) -> None:
        """Choose the number of threads anew, about once a second."""
        busy, ticks = _busy_and_all_ticks()
        if ticks - self._last[1] < _TICKS_BETWEEN:
            return
        cores = os.cpu_count() or 1
        taken = cores * (busy - self._last[0]) / (ticks - self._last[1])
        self._last = (busy, ticks)
        torch.set_num_threads(max(1, cores - round(taken + 0.1)))


class FallingRate:
    """Lets the learning rate fall along half a cosine over the time given, step by step.

    Ultralytics plans it by epochs, whose number it can only guess until the first one is over.
    """

    def __init__(self, *, lr0: float, hours: float) -> None:
        self._lr0, self._seconds = lr0, hours * 3600
        self._started_s = time.monotonic()

    def set(self, trainer: DetectionTrainer) -> None:
        """Set the rate for the next batch."""
        passed = min((time.monotonic() - self._started_s) / self._seconds, 1.0)
        rate = self._lr0 * max(_LAST_RATE, (1 + math.cos(math.pi * passed)) / 2)
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate


def _busy_and_all_ticks() -> tuple[int, int]:
    """Return the clock ticks spent at normal priority, and all ticks, over all cores (Linux)."""
    user, nice, system, idle, *rest = map(int, Path("/proc/stat").read_text("ascii").split()[1:9])
    return user, user + nice + system + idle + sum(rest)


def _model(start: str) -> YOLO:
    """Return a model that uses the free cores while it trains."""
    model = YOLO(start)
    cores = FreeCores()
    model.add_callback("on_train_start", cores.lay_out)
    model.add_callback("on_train_batch_start", cores.count)
    return model


def train(
    name: str,
    data: Path,
    *,
    start: str,
    hours: float | None,
    epochs: int,
    lr0: float,
    px: int = INPUT_PX,
    augment: bool = False,
) -> Path:
    """Train and return the last checkpoint's path, `runs/train/<name>/weights/last.pt`.

    Args:
        name: the run's folder.
        data: data.yaml of the pictures.
        start: a model's yaml, for random weights, or an earlier checkpoint of ours.
        hours: how long to train; the number of epochs and the learning rate's fall are fitted to
        it.
        epochs: how many epochs, if `hours` is None.
        lr0: first learning rate.
        px: side of the network's input.
        augment: turn, shift and scale the pictures at random.
    """
    model = _model(start)
    asked = {
        **SETTINGS,
        **(AUGMENTATION if augment else {}),
        "imgsz": px,
        "lr0": lr0,
        "epochs": epochs,
        "data": str(data),
        "name": name,
        "project": str(RUNS.resolve()),
    }
    if hours is not None:
        asked["time"] = hours
        rate = FallingRate(lr0=lr0, hours=hours)
        model.add_callback("on_train_batch_start", rate.set)
    if start.endswith(".pt"):
        asked["warmup_epochs"] = 0.0
    with bfloat16_forward():
        model.train(**asked)
    return RUNS / name / "weights" / "last.pt"


def resume(name: str) -> None:
    """Go on with a run that was cut off, from its last checkpoint."""
    model = _model(str(RUNS / name / "weights" / "last.pt"))
    with bfloat16_forward():
        model.train(resume=True)


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


def save(model: DetectionModel, target: Path) -> None:
    """Write a network as a checkpoint that a training can start from."""
    target.parent.mkdir(parents=True, exist_ok=True)
    facts = {"imgsz": INPUT_PX, "task": "detect"}
    torch.save({"epoch": -1, "model": model, "ema": None, "train_args": facts}, target)


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
        checkpoint: the checkpoint.
        target: the path to write.
        end2end: whether the output's rows are x1, y1, x2, y2, score, class (`yolo-e2e`), or
            every anchor's box and class scores (`yolo-raw`).
    """
    made = YOLO(str(checkpoint)).export(
        **{"format": "onnx", "imgsz": INPUT_PX, "batch": 1, "opset": 17, "dynamic": False},
        **{"simplify": True, "device": "cpu", "nms": False if end2end else None},
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands.add_parser("train", help="train from random weights or a checkpoint"))
    commands.add_parser("resume", help="go on with a run that was cut off").add_argument("name")
    _add_export(commands.add_parser("export", help="write a checkpoint, or a part of it, as ONNX"))
    _add_classes(commands.add_parser("keep", help="write a checkpoint with some of its classes"))
    _run(parser.parse_args())


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", default="yolo26n.yaml")
    parser.add_argument("--hours", type=float)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr0", type=float, default=0.002)
    parser.add_argument("--px", type=int, default=INPUT_PX, help="side of the network's input")
    parser.add_argument("--augment", action="store_true", help="turn, shift and scale pictures")


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_classes(parser)
    parser.add_argument("--raw", action="store_true", help="every anchor, overlaps not removed")


def _add_classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--classes", nargs="+", help="keep only these, which follow each other")
    parser.add_argument("--first", type=int, default=0, help="the first one's number")


def _run(asked: argparse.Namespace) -> None:
    if asked.command == "train":
        named = {
            key: getattr(asked, key) for key in ("start", "hours", "epochs", "lr0", "px", "augment")
        }
        train(asked.name, asked.data, **named)
    elif asked.command == "resume":
        resume(asked.name)
    elif asked.command == "keep":
        specialised(asked.checkpoint, classes=asked.classes, first=asked.first, target=asked.target)
    else:
        _run_export(asked)


def _run_export(asked: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:
        checkpoint = Path(shutil.copy(asked.checkpoint, Path(folder) / "model.pt"))
        if asked.classes:
            kept = {"classes": asked.classes, "first": asked.first}
            checkpoint = specialised(checkpoint, target=Path(folder) / "kept.pt", **kept)
        export(checkpoint, target=asked.target, end2end=not asked.raw)


if __name__ == "__main__":
    main()
