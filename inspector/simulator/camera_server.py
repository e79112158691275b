"""The simulated cameras' own process: pulses come in over the wire, frames go out over sockets.

One event loop without threads. A client that reads slowly loses its oldest frames and delays
nobody; clients and the world may come and go.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from inspector.simulator.camera import Camera, Shot
from inspector.simulator.cell import Line, Pulse
from inspector.simulator.truth import TruthFile

HEADER = struct.Struct("<QQII")
"""Counter, taken_us, width, height; the same as in `cameras/frame_socket.py`, as a test says."""
FRAMES_KEPT = 16
"""For a client that does not read; then its oldest frame is lost."""
WIRE_LINE_BYTES = 1 << 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera: who it is, and where it is reached."""

    station: str
    product: str
    view: str
    socket: Path
    waits: bool = False
    """For its listeners to order each picture; what the PLC's output fires for lies before it."""


@dataclass(slots=True, eq=False)
class Client:
    """One listener, with the frames that it has not taken yet."""

    frames: deque[Shot] = field(default_factory=deque)
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0

    def put(self, shot: Shot) -> None:
        """Queue a frame; the oldest goes when there are too many."""
        if len(self.frames) >= FRAMES_KEPT:
            self.frames.popleft()
            self.dropped += 1
        self.frames.append(shot)
        self.fresh.set()

    async def next(self) -> Shot:
        """Return the oldest frame as soon as there is one."""
        while not self.frames:
            self.fresh.clear()
            await self.fresh.wait()
        return self.frames.popleft()


class ServedSocket:
    """A Unix socket that ends its connections when it closes: the streams' own server does not."""

    def __init__(
        self,
        path: Path,
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    ) -> None:
        """Nothing is open yet."""
        self._path, self._serve = path, serve
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; what another process left there is removed."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._connected, self._path, limit=WIRE_LINE_BYTES
        )

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with suppress(asyncio.CancelledError, ConnectionError):
            await task
        writer.transport.abort()


class Outlet:
    """A camera's socket and its listeners."""

    def __init__(self, camera: Camera, path: Path, take: Callable[[Outlet], None]) -> None:
        """Nothing is open yet; `take` is called for each picture that a listener orders."""
        self.camera, self._take = camera, take
        self._clients: set[Client] = set()
        self._connections = self._dropped = 0
        self._socket = ServedSocket(path, self._serve)

    async def open(self) -> None:
        """Listen."""
        await self._socket.open()

    async def close(self) -> None:
        """Send everybody away."""
        await self._socket.close()

    def deliver(self, shot: Shot) -> None:
        """Give a frame to every listener, now or when it is due."""
        if shot.after_s:
            asyncio.get_running_loop().call_later(shot.after_s, self._give, shot)
        else:
            self._give(shot)

    def figures(self) -> dict[str, int]:
        """Return what people want to know of it."""
        dropped = self._dropped + sum(client.dropped for client in self._clients)
        return {
            "counter": self.camera.counter,
            "clients": len(self._clients),
            "connections": self._connections,
            "dropped": dropped,
        }

    def _give(self, shot: Shot) -> None:
        for client in self._clients:
            client.put(shot)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client()
        self._clients.add(client)
        self._connections += 1
        writer.transport.set_write_buffer_limits(high=0)
        sending = asyncio.create_task(self._send(client, writer))
        gone = asyncio.create_task(self._hear(reader))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients.discard(client)
            self._dropped += client.dropped
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Take a picture for each byte; the end of a listener's side is the end of it."""
        while await reader.read(1):
            self._take(self)

    @staticmethod
    async def _send(client: Client, writer: asyncio.StreamWriter) -> None:
        while True:
            shot = await client.next()
            height, width = shot.image.shape[:2]
            writer.write(HEADER.pack(shot.counter, shot.taken_us, width, height))
            writer.write(shot.image.data.cast("B"))
            await writer.drain()


class DemoCameras:
    """The whole process."""

    def __init__(
        self,
        cameras: tuple[CameraSettings, ...],
        *,
        wire: Path,
        truth: Path | None,
        publish: Callable[[Mapping[str, object]], None],
    ) -> None:
        """Build it; `run` opens it."""
        now_us = time.monotonic_ns() // 1000
        self._outlets = {
            (one.station, one.view): Outlet(
                Camera(one.station, one.product, one.view, started_us=now_us, waits=one.waits),
                one.socket,
                self._ordered,
            )
            for one in cameras
        }
        self._wire, self._publish = wire, publish
        self._truth = TruthFile(truth) if truth else None

    def outlet(self, station: str, view: str) -> Outlet:
        """Return one camera's socket."""
        return self._outlets[station, view]

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        served: list[ServedSocket | Outlet] = [
            *self._outlets.values(),
            ServedSocket(self._wire, self._listen),
        ]
        for one in served:
            await one.open()
        tasks = [asyncio.create_task(self._statuses()), asyncio.create_task(stop.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            for one in served:
                await one.close()
            if self._truth:
                self._truth.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take pulses from one connection of the world, until it ends."""
        del writer  # the wire has one direction
        while line := await reader.readline():
            try:
                said = json.loads(line)
            except ValueError:
                log.warning("the wire carried half a pulse: its other end was killed")
                continue
            station = said.pop("station")
            self._pulse(station, Pulse(**said))
            await asyncio.sleep(0)  # others may send what was drawn before

    def _pulse(self, station: str, pulse: Pulse) -> None:
        outlet = self._outlets.get((station, pulse.view))
        if outlet is not None:  # else the wire leads to a camera that is none of the demo's
            self._deliver(outlet, *outlet.camera.edge(pulse))

    def _ordered(self, outlet: Outlet) -> None:
        self._deliver(outlet, *outlet.camera.ordered(time.monotonic_ns() // 1000))

    def _deliver(self, outlet: Outlet, shots: list[Shot], lines: list[Line]) -> None:
        if self._truth:
            self._truth.append(lines)  # before anybody can have judged the frame
        for shot in shots:
            outlet.deliver(shot)

    async def _statuses(self) -> None:
        while True:
            stations: dict[str, dict[str, object]] = {}
            for (station, view), outlet in self._outlets.items():
                stations.setdefault(station, {})[view] = outlet.figures()
            self._publish({"stations": stations})
            await asyncio.sleep(1.0)
