"""What the line tells a worker that is away."""

from __future__ import annotations

import asyncio
import json
import socket

from inspector.gateway.worker_side import WorkerLink


async def heard_after_an_absence(link: WorkerLink) -> list[str]:
    """Connect a worker and return what it is told at once."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    link.connected(writer)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    with theirs, theirs.makefile() as lines:
        return [json.loads(line)["do"] for line in lines]


def test_a_worker_that_was_away_hears_of_its_pictures_and_of_no_order_for_a_part_that_is_gone() -> (
    None
):
    link = WorkerLink()
    for do in ("keep", "take", "drop", "change"):
        link.tell({"do": do})
    assert asyncio.run(heard_after_an_absence(link)) == ["keep", "drop"]
