"""Looks at everything between the gateway and one station's PLC, and names all that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.outputs import ANOTHERS_RING, owner_of
from inspector.domain.snapshot import PlcSnapshot
from inspector.errors import BadInput
from inspector.gateway.plc_access import GATEWAY_URI, access_of, alone_at, our_certificate
from inspector.line.status import percentiles
from inspector.plc.access import Access
from inspector.plc.certificates import Certificate
from inspector.plc.finding import Finding, Mark
from inspector.plc.inside import WRITES, Inside, look_inside
from inspector.plc.openly import NO_WAY_IN, look_openly
from inspector.plc.openly import our_certificate as about_ours

SHORTEST_TRAVEL_MS = 150
"""Below it OPC UA is no way to reject (docs/plc/timing.md)."""
RESERVE_MS = 100
RUNNING = "this site's gateway runs, and the heartbeat is its own (end it, or use --writes 0)"
TRAVEL = "travel"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one check.

    Attributes:
        station: Whose PLC.
        plc: Its profile.
        endpoint: Where it was asked.
        gateway_running: Of this site; then nothing was written.
        findings: In the order in which they depend on each other: what to fix, in order.
        inside: What was seen within the session.
        travel_ms: From the last camera to the reject station.
    """

    station: str
    plc: str
    endpoint: str
    gateway_running: bool
    findings: tuple[Finding, ...]
    inside: Inside
    travel_ms: float

    @property
    def fixes(self) -> tuple[str, ...]:
        """Return what is wrong, in the order of mending."""
        wrong = [one for one in self.findings if one.mark is Mark.WRONG]
        return tuple(dict.fromkeys(f"{one.about}: {one.text}" for one in wrong))

    def as_json(self) -> dict[str, Any]:
        """Return it as docs/schemas/plc-check.json explains it."""
        clock_s = self.inside.clock_s
        within_ms = round(self.inside.clock_within_s * 1000, 3)
        ahead_ms = None if clock_s is None else round(clock_s * 1000, 3)
        return {
            "schema": 1,
            "station": self.station,
            "plc": self.plc,
            "endpoint": self.endpoint,
            "ok": not self.fixes,
            "gateway_running": self.gateway_running,
            "findings": [asdict(finding) for finding in self.findings],
            "nodes": [asdict(node) for node in self.inside.nodes],
            "clock_ms": {"ahead": ahead_ms, "within": within_ms},
            "write_ms": {"writes": len(self.inside.writes_s), **self.write_ms},
            "travel_ms": self.travel_ms,
            "fixes": list(self.fixes),
        }

    @property
    def write_ms(self) -> dict[str, float | None]:
        """Return p50, p99 and max of the write round trips."""
        return percentiles([took_s * 1000 for took_s in self.inside.writes_s])


def check_plc(site: Site, station: Station, *, writes: int) -> Report:
    """Return what was found; nothing is raised for what is wrong at the PLC.

    Args:
        site: Its settings.
        station: Whose PLC is looked at.
        writes: Of the heartbeat's own value, to be timed; none while the gateway runs.

    Raises:
        BadInput: The password is not given.
    """
    access = access_of(site, station, _certificate(Path(site.data)))
    with alone_at(site) as alone:
        why_none = "" if alone else RUNNING
        return asyncio.run(check_access(access, station, writes=writes, why_none=why_none))


async def check_access(access: Access, station: Station, *, writes: int, why_none: str) -> Report:
    """Return what was found on the way that `access` describes."""
    now = datetime.now(UTC)
    findings = await look_openly(access, now)
    if access.profile.encrypted:
        findings.append(about_ours(access, now))
    inside = Inside(())
    shut = any(one.mark is Mark.WRONG and one.about in NO_WAY_IN for one in findings)
    if not shut:
        inside = await look_inside(access, access.stations[0], writes=writes, why_none=why_none)
    travel_ms = _travel_ms(station)
    measured = [took_s * 1000 for took_s in inside.writes_s]
    return Report(
        station=station.name,
        plc=access.profile.name,
        endpoint=access.profile.endpoint,
        gateway_running=bool(why_none),
        findings=(
            *findings,
            *inside.findings,
            *_about_rings(station, inside.snapshot),
            *_about_time(measured, travel_ms),
        ),
        inside=inside,
        travel_ms=travel_ms,
    )


def _certificate(data: Path) -> Certificate:
    """Return our certificate, whatever is wrong with it: that is one of the findings."""
    try:
        return our_certificate(data)
    except BadInput:
        folder = data / "opcua"
        return Certificate(folder / "certificate.der", folder / "key.pem", GATEWAY_URI)


def _travel_ms(station: Station) -> float:
    belt, last = station.belt, max(view.at_counts for view in station.views)
    return round((belt.reject_at_counts - last) / belt.counts_per_s * 1000, 1)


def _about_rings(station: Station, snapshot: PlcSnapshot | None) -> list[Finding]:
    """Return the findings on where each camera's output fired last, compared as the line does."""
    if snapshot is None:
        return []
    cameras_at = {view.name: view.at_counts for view in station.views}
    found = []
    for view in snapshot.fired:
        owner = owner_of(view, snapshot, cameras_at)
        if owner != view:
            found.append(Finding(f"view {view}", Mark.WRONG, ANOTHERS_RING.format(owner)))
    return found


def _about_time(measured_ms: Sequence[float], travel_ms: float) -> list[Finding]:
    """Return the findings on the write round trip and the time budget."""
    found = []
    write = percentiles(measured_ms)
    if measured_ms:
        text = f"p50 {write['p50']} ms, p99 {write['p99']} ms, max {write['max']} ms"
        found.append(Finding(WRITES, Mark.GOOD, f"{text} over {len(measured_ms)} writes"))
    text = f"{travel_ms:g} ms from the last camera to the reject station"
    if travel_ms < SHORTEST_TRAVEL_MS:
        why = f"below {SHORTEST_TRAVEL_MS} ms of travel do not use OPC UA for rejects"
        return [*found, Finding(TRAVEL, Mark.WRONG, f"{text}: {why}")]
    left_ms = round(travel_ms - RESERVE_MS - (write["p99"] or 0.0), 1)
    if left_ms <= 0:
        why = f"nothing is left for camera and model after the write and {RESERVE_MS} ms in reserve"
        return [*found, Finding(TRAVEL, Mark.WRONG, f"{text}: {why}: move the reject station")]
    whom = "camera and model" if measured_ms else "camera, model and the write"
    left = f"{left_ms:g} ms are left for {whom}, with {RESERVE_MS} ms in reserve"
    return [*found, Finding(TRAVEL, Mark.GOOD, f"{text}: {left}")]
