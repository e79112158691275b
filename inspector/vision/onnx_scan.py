"""What an ONNX file may not contain, found by walking its bytes: nothing is built or run.

The file is a protobuf message; the field numbers are those of `onnx.proto3` (IR version 13). The
`onnx` package is not used: it belongs to the training environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from inspector.errors import PackageRefused

MOST_ELEMENTS = 1 << 28
"""Elements of one stored tensor; 1 GB as float32, far above any model that fits a line's budget."""
MOST_DIMS = 16
MOST_FIELDS = 1_000_000
"""That are looked at; the demo's models have 8,000. A file of 256 MB could hold a hundred million,
and keep us for minutes."""
STANDARD_DOMAINS = (b"", b"ai.onnx")

GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25  # of ModelProto
NODE, INITIALIZER, INPUT, _SPARSE_INITIALIZER = 1, 5, 11, 15  # of GraphProto
_TYPE, _TENSOR_TYPE, _SHAPE = 2, 1, 2  # of ValueInfoProto, TypeProto, TypeProto.Tensor
_ELEMENT, _DIM, _DIM_SIZE = 1, 1, 1  # of TypeProto.Tensor, TensorShapeProto, its Dimension
_INPUT_NAME, _TENSOR_NAME = 1, 8  # of ValueInfoProto, TensorProto
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of NodeProto
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS, _SPARSE = 5, 6, 10, 11, (22, 23)  # of AttributeProto
_DIMS, _EXTERNAL_DATA, _DATA_LOCATION = 1, 13, 14  # of TensorProto
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # wire types

_Field = tuple[int, int | memoryview]


@dataclass(frozen=True, slots=True)
class DeclaredInput:
    """An input as the model's file describes it.

    Attributes:
        name: As it stands there.
        kind: Number of the type of its elements, as `TensorProto.DataType` counts them.
        shape: Its sizes; None where the model leaves one open.
    """

    name: bytes
    kind: int
    shape: tuple[int | None, ...]


def refuse_unsafe(model: bytes, *, file: str) -> None:
    """Return when the model is a plain graph with all its weights inside.

    Loops and branches are refused because they may never end, functions and operators of other
    makers because we do not know them, data in other files because their hash is not checked.

    Args:
        model: The bytes of the ONNX file.
        file: What to call it in the message.

    Raises:
        PackageRefused: In one sentence.
    """
    try:
        _Scan(file).model(memoryview(model))
    except (ValueError, IndexError) as error:
        raise PackageRefused(f"{file}: damaged, not a whole ONNX model ({error})") from error


def declared_inputs(model: bytes) -> list[DeclaredInput]:
    """Return what the model wants to be given; weights that it lists as inputs too are left out.

    Args:
        model: The bytes of an ONNX file that `refuse_unsafe` let pass.
    """
    graph = only(memoryview(model), GRAPH)
    weights = {bytes(only(tensor, _TENSOR_NAME)) for tensor in messages(graph, INITIALIZER)}
    declared = [_declared(info) for info in messages(graph, INPUT)]
    return [one for one in declared if one.name not in weights]


def _declared(info: memoryview) -> DeclaredInput:
    kind = only(only(info, _TYPE), _TENSOR_TYPE)
    element = next((value for number, value in fields(kind) if number == _ELEMENT), 0)
    sizes = tuple(_size_of(size) for size in messages(only(kind, _SHAPE), _DIM))
    return DeclaredInput(input_name(info), element if isinstance(element, int) else 0, sizes)


def _size_of(dimension: memoryview) -> int | None:
    size = dict(fields(dimension)).get(_DIM_SIZE)
    return size if isinstance(size, int) else None


def input_name(info: memoryview) -> bytes:
    """Return the name in a description of an input."""
    return bytes(only(info, _INPUT_NAME))


def only(message: memoryview, field: int) -> memoryview:
    """Return the first message in a field; empty where there is none."""
    return next(messages(message, field), memoryview(b""))


def messages(message: memoryview, field: int) -> Iterator[memoryview]:
    """Yield what a repeated field holds."""
    return (_bytes(value) for number, value in fields(message) if number == field)


class _Scan:
    """One walk through a model; counts the fields that it meets."""

    def __init__(self, file: str) -> None:
        self._file, self._left = file, MOST_FIELDS

    def model(self, model: memoryview) -> None:
        """Raise when the model may not be built."""
        graphs = 0
        for number, value in self._fields(model):
            if number in (_TRAINING, _FUNCTIONS):
                raise self._refused("contains functions or training parts")
            if number == GRAPH:
                graphs += 1
                self._graph(_bytes(value))
        if graphs != 1:
            raise ValueError(f"it has {graphs} graphs")

    def _graph(self, graph: memoryview) -> None:
        for number, value in self._fields(graph):
            if number == NODE:
                self._node(_bytes(value))
            elif number == INITIALIZER:
                self._tensor(_bytes(value))
            elif number == _SPARSE_INITIALIZER:
                raise self._refused("contains sparse tensors")

    def _node(self, node: memoryview) -> None:
        fields = list(self._fields(node))
        names = {number: bytes(_bytes(value)) for number, value in fields if number in (4, 7)}
        kind = names.get(_OP_TYPE, b"").decode(errors="replace")[:40]
        if names.get(_DOMAIN, b"") not in STANDARD_DOMAINS:
            raise self._refused(f"operator {kind} is none of ONNX's own")
        for number, value in fields:
            if number == _ATTRIBUTE:
                self._attribute(_bytes(value), kind)

    def _attribute(self, attribute: memoryview, kind: str) -> None:
        for number, value in self._fields(attribute):
            if number in (_SUBGRAPH, _SUBGRAPHS):
                raise self._refused(f"operator {kind} loops or branches")
            if number in (_TENSOR, _TENSORS):
                self._tensor(_bytes(value))
            elif number in _SPARSE:
                raise self._refused("contains sparse tensors")

    def _tensor(self, tensor: memoryview) -> None:
        dims: list[int] = []
        for number, value in self._fields(tensor):
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
                raise self._refused("keeps weights in another file")
            if number == _DIMS and len(dims) <= MOST_DIMS:
                dims += [value] if isinstance(value, int) else _varints(value, MOST_DIMS + 1)
        impossible = len(dims) > MOST_DIMS or any(not 0 <= one <= MOST_ELEMENTS for one in dims)
        if impossible or prod(dims) > MOST_ELEMENTS:
            raise self._refused("has a tensor of an impossible size")

    def _fields(self, message: memoryview) -> Iterator[_Field]:
        for field in fields(message):
            self._left -= 1
            if self._left < 0:
                raise self._refused(f"has more than {MOST_FIELDS} fields")
            yield field

    def _refused(self, why: str) -> PackageRefused:
        return PackageRefused(f"{self._file}: {why}; not accepted")


def fields(message: memoryview) -> Iterator[_Field]:
    """Yield (field number, value): an int for a varint, else the field's bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        size, at = _size(message, at, wire)
        if at + size > len(message):
            raise ValueError("it ends too early")
        yield number, message[at : at + size]
        at += size


def _size(message: memoryview, at: int, wire: int) -> tuple[int, int]:
    if wire == _LENGTH:
        return _varint(message, at)
    if wire == _EIGHT_BYTES:
        return 8, at
    if wire == _FOUR_BYTES:
        return 4, at
    raise ValueError(f"wire type {wire}")


def _varints(packed: memoryview, most: int) -> list[int]:
    values: list[int] = []
    at = 0
    while at < len(packed) and len(values) < most:
        value, at = _varint(packed, at)
        values.append(value)
    return values


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number at `at`, without its sign, and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number without end")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")  # noqa: TRY004 - damaged data, not a wrong call
    return value
