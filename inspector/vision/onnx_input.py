"""The last steps of preparing a picture, put in front of a model: it then takes bytes.

The runtime turns bytes into numbers, scales them and puts them into planes faster than we can, and
a quarter as many bytes are handed over. What is put in front is the same for every model; the rest
is, byte by byte, what the package's file holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from inspector.errors import PackageRefused
from inspector.vision.manifest import Input
from inspector.vision.onnx_scan import (
    GRAPH,
    INITIALIZER,
    INPUT,
    NODE,
    DeclaredInput,
    declared_inputs,
    fields,
    input_name,
)

PICTURE = "inspector.picture"
_FLOAT, _UINT8 = 1, 2  # of TensorProto.DataType
_INT_KIND, _INTS_KIND = 2, 7  # of AttributeProto.AttributeType


def with_picture_input(model: bytes, wanted: Input, *, file: str) -> bytes:
    """Return the model with the input `PICTURE`, (1, height, width, 3) uint8 in its colour order.

    Args:
        model: The bytes of an ONNX file that `refuse_unsafe` let pass.
        wanted: What the manifest says of its input.
        file: What to call it in the message.

    Raises:
        PackageRefused: The model's own input is not what the manifest says.
    """
    try:
        inputs = declared_inputs(model)
    except (ValueError, IndexError) as error:
        raise PackageRefused(f"{file}: damaged, not a whole ONNX model ({error})") from error
    replaced = _fitting(inputs, wanted, file)
    front = b"".join(_front(wanted, replaced))
    parts = []
    for number, value in fields(memoryview(model)):
        if number == GRAPH and not isinstance(value, int):
            parts.append(_field(GRAPH, front + _without_input(value, replaced)))
        else:
            parts.append(_field(number, value))
    return b"".join(parts)


def _fitting(inputs: Sequence[DeclaredInput], wanted: Input, file: str) -> bytes:
    """Return the name of the model's one input."""
    shape = (1, 3, wanted.height, wanted.width)
    fits = [
        one.kind == _FLOAT
        and len(one.shape) == len(shape)
        and all(a in (None, b) for a, b in zip(one.shape, shape, strict=True))
        for one in inputs
    ]
    if fits != [True]:
        found = " and ".join(str(list(one.shape)) for one in inputs) or "none"
        raise PackageRefused(
            f"{file}: has input {found}, the manifest's [input] says {list(shape)}, float32"
        )
    return inputs[0].name


def _without_input(graph: memoryview, name: bytes) -> bytes:
    return b"".join(
        _field(number, value)
        for number, value in fields(graph)
        if isinstance(value, int) or number != INPUT or input_name(value) != name
    )


def _front(wanted: Input, name: bytes) -> Iterator[bytes]:
    """Yield the fields of the graph that make (v · scale − mean) / std of a grey value v."""
    std, mean = np.array(wanted.std), np.array(wanted.mean)
    yield _field(INPUT, _value_info(PICTURE, (1, wanted.height, wanted.width, 3)))
    last = f"{PICTURE}.numbers"
    yield _field(NODE, _node("Cast", [PICTURE], last, _attribute("to", _FLOAT)))
    for operator, values in (("Mul", wanted.scale / std), ("Sub", mean / std)):
        if operator == "Sub" and not values.any():
            continue
        before, last = last, f"{PICTURE}.{operator}"
        yield _field(INITIALIZER, _tensor(f"{last}.by", values))
        yield _field(NODE, _node(operator, [before, f"{last}.by"], last))
    yield _field(NODE, _node("Transpose", [last], name, _attribute("perm", (0, 3, 1, 2))))


def _node(
    operator: str, inputs: Sequence[str], output: str | bytes, attribute: bytes = b""
) -> bytes:
    named = b"".join(_field(1, name) for name in inputs)
    more = _field(5, attribute) if attribute else b""
    return named + _field(2, output) + _field(3, output) + _field(4, operator) + more


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, _INT_KIND)
    return _field(1, name) + b"".join(_field(8, one) for one in value) + _field(20, _INTS_KIND)


def _tensor(name: str, values: npt.NDArray[np.float64]) -> bytes:
    content = values.astype("<f4").tobytes()
    return _field(1, len(values)) + _field(2, _FLOAT) + _field(8, name) + _field(9, content)


def _value_info(name: str, shape: Sequence[int]) -> bytes:
    sizes = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _UINT8) + _field(2, sizes)))


def _field(number: int, value: int | bytes | memoryview | str) -> bytes:
    """Return a field of a protobuf message: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return b"".join((_varint(number << 3 | 2), _varint(len(content)), content))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))
