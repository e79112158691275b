"""The demo PLC's OPC UA nodes, as docs/architecture.md lists them, and the doors for writing.

The nodes hold no values: reading one asks the program's memory, so that nothing is published
that nobody reads. A node that somebody subscribed to is pushed when its value changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from asyncua import Node, Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace, AttributeService, AttributeValue

from inspector.simulator.cell import Cell
from inspector.simulator.plc_program import PlcProgram

Value = int | bool | list[int]
Read = Callable[[], Value]
IN_A_FOLDER = 16
_UINT, _INT, _BOOL = ua.VariantType.UInt32, ua.VariantType.Int32, ua.VariantType.Boolean


@dataclass(frozen=True, slots=True)
class Door:
    """A node that the gateway may write.

    Attributes:
        type: What must be written, exactly.
        take: Gives the value to the program; returns for how long the answer hangs, seconds.
    """

    type: ua.VariantType
    take: Callable[[int], float]


class Watched:
    """The nodes that the PLC writes: pushed to those who subscribed."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._nodes: list[tuple[AttributeValue, Callable[[], ua.DataValue]]] = []
        self._pushed: dict[int, object] = {}

    def add(self, attribute: AttributeValue, read: Callable[[], ua.DataValue]) -> None:
        """Watch one node."""
        self._nodes.append((attribute, read))

    async def push(self) -> None:
        """Tell the subscribers of each node whose value has changed."""
        for attribute, read in self._nodes:
            if not attribute.datachange_callbacks:
                continue
            value = read()
            plain = value.Value.Value if value.Value else None
            if self._pushed.get(id(attribute)) == plain:
                continue
            self._pushed[id(attribute)] = plain
            for handle, tell in list(attribute.datachange_callbacks.items()):
                await tell(handle, value)


class StrictWrites(AttributeService):
    """Writes as a strict PLC takes them: only through a door, the exact type, no time stamps."""

    def __init__(self, aspace: AddressSpace, doors: Mapping[ua.NodeId, Door]) -> None:
        """Guard these doors; everything else is read-only."""
        super().__init__(aspace)
        self._doors = doors

    async def write(
        self, params: ua.WriteParameters, user: User | None = None
    ) -> list[ua.StatusCode]:
        """Answer each write with its own status; only the server itself passes freely."""
        if user is None or user.role == UserRole.Admin:
            return await super().write(params)
        return [await self._through_a_door(write) for write in params.NodesToWrite]

    async def _through_a_door(self, write: ua.WriteValue) -> ua.StatusCode:
        door = self._doors.get(write.NodeId)
        refused = self._refused(write, door)
        if refused or door is None:
            return ua.StatusCode(ua.UInt32(refused))
        hangs_s = door.take(write.Value.Value.Value)
        if hangs_s:
            await asyncio.sleep(hangs_s)
        return ua.StatusCode()

    def _refused(self, write: ua.WriteValue, door: Door | None) -> int:
        if door is None:
            known = self._aspace.get(write.NodeId) is not None
            return ua.StatusCodes.BadNotWritable if known else ua.StatusCodes.BadNodeIdUnknown
        if write.AttributeId != ua.AttributeIds.Value:
            return ua.StatusCodes.BadNotWritable
        value = write.Value
        stamped = value.SourceTimestamp or value.ServerTimestamp or write.IndexRange
        if stamped or not (value.StatusCode is None or value.StatusCode.is_good()):
            return ua.StatusCodes.BadWriteNotSupported
        variant = value.Value
        if variant is None or variant.VariantType != door.type or variant.is_array:
            return ua.StatusCodes.BadTypeMismatch
        return 0


class StationNodes:
    """Makes one station's nodes."""

    def __init__(
        self,
        server: Server,
        index: int,
        prefix: str,
        *,
        doors: dict[ua.NodeId, Door],
        watched: Watched,
    ) -> None:
        """Nodes get the ids `<prefix>.<name>` in namespace `index`."""
        self._server, self._index, self._prefix = server, index, prefix
        self._doors, self._watched = doors, watched
        self._folders: dict[str, Node] = {}

    async def make(self, cell: Cell, say: Callable[[int, int], float]) -> None:
        """Make all nodes of a cell; `say(slot, word)` takes the machine words."""
        program = cell.program
        for name, (kind, read) in _read_only(program).items():
            await self._variable(name, kind, read)
        for name, kind, read, take in _written(program):
            await self._variable(name, kind, read, Door(kind, take))
        for slot in range(cell.plan.layout.slots):
            await self._slot(program, slot, say)

    async def _slot(self, program: PlcProgram, slot: int, say: Callable[[int, int], float]) -> None:
        def say_operator(word: int) -> float:
            program.write_operator(slot, word)
            return 0.0

        tables = program.tables
        machine, person = f"Verdict.Slot[{slot}]", f"Operator.Slot[{slot}]"
        await self._variable(
            machine,
            _UINT,
            lambda: tables.verdict[slot],
            Door(_UINT, lambda word: say(slot, word)),
        )
        await self._variable(
            person, _UINT, lambda: tables.operator[slot], Door(_UINT, say_operator)
        )

    async def _variable(
        self, name: str, kind: ua.VariantType, read: Read, door: Door | None = None
    ) -> None:
        def value(*_: object) -> ua.DataValue:
            return ua.DataValue(ua.Variant(read(), kind))

        folder = await self._folder(_folder_of(name))
        node = await folder.add_variable(self._id(name), self._name(name), read(), kind)
        attribute = self._server.iserver.aspace[node.nodeid].attributes[ua.AttributeIds.Value]
        attribute.value_callback = value
        if door is None:
            self._watched.add(attribute, value)
        else:
            await node.set_writable()
            self._doors[node.nodeid] = door

    async def _folder(self, name: str) -> Node:
        """Return the object that holds these nodes."""
        if name not in self._folders:
            objects = self._server.nodes.objects
            parent = await self._folder("") if name else objects
            shown = self._name(name or self._prefix)
            self._folders[name] = await parent.add_object(self._id(name), shown)
        return self._folders[name]

    def _id(self, name: str) -> ua.NodeId:
        text = f"{self._prefix}.{name}" if name else self._prefix
        return ua.NodeId(ua.String(text), ua.Int16(self._index))

    def _name(self, name: str) -> ua.QualifiedName:
        return ua.QualifiedName(name, self._index)


def _folder_of(name: str) -> str:
    """Return the folder of a node: few in each, because a new one is compared with all in it."""
    table, bracket, slot = name.rstrip("]").partition("[")
    folder = table.partition(".")[0]
    return f"{folder}.{int(slot) // IN_A_FOLDER * IN_A_FOLDER}" if bracket else folder


def _read_only(program: PlcProgram) -> dict[str, tuple[ua.VariantType, Read]]:
    memory, tables = program.memory, program.tables
    rings: dict[str, tuple[ua.VariantType, Read]] = {
        f"Camera.{view}.Ring": (_UINT, ring.tolist) for view, ring in memory.fired.items()
    }
    answers: dict[str, tuple[ua.VariantType, Read]] = {
        f"Sync.{view}.Answer": (_UINT, partial(_answer, program, view)) for view in program.gaps
    }
    own: dict[str, tuple[ua.VariantType, Read]] = {
        "Track.PartId": (_UINT, lambda: memory.part_id),
        "Track.Encoder": (_UINT, lambda: program.encoder),
        "Track.DecidedPartId": (_UINT, lambda: memory.decided_id),
        "Track.Ring": (_UINT, memory.ring.tolist),
        "Operator.Latched": (_UINT, tables.latched.tolist),
        "Decision.Slots": (_UINT, memory.decisions.tolist),
        "Link.Epoch": (_UINT, lambda: memory.epoch),
        "Link.GatewayAlive": (_BOOL, lambda: program.alive),
        "Link.PlcHeartbeat": (_UINT, lambda: program.heartbeat),
        "Link.BootCount": (_UINT, lambda: memory.boot_count),
        "State.StateCurrent": (_INT, lambda: program.state),
    }
    return own | rings | answers | _policy(program) | _counts(program)


def _policy(program: PlcProgram) -> dict[str, tuple[ua.VariantType, Read]]:
    return {
        "Config.HoldAfterUnknown": (_UINT, lambda: program.policy.hold_after_unknown),
        "Config.HoldAfterSilence_ms": (_UINT, lambda: program.policy.hold_after_silence_ms),
        "Config.PassAll": (_BOOL, lambda: program.policy.pass_all),
        "Config.AllowOperatorPass": (_BOOL, lambda: program.policy.allow_operator_pass),
        "Config.AutoResume": (_BOOL, lambda: program.policy.auto_resume),
    }


def _counts(program: PlcProgram) -> dict[str, tuple[ua.VariantType, Read]]:
    counts = program.memory.counts
    return {
        "Count.Triggered": (_UINT, lambda: counts.triggered),
        "Count.Decided": (_UINT, lambda: counts.decided),
        "Count.Passed": (_UINT, lambda: counts.passed),
        "Count.Rejected": (_UINT, lambda: counts.rejected),
        "Count.FailSafe": (_UINT, lambda: counts.fail_safe),
        "Count.OnBelt": (_UINT, lambda: program.on_belt),
    }


def _written(
    program: PlcProgram,
) -> list[tuple[str, ua.VariantType, Read, Callable[[int], float]]]:
    def beat(count: int) -> float:
        program.write_heartbeat(count)
        return 0.0

    def epoch(number: int) -> float:
        program.write_epoch(number)
        return 0.0

    return [
        ("Link.GatewayHeartbeat", _UINT, lambda: program.gateway_heartbeat, beat),
        ("Link.GatewayEpoch", _UINT, lambda: program.gateway_epoch, epoch),
        *(_request(program, view) for view in program.gaps),
    ]


def _request(
    program: PlcProgram, view: str
) -> tuple[str, ua.VariantType, Read, Callable[[int], float]]:
    def ask(request: int) -> float:
        program.write_sync_request(view, request)
        return 0.0

    return f"Sync.{view}.Request", _UINT, lambda: program.gaps[view].request, ask


def _answer(program: PlcProgram, view: str) -> list[int]:
    gap = program.gaps[view]
    return [gap.answered, gap.first]
