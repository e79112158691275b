"""One verdict by hand for one part, while a line is commissioned and no gateway runs."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.numbers import BITS_32, signed_32
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord, action_of, verdict_name
from inspector.errors import PlcLost, PlcRefused
from inspector.gateway.plc_access import access_of, our_certificate
from inspector.gateway.recorder_ask import recorder_of
from inspector.gateway.site_run import held, runtime_of
from inspector.plc.access import Access
from inspector.plc.beats import NOTHING_IS_WRITTEN, SOMEBODY, heartbeat, somebody_beats
from inspector.plc.contract import EPOCH, HEARTBEAT, verdict_slot
from inspector.plc.session import Session, open_session
from inspector.plc.transports import Status, Transport
from inspector.plc.troubles import explain_status
from inspector.plc.words import Kind, Word

BEAT_S = 0.1
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be forced.

    Attributes:
        station: Where.
        part: Its id; None: the next one at the eye.
        verdict: PASS or REJECT.
        within_s: Give up when the PLC has not decided by then.
    """

    station: Station
    part: int | None
    verdict: Verdict
    within_s: float


def force(site: Site, order: Order, *, say: Say) -> Action:
    """Write one machine word, beat until the PLC has decided, and return what it did.

    Raises:
        BadInput: The site's gateway runs.
        PlcRefused: Another gateway is at work, or the part is decided already or never came.
        PlcLost: The connection ended; nobody knows whether the word arrived.
    """
    access = access_of(site, order.station, our_certificate(Path(site.data)))
    with held(runtime_of(Path(site.folder))):
        after = {"part": order.part or "next", "verdict": verdict_name(order.verdict)}
        what = f"a part at {order.station.name}"
        recorder_of(site).note("plc force", what, station=order.station.name, after=after)
        return asyncio.run(force_at(access, order, data=Path(site.data), say=say))


async def force_at(access: Access, order: Order, *, data: Path, say: Say) -> Action:
    """Do it at the PLC that `access` describes; see `force`."""
    if not access.profile.places[HEARTBEAT].id:
        raise PlcRefused(f"{NOTHING_IS_WRITTEN}: no verdict can be forced there")
    session = await open_session(access)
    try:
        return await _Forcing(session, access, order, data, say).run()
    finally:
        await session.leave()


class _Forcing:
    """One forced verdict, from the first look to the PLC's decision."""

    def __init__(
        self, session: Session, access: Access, order: Order, data: Path, say: Say
    ) -> None:
        self._session, self._access, self._order = session, access, order
        self._data, self._say = data, say
        self._nodes = session.stations[order.station.name]
        self._beat = 0
        self._give_up_s = time.monotonic() + order.within_s

    async def run(self) -> Action:
        before = await self._look()
        await self._no_other_gateway()
        part = self._part(before)
        epoch = 0
        if self._access.profile.places[EPOCH].id:
            epoch = (before.epoch + 1) % BITS_32
            await self._until_in_force(epoch)
        await self._until_there(part)
        note(self._data, self._order, plc=self._access.profile.name, part=part, epoch=epoch)
        self._say(f"part {part}: {verdict_name(self._order.verdict).upper()} BY FORCE")
        action = None
        try:
            await self._tell(MachineWord(part, epoch, self._order.verdict))
            action = await self._until_decided(part)
        finally:
            if action is None:
                with contextlib.suppress(PlcRefused, PlcLost):
                    # Nobody watches any more what becomes of it.
                    await self._tell(MachineWord(part, epoch, Verdict.UNKNOWN))
        return action

    def _part(self, before: PlcSnapshot) -> int:
        if self._order.part is None:
            return (before.part_id + 1) % BITS_32 or 1
        return self._order.part

    async def _no_other_gateway(self) -> None:
        if await somebody_beats(self._session.read, self._nodes):
            raise PlcRefused(f"{SOMEBODY}: end it first")
        self._beat = await heartbeat(self._session.read, self._nodes)

    async def _until_in_force(self, epoch: int) -> None:
        """Say the epoch until the PLC shows it: an older one that came late may have replaced it.

        There is no beat before that, or words of the old epoch would count again.
        """
        while True:
            await self._write(EPOCH, epoch)
            await asyncio.sleep(BEAT_S)
            if (await self._look()).epoch == epoch:
                return
            self._be_patient(f"the PLC does not show epoch {epoch} in Link.Epoch")

    async def _until_there(self, part: int) -> None:
        """Beat until the part has passed the eye: its slot is cleared there."""
        while True:
            now = await self._step(f"part {part} has not come to the eye")
            if signed_32(now.part_id - part) >= 0:
                break
        if part not in now.triggers:
            raise PlcRefused(f"part {part} is not in the PLC's ring any more")
        if _decided(now, part, self._access) is not None:
            raise PlcRefused(f"part {part} is decided already")

    async def _until_decided(self, part: int) -> Action:
        while True:
            now = await self._step(f"the PLC has not decided part {part}")
            if action := _decided(now, part, self._access):
                return action

    async def _step(self, else_why: str) -> PlcSnapshot:
        """Beat, and return what the PLC says a little later."""
        self._be_patient(else_why)
        self._beat = (self._beat + 1) % BITS_32
        await self._write(HEARTBEAT, self._beat)
        await asyncio.sleep(BEAT_S)
        return await self._look()

    def _be_patient(self, else_why: str) -> None:
        if time.monotonic() > self._give_up_s:
            why = f"{else_why} within {self._order.within_s:g} s: is the line running?"
            raise PlcRefused(why)

    async def _look(self) -> PlcSnapshot:
        answer = await self._session.read(self._nodes.request)
        return self._nodes.snapshot(answer, time.monotonic())

    async def _tell(self, word: MachineWord) -> None:
        """Say a word on the way that the profile has for words."""
        profile = self._access.profile
        slot = verdict_slot(word.part_id % profile.slot_count)
        one = Word(self._order.station.name, Kind.VERDICT, slot, word.pack())
        way = Transport(profile.transport)
        (status,) = await way.carry(self._session, [one])
        self._check(way.node(one), status)

    async def _write(self, node: str, value: int) -> None:
        (status,) = await self._session.write([self._nodes.write(node, value)])
        self._check(node, status)

    def _check(self, node: str, status: Status) -> None:
        if status is None:
            raise PlcRefused(f"{self._nodes.full(node)}: the PLC did not store the word")
        if not status.is_good():
            raise PlcRefused(f"{self._nodes.full(node)}: {explain_status(status.value)}")


def _decided(now: PlcSnapshot, part: int, access: Access) -> Action | None:
    return action_of(now.decisions[part % access.profile.slot_count], part)


def note(data: Path, order: Order, *, plc: str, part: int, epoch: int) -> None:
    """Append to data/forced.jsonl who forces what, before it is done, and make it durable."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "person": getpass.getuser(),
        "station": order.station.name,
        "plc": plc,
        "part": part,
        "epoch": epoch,
        "verdict": verdict_name(order.verdict),
    }
    data.mkdir(parents=True, exist_ok=True)
    with (data / "forced.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
