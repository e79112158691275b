"""Our client and a PLC whose server shares no code with its library."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.words import MachineWord, OperatorWord
from inspector.plc.opcua import OpcUaPlc
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet
from tests.interop.node_plc import NodePlc

pytestmark = pytest.mark.slow

POLICIES = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
PASS, REJECT = 1, 2
BEAT_S = 0.1


@pytest.mark.parametrize("policy", POLICIES)
def test_it_lets_us_in_encrypted_and_we_read_its_station(cabinet: Cabinet, policy: str) -> None:
    async def walk() -> PlcSnapshot:
        ear = Ear()
        async with running(cabinet.client(ear, policy=policy)):
            seen: PlcSnapshot
            seen, _ = await ear.hears("read", lambda read: len(read.triggers) > 2)
            return seen

    seen = asyncio.run(walk())
    assert seen.part_id == max(seen.triggers)
    assert set(seen.fired["top"]) <= set(seen.triggers)
    assert (seen.boot_count, seen.state, seen.alive) == (1, 6, False)
    counts = seen.counts
    assert counts["triggered"] == counts["decided"] + counts["on_belt"]


@contextlib.asynccontextmanager
async def beating(client: OpcUaPlc) -> AsyncIterator[None]:
    """Say that we live until the end."""

    async def beat() -> None:
        for count in range(1, 1000):
            client.beat("board", count)
            await asyncio.sleep(BEAT_S)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


async def next_part(plc: NodePlc) -> int:
    """Return the id of a part that comes to the eye now."""
    after = len(plc.said)
    part: int = (await asyncio.to_thread(plc.hears, "part", after=after))["id"]
    return part


async def decided(plc: NodePlc, part: int) -> tuple[int, int]:
    """Return (action, how often the actuator moved) of a part, once the next one is decided."""
    for one in (part, part + 1):
        await asyncio.to_thread(plc.hears, "decided", partial(is_about, one))
    (action,) = (facts["action"] for facts in facts_of(plc, "decided", part))
    return action, len(facts_of(plc, "actuated", part))


def is_about(part: int, facts: Any) -> bool:
    return bool(facts["id"] == part)


def facts_of(plc: NodePlc, what: str, part: int) -> list[Any]:
    return [facts for said, facts in plc.said if said == what and facts["id"] == part]


def test_a_pass_passes_a_reject_rejects_and_silence_rejects(cabinet: Cabinet) -> None:
    async def walk() -> list[tuple[int, int]]:
        ear = Ear()
        client = cabinet.client(ear)
        async with running(client):
            seen, _ = await ear.hears("read")
            async with beating(client):
                first, second = [await next_part(cabinet.plc) for _ in range(2)]
                for part, verdict in ((first, PASS), (second, REJECT)):
                    client.say("board", part, MachineWord(part, seen.epoch, verdict).pack(), part)
                third = await next_part(cabinet.plc)
                return [await decided(cabinet.plc, part) for part in (first, second, third)]

    assert asyncio.run(walk()) == [(1, 0), (2, 1), (3, 1)]


def test_a_persons_reject_is_echoed_and_beats_the_machines_pass(cabinet: Cabinet) -> None:
    async def walk() -> tuple[int, int]:
        ear = Ear()
        client = cabinet.client(ear)
        async with running(client):
            seen, _ = await ear.hears("read")
            async with beating(client):
                part = await next_part(cabinet.plc)
                word = OperatorWord(part, seen.epoch, revision=1, verdict=REJECT).pack()
                client.say("board", part, MachineWord(part, seen.epoch, PASS).pack(), "machine")
                client.say_operator("board", part, word, "person")
                await ear.hears("read", lambda read: word in read.latched)
                return await decided(cabinet.plc, part)

    assert asyncio.run(walk()) == (7, 1)


def test_a_pass_is_worth_nothing_when_the_heartbeat_stands(cabinet: Cabinet) -> None:
    async def walk() -> tuple[int, int]:
        ear = Ear()
        client = cabinet.client(ear)
        async with running(client):
            seen, _ = await ear.hears("read")
            part = await next_part(cabinet.plc)
            client.beat("board", 77)
            client.say("board", part, MachineWord(part, seen.epoch, PASS).pack(), "machine")
            await ear.hears("acked")
            return await decided(cabinet.plc, part)

    assert asyncio.run(walk()) == (3, 1)
