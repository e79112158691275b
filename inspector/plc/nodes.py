"""The nodes of one station at the PLC: their names and types, and what one read of them says.

docs/architecture.md, "The PLC handshake", is the contract; `read_nodes` and `written_nodes` are its
code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua

from inspector.domain.snapshot import PlcSnapshot
from inspector.errors import PlcRefused
from inspector.plc.troubles import explain_status

UINT32 = ua.VariantType.UInt32
INT32 = ua.VariantType.Int32
BOOLEAN = ua.VariantType.Boolean
ALL_32_BITS = 0xFFFFFFFF
RING_WIDTH = 3
"""Numbers of one ring entry: id, encoder counts, time µs."""

COUNTS = {
    "triggered": "Count.Triggered",
    "decided": "Count.Decided",
    "passed": "Count.Passed",
    "rejected": "Count.Rejected",
    "fail_safe": "Count.FailSafe",
    "on_belt": "Count.OnBelt",
}
"""Name in a snapshot → node."""
POLICY = {
    "hold_after_unknown": "Config.HoldAfterUnknown",
    "hold_after_silence_ms": "Config.HoldAfterSilence_ms",
    "pass_all": "Config.PassAll",
    "allow_operator_pass": "Config.AllowOperatorPass",
    "auto_resume": "Config.AutoResume",
}
"""Name in a snapshot → node; shown, never written."""
HEARTBEAT = "Link.GatewayHeartbeat"
EPOCH = "Link.GatewayEpoch"

Values = list[ua.DataValue]


@dataclass(frozen=True, slots=True)
class PlcStation:
    """One station as the PLC knows it.

    Attributes:
        name: The station.
        prefix: Of its nodes: `<prefix>.Track.PartId`.
        views: Its cameras.
    """

    name: str
    prefix: str
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One node below a station's prefix.

    Attributes:
        name: Without the prefix.
        kind: Its type. A PLC without unsigned numbers may have Int32 for UInt32: the same bits.
        length: Of an array; 0 for a plain value.
    """

    name: str
    kind: ua.VariantType
    length: int = 0


def read_nodes(views: Sequence[str], slots: int) -> tuple[Node, ...]:
    """Return every node that one read of a station asks for."""
    ring = RING_WIDTH * slots
    nodes = [
        Node("Track.PartId", UINT32),
        Node("Track.Encoder", UINT32),
        Node("Track.Ring", UINT32, ring),
        Node("Operator.Latched", UINT32, slots),
        Node("Decision.Slots", UINT32, slots),
        Node("Link.Epoch", UINT32),
        Node("Link.GatewayAlive", BOOLEAN),
        Node("Link.PlcHeartbeat", UINT32),
        Node("Link.BootCount", UINT32),
        Node("State.StateCurrent", INT32),
    ]
    for view in views:
        nodes.append(Node(f"Camera.{view}.Ring", UINT32, ring))
        nodes.append(Node(f"Sync.{view}.Answer", UINT32, 2))
    nodes += [Node(name, UINT32) for name in COUNTS.values()]
    booleans = ("Config.PassAll", "Config.AllowOperatorPass", "Config.AutoResume")
    nodes += [Node(name, BOOLEAN if name in booleans else UINT32) for name in POLICY.values()]
    return tuple(nodes)


def written_nodes(views: Sequence[str], slots: int) -> tuple[Node, ...]:
    """Return nodes the gateway writes; of the tables the first and last slot stand for all."""
    names = [HEARTBEAT, EPOCH, *(sync_request(view) for view in views)]
    for slot in (0, slots - 1):
        names += [verdict_slot(slot), operator_slot(slot)]
    return tuple(Node(name, UINT32) for name in names)


def verdict_slot(slot: int) -> str:
    """Return the node of the machine word with this slot."""
    return f"Verdict.Slot[{slot}]"


def operator_slot(slot: int) -> str:
    """Return the node of the operator word with this slot."""
    return f"Operator.Slot[{slot}]"


def sync_request(view: str) -> str:
    """Return the node that asks for a gap on that camera's output."""
    return f"Sync.{view}.Request"


def sync_answer(view: str) -> str:
    """Return the node where the PLC says which part it fired for again."""
    return f"Sync.{view}.Answer"


def ring_entries(raw: Sequence[int], slots: int) -> dict[int, tuple[int, int]]:
    """Return id → (encoder, time µs) of a ring's valid entries.

    An entry is valid when its id belongs into its slot; id 0 is never given to a part.
    """
    ids = raw[::RING_WIDTH]
    return {
        part: (raw[RING_WIDTH * slot + 1], raw[RING_WIDTH * slot + 2])
        for slot, part in enumerate(ids)
        if part and part % slots == slot
    }


class StationNodes:
    """A station's nodes within one session: requests made once, answers decoded.

    Attributes:
        station: The station.
        survey: Asks once for every node, those we write included; `learn` takes the answer.
        request: Asks for what a snapshot needs; `snapshot` takes the answer.
    """

    def __init__(self, station: PlcStation, *, slots: int, index: int) -> None:
        self.station: Final = station
        self._slots, self._index = slots, index
        self._read = read_nodes(station.views, slots)
        self._surveyed = self._read + written_nodes(station.views, slots)
        self._types: dict[str, ua.VariantType] = {}
        self._rings: dict[str, tuple[Sequence[int], dict[int, tuple[int, int]]]] = {}
        self.request: Final = self._asking_for(self._read)
        self.survey: Final = self._asking_for(self._surveyed)

    def learn(self, answer: Values) -> None:
        """Take the answer to `survey`: every node must be there, of a type that we can use.

        Raises:
            PlcRefused: Names the first that is not, and says what to do.
        """
        for node, value in zip(self._surveyed, answer, strict=True):
            self._types[node.name] = self._usable(node, self._good(node, value))

    def snapshot(self, answer: Values, read_s: float) -> PlcSnapshot:
        """Return what the answer to `request` says.

        Raises:
            PlcRefused: The PLC marks a value as bad.
        """
        of = self._values(answer)
        views = self.station.views
        return PlcSnapshot(
            station=self.station.name,
            read_s=read_s,
            part_id=of["Track.PartId"],
            encoder=of["Track.Encoder"],
            triggers=self._ring("Track.Ring", of),
            fired={view: self._ring(f"Camera.{view}.Ring", of) for view in views},
            sync={view: (of[sync_answer(view)][0], of[sync_answer(view)][1]) for view in views},
            decisions=of["Decision.Slots"],
            latched=of["Operator.Latched"],
            epoch=of["Link.Epoch"],
            boot_count=of["Link.BootCount"],
            heartbeat=of["Link.PlcHeartbeat"],
            alive=of["Link.GatewayAlive"],
            state=of["State.StateCurrent"],
            counts={name: of[node] for name, node in COUNTS.items()},
            policy={name: of[node] for name, node in POLICY.items()},
        )

    def write(self, name: str, value: int) -> ua.WriteValue:
        """Return the write of a 32-bit pattern: in the node's own type, with nothing but the value.

        Strict PLCs refuse a time stamp (BadWriteNotSupported) and a wider number (BadTypeMismatch).
        """
        kind = self._types[_stands_for(name)]
        if kind is INT32 and value > ALL_32_BITS >> 1:
            value -= ALL_32_BITS + 1
        return ua.WriteValue(
            NodeId=self._node_id(name),
            AttributeId=ua.AttributeIds.Value,
            Value=ua.DataValue(ua.Variant(value, kind), StatusCode=None),
        )

    def full(self, name: str) -> str:
        """Return the node's name as the PLC has it."""
        return f"{self.station.prefix}.{name}"

    def _asking_for(self, nodes: Sequence[Node]) -> ua.ReadParameters:
        wanted = [
            ua.ReadValueId(NodeId=self._node_id(node.name), AttributeId=ua.AttributeIds.Value)
            for node in nodes
        ]
        return ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Neither, NodesToRead=wanted
        )

    def _node_id(self, name: str) -> ua.NodeId:
        return ua.NodeId(ua.String(self.full(name)), ua.Int16(self._index))

    def _good(self, node: Node, value: ua.DataValue) -> ua.Variant:
        if value.StatusCode is not None and value.StatusCode.is_bad():
            raise PlcRefused(f"{self.full(node.name)}: {explain_status(value.StatusCode.value)}")
        if value.Value is None or value.Value.Value is None:
            raise PlcRefused(
                f"{self.full(node.name)}: the PLC gives no value: is its program running?"
            )
        return value.Value

    def _usable(self, node: Node, value: ua.Variant) -> ua.VariantType:
        kind = value.VariantType
        if kind is not node.kind and not (kind is INT32 and node.kind is UINT32):
            why = f"is {kind.name} at the PLC, and must be {node.kind.name}"
            raise PlcRefused(f"{self.full(node.name)}: {why}")
        length = len(value.Value) if isinstance(value.Value, list) else 0
        if length != node.length:
            why = f"has {length or 'no'} elements at the PLC, and must have {node.length or 'none'}"
            raise PlcRefused(f"{self.full(node.name)}: {why} (slot_count is {self._slots})")
        return kind

    def _values(self, answer: Values) -> dict[str, Any]:
        values = {}
        for node, value in zip(self._read, answer, strict=True):
            plain = self._good(node, value).Value
            if node.kind is UINT32 and self._types.get(node.name) is INT32:
                plain = _unsigned(plain)
            values[node.name] = plain
        return values

    def _ring(self, name: str, of: dict[str, Any]) -> dict[int, tuple[int, int]]:
        """Return a ring's entries, decoded only when it changed: at most polls it did not."""
        raw: Sequence[int] = of[name]
        known = self._rings.get(name)
        if known is None or known[0] != raw:
            known = self._rings[name] = raw, ring_entries(raw, self._slots)
        return known[1]


def _stands_for(name: str) -> str:
    """Return the surveyed node: slot 0 stands for its table."""
    table, bracket, _ = name.partition("[")
    return f"{table}[0]" if bracket else name


def _unsigned(plain: Any) -> Any:
    if isinstance(plain, list):
        return [number & ALL_32_BITS for number in plain]
    return plain & ALL_32_BITS
