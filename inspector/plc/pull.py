"""A PLC that nobody may write to: we read its nodes, and it reads our words from our own server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

from cryptography import x509

from inspector.domain.health import Condition, State
from inspector.domain.snapshot import PlcSnapshot
from inspector.opcua_server.opening import Offer
from inspector.plc.access import Profile
from inspector.plc.contract import (
    EPOCH,
    HEARTBEAT,
    operator_slot,
    pulled_nodes,
    sync_request,
    verdict_slot,
)
from inspector.plc.nodes import PlcStation
from inspector.plc.opcua import OpcUaPlc
from inspector.plc.pull_server import WordServer
from inspector.plc.unread import Standing, Table, Unread
from inspector.plc.words import Kind, WaitingBeats, WaitingWords, Word
from inspector.ports import Clock, PlcEvents

SILENT_S = 1.0
"""The PLC takes a heartbeat that it has not seen change for so long for a dead gateway's."""


class PulledPlc:
    """Implements `ports.Plc` for the line, and `ports.PlcEvents` for the session that reads.

    A word counts as acknowledged when the PLC was given it: in the answer to a read, or by a
    subscription. What is said while no session reads the PLC is dropped, and what stood is taken
    back: a PLC that counts anew must find no word of a part that had the same number.
    """

    def __init__(
        self,
        profile: Profile,
        offer: Offer,
        stations: Sequence[PlcStation],
        *,
        session: Callable[[PlcEvents], OpcUaPlc],
        events: PlcEvents,
        clock: Clock,
    ) -> None:
        """Take who reads the PLC, and where it reads us.

        Args:
            profile: The PLC's.
            offer: Of our server.
            stations: Behind this PLC.
            session: Makes what reads the PLC's nodes.
            events: Of the line.
            clock: For when a word was acknowledged.
        """
        self._slots, self._places, self._offer = profile.slot_count, profile.places, offer
        self._events, self._clock = events, clock
        self._session = session(self)
        nodes = {
            one: pulled_nodes(one.views, profile.slot_count, profile.places) for one in stations
        }
        self._prefixes = {one.name: one.prefix for one in stations}
        self._tables = {one.name: {node.name: node for node in nodes[one]} for one in stations}
        self._server = WordServer(offer, nodes, read=self._given)
        self._words, self._beats, self._unread = WaitingWords(), WaitingBeats(), Unread()
        self._void: set[Table] = set()
        self._read: list[tuple[Word, float]] = []
        self._more = asyncio.Event()
        self._up = False

    @property
    def theirs(self) -> x509.Certificate | None:
        """Return the certificate that the PLC has last proven to have."""
        return self._session.theirs

    async def open(self) -> None:
        """Begin to listen; raises `BadInput` where the port is taken."""
        await self._server.open()

    async def run(self) -> NoReturn:
        """Read the PLC and let words stand for ever; cancel to end it in good order."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._session.run())
                tasks.create_task(self._let_stand())
        finally:
            await self._server.close()
        raise AssertionError("both run for ever")

    def standing(self) -> tuple[Condition, ...]:
        """Return what is not as it should be: something of ours that the PLC does not read."""
        oldest = self._unread.oldest()
        if oldest is None or self._clock.monotonic_s() - oldest[1] < SILENT_S:
            return ()
        station, node = oldest[0]
        why = (
            f"the PLC does not read {self._prefixes[station]}.{node} at {self._offer.endpoint}:"
            " is its client running, and its certificate in pull.trust_dir?"
        )
        return (Condition(State.FAILURE, why),)

    # --- said by the line ---

    def say(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue a machine word for the part's slot."""
        self._put(Word(station, Kind.VERDICT, verdict_slot(part_id % self._slots), word, token))

    def say_operator(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue an operator word for the part's slot."""
        self._put(Word(station, Kind.OPERATOR, operator_slot(part_id % self._slots), word, token))

    def raise_epoch(self, station: str, epoch: int) -> None:
        """Queue our epoch, and take back what stood under the last; the next beat waits for it."""
        if not self._up:
            return
        tables = self._tables[station]
        self._void |= {(station, name) for name, node in tables.items() if node.length}
        if EPOCH in tables:
            self._beats.hold(station)
        self._put(Word(station, Kind.EPOCH, EPOCH, epoch))

    def ask_sync(self, station: str, view: str, request: int) -> None:
        """Queue a request for a gap on that camera's output."""
        self._put(Word(station, Kind.SYNC, sync_request(view), request))

    def beat(self, station: str, count: int) -> None:
        """Queue the heartbeat."""
        if self._up:
            self._beats.put(station, count)
            self._more.set()

    def read_soon(self, station: str) -> None:
        """Ask for a snapshot now."""
        self._session.read_soon(station)

    # --- told by the session that reads ---

    def plc_up(self) -> None:
        """The PLC's nodes can be read."""
        self._up = True
        self._events.plc_up()

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        """A station was read."""
        self._events.plc_read(snapshot)

    def plc_down(self, why: str) -> None:
        """They cannot: words that nobody can follow to their parts are taken back."""
        self._up = False
        self._words.clear()
        self._beats.clear()
        self._read.clear()
        self._void |= {(station, name) for station, of in self._tables.items() for name in of}
        self._more.set()
        self._events.plc_down(why)

    def plc_acked(self, token: object, at_s: float) -> None:
        """Pass it on; a session that only reads has none."""
        self._events.plc_acked(token, at_s)

    # --- on our server ---

    async def _let_stand(self) -> NoReturn:
        """Do all in one task: the order counts, and a fault of the line's own must end the line."""
        while True:
            self._more.clear()
            while self._void or len(self._words):
                await self._next()
            for station, count in self._beats.take():
                await self._place((station, HEARTBEAT), 0, count, None)
            self._acknowledge()
            await self._more.wait()

    async def _next(self) -> None:
        if self._void:  # before every word: those said after it are to stand
            await self._take_back(self._void.pop())
        else:
            (word,) = self._words.take(1)
            await self._stand(word)

    async def _take_back(self, table: Table) -> None:
        self._unread.forget(table)
        if table[1] != HEARTBEAT:  # the last one stands: only a change says that we live
            await self._server.void(table)

    async def _stand(self, word: Word) -> None:
        name, _, slot = word.node.partition("[")
        await self._place((word.station, name), int(slot.rstrip("]") or 0), word.value, word)

    async def _place(self, table: Table, at: int, value: int, word: Word | None) -> None:
        # First to be waited for, then to be seen: a subscription sends it once.
        self._unread.add(table, at, Standing(value, self._clock.monotonic_s(), word))
        await self._server.put(table, at, value)

    def _given(self, table: Table, values: Sequence[int]) -> None:
        at_s = self._clock.monotonic_s()
        if words := self._unread.take_read(table, values):
            self._read += [(word, at_s) for word in words]
            self._more.set()

    def _acknowledge(self) -> None:
        read, self._read = self._read, []
        for word, at_s in read:
            if word.kind in (Kind.VERDICT, Kind.OPERATOR):
                self._events.plc_acked(word.token, at_s)
            elif word.kind is Kind.EPOCH and not self._words.has_epoch(word.station):
                self._beats.release(word.station)
                self._more.set()

    def _put(self, word: Word) -> None:
        """Queue a word; the line knows by its layout which tables a PLC lacks, and so do we."""
        if self._up and word.node.partition("[")[0] in self._tables[word.station]:
            self._words.put(word)
            self._more.set()
