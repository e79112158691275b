"""The demo factory's settings: the site's own stations, with the pace that was asked for."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from inspector.config.checking import PLC_TABLE_MARGIN
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import DemoSettings, Site
from inspector.config.station import Belt, Station, most_in_flight
from inspector.errors import BadInput
from inspector.gateway.demo_scada import demo_scada

DEMO_USER = "inspector"
JITTER = 0.2
"""Spacing of parts varies by so much either way (issue 2, point 3)."""
FAST_TRAVEL_COUNTS = 8000
"""Eye to reject station in headless runs: 8 s."""


def demo_site(
    site: Site,
    demo: DemoSettings,
    *,
    data: Path,
    port: int,
    plc_port: int,
    fast: bool,
    scada_port: int = 0,
) -> Site:
    """Return a site's settings with the simulated factory around it.

    Args:
        site: As its folder has it.
        demo: The pace.
        data: Where records, pictures and keys go.
        port: Of the screens; 0: none.
        plc_port: Of the demo's PLC.
        fast: With short belts.
        scada_port: Of our OPC UA server; 0: none.

    Raises:
        BadInput: So many parts a second would not fit the PLC's tables.
    """
    stations = tuple(_paced(station, demo.rate_hz, fast=fast) for station in site.stations)
    certificate = data / "demo" / "plc" / "certificate.der"
    plcs = tuple(_local(plc, plc_port, certificate) for plc in site.plcs)
    for station in stations:
        slots = next(plc.slot_count for plc in plcs if plc.name == station.plc)
        if most_in_flight(station) * PLC_TABLE_MARGIN > slots:
            msg = f"--rate {demo.rate_hz:g}: too many parts in flight for {slots} slots"
            raise BadInput(msg)
    return site.model_copy(
        update={
            "data": str(data.resolve()),
            "stations": stations,
            "plcs": plcs,
            "port": port,
            "scada": demo_scada(site.scada, data, scada_port)
            if site.scada and scada_port
            else None,
            "demo": demo.model_copy(update={"plc_port": plc_port}),
        }
    )


def demo_environment(site: Site) -> dict[str, str]:
    """Return the environment of the demo's processes: a password of the PLC for this run only."""
    passwords = {plc.password_env: secrets.token_urlsafe(24) for plc in site.plcs}
    return {**os.environ, **passwords}


def _paced(station: Station, rate_hz: float, *, fast: bool) -> Station:
    update: dict[str, object] = {"smallest_spacing_ms": 1000 / rate_hz * (1 - JITTER)}
    if fast:
        update["reject_at_counts"] = FAST_TRAVEL_COUNTS
    belt = Belt.model_validate({**station.belt.model_dump(), **update})
    return station.model_copy(update={"belt": belt})


def _local(plc: PlcProfile, port: int, certificate: Path) -> PlcProfile:
    """Return the demo's PLC: it has the whole contract, whatever the real one lacks."""
    return PlcProfile(
        name=plc.name,
        endpoint=f"opc.tcp://127.0.0.1:{port}",
        user=plc.user or DEMO_USER,
        password_env=plc.password_env or f"INSPECTOR_DEMO_{plc.name.upper()}_PASSWORD",
        server_certificate=str(certificate.resolve()),
        namespace_uri=plc.namespace_uri,
        slot_count=plc.slot_count,
        poll_ms=plc.poll_ms,
        request_timeout_s=plc.request_timeout_s,
    )
