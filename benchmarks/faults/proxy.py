"""A cable with faults: a TCP proxy between the line and any PLC, which is not touched by it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

CHUNK_BYTES = 65536


class Cable:
    """Carries every connection on to one port; may be cut, or stand still.

    Attributes:
        opened: Connections that were carried, ever.
        most_at_once: The most of them at one time.
    """

    def __init__(self, port: int) -> None:
        """Carry to this port of the same computer."""
        self._to = port
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.opened = self.most_at_once = 0

    async def plug_in(self) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Reset every connection; new ones are carried."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def stall(self) -> None:
        """Carry nothing more, either way, and say nothing of it: a cable pulled out."""
        self._flows.clear()

    def flow(self) -> None:
        """Carry again what has waited."""
        self._flows.set()

    async def unplug(self) -> None:
        """End it."""
        if self._server:
            self._server.close()
        self.flow()
        self.cut()
        await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            self._writers.discard(writer)
            writer.transport.abort()
            return
        self._writers.add(onward)
        self.opened += 1
        self.most_at_once = max(self.most_at_once, len(self._writers) // 2)
        ways = [self._pump(reader, onward), self._pump(there, writer)]
        try:
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        finally:
            for one in (writer, onward):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK_BYTES):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
