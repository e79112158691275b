"""The nodes of the PLC handshake: names, types, and where a PLC has them. No library, no network.

docs/architecture.md, "The PLC handshake", is the contract and this its code. A profile
(`plc_profile.PlcProfile`) may put each node elsewhere, or say that its PLC has none of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inspector.domain.snapshot import POLICY_NODES

UINT32, INT32, BOOLEAN = "UInt32", "Int32", "Boolean"
USABLE: Final = {UINT32: (UINT32, INT32), INT32: (INT32, UINT32), BOOLEAN: (BOOLEAN,)}
"""Type in the contract → types that a profile may give. Logix has no unsigned number: same bits."""
RING_WIDTH = 3
"""Numbers of one ring entry: id, encoder counts, time µs."""
HEARTBEAT = "Link.GatewayHeartbeat"
EPOCH = "Link.GatewayEpoch"
BOOT_COUNT = "Link.BootCount"
COUNTS: Final = {
    "triggered": "Count.Triggered",
    "decided": "Count.Decided",
    "passed": "Count.Passed",
    "rejected": "Count.Rejected",
    "fail_safe": "Count.FailSafe",
    "on_belt": "Count.OnBelt",
}
"""Name in a snapshot → node."""
POLICY: Final = POLICY_NODES
"""Name in a snapshot → node; shown, never written."""
_BOOLEANS = ("Link.GatewayAlive", "Config.PassAll", "Config.AllowOperatorPass", "Config.AutoResume")
_PER_VIEW = ("Camera.Ring", "Sync.Answer", "Sync.Request")
_PER_SLOT = ("Verdict.Slot", "Operator.Slot")
_RINGS = ("Track.Ring", "Camera.Ring")
_BY_SLOT = ("Operator.Latched", "Decision.Slots")
_PAIRS = ("Sync.Answer", "Verdict.Taken", "Operator.Taken")

READ: Final = (
    "Track.PartId",
    "Track.Encoder",
    "Track.Ring",
    "Operator.Latched",
    "Decision.Slots",
    "Link.Epoch",
    "Link.GatewayAlive",
    "Link.PlcHeartbeat",
    BOOT_COUNT,
    "State.StateCurrent",
    "Camera.Ring",
    "Sync.Answer",
    *COUNTS.values(),
    *POLICY.values(),
)
"""What one read of a station asks for, by its name in the contract."""
WRITTEN: Final = (
    HEARTBEAT,
    EPOCH,
    "Sync.Request",
    "Verdict.Slot",
    "Operator.Slot",
    "Verdict.Mailbox",
    "Verdict.Commit",
    "Operator.Mailbox",
    "Operator.Commit",
)
"""What the gateway writes."""
TAKEN: Final = ("Verdict.Taken", "Operator.Taken")
"""What it reads after a word into a mailbox."""
METHODS: Final = ("Verdict.Submit", "Operator.Submit")
OWNERS: Final = ("Verdict.Owner", "Operator.Owner")
"""What it calls, and the objects that it calls them on."""
NAMES: Final = (*READ, *WRITTEN, *TAKEN, *METHODS, *OWNERS)
OF_TRANSPORT: Final = {
    "tables": ("Verdict.Slot", "Operator.Slot"),
    "mailbox": (
        *("Verdict.Mailbox", "Verdict.Commit", "Verdict.Taken"),
        *("Operator.Mailbox", "Operator.Commit", "Operator.Taken"),
    ),
    "method": (*METHODS, *OWNERS),
    "pull": (),
}
"""How words reach the PLC → the nodes of that way."""
OF_EPOCH: Final = ("Link.Epoch", EPOCH)
OF_OPERATOR: Final = tuple(name for name in NAMES if name.startswith("Operator."))
OF_SYNC: Final = ("Sync.Request", "Sync.Answer")
"""Nodes that a PLC may lack together, as its profile's `epoch`, `operator_table`, `sync` say."""
PULLED: Final = {
    HEARTBEAT: "",
    EPOCH: "Link.Epoch",
    "Sync.Request": "Sync.Answer",
    "Verdict.Slot": "",
    "Operator.Slot": "Operator.Latched",
}
"""What a PLC reads from us that we may not write to → its own node that says that it has a use for
it; empty: every PLC has."""
OPTIONAL: Final = (
    BOOT_COUNT,
    "Link.GatewayAlive",
    "State.StateCurrent",
    *COUNTS.values(),
    *POLICY.values(),
)
"""Nodes that a PLC may lack one by one."""

_INSTANCE = re.compile(r"(\w+)\.(?:(\w+)\.)?(\w+)(?:\[(\d+)\])?")
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a PLC has one node of the contract.

    Attributes:
        id: Template of the NodeId behind the namespace, `s=...` or `i=...`; may hold `{prefix}`,
            `{view}` or its `{number}` in the station (from 0; `{number_from_1}`: from 1), `{slot}`.
            Empty: the PLC has no such node.
        type: What it must be there; empty: whatever is usable for it.
    """

    id: str
    type: str = ""


Places = Mapping[str, Place]
"""By the name in the contract."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node below a station's prefix.

    Attributes:
        name: Without the prefix: `Camera.top.Ring`, `Verdict.Slot[5]`.
        kind: Its type in the contract.
        length: Of an array; 0 for a plain value.
    """

    name: str
    kind: str
    length: int = 0


def kind_of(name: str) -> str:
    """Return the type of a name in the contract."""
    if name == "State.StateCurrent":
        return INT32
    return BOOLEAN if name in _BOOLEANS else UINT32


def default_id(name: str) -> str:
    """Return the template of a node that a profile leaves where the contract has it."""
    area, leaf = name.split(".")
    if name in _PER_VIEW:
        return f"s={{prefix}}.{area}.{{view}}.{leaf}"
    return f"s={{prefix}}.{name}[{{slot}}]" if name in _PER_SLOT else f"s={{prefix}}.{name}"


def other_ways(transport: str) -> tuple[str, ...]:
    """Return the nodes of the ways to the PLC that are not taken."""
    return tuple(name for way, names in OF_TRANSPORT.items() if way != transport for name in names)


PLAIN: Final[Places] = {
    name: Place("" if name in other_ways("tables") else default_id(name)) for name in NAMES
}
"""Of a PLC that has every node where the contract has it, and tables for the words."""


def holes(template: str) -> set[str]:
    """Return the names within braces of a template."""
    return set(_HOLE.findall(template))


def fitting_holes(name: str) -> set[str]:
    """Return what a template of this node may hold within braces."""
    plain = holes(default_id(name))
    return plain | {"number", "number_from_1"} if "view" in plain else plain


def filled(place: Place, name: str, *, prefix: str, views: Sequence[str]) -> str:
    """Return the NodeId, behind the namespace, of one station's node: `s=board.Verdict.Slot[5]`."""
    _, view, slot = split(name)
    values = {"prefix": prefix, "view": view, "slot": slot}
    if view:
        number = views.index(view)
        values |= {"number": str(number), "number_from_1": str(number + 1)}
    return _HOLE.sub(lambda hole: values[hole[1]], place.id)


def split(name: str) -> tuple[str, str, str]:
    """Return (name in the contract, view, slot) of a node's name; empty where it has none."""
    found = _INSTANCE.fullmatch(name)
    if found is None:
        raise ValueError(name)
    area, view, leaf, slot = found.groups(default="")
    return f"{area}.{leaf}", view, slot


def read_nodes(views: Sequence[str], slots: int, places: Places = PLAIN) -> tuple[Node, ...]:
    """Return every node that one read of a station asks for."""
    return tuple(
        Node(one, kind_of(name), _length(name, slots))
        for name in READ
        if places[name].id
        for one in _instances(name, views, ())
    )


def written_nodes(views: Sequence[str], slots: int, places: Places = PLAIN) -> tuple[Node, ...]:
    """Return nodes the gateway writes; of the tables the first and last slot stand for all."""
    return _written(views, places, (0, slots - 1))


def all_written_nodes(views: Sequence[str], slots: int, places: Places = PLAIN) -> tuple[Node, ...]:
    """Return every node the gateway writes, each slot of the tables too."""
    return _written(views, places, range(slots))


def pulled_nodes(views: Sequence[str], slots: int, places: Places) -> tuple[Node, ...]:
    """Return the nodes of our own server for a PLC that reads there; a table is one node."""
    return tuple(
        Node(one, UINT32, slots if name in _PER_SLOT else 0)
        for name, partner in PULLED.items()
        if not partner or places[partner].id
        for one in ([name] if name in _PER_SLOT else _instances(name, views, ()))
    )


def taken_nodes(places: Places = PLAIN) -> tuple[Node, ...]:
    """Return what the PLC says that it took from its mailboxes: [sequence, word]."""
    return tuple(Node(name, UINT32, _length(name, 0)) for name in TAKEN if places[name].id)


def methods(places: Places = PLAIN) -> tuple[str, ...]:
    """Return the methods that the gateway calls."""
    return tuple(name for name in METHODS if places[name].id)


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


def _written(views: Sequence[str], places: Places, slots: Sequence[int]) -> tuple[Node, ...]:
    return tuple(
        Node(one, UINT32)
        for name in WRITTEN
        if places[name].id
        for one in _instances(name, views, slots)
    )


def _instances(name: str, views: Sequence[str], slots: Sequence[int]) -> Iterator[str]:
    if name in _PER_VIEW:
        area, leaf = name.split(".")
        yield from (f"{area}.{view}.{leaf}" for view in views)
    elif name in _PER_SLOT:
        yield from (f"{name}[{slot}]" for slot in slots)
    else:
        yield name


def _length(name: str, slots: int) -> int:
    if name in _RINGS:
        return RING_WIDTH * slots
    return slots if name in _BY_SLOT else 2 if name in _PAIRS else 0
