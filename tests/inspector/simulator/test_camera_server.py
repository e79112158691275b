"""The cameras' process: pulses in, frames out, whoever comes and goes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blake3 import blake3

from inspector.simulator.camera_server import HEADER, CameraSettings, DemoCameras
from inspector.simulator.cell import Pulse


class Bench:
    """The process in this event loop, with a wire that can be cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[dict[str, Any]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.process = DemoCameras(
            tuple(CameraSettings("ring", "ring", view, folder / view) for view in ("top", "side")),
            wire=folder / "wire",
            truth=folder / "truth.jsonl",
            publish=lambda state: self.said.append(dict(state)),
        )

    async def wire(self) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_unix_connection(self.folder / "wire")
        self._writers.append(writer)
        return writer

    async def listener(self, view: str) -> asyncio.StreamReader:
        """Return a connection that the camera knows of."""
        outlet = self.process.outlet("ring", view)
        before = outlet.figures()["connections"]
        reader, writer = await asyncio.open_unix_connection(self.folder / view)
        self._writers.append(writer)
        await until(lambda: outlet.figures()["connections"] > before)
        return reader

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "truth.jsonl").read_text().splitlines()]


def pulse(view: str, number: int, fault: str = "", delay_s: float = 0.0) -> bytes:
    one = Pulse(view, number, 1_000_000 * number, 10_000_000 + number, "good", fault, delay_s)
    return json.dumps({"station": "ring", **asdict(one)}).encode() + b"\n"


async def frame(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Return the next frame's counter and the digest of its pixels."""
    async with asyncio.timeout(5):
        head = HEADER.unpack(await reader.readexactly(HEADER.size))
        counter, _, width, height = head
        pixels = await reader.readexactly(3 * width * height)
    return counter, blake3(pixels).hexdigest()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Bench]:
    bench, stop = Bench(folder), asyncio.Event()
    task = asyncio.create_task(bench.process.run(stop))
    await until(lambda: bool(bench.said))
    yield bench
    bench.close()
    stop.set()
    await task


def test_a_pulse_becomes_a_frame_and_a_line_of_the_truth(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as bench:
            wire, top = await bench.wire(), await bench.listener("top")
            wire.write(pulse("top", 1) + pulse("side", 1) + pulse("top", 2))
            frames = [await frame(top), await frame(top)]
            assert [counter for counter, _ in frames] == [0, 1]
            seen = [(line["view"], line["part"]) for line in bench.lines()]
            assert seen == [("top", 1), ("side", 1), ("top", 2)]
            truth = [line["picture"] for line in bench.lines() if line["view"] == "top"]
            assert truth == [digest for _, digest in frames]

    asyncio.run(test())


def test_a_pulse_for_a_camera_that_is_none_of_the_demos_disturbs_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as bench:
            wire, top = await bench.wire(), await bench.listener("top")
            wire.write(pulse("switched", 1) + pulse("top", 1))
            assert (await frame(top))[0] == 0

    asyncio.run(test())


def test_the_cameras_go_on_when_the_world_or_a_client_dies(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as bench:
            wire = await bench.wire()
            await bench.listener("top")
            wire.write(pulse("top", 1) + pulse("top", 2)[:20])
            await wire.drain()
            bench.close()
            wire, top = await bench.wire(), await bench.listener("top")
            wire.write(pulse("top", 3))
            assert (await frame(top))[0] == 1

    asyncio.run(test())


def test_a_delayed_frame_comes_later_than_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as bench:
            wire, top = await bench.wire(), await bench.listener("top")
            wire.write(pulse("top", 1, "delay", 0.05) + pulse("top", 2))
            assert [(await frame(top))[0], (await frame(top))[0]] == [1, 0]

    asyncio.run(test())
