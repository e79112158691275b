"""The PLC over OPC UA: one session for all its stations, opened again for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from asyncua import ua
from cryptography import x509

from inspector.errors import PlcLost, PlcRefused
from inspector.plc.access import Access, Profile
from inspector.plc.certificates import Certificate
from inspector.plc.contract import (
    EPOCH,
    HEARTBEAT,
    operator_slot,
    split,
    sync_request,
    verdict_slot,
)
from inspector.plc.nodes import PlcStation, StationNodes
from inspector.plc.offers import check_still_believed
from inspector.plc.session import Session, open_session
from inspector.plc.transports import Transport
from inspector.plc.troubles import explain_status
from inspector.plc.words import MOST_TRIES, Kind, WaitingBeats, WaitingWords, Word
from inspector.ports import Clock, PlcEvents

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 0.7
"""Between two sessions; drawn, so that gateways do not come back all at once."""
LONGEST_REFUSED_PAUSE_S = 5.0
"""While a person must mend something: asking more often locks users out and fills the PLC's log."""
TRUST_LOOK_S = 10.0
"""How soon a session ends whose PLC's certificate was taken out of what is trusted."""
READS_AT_ONCE = 4
PAUSE_AFTER_REFUSAL_S = 0.02


class OpcUaPlc:
    """A PLC's tables over OPC UA; implements `ports.Plc`.

    Everything runs in the event loop that runs `run`, and the events are called from there, never
    from within `say` and its like. What is said while no session stands is dropped: the line says
    it again after `plc_up`, for what is still undecided by then.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        password: str,
        certificate: Certificate,
        server_certificate: Path | None,
        stations: Sequence[PlcStation],
        events: PlcEvents,
        clock: Clock,
        trust_dir: Path | None = None,
    ) -> None:
        self._access = Access(
            profile,
            password,
            certificate,
            server_certificate,
            tuple(stations),
            trust_dir,
            now=clock.now,
        )
        self._places = profile.places
        self._transport = Transport(profile.transport)
        self._events, self._clock = events, clock
        self._words, self._beats = WaitingWords(), WaitingBeats()
        self._words_wait, self._beats_wait = asyncio.Event(), asyncio.Event()
        self._wake = {station.name: asyncio.Event() for station in stations}
        self._up = False
        self._said = ""
        self._theirs: x509.Certificate | None = None

    @property
    def theirs(self) -> x509.Certificate | None:
        """Return the certificate that the PLC has last proven to have."""
        return self._theirs

    def say(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue a machine word for the part's slot."""
        node = verdict_slot(part_id % self._access.profile.slot_count)
        self._put(Word(station, Kind.VERDICT, node, word, token))

    def say_operator(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue an operator word for the part's slot; it goes before every machine word."""
        node = operator_slot(part_id % self._access.profile.slot_count)
        self._put(Word(station, Kind.OPERATOR, node, word, token))

    def raise_epoch(self, station: str, epoch: int) -> None:
        """Queue our epoch; it goes before every word, and before the next heartbeat."""
        if self._up and self._has(EPOCH):
            self._beats.hold(station)
        self._put(Word(station, Kind.EPOCH, EPOCH, epoch))

    def ask_sync(self, station: str, view: str, request: int) -> None:
        """Queue a request for a gap on that camera's output."""
        self._put(Word(station, Kind.SYNC, sync_request(view), request))

    def beat(self, station: str, count: int) -> None:
        """Queue the heartbeat; it has a queue of its own, so that slow words do not stop it."""
        if self._up:
            self._beats.put(station, count)
            self._beats_wait.set()

    def read_soon(self, station: str) -> None:
        """Ask for a snapshot now; one that is being read already does not count."""
        self._wake[station].set()

    async def run(self) -> NoReturn:
        """Hold a session with the PLC for ever; cancel to end it in good order."""
        refusals = 0
        while True:
            error = await self._one_session()
            refusals = refusals + 1 if isinstance(error, PlcRefused) else 0
            await asyncio.sleep(_pause_s(refusals))

    async def _one_session(self) -> PlcLost | PlcRefused:
        """Return why it ended, or never began."""
        try:
            session = await open_session(self._access)
        except (PlcLost, PlcRefused) as error:
            self._tell_down(error)
            return error
        try:
            ended = await self._serve(session)
            if isinstance(ended, PlcLost):
                session.abort()
        finally:
            self._forget()
            await session.leave()
        self._tell_down(ended)
        return ended

    async def _serve(self, session: Session) -> PlcLost | PlcRefused:
        """Read and write until something fails; return what."""
        self._up, self._said, self._theirs = True, "", session.theirs
        self._events.plc_up()
        failed: list[PlcLost | PlcRefused] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(session.lost())
                tasks.create_task(session.renew())
                if session.theirs is not None:
                    tasks.create_task(self._watch_trust(session.theirs))
                tasks.create_task(self._write_words(session))
                tasks.create_task(self._write_beats(session))
                self._start_readers(session, tasks)
        except* (PlcLost, PlcRefused) as group:
            failed += [
                error for error in group.exceptions if isinstance(error, PlcLost | PlcRefused)
            ]
        return failed[0]

    async def _watch_trust(self, theirs: x509.Certificate) -> NoReturn:
        while True:
            await asyncio.sleep(TRUST_LOOK_S)
            check_still_believed(theirs, self._access)

    def _start_readers(self, session: Session, tasks: asyncio.TaskGroup) -> None:
        """Start a reader per station, spread over the poll time so that reads do not queue up."""
        at_once = asyncio.Semaphore(READS_AT_ONCE)
        stations = session.stations.values()
        for number, nodes in enumerate(stations):
            first_s = number * self._poll_s / len(stations)
            tasks.create_task(self._read(session, nodes, at_once, first_s))

    async def _read(
        self, session: Session, nodes: StationNodes, at_once: asyncio.Semaphore, first_s: float
    ) -> NoReturn:
        loop, wake = asyncio.get_running_loop(), self._wake[nodes.station.name]
        await asyncio.sleep(first_s)
        while True:
            again = loop.call_later(self._poll_s, wake.set)
            try:
                await asyncio.sleep(0)  # words said in the same breath go first
                wake.clear()
                async with at_once:
                    read_s = self._clock.monotonic_s()
                    answer = await session.read(nodes.request)
                self._events.plc_read(nodes.snapshot(answer, read_s))
                await wake.wait()
            finally:
                again.cancel()

    async def _write_words(self, session: Session) -> NoReturn:
        while True:
            self._words_wait.clear()
            while words := self._words.take(self._transport.most):
                await self._write(session, words)
            await self._words_wait.wait()

    async def _write(self, session: Session, words: Sequence[Word]) -> None:
        statuses = await self._transport.carry(session, words)
        at_s = self._clock.monotonic_s()
        refused = False
        for word, status in zip(words, statuses, strict=True):
            if status is None:
                continue  # the PLC says that it has no use for it: the part is decided
            if status.is_good():
                self._acknowledged(word, at_s)
            else:
                refused = True
                self._try_again(word, session, status)
        if refused:
            await asyncio.sleep(PAUSE_AFTER_REFUSAL_S)

    def _acknowledged(self, word: Word, at_s: float) -> None:
        if word.kind in (Kind.VERDICT, Kind.OPERATOR):
            self._events.plc_acked(word.token, at_s)
        elif word.kind is Kind.EPOCH and not self._words.has_epoch(word.station):
            self._beats.release(word.station)
            self._beats_wait.set()

    def _try_again(self, word: Word, session: Session, status: ua.StatusCode) -> None:
        """Queue a word that the PLC did not take; it says the same however often it is sent."""
        if word.tries + 1 >= MOST_TRIES:
            node = session.stations[word.station].full(self._transport.node(word))
            raise PlcRefused(f"{node}: {explain_status(status.value)}")
        self._words.put_back(replace(word, tries=word.tries + 1))

    async def _write_beats(self, session: Session) -> NoReturn:
        in_vain = 0
        while True:
            self._beats_wait.clear()
            if beats := self._beats.take():
                writes = [session.stations[name].write(HEARTBEAT, count) for name, count in beats]
                bad = [status for status in await session.write(writes) if not status.is_good()]
                in_vain = in_vain + 1 if bad else 0
                if in_vain >= MOST_TRIES:
                    raise PlcRefused(f"{HEARTBEAT}: {explain_status(bad[0].value)}")
            await self._beats_wait.wait()

    def _put(self, word: Word) -> None:
        """Queue a word; the line knows by its layout which tables a PLC lacks, and so do we."""
        if self._up and self._takes(word):
            self._words.put(word)
            self._words_wait.set()

    def _takes(self, word: Word) -> bool:
        if word.kind is Kind.VERDICT:
            return True
        return self._has("Operator.Latched" if word.kind is Kind.OPERATOR else word.node)

    def _has(self, node: str) -> bool:
        return bool(self._places[split(node)[0]].id)

    def _forget(self) -> None:
        self._up = False
        self._words.clear()
        self._beats.clear()

    def _tell_down(self, error: PlcLost | PlcRefused) -> None:
        """Tell the line, but not the same thing at each try."""
        why = str(error)
        if why != self._said:
            self._said = why
            self._events.plc_down(why)

    @property
    def _poll_s(self) -> float:
        return self._access.profile.poll_ms / 1000


def _pause_s(refusals: int) -> float:
    """Return how long to wait before the next session; longer with each refusal in a row."""
    pause_s = random.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)  # noqa: S311  no secret
    return min(pause_s * (1 << min(refusals, 4)), LONGEST_REFUSED_PAUSE_S)
