"""What both processes of the demo's world share: where they meet, and what they are called."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from inspector.config.site import DemoSettings, Site
from inspector.config.station import Station
from inspector.ipc import Runtime
from inspector.simulator.parts import STATIONS

PLC_URI = "urn:inspector:demo:plc"


def demo_of(site: Site) -> DemoSettings:
    """Return the demo's settings, or the defaults."""
    return site.demo or DemoSettings()


def product_of(station: Station) -> str:
    """Return which of the drawn products a station inspects."""
    return station.name if station.name in STATIONS else station.package


def wire_of(runtime: Runtime) -> Path:
    """Return the socket that stands for the trigger wires from the PLC to the cameras."""
    return runtime.folder / "demo-wire.sock"


def control_of(runtime: Runtime) -> Path:
    """Return the socket that takes orders for the demo's PLC: faults, hold, resume, the key."""
    return runtime.folder / "demo-control.sock"


def truth_of(site: Site) -> Path | None:
    """Return where the truth is written, or None when it is not wanted."""
    demo = demo_of(site)
    if not demo.recorded_truth or not demo.evidence:
        return None
    return Path(demo.evidence) / "truth.jsonl"


def until_sigterm(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run an event loop with `run` until SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await run(stop)

    asyncio.run(main())
