"""Tiny model packages for tests, written by hand: no binary is kept, no `onnx` package is needed.

The model is one convolution as large as its input, so that each number of the answer is a constant
plus a weighted mean of the picture's planes: class "red" scores the mean of the red plane (0 to 1),
class "blue" that of the blue one.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import tomlkit

from inspector.domain.frame import BgrImage

SIDE_PX = 32
CLASSES = ("red", "blue")
GOLDEN_RED, GOLDEN_GREY = "golden/red.png", "golden/grey.png"
FLOAT, INT64, BOOL = 1, 7, 9

Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def number_field(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def bytes_field(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name: str, value: Array) -> bytes:
    kind = FLOAT if value.dtype == np.float32 else INT64
    dims = b"".join(number_field(1, size) for size in value.shape)
    return dims + number_field(2, kind) + bytes_field(8, name) + bytes_field(9, value.tobytes())


def node(op: str, inputs: Sequence[str], output: str, *, more: bytes = b"") -> bytes:
    named = b"".join(bytes_field(1, name) for name in inputs)
    return named + bytes_field(2, output) + bytes_field(3, output) + bytes_field(4, op) + more


def value_info(name: str, shape: Sequence[int | str], kind_number: int = FLOAT) -> bytes:
    dims = b"".join(bytes_field(1, _size(size)) for size in shape)
    kind = number_field(1, kind_number) + bytes_field(2, dims)
    return bytes_field(1, name) + bytes_field(2, bytes_field(1, kind))


def _size(size: int | str) -> bytes:
    return number_field(1, size) if isinstance(size, int) else bytes_field(2, size)


def model(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    *,
    shapes: tuple[Sequence[int | str], Sequence[int]],
    more_outputs: Sequence[bytes] = (),
    more_inputs: Sequence[bytes] = (),
    more: bytes = b"",
) -> bytes:
    graph = b"".join(bytes_field(1, one) for one in nodes) + bytes_field(2, "tiny")
    graph += b"".join(bytes_field(5, one) for one in tensors)
    for given in (value_info("x", shapes[0]), *more_inputs):
        graph += bytes_field(11, given)
    for output in (value_info("y", shapes[1]), *more_outputs):
        graph += bytes_field(12, output)
    opset = bytes_field(1, "") + number_field(2, 13)
    return number_field(1, 8) + bytes_field(7, graph) + bytes_field(8, opset) + more


def weighted(rows: int, columns: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return zero weights (rows * columns, 3, side, side) and biases (rows, columns)."""
    shape = (rows * columns, 3, SIDE_PX, SIDE_PX)
    return np.zeros(shape, np.float32), np.zeros((rows, columns), np.float32)


def conv_model(
    weights: npt.NDArray[np.float32],
    biases: npt.NDArray[np.float32],
    *,
    out_shape: Sequence[int] | None = None,
    more_nodes: Sequence[bytes] = (),
    more_tensors: Sequence[bytes] = (),
) -> bytes:
    shape = tuple(out_shape or (1, *biases.shape))
    tensors = [
        tensor("w", weights),
        tensor("b", biases.reshape(-1)),
        tensor("s", np.array(shape, np.int64)),
    ]
    nodes = [node("Conv", ("x", "w", "b"), "c"), node("Reshape", ("c", "s"), "y")]
    return model(
        [*nodes, *more_nodes],
        [*tensors, *more_tensors],
        shapes=((1, 3, SIDE_PX, SIDE_PX), shape),
    )


def end_to_end(*, score_bias: float = 0.0, kind: float = 1.0, gain: float = 1.0) -> bytes:
    """Return a model with one row for red at (8, 8)-(24, 16) and one for blue over everything."""
    weights, biases = weighted(2, 6)
    biases[0] = (8, 8, 24, 16, score_bias, 0)
    biases[1] = (0, 0, 32, 32, 0, kind)
    weights[4, 0] = gain / SIDE_PX**2
    weights[10, 2] = gain / SIDE_PX**2
    return conv_model(weights, biases)


def raw() -> bytes:
    """Return a model with layout yolo-raw and three boxes, two of them on the same thing."""
    weights, biases = weighted(4 + len(CLASSES), 3)
    biases[:4] = [(16, 17, 8), (12, 12, 28), (16, 16, 8), (8, 8, 8)]
    for box, share in enumerate((1.0, 0.9, 0.5)):
        weights[4 * 3 + box, 0] = share / SIDE_PX**2
    weights[5 * 3 + 2, 2] = 1 / SIDE_PX**2
    return conv_model(weights, biases)


def score_map(batch: int | str = 1, *, more_inputs: Sequence[bytes] = ()) -> bytes:
    """Return an anomaly model as Anomalib exports one: `y` scores red, `label`, and red's map."""
    weights, _ = weighted(1, 1)
    weights[0, 0] = 1 / SIDE_PX**2
    tensors = [
        tensor("w", weights),
        tensor("s", np.array((1,), np.int64)),
        tensor("half", np.array([0.5], np.float32)),
        tensor("r", np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1)),
    ]
    nodes = [
        node("Conv", ("x", "w"), "c"),
        node("Reshape", ("c", "s"), "y"),
        node("Greater", ("y", "half"), "label"),
        node("Conv", ("x", "r"), "map"),
    ]
    more = [
        value_info("label", (1,), BOOL),
        value_info("map", (batch, 1, SIDE_PX, SIDE_PX)),
    ]
    shapes = (batch, 3, SIDE_PX, SIDE_PX), (1,)
    return model(nodes, tensors, shapes=shapes, more_outputs=more, more_inputs=more_inputs)


ANOMALY: dict[str, Any] = {
    "task": "anomaly",
    "classes": ["red"],
    "output": {"layout": "score-map", "names": ["y", "map"]},
    "limits": {"red": 0.5},
    "golden": [
        {"file": GOLDEN_RED, "verdict": "reject", "scores": {"red": 0.8}},
        {"file": GOLDEN_GREY, "verdict": "pass", "scores": {"red": 0.4}},
    ],
}
"""What a manifest of `score_map` says otherwise than that of `end_to_end`."""


def flat(blue: int, green: int, red: int, side_px: int = SIDE_PX) -> BgrImage:
    return np.full((side_px, side_px, 3), (blue, green, red), np.uint8)


def speckled(blue: int, green: int, red: int, seed: int, side_px: int = 64) -> BgrImage:
    """Return a picture of this mean colour with enough contrast to be judged."""
    noise = np.random.default_rng(seed).integers(-30, 31, (side_px, side_px, 1))
    return (flat(blue, green, red, side_px).astype(np.int64) + noise).astype(np.uint8)


def png(image: BgrImage) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that claims a size, with nothing behind it."""
    header = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + b"\0\0\0\0"


def manifest(name: str, contents: dict[str, bytes], *, layout: str) -> dict[str, Any]:
    red = {"red": 204 / 255, "blue": 51 / 255}
    grey = {"red": 102 / 255, "blue": 102 / 255}
    return {
        "schema": 1,
        "name": name,
        "task": "detect",
        "classes": list(CLASSES),
        "licence": "Apache-2.0",
        "input": {
            "width": SIDE_PX,
            "height": SIDE_PX,
            "colour": "rgb",
            "scale": 1 / 255,
            "letterbox": "pad",
            "pad_value": 114,
        },
        "output": {"layout": layout},
        "limits": {"red": 0.5, "blue": 0.5},
        "precision": {"reference": "FP32"},
        "files": {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()},
        "golden": [
            {"file": GOLDEN_RED, "verdict": "reject", "scores": red},
            {"file": GOLDEN_GREY, "verdict": "pass", "scores": grey},
        ],
    }


def write_package(
    folder: Path,
    *,
    onnx: bytes | None = None,
    files: dict[str, bytes] | None = None,
    layout: str = "yolo-e2e",
    changes: dict[str, Any] | None = None,
) -> Path:
    """Write a package, in order but for what is asked to be otherwise; return its folder.

    `files` are the model's, where it is no ONNX file.
    """
    contents = {
        **(files or {"model.onnx": end_to_end() if onnx is None else onnx}),
        GOLDEN_RED: png(flat(51, 0, 204)),
        GOLDEN_GREY: png(flat(102, 102, 102)),
    }
    for file, content in contents.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    table = {**manifest(folder.name, contents, layout=layout), **(changes or {})}
    (folder / "manifest.toml").write_text(tomlkit.dumps(table))
    return folder
