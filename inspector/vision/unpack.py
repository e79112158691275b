"""Makes a checkpoint that training can go on from out of an exported model of ours.

    .venv-train/bin/python -m inspector.vision.unpack models/board/model.onnx PICTURES start.pt

Checkpoints are not kept with the source; packages are. The export folded each batch normalisation
into the convolution before it. Here each gets one again that changes nothing: its mean and variance
are measured on the pictures, and scale and shift undo them. The export has one of the two heads;
the other begins as its copy.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnx.numpy_helper
import torch
from ultralytics.nn.modules.conv import Conv
from ultralytics.nn.tasks import DetectionModel

from inspector.vision.train import save

_BATCH = 32
_MOST_OFF = 1e-3
"""Of a score; the sums are only rounded otherwise."""
_HEAD, _TWIN = ("cv2", "cv3"), ("one2one_cv2", "one2one_cv3")

Weights = Mapping[str, torch.Tensor]


def unpacked(file: Path, pictures: Path, *, classes: list[str], count: int = 256) -> DetectionModel:
    """Return the network of the ONNX file as it is trained, with unfolded normalisation.

    Args:
        file: an export of ours, with either head.
        pictures: a folder of PNG pictures of the model's own input size and product.
        classes: the names of its classes, in order.
        count: how many of the pictures to measure the normalisation on.

    Raises:
        ValueError: the file is no such export, or would not do the same any more.
    """
    graph = onnx.load(str(file)).graph
    weights = {i.name: _tensor(i) for i in graph.initializer if i.name.startswith("model.")}
    model = DetectionModel("yolo26n.yaml", nc=len(classes), verbose=False).eval()
    model.names = dict(enumerate(classes))
    _both_heads(model, weights)
    batches = _batches(sorted(pictures.glob("*.png"))[:count])
    before = _scores(model, batches[0])
    _measured(model, batches)
    if (off := float((_scores(model, batches[0]) - before).abs().max())) > _MOST_OFF:
        msg = f"unfolding changed a score by {off:.4f}"
        raise ValueError(msg)
    return model


def _scores(model: DetectionModel, batch: torch.Tensor) -> torch.Tensor:
    """Return each anchor's class scores, 0 to 1, of the one-to-many head."""
    with torch.no_grad():
        return model(batch)[1]["one2many"]["scores"].sigmoid()


def _tensor(initializer: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(onnx.numpy_helper.to_array(initializer)))


def _both_heads(model: DetectionModel, weights: Weights) -> None:
    """Fill the network with the exported weights, then copy the exported head to its twin."""
    head = model.model[-1]
    exported, twin = (_HEAD, _TWIN) if "model.23.cv3.2.2.weight" in weights else (_TWIN, _HEAD)
    missing = [name for name, m in model.named_modules() if not _filled(name, m, weights)]
    left = [name for name in missing if not any(f".{part}." in name for part in twin)]
    if left:
        msg = f"the export lacks weights of {', '.join(left)}"
        raise ValueError(msg)
    for source, target in zip(exported, twin, strict=True):
        getattr(head, target).load_state_dict(copy.deepcopy(getattr(head, source).state_dict()))


def _filled(name: str, module: torch.nn.Module, weights: Weights) -> bool:
    """Fill a convolution with its exported weights; return False where the export has none."""
    if isinstance(module, Conv):
        bias = weights.get(f"{name}.conv.bias")
        if bias is None:
            return False
        with torch.no_grad():
            module.conv.weight.copy_(weights[f"{name}.conv.weight"])
            module.bn.bias.copy_(bias)
            module.bn.weight.fill_((1 + module.bn.eps) ** 0.5)  # mean 0 and variance 1 so far
        return True
    if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
        if f"{name}.weight" not in weights:
            return False
        with torch.no_grad():
            module.weight.copy_(weights[f"{name}.weight"])
            module.bias.copy_(weights[f"{name}.bias"])
    return True


def _batches(files: list[Path]) -> list[torch.Tensor]:
    """Return the pictures as the network takes them: (n, 3, H, W), red-green-blue, 0 to 1."""
    pictures = [np.asarray(cv2.imread(str(f)))[..., ::-1].transpose(2, 0, 1) for f in files]
    return [
        torch.from_numpy(np.stack(pictures[at : at + _BATCH])).float() / 255
        for at in range(0, len(pictures), _BATCH)
    ]


def _measured(model: DetectionModel, batches: list[torch.Tensor]) -> None:
    """Give each normalisation the mean and variance of what reaches it; nothing else changes."""
    sums: dict[torch.nn.BatchNorm2d, tuple[torch.Tensor, torch.Tensor]] = {}

    def look(norm: torch.nn.BatchNorm2d, inputs: tuple[torch.Tensor, ...]) -> None:
        x = inputs[0]
        mean, square = x.mean((0, 2, 3)), (x * x).mean((0, 2, 3))
        before = sums.get(norm, (torch.zeros_like(mean), torch.zeros_like(square)))
        sums[norm] = (before[0] + mean, before[1] + square)

    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for hook in hooks:
        hook.remove()
    for norm, (mean_sum, square_sum) in sums.items():
        _undone(norm, mean_sum / len(batches), square_sum / len(batches))


def _undone(norm: torch.nn.BatchNorm2d, mean: torch.Tensor, square: torch.Tensor) -> None:
    """Set mean and variance, and the scale and shift with which the whole does what it did."""
    variance = (square - mean * mean).clamp_min(1e-6)
    with torch.no_grad():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias += scale * (mean - norm.running_mean)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


def main() -> None:
    """Write the checkpoint that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--classes", nargs="+", required=True)
    asked = parser.parse_args()
    save(unpacked(asked.model, asked.pictures, classes=asked.classes), asked.target)


if __name__ == "__main__":
    main()
