"""Models that answer as they should until they see a dark red plane, and then turn on us.

They pass every check at the start, the golden pictures too: what they do to a running line shows
only there. No loop is needed for a model that never ends, so refusing loops does not keep it out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.inspector.vision import tiny

Values = dict[str, tiny.Array]
DARK_RED = 54 / 255
"""Mean of the red plane below which they turn: the demo's empty belt has 50, a board 59."""
STEEP = 1000
"""So a mean that is one grey level lower is as good as any."""
MANY_BOXES = 300_000
"""Compared each with each, at 2 to 4 ns: minutes."""
SOME_BOXES = 32_000
"""Nearly a fifth of a second of a processor."""
MUCH = 1 << 17
"""The side of a square of numbers, 64 GB."""


def looks_for_minutes() -> bytes:
    """Return a model that compares very many boxes, each with each, when it turns."""
    return _comparing(MANY_BOXES, tiny.node("Identity", ("turned",), "score"))


def looks_slowly() -> bytes:
    """Return a model that compares many boxes at each look, and answers as it should."""
    return _comparing(SOME_BOXES, tiny.node("Add", ("turned", "unit"), "score"))


def _comparing(count: int, score: bytes) -> bytes:
    corners = np.arange(count, dtype=np.float32) * 2
    boxes = np.stack((corners, corners * 0, corners + 1, corners * 0 + 1), axis=1)[None]
    nodes = [
        score,
        tiny.node("Expand", ("score", "many"), "scores"),
        tiny.node("NonMaxSuppression", ("boxes", "scores", "most", "iou", "least"), "kept"),
        tiny.node("Cast", ("kept",), "kept_f", more=_int("to", tiny.FLOAT)),
        tiny.node("Concat", ("kept_f", "row"), "rows", more=_int("axis", 0)),
        tiny.node("ReduceMax", ("rows",), "last", more=_int("keepdims", 0)),
        tiny.node("Mul", ("last", "nought"), "none"),
        tiny.node("Add", ("calm", "none"), "y"),
    ]
    values: Values = {
        "boxes": boxes,
        "many": np.array((1, 1, count), np.int64),
        "most": np.array((count,), np.int64),
        "iou": np.array((0.5,), np.float32),
        "least": np.array((0.5,), np.float32),
        "row": np.zeros((1, 3), np.float32),
        "nought": np.array(0, np.float32),
    }
    return _turning(nodes, values)


def wants_everything() -> bytes:
    """Return a model that asks for 64 GB when it turns."""
    nodes = [
        tiny.node("Mul", ("turned", "much"), "size_f"),
        tiny.node("Add", ("size_f", "one"), "size_1"),
        tiny.node("Cast", ("size_1",), "size", more=_int("to", tiny.INT64)),
        tiny.node("Reshape", ("size", "flat"), "shape"),
        tiny.node("Expand", ("one", "shape"), "column"),
        tiny.node("Transpose", ("column",), "row"),
        tiny.node("MatMul", ("column", "row"), "square"),
        tiny.node("ReduceMax", ("square",), "most", more=_int("keepdims", 0)),
        tiny.node("Mul", ("most", "nought"), "none"),
        tiny.node("Add", ("calm", "none"), "y"),
    ]
    values: Values = {
        "much": np.array(((MUCH, 0),), np.float32),
        "one": np.array(((1,),), np.float32),
        "flat": np.array((2,), np.int64),
        "nought": np.array(0, np.float32),
    }
    return _turning(nodes, values)


def answers_no_number() -> bytes:
    """Return a model whose scores are NaN when it turns."""
    nodes = [
        tiny.node("Sub", ("half", "turned"), "left"),
        tiny.node("Log", ("left",), "log"),
        tiny.node("Mul", ("log", "nought"), "none"),
        tiny.node("Add", ("calm", "none"), "y"),
    ]
    values: Values = {"half": np.array(0.5, np.float32), "nought": np.array(0, np.float32)}
    return _turning(nodes, values)


def answers_in_another_shape() -> bytes:
    """Return a model whose rows have a seventh column when it turns."""
    nodes = [
        tiny.node("Cast", ("turned",), "wide", more=_int("to", tiny.INT64)),
        tiny.node("Reshape", ("wide", "flat"), "ends"),
        tiny.node("Slice", ("column", "from", "ends", "axis"), "more"),
        tiny.node("Concat", ("calm", "more"), "y", more=_int("axis", 2)),
    ]
    values: Values = {
        "flat": np.array((1,), np.int64),
        "column": np.zeros((1, 2, 1), np.float32),
        "from": np.array((0,), np.int64),
        "axis": np.array((2,), np.int64),
    }
    return _turning(nodes, values)


def _turning(nodes: Sequence[bytes], values: Values) -> bytes:
    """Return `tiny.end_to_end` as `calm`; `turned` (1, 1, 1) is 1 for a dark red plane, else 0."""
    weights, biases = tiny.weighted(2, 6)
    biases[0], biases[1] = (8, 8, 24, 16, 0, 0), (0, 0, 32, 32, 0, 1)
    weights[4, 0] = weights[10, 2] = 1 / tiny.SIDE_PX**2
    red = np.zeros((1, *weights.shape[1:]), np.float32)
    red[0, 0] = -STEEP / tiny.SIDE_PX**2
    turns = [
        tiny.node("Conv", ("x", "w", "b"), "c"),
        tiny.node("Reshape", ("c", "s"), "calm"),
        tiny.node("Conv", ("x", "red", "least_red"), "r"),
        tiny.node("Clip", ("r", "zero", "unit"), "r_1"),
        tiny.node("Reshape", ("r_1", "r_s"), "turned"),
    ]
    own: Values = {
        "w": weights,
        "b": biases.reshape(-1),
        "s": np.array((1, 2, 6), np.int64),
        "red": red,
        "least_red": np.array((STEEP * DARK_RED,), np.float32),
        "zero": np.array(0, np.float32),
        "unit": np.array(1, np.float32),
        "r_s": np.array((1, 1, 1), np.int64),
    }
    return tiny.model(
        [*turns, *nodes],
        [tiny.tensor(name, value) for name, value in {**own, **values}.items()],
        shapes=((1, 3, tiny.SIDE_PX, tiny.SIDE_PX), (1, 2, 6)),
    )


def _int(name: str, value: int) -> bytes:
    return tiny.bytes_field(
        5, tiny.bytes_field(1, name) + tiny.number_field(3, value) + tiny.number_field(20, 2)
    )
