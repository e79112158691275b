"""The demo's PLC as a peer: it says on stdout what happens, and fails as stdin orders.

Both sides speak as tests/interop/plc/main.js does, so that one bench drives either PLC. It says
*ready*, *part*, *fired*, *decided*, *actuated* and *sessions*, and is ordered *writes*,
*close_sessions*, *freeze_heartbeat*, *freeze_triggers* and *stop_parts*. Only this one knows
writes "again": carried out, and a second time ms later.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncua import Server, ua

from inspector.config.site import saved_site
from inspector.gateway.child import die_with_parent
from inspector.gateway.demo_plc_process import plc_settings
from inspector.gateway.demo_world import until_sigterm
from inspector.ipc import Runtime
from inspector.simulator.cell import Line, Pulse
from inspector.simulator.factory import PlcSettings
from inspector.simulator.plc_nodes import StrictWrites
from inspector.simulator.plc_server import DemoPlc

NEVER_S = 60.0
"""Every client has given up by then."""
COUNT_EACH_S = 0.1
HEARTBEAT = (".Link.PlcHeartbeat",)
TRIGGERS = (".Track.", ".Camera.")


@dataclass(slots=True)
class Fault:
    """What becomes of write requests; `left` of them."""

    kind: str = "none"
    after_s: float = 0.0
    status: str = "BadInternalError"
    only: str = ""
    left: float = float("inf")


class FaultyWrites(StrictWrites):
    """A strict PLC's writes, disturbed as ordered."""

    fault = Fault()

    async def write(self, params: ua.WriteParameters, user: Any = None) -> list[ua.StatusCode]:
        """Carry out and answer a client's request, or do what the fault says instead."""
        fault = self._fault_for(params)
        refusal = ua.StatusCode(ua.UInt32(getattr(ua.StatusCodes, fault.status)))
        refusals = [refusal for _ in params.NodesToWrite]
        match fault.kind:
            case "refused":
                return refusals
            case "late":
                self._later(fault.after_s, params, user)
                return [ua.StatusCode() for _ in params.NodesToWrite]
        statuses = await super().write(params, user)
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.after_s)
            case "unanswered":
                await asyncio.sleep(NEVER_S)
            case "again":
                self._later(fault.after_s, params, user)
            case "done_with_error":
                return refusals
        return statuses

    def _fault_for(self, params: ua.WriteParameters) -> Fault:
        names = (str(one.NodeId.Identifier).partition(".")[2] for one in params.NodesToWrite)
        if self.fault.left <= 0 or not all(name.startswith(self.fault.only) for name in names):
            return Fault()
        self.fault.left -= 1
        return self.fault

    def _later(self, after_s: float, params: ua.WriteParameters, user: Any) -> None:
        carried = super().write
        loop = asyncio.get_running_loop()
        loop.call_later(after_s, lambda: loop.create_task(carried(params, user)))


class FaultyPlc(DemoPlc):
    """The demo's PLC, and what can be done to it."""

    def __init__(self, settings: PlcSettings, *, namespaces: int) -> None:
        """Register so many namespaces before ours."""
        self._names = {plan.station: prefix for prefix, plan in settings.cells}
        self._other_namespaces = namespaces
        self._server: Server | None = None
        super().__init__(settings, publish=lambda _: None)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve and obey until `stop`."""
        tasks = [asyncio.create_task(self._obey()), asyncio.create_task(self._count_sessions())]
        try:
            await super().run(stop)
        finally:
            for task in tasks:
                task.cancel()

    async def _count_sessions(self) -> None:
        said = None
        while True:
            await asyncio.sleep(COUNT_EACH_S)
            count = len(self._server.iserver._external_sessions) if self._server else 0  # noqa: SLF001
            if count != said:
                said = count
                say({"sessions": {"open": count}})

    def _fire(self, station: str, pulses: Sequence[Pulse]) -> None:
        for pulse in pulses:
            fired = {"view": pulse.view, "id": pulse.number, "time_us": pulse.at_us}
            self._said("fired", station, fired)

    def _tell(self, line: Line) -> None:
        station, number = str(line["station"]), line["part"]
        if line["event"] == "trigger":
            self._said("part", station, {"id": number, "bad": line["truth"] == "bad"})
            return
        self._said("decided", station, {"id": number, "action": line["action"]})
        for _ in range(int(str(line["actuations"]))):
            self._said("actuated", station, {"id": number})

    def _said(self, what: str, station: str, facts: Mapping[str, object]) -> None:
        say({what: {"station": self._names[station], **facts}})

    async def _opened(self) -> Server:
        server = await super()._opened()
        say({"ready": {}})
        return server

    async def _make_nodes(self, server: Server) -> None:
        for number in range(self._other_namespaces):
            await server.register_namespace(f"urn:other:{number}")
        await super()._make_nodes(server)
        strict = server.iserver.attribute_service
        assert isinstance(strict, StrictWrites)
        self._server = server
        self._writes = FaultyWrites(strict._aspace, strict._doors)  # noqa: SLF001 - takes its place
        server.iserver.attribute_service = self._writes

    async def _obey(self) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await self._do(json.loads(line))

    async def _do(self, order: Mapping[str, Any]) -> None:
        for_s = float(order.get("ms", 0)) / 1000
        match order["do"]:
            case "writes":
                self._writes.fault = _fault(order, for_s)
            case "stop_parts":
                for cell in self._factory.cells.values():
                    cell.belt.world.until = cell.belt.world.fed
            case "close_sessions":
                await self._close_sessions()
            case "freeze_heartbeat":
                self._freeze(HEARTBEAT, for_s)
            case "freeze_triggers":
                self._freeze(TRIGGERS, for_s)

    async def _close_sessions(self) -> None:
        assert self._server  # it serves, or nobody could order
        for session in list(self._server.iserver._external_sessions.values()):  # noqa: SLF001
            await session.close_session()

    def _freeze(self, names: tuple[str, ...], for_s: float) -> None:
        assert self._server  # it serves, or nobody could order
        aspace = self._server.iserver.aspace
        for node_id in list(aspace.keys()):
            if any(name in str(node_id.Identifier) for name in names):
                value = aspace[node_id].attributes.get(ua.AttributeIds.Value)
                if value is not None and value.value_callback is not None:
                    _hold(value, for_s)


def say(what: Mapping[str, object]) -> None:
    """Say one thing on stdout."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _fault(order: Mapping[str, Any], after_s: float) -> Fault:
    return Fault(
        kind=order["as"],
        after_s=after_s,
        status=order.get("status", "BadInternalError"),
        only=order.get("only", ""),
        left=order.get("count", float("inf")),
    )


def _hold(attribute: Any, for_s: float) -> None:
    fresh: Callable[..., object] = attribute.value_callback
    old = fresh()
    attribute.value_callback = lambda *_: old
    loop = asyncio.get_running_loop()
    loop.call_later(for_s, setattr, attribute, "value_callback", fresh)


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults.demo_plc")
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--namespaces", type=int, default=0)
    arguments = parser.parse_args()
    die_with_parent(arguments.parent)
    logging.disable(logging.CRITICAL)
    runtime = Runtime(arguments.runtime)
    settings = plc_settings(saved_site(runtime.site_file), runtime)
    plc = FaultyPlc(settings, namespaces=arguments.namespaces)
    until_sigterm(plc.run)


if __name__ == "__main__":
    main()
