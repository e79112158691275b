"""Our client and a PLC whose server shares no code with its library."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest
from asyncua import ua

from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.words import MachineWord, OperatorWord
from inspector.plc.certificates import thumbprint
from inspector.ports import Plc
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet, OwnPlc
from tests.interop.node_plc import NodePlc

pytestmark = pytest.mark.slow

POLICIES = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
PASS, REJECT = 1, 2
BEAT_S = 0.1
NOT_ENCRYPTED: Final = {"policy": "None", "unencrypted": True}


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
    # The camera comes behind the eye: its ring may still hold a part that the eye no longer has.
    oldest = min(seen.triggers)
    assert {number for number in seen.fired["top"] if number >= oldest} <= set(seen.triggers)
    assert seen.fired["top"].keys() & seen.triggers.keys()
    assert (seen.boot_count, seen.state) == (1, 6)
    counts = seen.counts
    assert counts["triggered"] == counts["decided"] + counts["on_belt"]


@contextlib.asynccontextmanager
async def beating(client: Plc) -> AsyncIterator[None]:
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


def test_withheld_parts_are_rejected_and_the_answer_names_the_first_one_fired_for_again(
    cabinet: Cabinet,
) -> None:
    async def walk() -> tuple[int, set[int]]:
        ear = Ear()
        client = cabinet.client(ear)
        async with running(client):
            seen, _ = await ear.hears("read")
            async with beating(client):
                client.ask_sync("board", "top", seen.sync["top"][0] + 1)
                before = seen.part_id
                while not (read := ear.all("read")[-1]).sync["top"][0]:
                    part = await next_part(cabinet.plc)
                    client.say("board", part, MachineWord(part, seen.epoch, PASS).pack(), part)
                answer: int = read.sync["top"][1]
                await decided(cabinet.plc, answer)
                return answer, set(range(before - 1, answer))

    answer, parts = asyncio.run(walk())
    withheld = {part for part in parts if not facts_of(cabinet.plc, "fired", part)}
    assert len(withheld) >= 2
    assert max(withheld) == answer - 1
    for part in withheld:
        assert [facts["action"] for facts in facts_of(cabinet.plc, "decided", part)] == [3]
    (again,) = facts_of(cabinet.plc, "fired", answer)
    (last,) = facts_of(cabinet.plc, "fired", min(withheld) - 1)
    assert again["time_us"] - last["time_us"] >= 500_000


def test_a_restart_keeps_the_count_rejects_what_was_on_the_belt_and_is_counted(
    cabinet: Cabinet, own_plc: OwnPlc
) -> None:
    async def walk(plc: NodePlc) -> PlcSnapshot:
        ear = Ear()
        async with running(cabinet.client(ear, plc=plc)):
            seen: PlcSnapshot
            seen, _ = await ear.hears("read")
            await asyncio.to_thread(plc.hears, "part", partial(is_about, 6))
            return seen

    plc = own_plc("--rate", "10")
    plc.hears("part", partial(is_about, 5))
    plc.quit()
    assert not facts_of(plc, "decided", 5)
    plc.start("--shift-namespace")
    seen = asyncio.run(walk(plc))
    assert seen.boot_count == plc.ready["boot"] == 2
    assert seen.counts["triggered"] >= 5
    assert [facts["bad"] for facts in facts_of(plc, "part", 6)]
    plc.hears("decided", partial(is_about, 5))
    assert [facts["action"] for facts in facts_of(plc, "decided", 5)] == [3]


def test_a_foreign_certificate_is_refused_with_its_thumbprint(cabinet: Cabinet) -> None:
    why = refusal(cabinet, certificate=cabinet.stranger)
    assert "refused our certificate: trust it at the PLC" in why
    assert thumbprint(cabinet.stranger.cert_der) in why


def test_a_wrong_password_is_refused_and_not_shown(cabinet: Cabinet) -> None:
    why = refusal(cabinet, password="hunter2")
    assert "password_env" in why
    assert "hunter2" not in why


def test_without_encryption_there_is_no_session(cabinet: Cabinet) -> None:
    why = refusal(cabinet, **NOT_ENCRYPTED)
    assert "choose another policy in the profile (BadSecurityModeRejected)" in why


def test_a_fourth_session_is_refused(cabinet: Cabinet) -> None:
    async def walk() -> str:
        ears = [Ear() for _ in range(4)]
        async with contextlib.AsyncExitStack() as sessions:
            for ear in ears[:3]:
                await sessions.enter_async_context(running(cabinet.client(ear)))
                await ear.hears("up")
            await sessions.enter_async_context(running(cabinet.client(ears[3])))
            return str((await ears[3].hears("down"))[0])

    assert "no free session" in asyncio.run(walk())


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (ua.DataValue(ua.Variant(1, ua.VariantType.UInt32)), "Good"),
        (
            ua.DataValue(
                ua.Variant(1, ua.VariantType.UInt32),
                SourceTimestamp=ua.DateTime(2026, 1, 1),
            ),
            "BadWriteNotSupported",
        ),
        (ua.DataValue(ua.Variant(1, ua.VariantType.Int32)), "BadTypeMismatch"),
        (ua.DataValue(ua.Variant(1, ua.VariantType.Int64)), "BadTypeMismatch"),
    ],
)
def test_it_takes_a_bare_value_of_the_nodes_own_type_only(
    cabinet: Cabinet, value: ua.DataValue, status: str
) -> None:
    async def walk() -> str:
        async with cabinet.session() as session:
            write = session.stations["board"].write("Link.GatewayHeartbeat", 1)
            (answer,) = await session.write([replace(write, Value=value)])
            return str(answer.name)

    assert asyncio.run(walk()) == status


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (("--missing", "board.Link.Epoch"), "board.Link.Epoch: the PLC has no such node"),
        (("--wrong-type", "board.Track.Ring"), "board.Track.Ring: is Double at the PLC"),
        (("--no-operator-table",), "board.Operator.Latched: the PLC has no such node"),
        (("--no-epoch",), "board.Link.Epoch: the PLC has no such node"),
        (("--none-only",), "it offers: None, which is not encrypted"),
    ],
)
def test_a_mistake_at_the_plc_is_named(
    cabinet: Cabinet, own_plc: OwnPlc, mistake: tuple[str, ...], said: str
) -> None:
    assert said in refusal(cabinet, plc=own_plc(*mistake))


def test_a_read_only_node_is_named(cabinet: Cabinet, own_plc: OwnPlc) -> None:
    async def walk(plc: NodePlc) -> str:
        ear = Ear()
        client = cabinet.client(ear, plc=plc)
        async with running(client):
            await ear.hears("up")
            client.raise_epoch("board", 4)
            return str((await ear.hears("down"))[0])

    plc = own_plc("--read-only", "board.Link.GatewayEpoch")
    assert "board.Link.GatewayEpoch: the PLC does not let this node be written" in asyncio.run(
        walk(plc)
    )


def test_it_works_without_operator_table_and_epoch(cabinet: Cabinet, own_plc: OwnPlc) -> None:
    async def walk(plc: NodePlc) -> tuple[int, int]:
        ear = Ear()
        client = cabinet.client(ear, plc=plc, operator_table=False, epoch=False)
        async with running(client):
            await ear.hears("up")
            async with beating(client):
                part = await next_part(plc)
                client.say("board", part, MachineWord(part, 9, PASS).pack(), "machine")
                return await decided(plc, part)

    plc = own_plc("--no-operator-table", "--no-epoch", "--reject-at", "3000")
    assert asyncio.run(walk(plc)) == (1, 0)


def refusal(cabinet: Cabinet, **changed: Any) -> str:
    """Return what the client says when it cannot have a session."""

    async def walk() -> str:
        ear = Ear()
        async with running(cabinet.client(ear, **changed)):
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    return asyncio.run(walk())
