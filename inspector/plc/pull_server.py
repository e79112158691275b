"""Our server of words, for a PLC that nobody may write to: it reads them there, as a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from asyncua import ua

from inspector.errors import BadInput
from inspector.opcua_server.access import GuardedServer
from inspector.opcua_server.opening import Offer, made_server
from inspector.opcua_server.told import tell_what_is_given
from inspector.plc.contract import Node
from inspector.plc.nodes import PlcStation
from inspector.plc.unread import Table

NAMESPACE = "urn:inspector:tables"
STOP_S = 0.2
NOT_SAID = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadWaitingForInitialData))
"""A number that nobody has said yet is no number: a heartbeat of 0 would be a change to the PLC."""
UINT = ua.VariantType.UInt32


class WordServer:
    """The nodes that the PLC reads."""

    def __init__(
        self,
        offer: Offer,
        nodes: Mapping[PlcStation, Sequence[Node]],
        *,
        read: Callable[[Table, Sequence[int]], None],
    ) -> None:
        """Take what to offer; `open` listens.

        Args:
            offer: Where, and to whom.
            nodes: Of each station; a table is one node, an array.
            read: Called with what a client of ours was given.
        """
        self._offer, self._nodes, self._read = offer, nodes, read
        self._server: GuardedServer | None = None
        self._values: dict[Table, list[int]] = {}
        self._plain: set[Table] = set()
        self._ids: dict[Table, ua.NodeId] = {}
        self._tables: dict[ua.NodeId, Table] = {}

    async def open(self) -> None:
        """Make the nodes and listen; costs the event loop a second, so before any session.

        Raises:
            BadInput: The port is taken.
        """
        server = await made_server(self._offer)
        tell_what_is_given(server, self._given)
        index = await server.register_namespace(NAMESPACE)
        for station, nodes in self._nodes.items():
            await self._make(server, index, station, nodes)
        self._server = server
        for table in self._ids:
            await self.void(table)
        try:
            await server.start()
        except OSError as error:
            msg = f"pull.port: {self._offer.endpoint} cannot be had: {error.strerror}"
            raise BadInput(msg) from error

    async def close(self) -> None:
        """Close every connection; whatever a client still wants, it does not hold us up."""
        if self._server is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._server.stop(), STOP_S)

    async def put(self, table: Table, at: int, value: int) -> None:
        """Let a value stand."""
        self._values[table][at] = value
        await self._show(table)

    async def void(self, table: Table) -> None:
        """Take back what stands: zeros in a table, and a plain value that was never said."""
        self._values[table] = [0] * len(self._values[table])
        if table in self._plain:
            await self._write(table, ua.DataValue(StatusCode=NOT_SAID))
        else:
            await self._show(table)

    async def _make(
        self, server: GuardedServer, index: int, station: PlcStation, nodes: Sequence[Node]
    ) -> None:
        folder = await server.nodes.objects.add_object(
            _id(station.prefix, index), ua.QualifiedName(station.prefix, ua.UInt16(index))
        )
        for node in nodes:
            table, node_id = (station.name, node.name), _id(f"{station.prefix}.{node.name}", index)
            value: int | list[int] = [0] * node.length if node.length else 0
            name = ua.QualifiedName(node.name, ua.UInt16(index))
            await folder.add_variable(node_id, name, value, UINT)
            self._values[table] = [0] * (node.length or 1)
            if not node.length:
                self._plain.add(table)
            self._ids[table], self._tables[node_id] = node_id, table

    async def _show(self, table: Table) -> None:
        values = self._values[table]
        shown = values[0] if table in self._plain else list(values)
        await self._write(table, ua.DataValue(ua.Variant(shown, UINT)))

    async def _write(self, table: Table, value: ua.DataValue) -> None:
        if self._server is not None:
            await self._server.write_attribute_value(self._ids[table], value)

    def _given(self, node_id: ua.NodeId, value: ua.DataValue) -> None:
        table = self._tables.get(node_id)
        given = value.Value.Value if value.Value else None
        if table is not None and given is not None:
            self._read(table, given if isinstance(given, list) else [given])


def _id(name: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(name), ua.Int16(index))
