"""The nodes of one station at the PLC: requests for them, and what one read of them says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua

from inspector.domain.snapshot import EXECUTE, PlcSnapshot
from inspector.errors import PlcRefused
from inspector.plc.contract import (
    BOOLEAN,
    BOOT_COUNT,
    COUNTS,
    INT32,
    PLAIN,
    POLICY,
    RING_WIDTH,
    UINT32,
    USABLE,
    Node,
    Places,
    filled,
    methods,
    read_nodes,
    split,
    sync_answer,
    taken_nodes,
    written_nodes,
)
from inspector.plc.troubles import explain_status

ALL_32_BITS = 0xFFFFFFFF
PACKML_EXECUTE = EXECUTE
"""What a PLC without a state model is taken to be in, always."""

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
        rights: Asks whether we may call the methods; `learn_rights` takes the answer.
    """

    def __init__(
        self,
        station: PlcStation,
        *,
        slots: int,
        index: int,
        places: Places = PLAIN,
        server_start_s: int = 0,
    ) -> None:
        """Prepare the requests.

        Args:
            station: The station.
            slots: Of the PLC's tables.
            index: Of the nodes' namespace in this session.
            places: Where the PLC has the nodes.
            server_start_s: Stands for the boot count of a PLC that has none.
        """
        self.station: Final = station
        self._slots, self._index, self._places = slots, index, places
        self._server_start_s = server_start_s
        self._read = read_nodes(station.views, slots, places)
        self._taken = taken_nodes(places)
        self._surveyed = self._read + written_nodes(station.views, slots, places) + self._taken
        self._types: dict[str, str] = {}
        self._rings: dict[str, tuple[Sequence[int], dict[int, tuple[int, int]]]] = {}
        self.request: Final = self._asking_for(self._read)
        self.survey: Final = self._asking_for(self._surveyed)
        self.rights: Final = ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Neither,
            NodesToRead=[
                ua.ReadValueId(self._node_id(name), ua.AttributeIds.UserExecutable)
                for name in methods(places)
            ],
        )

    def learn(self, answer: Values) -> None:
        """Take the answer to `survey`: every node must be there, of a type that we can use.

        Raises:
            PlcRefused: Names the first that is not, and says what to do.
        """
        for node, value in zip(self._surveyed, answer, strict=True):
            self._types[node.name] = self._usable(node, self._good(node, value))

    def learn_rights(self, answer: Values) -> None:
        """Take the answer to `rights`; raises `PlcRefused` for a method that we may not call."""
        for name, value in zip(methods(self._places), answer, strict=True):
            if why := self.method_trouble(name, value):
                raise PlcRefused(why)

    def method_trouble(self, name: str, value: ua.DataValue) -> str:
        """Return why we cannot call a method, or nothing."""
        try:
            may = self._good(Node(name, BOOLEAN), value).Value
        except PlcRefused as refused:
            return str(refused)
        return "" if may else f"{self.full(name)}: our user may not call it: allow it there"

    def snapshot(self, answer: Values, read_s: float) -> PlcSnapshot:
        """Return what the answer to `request` says.

        Raises:
            PlcRefused: The PLC marks a value as bad.
        """
        of = self._values(answer)
        views = self.station.views
        rings = {view: f"Camera.{view}.Ring" for view in views}
        return PlcSnapshot(
            station=self.station.name,
            read_s=read_s,
            part_id=of["Track.PartId"],
            encoder=of["Track.Encoder"],
            triggers=self._ring("Track.Ring", of),
            fired={view: self._ring(ring, of) for view, ring in rings.items() if ring in of},
            sync={view: _pair(of.get(sync_answer(view))) for view in views},
            decisions=of["Decision.Slots"],
            latched=of.get("Operator.Latched", (0,) * self._slots),
            epoch=of.get("Link.Epoch", 0),
            boot_count=of.get(BOOT_COUNT, self._server_start_s),
            heartbeat=of["Link.PlcHeartbeat"],
            alive=of.get("Link.GatewayAlive"),
            state=of.get("State.StateCurrent", PACKML_EXECUTE),
            counts={name: of[node] for name, node in COUNTS.items() if node in of},
            policy={name: of[node] for name, node in POLICY.items() if node in of},
        )

    def write(self, name: str, value: int) -> ua.WriteValue:
        """Return the write of a 32-bit pattern: in the node's own type, with nothing but the value.

        Strict PLCs refuse a time stamp (BadWriteNotSupported) and a wider number (BadTypeMismatch).
        """
        return ua.WriteValue(
            NodeId=self._node_id(name),
            AttributeId=ua.AttributeIds.Value,
            Value=ua.DataValue(_variant(value, self._types[_stands_for(name)]), StatusCode=None),
        )

    def asking_taken(self, name: str) -> ua.ReadParameters:
        """Return the request for what the PLC took from a mailbox; `taken` takes the answer."""
        return self._asking_for([node for node in self._taken if node.name == name])

    def taken(self, name: str, answer: Values) -> tuple[int, int]:
        """Return (sequence, word) that the PLC took last; raises `PlcRefused`."""
        (node,) = (node for node in self._taken if node.name == name)
        sequence, word = _unsigned(self._good(node, answer[0]).Value)
        return sequence, word

    def call(self, method: str, owner: str, value: int) -> ua.CallMethodRequest:
        """Return the call of a method with a 32-bit pattern."""
        kind = self._places[method].type or UINT32
        return ua.CallMethodRequest(
            ObjectId=self._node_id(owner),
            MethodId=self._node_id(method),
            InputArguments=[_variant(value, kind)],
        )

    def full(self, name: str) -> str:
        """Return the node as the PLC has it, and as the contract has it where that differs."""
        where = self._id(name).removeprefix("s=")
        return where if where == f"{self.station.prefix}.{name}" else f"{name} ({where})"

    def node_id(self, name: str) -> ua.NodeId:
        """Return a node's id in this session."""
        return self._node_id(name)

    def asking_for(self, name: str) -> ua.ReadParameters:
        """Return the request for one node's value."""
        return self._asking_for([Node(name, UINT32)])

    def kind_at_plc(self, node: Node, value: ua.DataValue) -> str:
        """Return the node's type at the PLC; raises `PlcRefused` if it cannot be used."""
        return self._usable(node, self._good(node, value))

    def _id(self, name: str) -> str:
        station = self.station
        place = self._places[split(name)[0]]
        return filled(place, name, prefix=station.prefix, views=station.views)

    def _asking_for(self, nodes: Sequence[Node]) -> ua.ReadParameters:
        wanted = [
            ua.ReadValueId(NodeId=self._node_id(node.name), AttributeId=ua.AttributeIds.Value)
            for node in nodes
        ]
        return ua.ReadParameters(
            TimestampsToReturn=ua.TimestampsToReturn.Neither, NodesToRead=wanted
        )

    def _node_id(self, name: str) -> ua.NodeId:
        how, _, identifier = self._id(name).partition("=")
        index = ua.Int16(self._index)
        if how == "i":
            return ua.NodeId(ua.Int32(int(identifier)), index)
        return ua.NodeId(ua.String(identifier), index)

    def _good(self, node: Node, value: ua.DataValue) -> ua.Variant:
        if value.StatusCode is not None and value.StatusCode.is_bad():
            raise PlcRefused(f"{self.full(node.name)}: {explain_status(value.StatusCode.value)}")
        if value.Value is None or value.Value.Value is None:
            raise PlcRefused(
                f"{self.full(node.name)}: the PLC gives no value: is its program running?"
            )
        return value.Value

    def _usable(self, node: Node, value: ua.Variant) -> str:
        kind = value.VariantType.name
        asked = self._places[split(node.name)[0]].type
        # Int32 is State.StateCurrent: another type there needs the profile's word for it.
        allowed = (asked,) if asked else USABLE[UINT32] if node.kind == UINT32 else (node.kind,)
        if kind not in allowed:
            why = f"is {kind} at the PLC, and must be {asked or node.kind}"
            raise PlcRefused(f"{self.full(node.name)}: {why}")
        length = len(value.Value) if isinstance(value.Value, list) else 0
        if length != node.length:
            why = f"has {length or 'no'} elements at the PLC, and must have {node.length or 'none'}"
            raise PlcRefused(f"{self.full(node.name)}: {why} (slot_count is {self._slots})")
        return str(kind)

    def _values(self, answer: Values) -> dict[str, Any]:
        values = {}
        for node, value in zip(self._read, answer, strict=True):
            plain = self._good(node, value).Value
            if node.kind == UINT32 and self._types.get(node.name) == INT32:
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


def _variant(value: int, kind: str) -> ua.Variant:
    """Return a 32-bit pattern in the PLC's own type."""
    if kind == INT32 and value > ALL_32_BITS >> 1:
        value -= ALL_32_BITS + 1
    return ua.Variant(value, ua.VariantType[kind])


def _pair(answer: Sequence[int] | None) -> tuple[int, int]:
    """Return a sync answer; of a PLC that cannot be asked: none yet."""
    return (answer[0], answer[1]) if answer else (0, 0)


def _unsigned(plain: Any) -> Any:
    if isinstance(plain, list):
        return [number & ALL_32_BITS for number in plain]
    return plain & ALL_32_BITS
