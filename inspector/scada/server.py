"""The server: opened once, fed twice a second, read by whoever may."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncua import ua

from inspector.opcua_server.access import GuardedServer
from inspector.opcua_server.opening import Offer, made_server
from inspector.scada.live import Result, Source, StationFacts, service_level, station_live
from inspector.scada.machine_vision import VisionSystem, vision_systems
from inspector.scada.nodes import InspectorNodes, Shown

LOOK_EACH_S = 0.5
STOP_S = 0.2
"""Closes the connections; the rest is a clock that sleeps for a second."""
VISION_ON = "on: OPC 40100-1, a vision system for each station below Objects"
VISION_OFF = (
    "off: name the NodeSet file of OPC 40100-1 as scada.machine_vision_nodeset in site.toml"
    " (docs/scada.md says where to get it)"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScadaPlan(Offer):
    """What the server needs to know.

    Attributes:
        nodeset: Of OPC 40100-1; None: without it.
    """

    stations: tuple[StationFacts, ...]
    nodeset: Path | None = None


class ScadaServer:
    """The whole server."""

    def __init__(
        self, plan: ScadaPlan, source: Source, *, publish: Callable[[Mapping[str, object]], None]
    ) -> None:
        """Take where everything comes from; `run` opens it."""
        self._plan, self._source, self._publish = plan, source, publish
        self._shown = [Shown(facts) for facts in plan.stations]
        self._systems: list[VisionSystem] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        server = await made_server(self._plan)
        nodes = await self._filled(server)
        # What was made by now lives as long as the process: the collector need not walk it.
        gc.collect()
        gc.freeze()
        await server.start()
        try:
            await self._show(server, nodes)
            while not await _within(LOOK_EACH_S, stop):
                await self._look()
                await self._show(server, nodes)
        finally:
            with suppress(TimeoutError):  # the process ends now, whatever a client still wants
                await asyncio.wait_for(server.stop(), STOP_S)

    async def _filled(self, server: GuardedServer) -> InspectorNodes:
        """Make all nodes and give them their first values."""
        nodes, nodeset = InspectorNodes(server), self._plan.nodeset
        if nodeset is None:
            log.info("Machine Vision is %s", VISION_OFF)
        vision = VISION_ON if nodeset else VISION_OFF
        index = await nodes.make(self._shown, machine_vision=vision)
        if nodeset:
            self._systems = await vision_systems(server, nodeset, self._shown, index)
        await self._look()
        return nodes

    async def _look(self) -> None:
        """Take what is new; reading files and the database may take long, so in a thread."""
        line, decided = await asyncio.to_thread(self._asked)
        stations = (line or {}).get("stations", {})
        for at, shown in enumerate(self._shown):
            shown.live = station_live(stations.get(shown.facts.name), shown.live)
            for result in filter(None, map(Result.of, decided[shown.facts.name])):
                shown.add(result)
                if self._systems:
                    await self._systems[at].ready(result)

    def _asked(self) -> tuple[Mapping[str, Any] | None, dict[str, Sequence[Any]]]:
        names = [shown.facts.name for shown in self._shown]
        return self._source.line(), {name: self._source.decided(name) for name in names}

    async def _show(self, server: GuardedServer, nodes: InspectorNodes) -> None:
        level = service_level([shown.live for shown in self._shown])
        node = server.get_node(ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServiceLevel)))
        await node.write_value(ua.Variant(level, ua.VariantType.Byte))
        await nodes.push()
        for system in self._systems:
            await system.show()
        connections = len(server.bserver.clients) if server.bserver else 0
        self._publish({"address": self._plan.endpoint, "connections": connections})


async def _within(seconds: float, stop: asyncio.Event) -> bool:
    """Return whether `stop` was set within so many seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
