"""Trains models with Ultralytics: the demo's, and those of a factory's own pictures.

Only this module and `export` and `unpack` beside it import it; they run in an environment of their
own, `.venv-train`. Ultralytics and the weights that it makes are AGPL-3.0.

    nice -n 19 .venv-train/bin/python -m inspector.vision.train train joint DATA_YAML --hours 1

Training starts from random weights (`yolo26n.yaml`) or from a checkpoint; nothing is downloaded.
The network's forward pass runs in bfloat16, which about halves the time of a CPU; weights, losses
and boxes stay in 32 bits. For the demo the simulator's own jitter takes the place of augmentation.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from ultralytics import YOLO
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel

INPUT_PX = 320
RUNS, CLOCK = Path("runs/train"), "clock.json"
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
AUGMENTATION: dict[str, float] = {"fliplr": 0.5, "flipud": 0.5, "translate": 0.1, "scale": 0.35}
"""For real pictures, of which there are few: a part's face has no up or down to a defect."""
SETTINGS: dict[str, Any] = {
    "optimizer": "AdamW",
    "lr0": 0.002,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 0.3,
    "weight_decay": 0.0005,
    "workers": 1,
    "plots": False,
    "amp": False,
    "save_period": 1,
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


def _device() -> str:
    """Return a GPU where there is one that can compute in bfloat16, else the CPU."""
    return "cuda" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "cpu"


@contextmanager
def bfloat16_forward() -> Iterator[None]:
    """Run the forward pass of models in training in bfloat16 while this lasts."""
    exact = DetectionModel.predict

    def predict(self: DetectionModel, *args: Any, **named: Any) -> Any:
        if not self.training:
            return exact(self, *args, **named)
        with torch.autocast(_device(), dtype=torch.bfloat16):
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


class Clock:
    """Ends a training after its hours, counted over all its calls, and lets the rate fall to then.

    The learning rate falls along half a cosine over the time given, step by step. Ultralytics' own
    time limit begins anew in each call and plans by epochs, whose number it can only guess.
    """

    def __init__(self, run: Path, *, hours: float, lr0: float) -> None:
        self._file, self._hours, self._lr0 = run / CLOCK, hours, lr0
        self._before_s = json.loads(self._file.read_text())["used_s"] if self._file.exists() else 0
        self._started_s = time.monotonic()
        self._epochs = 0

    @property
    def _used_s(self) -> float:
        return float(self._before_s) + time.monotonic() - self._started_s

    def follow(self, model: YOLO) -> None:
        """Take part in a training."""
        model.add_callback("on_train_batch_start", self._set_rate)
        model.add_callback("on_train_batch_end", self._stop_in_time)
        model.add_callback("on_fit_epoch_end", self._keep)

    def _set_rate(self, trainer: DetectionTrainer) -> None:
        passed = min(self._used_s / (self._hours * 3600), 1.0)
        rate = self._lr0 * max(_LAST_RATE, (1 + math.cos(math.pi * passed)) / 2)
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate

    def _stop_in_time(self, trainer: DetectionTrainer) -> None:
        trainer.stop = trainer.stop or self._used_s > self._hours * 3600

    def _keep(self, trainer: DetectionTrainer) -> None:
        """Write the time down with each checkpoint, and say how many epochs there will be."""
        self._epochs += 1
        used_s = self._used_s
        facts = {"hours": self._hours, "lr0": self._lr0, "used_s": round(used_s, 1)}
        self._file.write_text(json.dumps(facts))
        epoch_s = (used_s - self._before_s) / self._epochs
        left = math.ceil(max(self._hours * 3600 - used_s, 0) / epoch_s)
        trainer.epochs = trainer.args.epochs = trainer.epoch + 1 + max(left, 1)


def _busy_and_all_ticks() -> tuple[int, int]:
    """Return the ticks that others spent at normal priority, and all, over all cores (Linux)."""
    user, nice, system, idle, *rest = map(int, Path("/proc/stat").read_text("ascii").split()[1:9])
    mine = 0 if os.nice(0) > 0 else int(os.times().user * os.sysconf("SC_CLK_TCK"))
    return user - mine, user + nice + system + idle + sum(rest)


def _model(start: str) -> YOLO:
    """Return a model that, on a CPU, uses the free cores while it trains."""
    model = YOLO(start)
    if _device() == "cpu":
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
    batch: int = 16,
    seed: int = 0,
    real: bool = False,
) -> Path:
    """Train and return the last checkpoint's path, `runs/train/<name>/weights/last.pt`.

    Args:
        name: the run's folder.
        data: data.yaml of the pictures.
        start: a model's yaml, for random weights, or an earlier checkpoint.
        hours: how long to train; the learning rate's fall is fitted to it.
        epochs: how many epochs, if `hours` is None.
        lr0: first learning rate.
        px: side of the network's input.
        batch: pictures in a step.
        seed: of the weights and of the order of the pictures.
        real: real pictures: turned, shifted and scaled at random, and judged after each epoch.
    """
    model = _model(start)
    asked = {
        **SETTINGS,
        **(AUGMENTATION if real else {}),
        **{"imgsz": px, "lr0": lr0, "epochs": epochs, "batch": batch, "nbs": batch, "seed": seed},
        **{"device": 0 if _device() == "cuda" else "cpu", "val": real},
        **{"data": str(data), "name": name, "project": str(RUNS.resolve())},
    }
    if hours is not None:
        (RUNS / name / CLOCK).unlink(missing_ok=True)
        Clock(RUNS / name, hours=hours, lr0=lr0).follow(model)
    if start.endswith(".pt"):
        asked["warmup_epochs"] = 0.0
    with bfloat16_forward():
        model.train(**asked)
    return RUNS / name / "weights" / "last.pt"


def resume(name: str) -> None:
    """Go on with a run that was cut off, from its last checkpoint."""
    run = RUNS / name
    model = _model(str(run / "weights" / "last.pt"))
    if (run / CLOCK).exists():
        facts = json.loads((run / CLOCK).read_text())
        Clock(run, hours=facts["hours"], lr0=facts["lr0"]).follow(model)
    with bfloat16_forward():
        model.train(resume=True, device=0 if _device() == "cuda" else "cpu")


def save(model: DetectionModel, target: Path) -> None:
    """Write a network as a checkpoint that a training can start from."""
    target.parent.mkdir(parents=True, exist_ok=True)
    facts = {"imgsz": INPUT_PX, "task": "detect"}
    torch.save({"epoch": -1, "model": model, "ema": None, "train_args": facts}, target)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands.add_parser("train", help="train from random weights or a checkpoint"))
    commands.add_parser("resume", help="go on with a run that was cut off").add_argument("name")
    asked = vars(parser.parse_args())
    if asked.pop("command") == "train":
        train(asked.pop("name"), asked.pop("data"), **asked)
    else:
        resume(asked["name"])


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", default="yolo26n.yaml")
    parser.add_argument("--hours", type=float)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr0", type=float, default=0.002)
    parser.add_argument("--px", type=int, default=INPUT_PX, help="side of the network's input")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", action="store_true", help="turn, shift, scale; judge each epoch")


if __name__ == "__main__":
    main()
