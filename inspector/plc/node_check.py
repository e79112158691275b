"""Every mapped node of one station as the PLC has it: type, length, rights, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncua import Client, ua

from inspector.errors import PlcRefused
from inspector.plc.access import Access
from inspector.plc.contract import (
    UINT32,
    USABLE,
    Node,
    Places,
    all_written_nodes,
    methods,
    read_nodes,
    split,
    taken_nodes,
)
from inspector.plc.finding import Finding, Mark
from inspector.plc.nodes import PlcStation, StationNodes

NODES = "nodes"
MOST_NODES_AT_ONCE = 100
"""In one request: small PLCs take few."""
_READ, _WRITE = 1, 2
"""Bits of AccessLevel (OPC UA Part 3, 8.57)."""
_ATTRIBUTES: Final = (
    ua.AttributeIds.Value,
    ua.AttributeIds.AccessLevel,
    ua.AttributeIds.UserAccessLevel,
)


@dataclass(frozen=True, slots=True)
class NodeState:
    """One mapped node.

    Attributes:
        name: In the contract, without the station's prefix.
        node_id: As the PLC has it: `ns=2;s=board.Track.PartId`.
        type: At the PLC; empty where it gives no value.
        wanted: Types that we can use; `Method` where we call it.
        length: Elements of an array; 0 for a plain value.
        readable: By us; None: the PLC does not say.
        writable: By us, or may be called by us; None: the PLC does not say.
        written: Whether the gateway writes or calls it.
        trouble: What is wrong and what to do; empty: nothing.
    """

    name: str
    node_id: str
    type: str
    wanted: tuple[str, ...]
    length: int
    readable: bool | None
    writable: bool | None
    written: bool
    trouble: str


async def look_at_nodes(
    client: Client, access: Access, station: PlcStation, index: int
) -> tuple[NodeState, ...]:
    """Return every node that the gateway reads or writes for a station; writes nothing."""
    profile = access.profile
    known = StationNodes(station, slots=profile.slot_count, index=index, places=profile.places)
    views, slots, places = station.views, profile.slot_count, profile.places
    written = all_written_nodes(views, slots, places)
    nodes = (*read_nodes(views, slots, places), *taken_nodes(places), *written)
    answers = await _answers(client, [known.node_id(node.name) for node in nodes])
    states = [
        _state(known, node, answer, places=places, written=node in written)
        for node, answer in zip(nodes, answers, strict=True)
    ]
    return (*states, *await _methods(client, known, methods(places)))


async def _methods(
    client: Client, known: StationNodes, names: Sequence[str]
) -> tuple[NodeState, ...]:
    """Return every method that the gateway calls."""
    if not names:
        return ()
    answers = await client.uaclient.read(known.rights)
    return tuple(_method(known, name, answer) for name, answer in zip(names, answers, strict=True))


def _method(known: StationNodes, name: str, answer: ua.DataValue) -> NodeState:
    there = answer.StatusCode is None or answer.StatusCode.is_good()
    value = answer.Value.Value if there and answer.Value is not None else None
    may = value if isinstance(value, bool) else None
    return NodeState(
        name=name,
        node_id=known.node_id(name).to_string(),
        type="Method" if there else "",
        wanted=("Method",),
        length=0,
        readable=None,
        writable=may,
        written=True,
        trouble=known.method_trouble(name, answer),
    )


async def _answers(client: Client, ids: Sequence[ua.NodeId]) -> list[list[ua.DataValue]]:
    """Return value, access level and user access level of each node."""
    asked = [ua.ReadValueId(NodeId=one, AttributeId=what) for one in ids for what in _ATTRIBUTES]
    values: list[ua.DataValue] = []
    for start in range(0, len(asked), MOST_NODES_AT_ONCE):
        request = ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Neither,
            NodesToRead=asked[start : start + MOST_NODES_AT_ONCE],
        )
        values += await client.uaclient.read(request)
    each = len(_ATTRIBUTES)
    return [values[start : start + each] for start in range(0, len(values), each)]


def _state(
    known: StationNodes,
    node: Node,
    answer: Sequence[ua.DataValue],
    *,
    places: Places,
    written: bool,
) -> NodeState:
    value = answer[0].Value
    plain = value.Value if value is not None else None
    readable, writable = _right(answer[1:], _READ), _right(answer[1:], _WRITE)
    return NodeState(
        name=node.name,
        node_id=known.node_id(node.name).to_string(),
        type=str(value.VariantType.name) if value is not None and plain is not None else "",
        wanted=_wanted(node, places),
        length=len(plain) if isinstance(plain, list) else 0,
        readable=readable,
        writable=writable,
        written=written,
        trouble=_trouble(known, node, answer[0], may_write=not written or writable is not False),
    )


def _trouble(known: StationNodes, node: Node, value: ua.DataValue, *, may_write: bool) -> str:
    why = []
    try:
        known.kind_at_plc(node, value)
    except PlcRefused as refused:
        why.append(str(refused))
    if not may_write:
        why.append(f"{known.full(node.name)}: we may not write it: make it writable at the PLC")
    return "; ".join(why)


def _right(levels: Sequence[ua.DataValue], bit: int) -> bool | None:
    """Return whether the node as such and our user have a right; None where the PLC is silent."""
    numbers = [
        level.Value.Value
        for level in levels
        if level.Value is not None and isinstance(level.Value.Value, int)
    ]
    return all(number & bit for number in numbers) if numbers else None


def _wanted(node: Node, places: Places) -> tuple[str, ...]:
    asked = places[split(node.name)[0]].type
    if asked:
        return (asked,)
    return USABLE[UINT32] if node.kind == UINT32 else (node.kind,)


def about_nodes(nodes: Sequence[NodeState]) -> list[Finding]:
    """Return a finding for each node with a trouble; one for alike slots, or if all are missing."""
    if nodes and not any(node.type for node in nodes):
        text = f"{nodes[0].trouble} (the same for all {len(nodes)} nodes of the station)"
        return [Finding(NODES, Mark.WRONG, text)]
    alike: dict[str, list[NodeState]] = {}
    for node in nodes:
        if node.trouble:
            alike.setdefault(re.sub(r"\[\d+\]", "[]", node.trouble), []).append(node)
    if not alike:
        return [Finding(NODES, Mark.GOOD, f"{len(nodes)} nodes, all there and of usable types")]
    return [Finding(NODES, Mark.WRONG, _of_many(many)) for many in alike.values()]


def _of_many(nodes: Sequence[NodeState]) -> str:
    first = nodes[0].trouble
    return first if len(nodes) == 1 else f"{first} (and {len(nodes) - 1} more like it)"
