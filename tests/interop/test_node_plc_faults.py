"""The PLC on node-opcua goes wrong as it is told: each order does what plc/main.js says of it."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from asyncua import ua

from inspector.domain.words import MachineWord
from inspector.errors import PlcLost
from inspector.plc.session import Session
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet
from tests.interop.test_node_plc import PASS, beating, decided, facts_of, is_about, next_part

pytestmark = pytest.mark.slow

SOON_S = 0.15
DELAY_MS = 1500


class Line:
    """A client of the PLC with a live heartbeat, and what it hears."""

    def __init__(self, cabinet: Cabinet) -> None:
        self.plc, self.ear = cabinet.plc, Ear()
        self.client = cabinet.client(self.ear)

    async def pass_one(self) -> int:
        """Say PASS of a part that comes now; returns the part."""
        read = self.ear.all("read")[-1]
        part = await next_part(self.plc)
        self.client.say("board", part, MachineWord(part, read.epoch, PASS).pack(), part)
        return part

    async def order(self, do: str, **arguments: Any) -> int:
        """Give the PLC an order; returns how much the client had heard before."""
        heard = len(self.ear.told)
        await asyncio.to_thread(partial(self.plc.order, do, **arguments))
        return heard


def walked(cabinet: Cabinet, walk: Any) -> Any:
    """Run a test with a line that is up and beats; leaves the PLC without a fault."""

    async def whole() -> Any:
        line = Line(cabinet)
        async with running(line.client):
            await line.ear.hears("read")
            async with beating(line.client):
                try:
                    return await walk(line)
                finally:
                    await line.order("writes", **{"as": "none"})

    return asyncio.run(whole())


@dataclass(frozen=True)
class Written:
    """What one write came to: its answer, and the node then and in the end."""

    answer: str
    took_s: float
    at_once: bool
    in_the_end: bool


def written(cabinet: Cabinet, fault: dict[str, Any]) -> Written:
    """Return what a PLC with this fault makes of one write of another number."""

    async def walk() -> Written:
        async with cabinet.session() as session:
            number = secrets.randbits(32)
            write = session.stations["board"].write("Link.GatewayHeartbeat", number)
            cabinet.plc.order("writes", only="Link.GatewayHeartbeat", **fault)
            asked_s = time.monotonic()
            try:
                answer = (await session.write([write]))[0].name
            except PlcLost:
                answer = "none"
            took_s = time.monotonic() - asked_s
            at_once = await now(session, write.NodeId) == number
            await asyncio.sleep(0 if at_once else DELAY_MS / 1000)
            in_the_end = await now(session, write.NodeId) == number
            return Written(answer, took_s, at_once, in_the_end)

    try:
        return asyncio.run(walk())
    finally:
        cabinet.plc.order("writes", **{"as": "none"})


async def now(session: Session, node: ua.NodeId) -> Any:
    """Return what a node has."""
    asked = ua.ReadValueId(node, ua.AttributeIds.Value)
    (value,) = await session.read(ua.ReadParameters(NodesToRead=[asked]))
    assert value.Value is not None
    return value.Value.Value


@pytest.mark.parametrize(
    ("fault", "answer", "at_once", "in_the_end"),
    [
        ({"as": "none"}, "Good", True, True),
        ({"as": "slow", "ms": DELAY_MS}, "Good", True, True),
        ({"as": "late", "ms": DELAY_MS}, "Good", False, True),
        ({"as": "done_with_error", "status": "BadTimeout"}, "BadTimeout", True, True),
        ({"as": "refused", "status": "BadOutOfRange", "count": 1}, "BadOutOfRange", False, False),
        ({"as": "refused", "status": "BadOutOfRange", "count": 0}, "Good", True, True),
        ({"as": "unanswered"}, "none", True, True),
    ],
    ids=str,
)
def test_a_write_comes_to_what_its_fault_says(
    cabinet: Cabinet, fault: dict[str, Any], answer: str, at_once: bool, in_the_end: bool
) -> None:
    came_to = written(cabinet, fault)
    assert came_to.answer == answer
    assert (came_to.at_once, came_to.in_the_end) == (at_once, in_the_end)
    if fault["as"] == "slow":
        assert came_to.took_s >= DELAY_MS / 1000


def test_a_write_that_is_carried_out_again_undoes_a_newer_one(cabinet: Cabinet) -> None:
    async def walk() -> list[int]:
        async with cabinet.session() as session:
            nodes = session.stations["board"]
            first, second = (nodes.write("Link.GatewayHeartbeat", number) for number in (71, 72))
            cabinet.plc.order("writes", count=1, ms=DELAY_MS, **{"as": "again"})
            for write in (first, second):
                await session.write([write])
            stood = await now(session, first.NodeId)
            await asyncio.sleep(DELAY_MS / 1000 + SOON_S)
            return [stood, await now(session, first.NodeId)]

    try:
        assert asyncio.run(walk()) == [72, 71]
    finally:
        cabinet.plc.order("writes", **{"as": "none"})


def test_a_pass_that_is_carried_out_behind_the_decision_finds_nobody(cabinet: Cabinet) -> None:
    async def walk(line: Line) -> tuple[int, int]:
        await line.order("writes", only="Verdict.", ms=4000, **{"as": "late"})
        part = await line.pass_one()
        _, acked_s = await line.ear.hears("acked")
        first = await decided(line.plc, part)
        await asyncio.sleep(acked_s + 4.2 - time.monotonic())
        assert await decided(line.plc, part) == first
        return first

    assert walked(cabinet, walk) == (3, 1)


@pytest.mark.parametrize("order", ["close_sessions", "cut"])
def test_the_client_is_back_after_its_session_was_ended(cabinet: Cabinet, order: str) -> None:
    async def walk(line: Line) -> None:
        heard = await line.order(order)
        await line.ear.hears("down", after=heard)
        await line.ear.hears("up", after=heard, within_s=30)

    walked(cabinet, walk)


def test_another_gateway_raises_the_epoch_and_our_words_are_void(cabinet: Cabinet) -> None:
    async def walk(line: Line) -> tuple[int, int]:
        before = line.ear.all("read")[-1].epoch
        part = await line.pass_one()
        await line.order("raise_epoch", by=2)
        await line.ear.hears("read", lambda read: read.epoch == before + 2)
        return await decided(line.plc, part)

    assert walked(cabinet, walk) == (3, 1)


def test_frozen_triggers_are_not_seen_until_they_thaw(cabinet: Cabinet) -> None:
    async def walk(line: Line) -> tuple[int, int]:
        await line.order("freeze_triggers", ms=800)
        shown = line.ear.all("read")[-1].part_id
        part = shown + 2
        await asyncio.to_thread(line.plc.hears, "part", partial(is_about, part))
        await asyncio.sleep(SOON_S)
        frozen = line.ear.all("read")[-1].part_id
        await line.ear.hears("read", lambda read: read.part_id >= part)
        return frozen - shown, part

    gone_on, part = walked(cabinet, walk)
    assert gone_on <= 1  # one may have come while the order was on its way
    assert facts_of(cabinet.plc, "part", part)


def test_a_frozen_heartbeat_stands_while_parts_go_on(cabinet: Cabinet) -> None:
    async def walk(line: Line) -> set[int]:
        await line.order("freeze_heartbeat", ms=1000)
        heard = len(line.ear.told)
        await next_part(line.plc)
        await next_part(line.plc)
        reads = [what for name, what, _ in line.ear.told[heard + 2 :] if name == "read"]
        return {read.heartbeat for read in reads}

    assert len(walked(cabinet, walk)) == 1


def test_parts_stop_and_start(cabinet: Cabinet) -> None:
    cabinet.plc.order("stop_parts")
    last = cabinet.plc.said_of("part")[-1]["id"]
    cabinet.plc.hears("decided", partial(is_about, last))
    assert cabinet.plc.said_of("part")[-1]["id"] == last
    cabinet.plc.order("start_parts")
    cabinet.plc.hears("part", partial(is_about, last + 1))
