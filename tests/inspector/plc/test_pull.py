"""A PLC that nobody may write to reads our words from us, over real encrypted sessions."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from operator import eq
from typing import Any

import pytest
from asyncua import Client, ua

from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord, OperatorWord
from inspector.plc.pull import PulledPlc
from tests.inspector.plc.conftest import Bench, Ear, PlcProcess
from tests.inspector.plc.puller import Gateway, Program, given, node_ids

REFUSED = (ua.UaError, TimeoutError, ConnectionError, OSError, AssertionError)
QUIET_S = 0.2
"""Ten polls of the PLC: what has not come by then waits for something else."""


@pytest.fixture
def gateway(bench: Bench, plc: PlcProcess) -> Gateway:
    return Gateway(bench, plc)


async def until(holds: Callable[[], bool], within_s: float = 3.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.01)


def machine(part_id: int, epoch: int, verdict: Verdict) -> int:
    return MachineWord(part_id, epoch, verdict).pack()


def test_a_word_stands_at_once_and_is_acknowledged_once_the_plc_has_read_it(
    gateway: Gateway,
) -> None:
    async def walk() -> None:
        ear = Ear()
        async with gateway.running(ear) as us, gateway.client() as client:
            us.say("board", 21, 0x1521, "verdict")
            us.say_operator("board", 21, 0x1526, "press")
            us.ask_sync("board", "top", 4)
            await asyncio.sleep(QUIET_S)
            assert not ear.all("acked")
            assert (await given(client, "Verdict.Slot"))[0][5] == 0x1521
            await ear.hears("acked")
            assert ear.all("acked") == ["verdict"]
            operator, sync = await given(client, "Operator.Slot", "Sync.top.Request")
            assert (operator[5], sync) == (0x1526, 4)
            await ear.hears("acked", partial(eq, "press"))

    asyncio.run(walk())


def test_no_beat_stands_before_the_plc_has_read_the_epoch(gateway: Gateway) -> None:
    async def walk() -> None:
        beat = "Link.GatewayHeartbeat"
        async with gateway.running(Ear()) as us, gateway.client() as client:
            us.raise_epoch("board", 9)
            us.beat("board", 1)
            await asyncio.sleep(QUIET_S)
            assert await given(client, beat) == [None]
            assert await given(client, "Link.GatewayEpoch") == [9]
            await becomes(client, beat, 1)

    asyncio.run(walk())


async def becomes(client: Client, name: str, value: Any) -> None:
    async with asyncio.timeout(3):
        while await given(client, name) != [value]:
            await asyncio.sleep(0.01)


def test_what_a_subscription_sends_is_acknowledged_too(gateway: Gateway) -> None:
    async def walk() -> None:
        ear, noted = Ear(), Noted()
        async with gateway.running(ear) as us, gateway.client() as client:
            subscription = await client.create_subscription(50, noted)
            names = ("Verdict.Slot", "Link.GatewayEpoch", "Link.GatewayHeartbeat")
            nodes = [client.get_node(one) for one in await node_ids(client, *names)]
            await subscription.subscribe_data_change(nodes)
            us.raise_epoch("board", 3)
            us.say("board", 5, 0x531, "verdict")
            us.beat("board", 8)
            await ear.hears("acked", partial(eq, "verdict"))
            await until(lambda: 8 in noted.values)
            assert noted.values.index(3) < noted.values.index(8)
            await subscription.delete()

    asyncio.run(walk())


class Noted:
    """Keeps what a subscription brought."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        self.values.append(value)


@pytest.mark.slow
def test_the_plc_acts_on_what_it_reads_across_a_restart_of_ours(gateway: Gateway) -> None:
    async def walk() -> None:
        program, ear = Program(), Ear()
        async with gateway.running(ear) as us, program.pulling(gateway):
            await begin(us, program, epoch=5, beat=1)
            good, bad, pressed, unsaid = (program.enter() for _ in range(4))
            us.say("board", good, machine(good, 5, Verdict.PASS), "good")
            us.say("board", bad, machine(bad, 5, Verdict.REJECT), "bad")
            us.say("board", pressed, machine(pressed, 5, Verdict.PASS), "pressed")
            word = OperatorWord(pressed, 5, 1, Verdict.REJECT).pack()
            us.say_operator("board", pressed, word, "press")
            for token in ("good", "bad", "pressed", "press"):
                await ear.hears("acked", partial(eq, token))
            await until(lambda: word in program.plc.tables.latched)
            program.travel()
            assert program.decided == {
                good: Action.PASSED,
                bad: Action.REJECTED,
                pressed: Action.REJECTED_BY_OPERATOR,
                unsaid: Action.FAIL_SAFE,
            }
            said, silent = program.enter(), program.enter()
            for part in (said, silent):
                us.say("board", part, machine(part, 5, Verdict.PASS), part)
                await ear.hears("acked", partial(eq, part))
        async with gateway.running(ear) as us, program.pulling(gateway):
            await begin(us, program, epoch=6, beat=2)
            us.say("board", said, again := machine(said, 6, Verdict.PASS), "again")
            await ear.hears("acked", partial(eq, "again"))
            await until(lambda: again in program.plc.tables.verdict)  # it is on its way when acked
            program.travel()
            assert program.decided[said] == Action.PASSED
            assert program.decided[silent] == Action.FAIL_SAFE

    asyncio.run(walk())


async def begin(us: PulledPlc, program: Program, *, epoch: int, beat: int) -> None:
    """Do what the line does at its start, until the PLC takes us for alive."""
    us.raise_epoch("board", epoch)
    us.beat("board", beat)
    await until(lambda: program.plc.memory.epoch == epoch)
    await until(lambda: program.plc.gateway_heartbeat == beat)


@pytest.mark.slow
def test_a_plc_whose_client_died_acknowledges_nothing_and_that_is_said(gateway: Gateway) -> None:
    async def walk() -> None:
        program, ear = Program(), Ear()
        async with gateway.running(ear) as us:
            async with program.pulling(gateway):
                await begin(us, program, epoch=1, beat=1)
                part = program.enter()
            assert not us.standing()
            us.beat("board", 2)
            us.say("board", part, machine(part, 1, Verdict.PASS), "unheard")
            await until(lambda: bool(us.standing()))
            (condition,) = us.standing()
            assert "does not read board." in condition.text
            assert "pull.trust_dir" in condition.text
            assert not ear.all("acked")
            program.wait(1.1)
            program.travel()
            assert program.decided == {part: Action.FAIL_SAFE}
            async with program.pulling(gateway):
                await ear.hears("acked", partial(eq, "unheard"))
                await until(lambda: not us.standing())

    asyncio.run(walk())


def test_a_new_epoch_takes_back_what_stood_under_the_last(gateway: Gateway) -> None:
    async def walk() -> None:
        ear = Ear()
        async with gateway.running(ear) as us, gateway.client() as client:
            us.say("board", 5, 0x511, "old")
            us.say_operator("board", 6, 0x616, "old press")
            await asyncio.sleep(QUIET_S)
            us.raise_epoch("board", 2)
            us.say("board", 7, 0x721, "new")
            await becomes(client, "Link.GatewayEpoch", 2)
            verdicts, operators = await given(client, "Verdict.Slot", "Operator.Slot")
            assert [slot for slot, word in enumerate(verdicts) if word] == [7]
            assert not any(operators)
            await ear.hears("acked")
            assert ear.all("acked") == ["new"]

    asyncio.run(walk())


def test_words_are_taken_back_while_the_plc_cannot_be_read(
    bench: Bench, mortal_plc: PlcProcess
) -> None:
    async def walk() -> None:
        gateway, ear = Gateway(bench, mortal_plc), Ear()
        async with gateway.running(ear) as us, gateway.client() as client:
            us.raise_epoch("board", 2)
            us.say("board", 5, 0x511, "stands")
            await becomes(client, "Link.GatewayEpoch", 2)
            us.beat("board", 7)
            await becomes(client, "Link.GatewayHeartbeat", 7)
            mortal_plc.kill()
            await ear.hears("down")
            us.say("board", 6, 0x611, "too late")
            us.beat("board", 8)
            await becomes(client, "Link.GatewayEpoch", None)
            assert not any((await given(client, "Verdict.Slot"))[0])
            assert await given(client, "Link.GatewayHeartbeat") == [7]

    asyncio.run(walk())


def test_what_a_plc_has_no_use_for_is_not_offered(gateway: Gateway) -> None:
    async def walk() -> None:
        less = {"epoch": False, "operator_table": False, "sync": "standstill"}
        async with gateway.running(Ear(), **less) as us, gateway.client() as client:
            us.raise_epoch("board", 4)
            us.say_operator("board", 1, 0x116, "press")
            us.beat("board", 3)
            await becomes(client, "Link.GatewayHeartbeat", 3)
            (folder, *_) = await node_ids(client, "Verdict.Slot")
            shown = await client.get_node(folder).get_parent()
            assert shown is not None
            names = {(await one.read_browse_name()).Name for one in await shown.get_children()}
            assert names == {"Link.GatewayHeartbeat", "Verdict.Slot"}

    asyncio.run(walk())


def test_nobody_but_the_plc_gets_in_and_nobody_writes(bench: Bench, gateway: Gateway) -> None:
    async def refused(client: AbstractAsyncContextManager[Client]) -> None:
        with pytest.raises(REFUSED):
            async with client:
                pass

    async def walk() -> None:
        async with gateway.running(Ear()) as us:
            await refused(gateway.client(certificate=bench.stranger))
            await refused(gateway.client(password="wrong"))
            await refused(gateway.client(user=""))
            async with gateway.client() as client:
                us.say("board", 1, 0x121, "ours")
                (node,) = await node_ids(client, "Link.GatewayHeartbeat")
                with pytest.raises(ua.UaStatusCodeError):
                    await client.get_node(node).write_value(ua.Variant(5, ua.VariantType.UInt32))
                assert await given(client, "Link.GatewayHeartbeat") == [None]

    asyncio.run(walk())
