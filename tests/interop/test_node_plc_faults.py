"""The PLC on node-opcua goes wrong as it is told: each order does what plc/main.js says of it."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from inspector.domain.words import MachineWord
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet
from tests.interop.test_node_plc import PASS, beating, decided, facts_of, is_about, next_part

pytestmark = pytest.mark.slow

SOON_S = 0.15


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


@pytest.mark.parametrize(
    ("fault", "action"),
    [
        ({"as": "none"}, 1),
        ({"as": "slow", "ms": 300}, 1),
        ({"as": "late", "ms": 300}, 1),
        ({"as": "late", "ms": 4000}, 3),
        ({"as": "done_with_error", "count": 1}, 1),
        ({"as": "refused", "status": "BadOutOfRange", "count": 1}, 1),
        ({"as": "refused", "status": "BadServerTooBusy"}, 3),
        ({"as": "unanswered", "count": 1}, 1),
    ],
    ids=str,
)
def test_a_fault_of_writes_ends_in_the_action_that_the_rule_says(
    cabinet: Cabinet, fault: dict[str, Any], action: int
) -> None:
    async def walk(line: Line) -> tuple[int, int]:
        await line.order("writes", only="Verdict.", **fault)
        return await decided(line.plc, await line.pass_one())

    assert walked(cabinet, walk) == (action, int(action == 3))


def test_an_accepted_write_is_acknowledged_before_it_is_carried_out(cabinet: Cabinet) -> None:
    async def walk(line: Line) -> tuple[float, float]:
        await line.order("writes", only="Link.GatewayEpoch", ms=600, **{"as": "late"})
        epoch = line.ear.all("read")[-1].epoch + 1
        asked_s = time.monotonic()
        line.client.raise_epoch("board", epoch)
        _, seen_s = await line.ear.hears("read", lambda read: read.epoch == epoch)
        return asked_s, seen_s

    asked_s, seen_s = walked(cabinet, walk)
    assert seen_s - asked_s >= 0.6


@pytest.mark.parametrize("order", ["close_sessions", "cut"])
def test_the_client_is_back_after_its_session_was_ended(cabinet: Cabinet, order: str) -> None:
    async def walk(line: Line) -> None:
        heard = await line.order(order)
        await line.ear.hears("down", after=heard)
        await line.ear.hears("up", after=heard)

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
