"""Whether any gateway, ours or a stranger's, is at work on a station: its heartbeat changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from asyncua import ua

from inspector.plc.contract import HEARTBEAT
from inspector.plc.nodes import ALL_32_BITS, StationNodes, Values

STILL_S = 1.2
"""A heartbeat that stood still for so long has no gateway behind it: they beat each 250 ms."""
SOMEBODY = "a gateway is at work on this station, on another machine or for another user"
NOTHING_IS_WRITTEN = 'nothing is written into a PLC with transport = "pull"'
Read = Callable[[ua.ReadParameters], Awaitable[Values]]


async def heartbeat(read: Read, nodes: StationNodes) -> int:
    """Return the last heartbeat that the PLC was sent."""
    (answer,) = await read(nodes.asking_for(HEARTBEAT))
    return int(answer.Value.Value) & ALL_32_BITS if answer.Value is not None else 0


async def somebody_beats(read: Read, nodes: StationNodes) -> bool:
    """Return whether the heartbeat changes while we only watch."""
    before = await heartbeat(read, nodes)
    await asyncio.sleep(STILL_S)
    return before != await heartbeat(read, nodes)
