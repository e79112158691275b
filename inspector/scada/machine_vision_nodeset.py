"""The types of OPC 40100-1: read from their NodeSet file, mended, and made into objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncua import Node, Server, ua
from asyncua.common.instantiate_util import instantiate

from inspector.errors import BadInput

URI = "http://opcfoundation.org/UA/MachineVision"
VISION_SYSTEM, STATE_MACHINE, AUTOMATIC_MODE, RESULT_READY = 1003, 1017, 1021, 1024
_IDS = ("ConfigurationIdDataType", "RecipeIdExternalDataType", "RecipeIdInternalDataType")
_MACHINE, _AUTOMATIC = "VisionStateMachine", "VisionStateMachine.AutomaticModeStateMachine"
KEPT = frozenset(
    {
        "SystemState",
        _MACHINE,
        *(f"{_MACHINE}.{name}" for name in ("Preoperational", "Halted", "Error", "Operational")),
        *(f"{_MACHINE}.{name}" for name in ("CurrentState", "Halt", "Reset")),
        f"{_MACHINE}.SelectModeAutomatic",
        _AUTOMATIC,
        *(f"{_AUTOMATIC}.{name}" for name in ("CurrentState", "StartSingleJob")),
        *(f"{_AUTOMATIC}.{name}" for name in ("StartContinuous", "Abort", "Stop")),
        "RecipeManagement",
        *(f"RecipeManagement.{name}" for name in ("PrepareRecipe", "UnprepareRecipe")),
        "RecipeManagement.GetRecipeListFiltered",
        "ResultManagement",
        *(f"ResultManagement.{name}" for name in ("GetResultById", "GetResultComponentsById")),
        "ResultManagement.GetResultListFiltered",
    }
)
"""What a vision system of ours has: optional nodes that do nothing would promise too much."""


@dataclass(frozen=True, slots=True)
class VisionTypes:
    """The companion specification within a server.

    Attributes:
        index: Of its namespace.
    """

    server: Server
    index: int

    def make(self, name: str, **fields: Any) -> Any:
        """Return a value of a structure: `make("JobIdDataType", Id="7")`.

        The library keeps what it makes of a NodeSet in its own module: one server per process.
        """
        return getattr(ua, name)(**fields)

    def type_node(self, number: int) -> Node:
        """Return one of the specification's types."""
        return self.server.get_node(ua.NodeId(ua.Int32(number), ua.Int16(self.index)))

    async def state_node(self, machine: int, name: str) -> ua.NodeId:
        """Return the state object of a state machine's type."""
        node = await self.type_node(machine).get_child(f"{self.index}:{name}")
        return node.nodeid


async def import_types(server: Server, nodeset: Path) -> VisionTypes:
    """Return the types after importing the file.

    Raises:
        BadInput: The file is not the NodeSet of OPC 40100-1.
    """
    text = nodeset.read_text("utf-8")
    if URI not in text:
        msg = f"{nodeset}: not the NodeSet of {URI}"
        raise BadInput(msg)
    await server.import_xml(xmlstring=mended(text))
    return VisionTypes(server, await server.get_namespace_index(URI))


def mended(nodeset: str) -> str:
    """Return the NodeSet with the fields of three structures that it leaves to their base.

    Clients, and the library, take an empty definition for "not known" and show raw bytes.
    """
    base = re.search(r'<Definition Name="1:BinaryIdBaseDataType">(.*?)</Definition>', nodeset, re.S)
    if base is None:
        return nodeset
    for name in _IDS:
        whole = f'<Definition Name="1:{name}">{base[1]}</Definition>'
        nodeset = nodeset.replace(f'<Definition Name="1:{name}" />', whole)
    return nodeset


async def vision_system(types: VisionTypes, parent: Node, id_: str, index: int) -> Node:
    """Return a new vision system `id_` with the nodes that are `KEPT`.

    Their ids are `<id>.<browse path>` in namespace `index`; its browse name is the id's first part.
    """
    made, *_ = await instantiate(
        parent,
        types.type_node(VISION_SYSTEM),
        nodeid=ua.NodeId(ua.String(id_), ua.Int16(index)),
        bname=ua.QualifiedName(id_.partition(".")[0], ua.UInt16(index)),
        instantiate_optional=True,
    )
    await _prune(types.server, made, f"{id_}.")
    return made


async def _prune(server: Server, node: Node, prefix: str) -> None:
    """Leave of what was instantiated only what is `KEPT`, with its properties."""
    properties = {one.nodeid for one in await node.get_properties()}
    gone: list[Node] = []
    for child in await node.get_children():
        path = str(child.nodeid.Identifier).removeprefix(prefix)
        if path in KEPT:
            await _prune(server, child, prefix)
        elif child.nodeid not in properties or path == "DiagnosticLevel":
            gone.append(child)
    await _forget(server, node, gone)


async def _forget(server: Server, parent: Node, children: list[Node]) -> None:
    """Take nodes out, with all below them; the library's own way searches all nodes for each."""
    space, ids = server.iserver.aspace, {child.nodeid for child in children}
    data = space[parent.nodeid]
    data.references = [one for one in data.references if one.NodeId not in ids]
    for child in children:
        await _forget(server, child, await child.get_children())
        del space[child.nodeid]
