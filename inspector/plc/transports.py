"""How words reach a PLC: into a slot for each part, one at a time into a mailbox, or by a call.

All three carry the same 32-bit words, which name their part, epoch and revision; so a word that the
PLC carries out late, or twice, changes no more here than in a table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from asyncua import ua

from inspector.errors import PlcLost, PlcRefused
from inspector.plc.nodes import ALL_32_BITS, StationNodes
from inspector.plc.session import Session
from inspector.plc.words import MOST_TRIES, Kind, Word

WORDS_PER_REQUEST = 16
TAKING_S = 0.5
"""A program that has not taken a word from its mailbox by then does not run: scans are shorter."""
LOOK_S = 0.005
GOOD: Final = ua.StatusCode(ua.UInt32(ua.StatusCodes.Good))
_AREAS: Final = {Kind.VERDICT: "Verdict", Kind.OPERATOR: "Operator"}
"""The kinds that go other ways than by a plain write."""
Status = ua.StatusCode | None
"""None: the PLC understood the word and did not store it."""


class Transport:
    """One of the ways; epochs and sync requests are plain writes in each of them.

    Attributes:
        most: Words that go at once; fewer let a person's word overtake sooner.
    """

    def __init__(self, way: str) -> None:
        self._way = way
        self._sequences: dict[tuple[str, str], int] = {}
        self.most: Final = WORDS_PER_REQUEST if way == "tables" else 1

    def node(self, word: Word) -> str:
        """Return the node that a word goes to."""
        if self._way == "tables" or word.kind not in _AREAS:
            return word.node
        return f"{_AREAS[word.kind]}.{'Mailbox' if self._way == 'mailbox' else 'Submit'}"

    async def carry(self, session: Session, words: Sequence[Word]) -> list[Status]:
        """Return what the PLC said to each word, all of one kind; raises as `Session.write`."""
        if self._way == "tables" or words[0].kind not in _AREAS:
            writes = [session.stations[word.station].write(word.node, word.value) for word in words]
            return list(await session.write(writes))
        one = self._into_mailbox if self._way == "mailbox" else self._by_call
        return [await one(session, word) for word in words]

    async def _by_call(self, session: Session, word: Word) -> Status:
        area, nodes = _AREAS[word.kind], session.stations[word.station]
        answer = await session.call(nodes.call(f"{area}.Submit", f"{area}.Owner", word.value))
        status: ua.StatusCode = answer.StatusCode
        if not status.is_good():
            return status
        if len(answer.OutputArguments) != 1:
            count = len(answer.OutputArguments)
            raise PlcRefused(f"{nodes.full(f'{area}.Submit')}: returns {count} values, not one")
        return None if answer.OutputArguments[0].Value else GOOD

    async def _into_mailbox(self, session: Session, word: Word) -> Status:
        """Write the word, then in a request of its own the commit, and wait for the echo.

        What an earlier session left on its way may come between the two: the echo shows it.
        """
        area, nodes = _AREAS[word.kind], session.stations[word.station]
        for _ in range(MOST_TRIES):
            sequence = await self._next(session, nodes, area)
            for name, value in (("Mailbox", word.value), ("Commit", sequence)):
                (status,) = await session.write([nodes.write(f"{area}.{name}", value)])
                if not status.is_good():
                    return status
            if await _echo(session, nodes, area, sequence) == word.value:
                return GOOD
        why = "the PLC takes other words than we put in: does somebody else write it?"
        raise PlcRefused(f"{nodes.full(f'{area}.Mailbox')}: {why}")

    async def _next(self, session: Session, nodes: StationNodes, area: str) -> int:
        """Return a sequence that the PLC has not taken: it acts when the number changes."""
        last, _ = await _taken(session, nodes, area)
        key = nodes.station.name, area
        last = max(last, self._sequences.get(key, 0))
        self._sequences[key] = (last + 1) & ALL_32_BITS or 1
        return self._sequences[key]


async def _echo(session: Session, nodes: StationNodes, area: str, sequence: int) -> int:
    """Return the word that the PLC took with this sequence.

    The loop looks at the clock itself: a cancellation that meets a finished read is lost in it, and
    `asyncio.timeout` asks only once. Each read has a time limit of its own.
    """
    clock = asyncio.get_running_loop()
    until_s = clock.time() + TAKING_S
    while clock.time() < until_s:
        taken, word = await _taken(session, nodes, area)
        if taken == sequence:
            return word
        await asyncio.sleep(LOOK_S)
    mailbox = nodes.full(f"{area}.Mailbox")
    raise PlcLost(f"the PLC's program takes no words from {mailbox}: is it running?")


async def _taken(session: Session, nodes: StationNodes, area: str) -> tuple[int, int]:
    name = f"{area}.Taken"
    return nodes.taken(name, await session.read(nodes.asking_taken(name)))
