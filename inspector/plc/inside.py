"""What can be found out about a PLC within a session of our own, without disturbing its program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import Client, ua

from inspector.domain.snapshot import PlcSnapshot
from inspector.errors import PlcLost, PlcRefused
from inspector.plc.access import Access
from inspector.plc.beats import NOTHING_IS_WRITTEN, SOMEBODY, somebody_beats
from inspector.plc.contract import HEARTBEAT
from inspector.plc.finding import Finding, Mark
from inspector.plc.node_check import NodeState, about_nodes, look_at_nodes
from inspector.plc.nodes import PlcStation, StationNodes
from inspector.plc.session import unsurveyed
from inspector.plc.troubles import explain_status, translated

SESSION, NAMESPACE, CLOCK, WRITES = "session", "namespace", "clock", "write round trip"
CLOCK_NOTE_S = 1.0
FIRST_NODE = "Track.PartId"


@dataclass(frozen=True, slots=True)
class Inside:
    """What was seen within the session.

    Attributes:
        findings: In the order of looking.
        nodes: Every mapped node of the station; none where we did not get so far.
        clock_s: The PLC's clock minus ours; None: not asked.
        clock_within_s: Half a round trip: it may be wrong by so much.
        writes_s: Round trips of the write test.
        snapshot: A read as the line makes it; None where a node is not as it must be.
    """

    findings: tuple[Finding, ...]
    nodes: tuple[NodeState, ...] = ()
    clock_s: float | None = None
    clock_within_s: float = 0.0
    writes_s: tuple[float, ...] = ()
    snapshot: PlcSnapshot | None = None


async def look_inside(access: Access, station: PlcStation, *, writes: int, why_none: str) -> Inside:
    """Return what is found within one extra session, which is closed again.

    Args:
        access: How the PLC is reached.
        station: Whose nodes.
        writes: Of the heartbeat's own value, to be timed.
        why_none: Why there shall be no write although they are asked for; empty: there may be.
    """
    try:
        async with unsurveyed(access) as client:
            return await _Look(client, access, station).all(writes, why_none)
    except (PlcRefused, PlcLost) as error:
        return Inside((Finding(SESSION, Mark.WRONG, str(error)),))


class _Look:
    """One look, in order."""

    def __init__(self, client: Client, access: Access, station: PlcStation) -> None:
        self._client, self._access, self._station = client, access, station

    async def all(self, writes: int, why_none: str) -> Inside:
        try:
            return await self._all(writes, why_none)
        except Exception as error:  # the library raises what it likes
            raise translated(error) from error

    async def _all(self, writes: int, why_none: str) -> Inside:
        user = self._access.profile.user
        found = [Finding(SESSION, Mark.GOOD, f"user {user} accepted" if user else "anonymous")]
        clock_s, within_s = await self._clock()
        found.append(about_clock(clock_s, within_s))
        index, namespace = await self._namespace()
        found.append(namespace)
        nodes: tuple[NodeState, ...] = ()
        writes_s: tuple[float, ...] = ()
        snapshot: PlcSnapshot | None = None
        if index:
            nodes = await look_at_nodes(self._client, self._access, self._station, index)
            found += about_nodes(nodes)
            if not any(node.trouble for node in nodes):
                snapshot = await self._snapshot(index)
            writes_s, more = await self._writes(index, nodes, writes, why_none)
            found += more
        return Inside(tuple(found), nodes, clock_s, within_s, writes_s, snapshot)

    async def _snapshot(self, index: int) -> PlcSnapshot:
        nodes, read_s = self._nodes(index), time.monotonic()
        nodes.learn(await self._client.uaclient.read(nodes.survey))
        return nodes.snapshot(await self._client.uaclient.read(nodes.request), read_s)

    async def _clock(self) -> tuple[float, float]:
        """Return (their clock minus ours, half the round trip)."""
        node = self._client.get_node(
            ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServerStatus_CurrentTime))
        )
        before, started_s = datetime.now(UTC), time.perf_counter()
        theirs: datetime = await node.read_value()
        half_s = (time.perf_counter() - started_s) / 2
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        return (theirs - before).total_seconds() - half_s, half_s

    async def _namespace(self) -> tuple[int, Finding]:
        """Return the nodes' namespace, found by its URI or by trying; 0: nowhere."""
        uri, known = self._access.profile.namespace_uri, await self._client.get_namespace_array()
        if uri in known:
            return known.index(uri), Finding(
                NAMESPACE, Mark.GOOD, f"{uri} is ns={known.index(uri)}"
            )
        others = ", ".join(known[1:]) or "none"
        text = f"the PLC has no namespace {uri} (it has: {others})"
        for index in range(1, len(known)):
            if await self._value(index, FIRST_NODE) is not None:
                hint = f"{text}; {FIRST_NODE} is in {known[index]}: write that into namespace_uri"
                return index, Finding(NAMESPACE, Mark.WRONG, hint)
        return 0, Finding(NAMESPACE, Mark.WRONG, f"{text}: correct namespace_uri")

    async def _value(self, index: int, name: str) -> Any:
        """Return a node's value, or None."""
        (answer,) = await self._client.uaclient.read(self._nodes(index).asking_for(name))
        return answer.Value.Value if answer.Value is not None else None

    def _nodes(self, index: int) -> StationNodes:
        profile = self._access.profile
        return StationNodes(
            self._station, slots=profile.slot_count, index=index, places=profile.places
        )

    async def _writes(
        self, index: int, nodes: tuple[NodeState, ...], most: int, why_none: str
    ) -> tuple[tuple[float, ...], list[Finding]]:
        written = self._access.profile.places[HEARTBEAT].id
        why = (why_none or next(_unfit(nodes), "")) if written else NOTHING_IS_WRITTEN
        if (
            most
            and not why
            and await somebody_beats(self._client.uaclient.read, self._nodes(index))
        ):
            why = SOMEBODY
        if not most or why:
            said = f"not measured: {why}" if why else "not measured, as asked"
            return (), [Finding(WRITES, Mark.NOTE, said)]
        return await self._timed(index, nodes, most)

    async def _timed(
        self, index: int, nodes: tuple[NodeState, ...], most: int
    ) -> tuple[tuple[float, ...], list[Finding]]:
        """Write the value that stands there: for the PLC that is no beat."""
        kind = next(node.type for node in nodes if node.name == HEARTBEAT)
        value = ua.Variant(await self._value(index, HEARTBEAT), ua.VariantType[kind])
        write = ua.WriteValue(
            NodeId=self._nodes(index).node_id(HEARTBEAT),
            AttributeId=ua.AttributeIds.Value,
            Value=ua.DataValue(value, StatusCode=None),
        )
        took_s = []
        for _ in range(most):
            started_s = time.perf_counter()
            (status,) = await self._client.uaclient.write(ua.WriteParameters(NodesToWrite=[write]))
            took_s.append(time.perf_counter() - started_s)
            if not status.is_good():
                why = f"{HEARTBEAT}: {explain_status(status.value)}"
                return (), [Finding(WRITES, Mark.WRONG, why)]
        return tuple(took_s), []


def _unfit(nodes: tuple[NodeState, ...]) -> Iterator[str]:
    for node in nodes:
        if node.name == HEARTBEAT and node.trouble:
            yield f"{HEARTBEAT} is not as it must be"


def about_clock(clock_s: float, within_s: float) -> Finding:
    """Return the finding on a clock that is so far ahead of ours, and so exactly measured."""
    way = "ahead of" if clock_s > 0 else "behind"
    text = f"the PLC's is {abs(clock_s):.3f} s {way} ours, give or take {within_s:.3f} s"
    if abs(clock_s) - within_s < CLOCK_NOTE_S:
        return Finding(CLOCK, Mark.GOOD, text)
    return Finding(CLOCK, Mark.NOTE, f"{text}: let both ask the same time server")
