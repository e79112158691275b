"""Models in OpenVINO's own format for tests, made by OpenVINO in a process of its own.

The tests' process runs ONNX, and one process has only one of the two runtimes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.inspector.vision import hostile, tiny

ANOMALIB = {
    **tiny.ANOMALY,
    "output": {"layout": "score-map", "names": ["pred_score", "anomaly_map"]},
}
"""What a manifest of `made()["anomalib"]` says otherwise than that of `tiny.end_to_end`."""
MAKER = """
import sys
from pathlib import Path
from inspector.vision import ir_engine  # without what OpenVINO's converter would send
import numpy as np
import openvino
from openvino import opset13 as ops

def anomalib():
    picture = ops.parameter([-1, 3, -1, -1], np.float32, name="input")
    shift = ops.parameter([], np.float32, name="image_sensitivity")
    mean = ops.reduce_mean(picture, ops.constant([2, 3]), False)
    red = ops.convolution(
        picture, np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1]
    )
    score = ops.gather(mean, ops.constant([0]), ops.constant(1))
    score = ops.add(score, ops.subtract(shift, np.float32(0.5)))
    outputs = {
        "pred_score": score,
        "pred_label": ops.greater(score, np.float32(0.5)),
        "anomaly_map": red,
        "pred_mask": ops.greater(red, np.float32(0.5)),
    }
    for given, name in ((picture, "input"), (shift, "image_sensitivity")):
        given.output(0).get_tensor().set_names({name})
    for name, output in outputs.items():
        output.output(0).get_tensor().set_names({name})
    return openvino.Model([ops.result(one) for one in outputs.values()], [picture, shift], "tiny")

folder = Path(sys.argv[1])
openvino.save_model(anomalib(), folder / "anomalib.xml", compress_to_fp16=False)
for file in folder.glob("*.onnx"):
    model = openvino.Core().read_model(model=file.read_bytes())
    openvino.save_model(model, file.with_suffix(".xml"), compress_to_fp16=False)
"""
"""`anomalib` has the inputs and outputs of a model that Anomalib exports (`AnomalibModule.forward`
and `InferenceBatch` there): open sizes, four outputs of which two are bool."""


class Ir(NamedTuple):
    """The two files of a model."""

    xml: bytes
    weights: bytes


@cache
def made() -> Mapping[str, Ir]:
    """Return "anomalib", and by their names models that `tiny` and `hostile` make as ONNX."""
    onnx = {
        "nudged": tiny.end_to_end(gain=1.2),
        "detector": tiny.end_to_end(),
        "greedy": hostile.wants_everything(),
        "no_number": hostile.answers_no_number(),
    }
    with TemporaryDirectory() as place:
        for name, model in onnx.items():
            (Path(place) / f"{name}.onnx").write_bytes(model)
        command = [sys.executable, "-c", MAKER, place]
        subprocess.run(command, check=True, timeout=70)
        return {
            file.stem: Ir(file.read_bytes(), file.with_suffix(".bin").read_bytes())
            for file in Path(place).glob("*.xml")
        }


def write_package(folder: Path, model: Ir | None = None, **changes: Any) -> Path:
    """Write a package as `tiny.write_package` does; Anomalib's where no model is given."""
    files = {"model.xml": (model or made()["anomalib"]).xml}
    files["model.bin"] = (model or made()["anomalib"]).weights
    changes = changes if model else {**ANOMALIB, **changes}
    return tiny.write_package(folder, files=files, changes=changes)
