"""The PLC on node-opcua takes our words by mailbox and by method as it does in its tables."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from inspector.domain.verdict import Action
from inspector.domain.words import MachineWord, OperatorWord
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet, OwnPlc
from tests.interop.node_plc import NodePlc
from tests.interop.test_node_plc import PASS, REJECT, beating, decided, next_part

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TRAVEL = ("--reject-at", "20000")
LATE = {"as": "late", "ms": 100, "only": "Verdict."}


@pytest.mark.parametrize("way", ["mailbox", "method"])
def test_a_pass_passes_and_one_that_comes_late_does_not_undo_a_persons_reject(
    cabinet: Cabinet, own_plc: OwnPlc, way: str
) -> None:
    async def walk(plc: NodePlc) -> list[tuple[int, int]]:
        ear = Ear()
        client = cabinet.client(ear, plc=plc, transport=way)
        async with running(client):
            seen, _ = await ear.hears("read")
            async with beating(client):
                passed, pressed = await next_part(plc), await next_part(plc)
                client.say("board", passed, MachineWord(passed, seen.epoch, PASS).pack(), passed)
                await ear.hears("acked", lambda token: token == passed)
                await asyncio.to_thread(partial(plc.order, "writes", **LATE))
                word = OperatorWord(pressed, seen.epoch, revision=1, verdict=REJECT).pack()
                client.say("board", pressed, MachineWord(pressed, seen.epoch, PASS).pack(), pressed)
                client.say_operator("board", pressed, word, "person")
                await ear.hears("read", lambda read: word in read.latched)
                await ear.hears("acked", lambda token: token == pressed)
                return [await decided(plc, part) for part in (passed, pressed)]

    ended = asyncio.run(walk(own_plc("--transport", way, *TRAVEL)))
    assert ended == [(Action.PASSED, 0), (Action.REJECTED_BY_OPERATOR, 1)]
