"""The other side of the vision benchmark: what runs in the training environment, and only there.

    .venv-train/bin/python -m benchmarks.train_side

One JSON object on stdin asks, one on stdout answers; `benchmarks/outside.py` is who asks. Here are
Ultralytics' predict as it comes, on its own OpenVINO export, and OpenVINO's own runtime on that
same export without anything around it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from ultralytics import YOLO, __version__

from inspector.vision.train import save
from inspector.vision.unpack import unpacked

Asked = Mapping[str, Any]


def exported(asked: Asked) -> dict[str, Any]:
    """Export a package's network anew, at another size if need be: OpenVINO and ONNX.

    Args:
        asked: `model`, an ONNX file of ours; `classes`; `pictures`, an .npy file; `px`; `folder`,
            which an earlier run may have filled; `also_onnx`.
    """
    folder, px = Path(asked["folder"]), int(asked["px"])
    network = folder / "network.pt"
    openvino_folder, onnx = folder / "network_openvino_model", folder / "network.onnx"
    if not (onnx if asked["also_onnx"] else openvino_folder).exists():
        shown = folder / "pictures"
        shown.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(np.load(asked["pictures"])):
            small = cv2.resize(picture, (px, px), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(shown / f"{number}.png"), small)
        save(unpacked(Path(asked["model"]), shown, classes=asked["classes"]), network)
        for kind in ("openvino", "onnx") if asked["also_onnx"] else ("openvino",):
            # nms=False: with the head that has chosen among its boxes, as our packages have it
            YOLO(str(network)).export(format=kind, imgsz=px, nms=False, verbose=False)
    return {"openvino": str(openvino_folder), "onnx": str(onnx)}


class Opened:
    """Both runtimes on one export.

    Args:
        asked: `openvino`, its folder; `pictures`, an .npy file; `px`; `precision` and `streams`
            of OpenVINO's own runtime.
    """

    def __init__(self, asked: Asked) -> None:
        self._px, self._pictures = int(asked["px"]), np.load(asked["pictures"])
        self._tensor = np.random.default_rng(0).random((1, 3, self._px, self._px), np.float32)
        self._predictor = YOLO(asked["openvino"], task="detect")
        self.ultralytics({"first": 0, "count": 2})
        core = openvino.Core()
        (file,) = Path(asked["openvino"]).glob("*.xml")
        hints = {"INFERENCE_PRECISION_HINT": asked["precision"]}
        one, many = ({**hints, "NUM_STREAMS": str(count)} for count in (1, asked["streams"]))
        self._native = core.compile_model(file, "CPU", one).create_infer_request()
        self._queue = openvino.AsyncInferQueue(core.compile_model(file, "CPU", many))

    def facts(self) -> dict[str, Any]:
        """Return versions, and the precision that Ultralytics' session says it runs in."""
        compiled = self._predictor.predictor.model.backend.ov_compiled_model
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        versions = {"ultralytics": __version__, "openvino": openvino.__version__}
        return {"precision": precision, "versions": versions}

    def ultralytics(self, asked: Asked) -> dict[str, Any]:
        """Look at pictures one after the other, as a program of a user would."""

        def predict(number: int) -> None:
            picture = self._pictures[number % len(self._pictures)]
            self._predictor.predict(picture, imgsz=self._px, verbose=False)

        return _each(asked, predict)

    def native(self, asked: Asked) -> dict[str, Any]:
        """Run the model one time after the other; nothing is prepared, nothing read."""
        return _each(asked, lambda _: self._native.infer({0: self._tensor}, share_inputs=True))

    def native_streams(self, asked: Asked) -> dict[str, Any]:
        """Run it with all streams busy, as `benchmark_app` does for throughput."""
        started_s = time.perf_counter()
        for _ in range(int(asked["count"])):
            self._queue.start_async({0: self._tensor})
        self._queue.wait_all()
        return {"ms": [], "wall_s": time.perf_counter() - started_s}


def _each(asked: Asked, step: Callable[[int], Any]) -> dict[str, Any]:
    taken_ms, first = [], int(asked["first"])
    began_s = time.perf_counter()
    for number in range(first, first + int(asked["count"])):
        started_s = time.perf_counter()
        step(number)
        taken_ms.append((time.perf_counter() - started_s) * 1000)
    return {"ms": taken_ms, "wall_s": time.perf_counter() - began_s}


def main() -> None:
    """Answer until stdin ends. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    opened: Opened | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "export":
            answer = exported(asked)
        elif asked["do"] == "open":
            opened = Opened(asked)
            answer = opened.facts()
        else:
            answer = getattr(opened, asked["do"])(asked)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
