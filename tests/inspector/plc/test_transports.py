"""Words into a mailbox, and by a method: the same words, one at a time."""

import asyncio
from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Any

import pytest

from tests.inspector.plc.conftest import Bench, Ear, PlcProcess, running

PASS, REJECT, PRESS = 5 << 8 | 1, 6 << 8 | 2, 5 << 8 | 0x16
"""Two machine words, and an operator's with its revision."""


@pytest.fixture(scope="module")
def boxed(bench: Bench) -> Iterator[PlcProcess]:
    """A PLC with mailboxes and methods."""
    process = bench.plc(methods="UInt32")
    yield process
    process.kill()


@pytest.fixture(autouse=True)
def as_it_was(boxed: PlcProcess) -> Iterator[None]:
    yield
    boxed.ask("be", takes=True, stale=[], submit_answer=0)
    boxed.ask("take_written")


def said(bench: Bench, plc: PlcProcess, transport: str) -> list[list[Any]]:
    """Return what was written while two verdicts and a press were said and acknowledged."""

    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(plc, ear, transport=transport)) as client:
            await ear.hears("up")
            client.raise_epoch("board", 9)
            client.say("board", 5, PASS, "pass")
            client.say("board", 6, REJECT, "reject")
            client.say_operator("board", 5, PRESS, "press")
            for token in ("press", "pass", "reject"):
                await ear.hears("acked", partial(eq, token))
        assert ear.all("acked") == ["press", "pass", "reject"]
        assert not ear.all("down")

    asyncio.run(walk())
    written: list[list[Any]] = plc.ask("take_written")
    return written


def test_each_word_goes_into_the_mailbox_and_is_committed_on_its_own(
    bench: Bench, boxed: PlcProcess
) -> None:
    first = boxed.ask("get", name="board.Verdict.Taken")[0]
    persons = boxed.ask("get", name="board.Operator.Taken")[0]
    assert said(bench, boxed, "mailbox") == [
        ["board.Link.GatewayEpoch", 9],
        ["board.Operator.Mailbox", PRESS],
        ["board.Operator.Commit", persons + 1],
        ["board.Verdict.Mailbox", PASS],
        ["board.Verdict.Commit", first + 1],
        ["board.Verdict.Mailbox", REJECT],
        ["board.Verdict.Commit", first + 2],
    ]


def test_a_word_that_another_one_overtook_in_the_mailbox_is_put_in_again(
    bench: Bench, boxed: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(boxed, ear, transport="mailbox")) as client:
            await ear.hears("up")
            client.say("board", 6, REJECT, "reject")
            await ear.hears("acked")
        assert boxed.ask("get", name="board.Verdict.Taken")[1] == REJECT

    boxed.ask("be", stale=[PASS])
    asyncio.run(walk())
    put = [value for name, value in boxed.ask("take_written") if name == "board.Verdict.Mailbox"]
    assert put == [REJECT, REJECT]


def test_a_program_that_takes_nothing_is_said_and_nothing_is_acknowledged(
    bench: Bench, boxed: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(boxed, ear, transport="mailbox")) as client:
            await ear.hears("up")
            client.say("board", 6, REJECT, "reject")
            why, _ = await ear.hears("down")
        assert "takes no words from board.Verdict.Mailbox: is it running?" in why
        assert not ear.all("acked")

    boxed.ask("be", takes=False)
    asyncio.run(walk())


def test_each_word_is_an_argument_of_the_method(bench: Bench, boxed: PlcProcess) -> None:
    assert said(bench, boxed, "method") == [
        ["board.Link.GatewayEpoch", 9],
        ["board.Operator.Submit", PRESS],
        ["board.Verdict.Submit", PASS],
        ["board.Verdict.Submit", REJECT],
    ]


def test_a_word_that_the_method_does_not_store_is_not_acknowledged(
    bench: Bench, boxed: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(boxed, ear, transport="method")) as client:
            await ear.hears("up")
            client.say("board", 5, PASS, "pass")
            while ["board.Verdict.Submit", PASS] not in boxed.ask("take_written"):
                await asyncio.sleep(0.02)
            boxed.ask("be", submit_answer=0)
            client.say("board", 6, REJECT, "reject")
            await ear.hears("acked")
            assert ear.all("acked") == ["reject"]
        assert not ear.all("down")

    boxed.ask("be", submit_answer=1)
    asyncio.run(walk())


def test_a_method_that_is_missing_is_named_before_the_first_word(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> str:
        ear = Ear()
        async with running(bench.client(plc, ear, transport="method")):
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    assert "board.Verdict.Submit: the PLC has no such node" in asyncio.run(walk())
