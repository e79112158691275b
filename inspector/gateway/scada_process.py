"""The process of our OPC UA server for SCADA and MES: last to start, and out of the way."""

from __future__ import annotations

import os
import time
from typing import Any

from inspector.config.site import Site
from inspector.ipc import Runtime, read_status

FIRST_VERDICT_S = 10.0
"""Loading costs up to four seconds of a core: the first verdict comes first, but not for ever."""
POLL_S = 0.2
NICENESS = 5
"""Whatever a client asks for, models and line go first."""


def main(site: Site, runtime: Runtime) -> None:
    """Serve until SIGTERM."""
    os.nice(NICENESS)
    wait_for_first_verdict(runtime)
    from inspector.gateway.scada_serving import serve  # noqa: PLC0415  heavy: see above

    serve(site, runtime)


def wait_for_first_verdict(runtime: Runtime) -> None:
    """Return once a verdict has reached the PLC, or after `FIRST_VERDICT_S`."""
    until_s = time.monotonic() + FIRST_VERDICT_S
    while time.monotonic() < until_s and not has_judged(read_status(runtime, "line")):
        time.sleep(POLL_S)


def has_judged(line: dict[str, Any] | None) -> bool:
    """Return whether a verdict of any station was acknowledged."""
    stations = (line or {}).get("stations", {})
    return any(station["latency_ms"]["p50"] is not None for station in stations.values())
