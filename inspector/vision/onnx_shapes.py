"""Whether a model's tensors change their sizes with the picture, found by walking its nodes.

Such a model takes memory while it looks. On the CPU with one thread OpenVINO loses what goes wrong
then: it answers as if nothing had happened, wrongly from there on.
"""

from __future__ import annotations

from inspector.vision.onnx_scan import GRAPH, INITIALIZER, INPUT, NODE, messages, only

_INPUT, _OUTPUT, _OP_TYPE = 1, 2, 4  # of NodeProto
_NAME, _TENSOR_NAME = 1, 8  # of ValueInfoProto, TensorProto
_BY_CONTENT = {"Compress", "NonMaxSuppression", "NonZero", "Unique"}
_BY_OPERAND = {
    "BlackmanWindow": 0,
    "CenterCropPad": 1,
    "ConstantOfShape": 0,
    "Expand": 1,
    "HammingWindow": 0,
    "HannWindow": 0,
    "OneHot": 1,
    "Pad": 1,
    "Range": 0,
    "Reshape": 1,
    "Resize": 2,
    "Slice": 1,
    "Split": 1,
    "Tile": 1,
    "TopK": 1,
    "Upsample": 1,
}
"""Operators whose inputs from this one on say a size."""
_OF_SIZES = {"Shape", "Size"}
"""Their answer depends on sizes alone."""


def sizes_follow_picture(model: bytes) -> bool:
    """Return whether any tensor's size depends on what the picture shows.

    Args:
        model: The bytes of an ONNX file that `refuse_unsafe` let pass.
    """
    graph = only(memoryview(model), GRAPH)
    stored = {_text(only(one, _TENSOR_NAME)) for one in messages(graph, INITIALIZER)}
    shown = {_text(only(one, _NAME)) for one in messages(graph, INPUT)} - stored
    nodes = [_node(one) for one in messages(graph, NODE)]
    known = 0
    while known < len(shown):  # a hostile file need not list its nodes in the order of their data
        known = len(shown)
        for kind, inputs, outputs in nodes:
            if shown.isdisjoint(inputs) or kind in _OF_SIZES:
                continue
            if kind in _BY_CONTENT or not shown.isdisjoint(_sizes(kind, inputs)):
                return True
            shown.update(outputs)
    return False


def _node(node: memoryview) -> tuple[str, list[str], list[str]]:
    """Return a node's operator, inputs and outputs."""
    inputs, outputs = messages(node, _INPUT), messages(node, _OUTPUT)
    return _text(only(node, _OP_TYPE)), [*map(_text, inputs)], [*map(_text, outputs)]


def _sizes(kind: str, inputs: list[str]) -> list[str]:
    return inputs[_BY_OPERAND[kind] :] if kind in _BY_OPERAND else []


def _text(name: memoryview) -> str:
    return bytes(name).decode(errors="replace")
