"""The nodes below `Objects/Inspector`, as docs/scada.md lists them.

The nodes hold no values: reading one asks the newest snapshot, so what one request reads belongs
together. A node that somebody subscribed to is pushed when its value changed.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asyncua import Node, Server, ua
from asyncua.server.address_space import AttributeValue

from inspector.domain.health import State
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import verdict_name
from inspector.scada.live import AWAY, COUNTERS, Result, StationFacts, StationLive

NAMESPACE = "urn:inspector:scada"
RECENT_RESULTS = 32
STATE_NUMBERS = {
    State.GOOD: 0,
    State.MAINTENANCE: 1,
    State.OUT_OF_SPECIFICATION: 2,
    State.FUNCTION_CHECK: 3,
    State.FAILURE: 4,
}
_TEXT, _BOOL, _INT = ua.VariantType.String, ua.VariantType.Boolean, ua.VariantType.Int32
_COUNT, _LONG, _REAL = ua.VariantType.UInt32, ua.VariantType.UInt64, ua.VariantType.Double
_TIME = ua.VariantType.DateTime
_NEVER = datetime(1601, 1, 1, tzinfo=UTC)
"""How OPC UA writes "no time"."""
_COUNT_MOST = 0xFFFFFFFF

GOOD = ua.StatusCode(ua.UInt32(ua.StatusCodes.Good))
NOTHING_YET = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadWaitingForInitialData))
LAST_KNOWN = ua.StatusCode(ua.UInt32(ua.StatusCodes.UncertainLastUsableValue))


@dataclass(slots=True)
class Shown:
    """What one station's nodes answer from: replaced and filled by the server's loop alone.

    Attributes:
        recent: The last decided parts, oldest first.
        sequence: Decided parts since this server started, so that a gap shows.
    """

    facts: StationFacts
    live: StationLive = AWAY
    recent: deque[tuple[int, Result]] = field(default_factory=lambda: deque(maxlen=RECENT_RESULTS))
    sequence: int = 0

    def add(self, result: Result) -> None:
        """Take a newly decided part."""
        self.sequence += 1
        self.recent.append((self.sequence, result))

    @property
    def last(self) -> Result | None:
        """Return the newest decided part."""
        return self.recent[-1][1] if self.recent else None


@dataclass(frozen=True, slots=True)
class Spec:
    """One node of a station.

    Attributes:
        name: Below the station's name: `Counters.Passed`.
        read: The value, or None when there is none yet.
        live: It comes from the line, and is uncertain while the line does not answer.
    """

    name: str
    type: ua.VariantType
    read: Callable[[Shown], Any]
    live: bool = True
    empty: Any = ""

    def value(self, shown: Shown) -> ua.DataValue:
        """Return the node's value with its status."""
        found = self.read(shown)
        status = GOOD if shown.live.fresh or not self.live else LAST_KNOWN
        if found is None:
            found, status = self.empty, NOTHING_YET
        variant = ua.Variant(found, self.type, is_array=isinstance(found, list))
        return ua.DataValue(variant, StatusCode=status, SourceTimestamp=ua.DateTime.now(UTC))


def action_name(action: int) -> str:
    """Return what the PLC did, in words; "lost" when that is not known."""
    return Action(action).name.lower() if action else "lost"


def recent_json(shown: Shown) -> str:
    """Return the last results as a JSON list, oldest first: one value, so it is never torn."""
    return json.dumps(
        [
            {
                "sequence": sequence,
                "part_number": one.record.number,
                "count_run": one.record.run,
                "record": one.record.id,
                "verdict": verdict_name(Verdict(one.verdict)),
                "reasons": list(one.record.reasons),
                "action": action_name(one.action),
                "decided_at": one.decided_at.isoformat(),
            }
            for sequence, one in shown.recent
        ]
    )


def _result(name: str, kind: ua.VariantType, read: Callable[[Result], Any], empty: Any) -> Spec:
    def of_last(shown: Shown) -> Any:
        return None if shown.last is None else read(shown.last)

    return Spec(f"LastResult.{name}", kind, of_last, live=False, empty=empty)


def _counter(name: str) -> Spec:
    def read(shown: Shown) -> int | None:
        count = shown.live.counters.get(name)
        return None if count is None else min(max(count, 0), _COUNT_MOST)

    return Spec(f"Counters.{name}", _COUNT, read, empty=0)


SPECS: tuple[Spec, ...] = (
    Spec("Title", _TEXT, lambda s: s.facts.title, live=False),
    Spec("State", _TEXT, lambda s: s.live.state.value, live=False),
    Spec("StateNumber", _INT, lambda s: STATE_NUMBERS[s.live.state], live=False),
    Spec("StateWhy", _TEXT, lambda s: s.live.state_why, live=False),
    Spec("Running", _BOOL, lambda s: s.live.running),
    Spec("Override", _BOOL, lambda s: s.live.override),
    *(_counter(name) for name in COUNTERS),
    Spec("Latency.P50_ms", _REAL, lambda s: s.live.latency_p50_ms, empty=0.0),
    Spec("Latency.P99_ms", _REAL, lambda s: s.live.latency_p99_ms, empty=0.0),
    Spec("Model.Device", _TEXT, lambda s: s.live.device),
    Spec("Model.Precision", _TEXT, lambda s: s.live.precision),
    Spec("Model.Package", _TEXT, lambda s: s.live.package),
    Spec("Model.Sha256", _TEXT, lambda s: s.live.model_sha256),
    _result("PartNumber", _LONG, lambda r: r.record.number, 0),
    _result("CountRun", _COUNT, lambda r: r.record.run, 0),
    _result("RecordId", _TEXT, lambda r: r.record.id, ""),
    _result("Verdict", _TEXT, lambda r: verdict_name(r.record.verdict), ""),
    _result("VerdictNumber", _INT, lambda r: r.verdict, 0),
    _result("Reasons", _TEXT, lambda r: list(r.record.reasons), []),
    _result("Action", _TEXT, lambda r: action_name(r.action), ""),
    _result("ActionNumber", _INT, lambda r: r.action, 0),
    _result("DecidedAt", _TIME, lambda r: r.decided_at, _NEVER),
    Spec("Results.Sequence", _LONG, lambda s: s.sequence, live=False),
    Spec("Results.Recent", _TEXT, recent_json, live=False),
)


class InspectorNodes:
    """Makes the nodes, and tells subscribers of what changed."""

    def __init__(self, server: Server) -> None:
        """Make nothing yet."""
        self._server = server
        self._index = 0
        self._watched: list[tuple[AttributeValue, Callable[[], ua.DataValue]]] = []
        self._pushed: dict[int, object] = {}

    async def make(self, stations: list[Shown], *, machine_vision: str) -> int:
        """Make all nodes and return the index of their namespace.

        Args:
            stations: What they answer from.
            machine_vision: Says how it stands with OPC 40100-1.
        """
        self._index = await self._server.register_namespace(NAMESPACE)
        top = await self._folder(self._server.nodes.objects, "Inspector")
        await top.add_variable(
            self._id("MachineVision"), self._name("MachineVision"), machine_vision, _TEXT
        )
        for shown in stations:
            await self._station(top, shown)
        return self._index

    async def push(self) -> None:
        """Tell the subscribers of each node whose value or status has changed."""
        for attribute, read in self._watched:
            if not attribute.datachange_callbacks:
                continue
            value = read()
            plain = (value.Value.Value if value.Value else None, value.StatusCode)
            if self._pushed.get(id(attribute)) == plain:
                continue
            self._pushed[id(attribute)] = plain
            for handle, tell in list(attribute.datachange_callbacks.items()):
                await tell(handle, value)

    async def _station(self, top: Node, shown: Shown) -> None:
        name = shown.facts.name
        folders = {"": await self._folder(top, name)}
        for spec in SPECS:
            group, _, last = spec.name.rpartition(".")
            if group not in folders:
                folders[group] = await self._folder(folders[""], f"{name}.{group}", group)
            await self._variable(folders[group], f"{name}.{spec.name}", last, spec, shown)

    async def _variable(self, folder: Node, id_: str, name: str, spec: Spec, shown: Shown) -> None:
        def value(*_: object) -> ua.DataValue:
            return spec.value(shown)

        first = value().Value
        node = await folder.add_variable(self._id(id_), self._name(name), first, spec.type)
        attribute = self._server.iserver.aspace[node.nodeid].attributes[ua.AttributeIds.Value]
        attribute.value_callback = value
        self._watched.append((attribute, value))

    async def _folder(self, parent: Node, id_: str, name: str = "") -> Node:
        return await parent.add_object(self._id(id_), self._name(name or id_))

    def _id(self, text: str) -> ua.NodeId:
        return ua.NodeId(ua.String(text), ua.Int16(self._index))

    def _name(self, name: str) -> ua.QualifiedName:
        return ua.QualifiedName(name, self._index)
