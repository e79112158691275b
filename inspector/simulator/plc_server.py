"""The demo factory's PLC: a real OPC UA server around the programs; one process, all stations."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from asyncua import Server, ua

from inspector.domain.verdict import Verdict
from inspector.domain.words import MachineWord
from inspector.errors import BadInput
from inspector.simulator.cell import Cell, Line, Pulse, all_ended
from inspector.simulator.factory import CameraWire, Factory, PlcSettings
from inspector.simulator.faults import parse_fault
from inspector.simulator.plc_nodes import Door, StationNodes, StrictWrites, Watched
from inspector.simulator.plc_security import OnlyOurGateway, trusted_client

CYCLE_S = 0.01
PUSH_EACH_US = 50_000
NAMESPACE = "urn:inspector:plc"
MOST_MESSAGE_BYTES = 4 * 1024 * 1024
MOST_CHUNKS = 64
MOST_CONNECTIONS = 10
MOST_SUBSCRIPTIONS = 20
STOP_S = 1.5
LATE_ANSWER_S = 5.0
"""With the fault late-writes: every client has given up by then."""
LATE_DONE_S = (2.0, 4.0)
"""With the fault late-writes: the word is executed so long after it came."""
POLICIES = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]

log = logging.getLogger(__name__)


class DemoPlc:
    """The whole process."""

    def __init__(
        self, settings: PlcSettings, *, publish: Callable[[dict[str, object]], None]
    ) -> None:
        """Build it; `run` opens it."""
        self._settings, self._publish = settings, publish
        self._wire = CameraWire(settings.wire)
        self._factory = Factory(settings, fire=self._fire, tell=self._tell)
        self._watched = Watched()
        self._random = random.Random(1)  # noqa: S311  how late, not how secret

    def _fire(self, station: str, pulses: Sequence[Pulse]) -> None:
        """Trigger cameras."""
        self._wire.fire(station, pulses)

    def _tell(self, line: Line) -> None:
        """Hear a line of the evidence; those who stand in for the world outside do more."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; what survives a kill survives this too."""
        server = await self._opened()
        tasks = [
            asyncio.create_task(self._scans()),
            asyncio.create_task(self._wire.run()),
            asyncio.create_task(self._statuses()),
        ]
        control = await self._control()
        ended = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {ended}:
                task.result()
        finally:
            for task in (*tasks, ended):
                task.cancel()
            control.close()
            with suppress(TimeoutError):  # the process ends now, whatever a client still wants
                await asyncio.wait_for(server.stop(), STOP_S)
            self._factory.close()

    async def _opened(self) -> Server:
        gc.disable()  # what is made here stays: walking it again and again takes half of the time
        try:
            return await self._made()
        finally:
            gc.freeze()
            gc.enable()

    async def _made(self) -> Server:
        settings = self._settings
        server = Server(
            user_manager=OnlyOurGateway(settings.user, settings.password, settings.trusted)
        )
        await server.init()
        await server.set_application_uri(settings.uri)
        server.set_server_name("Inspector demo PLC")
        server.set_endpoint(settings.endpoint)
        server.set_security_policy(POLICIES)
        server.set_identity_tokens([ua.UserNameIdentityToken])
        server.set_certificate_validator(trusted_client(settings.trusted))
        await server.load_certificate(settings.certificate)
        await server.load_private_key(settings.key)
        _limit(server)
        await self._make_nodes(server)
        await server.start()
        return server

    async def _make_nodes(self, server: Server) -> None:
        index = await server.register_namespace(NAMESPACE)
        doors: dict[ua.NodeId, Door] = {}
        for prefix, plan in self._settings.cells:
            cell = self._factory.cells[plan.station]
            nodes = StationNodes(server, index, prefix, doors=doors, watched=self._watched)
            await nodes.make(cell, partial(self._say, cell))
        server.iserver.attribute_service = StrictWrites(server.iserver.aspace, doors)

    def _say(self, cell: Cell, slot: int, word: int) -> float:
        """Take a machine word; return how long its answer hangs."""
        late = _now_us() < cell.late_until_us
        if not late or MachineWord.unpack(word).verdict != Verdict.PASS:
            cell.program.write_verdict(slot, word)
            return 0.0
        loop = asyncio.get_running_loop()
        after_s = self._random.uniform(*LATE_DONE_S)
        loop.call_later(after_s, cell.program.write_verdict, slot, word)
        return LATE_ANSWER_S

    async def _scans(self) -> None:
        pushed_us = 0
        while True:
            now_us = _now_us()
            self._factory.scan(now_us, time.time_ns() // 1000 - now_us)
            if now_us - pushed_us >= PUSH_EACH_US:
                pushed_us = now_us
                await self._watched.push()
            await asyncio.sleep(CYCLE_S)

    async def _statuses(self) -> None:
        while True:
            cells = self._factory.cells
            self._publish(
                {
                    "stations": {name: _status(cell) for name, cell in cells.items()},
                    "ended": all_ended(cells.values()),
                    "pulses_lost": self._wire.lost,
                }
            )
            await asyncio.sleep(1.0)

    async def _control(self) -> asyncio.DatagramTransport:
        self._settings.control.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Orders(self._factory.cells),
            local_addr=str(self._settings.control),
            family=socket.AF_UNIX,
        )
        return transport


class _Orders(asyncio.DatagramProtocol):
    """What tests and people order: one JSON object a datagram, without an answer."""

    def __init__(self, cells: dict[str, Cell]) -> None:
        self._cells = cells

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        try:
            self._do(json.loads(data))
        except (BadInput, ValueError, KeyError, TypeError) as error:
            log.warning("order not understood: %s", error)

    def _do(self, order: dict[str, Any]) -> None:
        for name, cell in self._cells.items():
            if order.get("station") not in (None, name):
                continue
            match order["do"]:
                case "fault":
                    cell.faults.add(parse_fault(order["fault"]), newest=cell.belt.triggers)
                case "hold":
                    cell.program.hold()
                case "resume":
                    cell.program.resume()
                case "pace":
                    cell.belt.pace(float(order["times"]))
                case "pass_all":
                    cell.program.turn_pass_all_key(on=bool(order["on"]))


def _limit(server: Server) -> None:
    server.limits.max_message_size = MOST_MESSAGE_BYTES
    server.limits.max_chunk_count = MOST_CHUNKS
    server.iserver.max_connections = MOST_CONNECTIONS
    server.iserver.max_subscriptions = MOST_SUBSCRIPTIONS
    server.iserver.allow_remote_admin = False


def _status(cell: Cell) -> dict[str, object]:
    program = cell.program
    return {
        **asdict(program.memory.counts),
        "on_belt": program.on_belt,
        "ended": cell.ended,
        "held": program.held,
        "alive": program.alive,
        "epoch": program.memory.epoch,
        "boot_count": program.memory.boot_count,
        "encoder": program.encoder,
        "unknown_run": program.unknown_run,
    }


def _now_us() -> int:
    return time.monotonic_ns() // 1000
