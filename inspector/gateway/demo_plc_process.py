"""The demo's PLC and belts in a process of their own."""

from __future__ import annotations

import socket
from pathlib import Path

from inspector.config.site import DemoSettings, Site
from inspector.config.station import Station
from inspector.gateway.demo_world import (
    PLC_URI,
    control_of,
    demo_of,
    product_of,
    truth_of,
    until_sigterm,
    wire_of,
)
from inspector.gateway.keys import plc_password
from inspector.ipc import Runtime, write_status
from inspector.plc.certificates import ensure_certificate
from inspector.simulator.belt import Feed
from inspector.simulator.cell import CellPlan
from inspector.simulator.factory import PlcSettings
from inspector.simulator.faults import parse_fault
from inspector.simulator.plc_memory import Layout, Policy
from inspector.simulator.plc_server import DemoPlc

HOLD_AFTER_UNKNOWN = 50
HOLD_AFTER_SILENCE_MS = 10_000


def main(site: Site, runtime: Runtime) -> None:
    """Run the PLC of the site's stations until SIGTERM."""
    settings = plc_settings(site, runtime)
    process = DemoPlc(settings, publish=lambda state: write_status(runtime, "demo-plc", state))
    until_sigterm(process.run)


def plc_settings(site: Site, runtime: Runtime) -> PlcSettings:
    """Return what the PLC needs; its certificate is made at the first start."""
    data, demo, profile = Path(site.data), demo_of(site), site.plcs[0]
    certificate = ensure_certificate(
        data / "demo" / "plc",
        name="Inspector demo PLC",
        uri=PLC_URI,
        hosts=["localhost", "127.0.0.1", socket.gethostname()],
    )
    return PlcSettings(
        endpoint=f"opc.tcp://127.0.0.1:{demo.plc_port}",
        uri=PLC_URI,
        certificate=certificate.cert_der,
        key=certificate.key_pem,
        trusted=(data / "opcua" / "certificate.der",),
        user=profile.user,
        password=plc_password(profile, Path(site.folder)),
        cells=tuple(
            (station.prefix, cell_plan(station, index, demo, slots=profile.slot_count))
            for index, station in enumerate(site.stations)
        ),
        retentive=data / "demo" / "plc.retentive",
        wire=wire_of(runtime),
        control=control_of(runtime),
        truth=truth_of(site),
    )


def cell_plan(station: Station, index: int, demo: DemoSettings, *, slots: int) -> CellPlan:
    """Return one station's belt and program."""
    belt = station.belt
    return CellPlan(
        station=station.name,
        product=product_of(station),
        layout=Layout(
            slots=slots,
            reject_at_counts=belt.reject_at_counts,
            outputs={view.name: view.at_counts for view in station.views},
        ),
        policy=Policy(
            hold_after_unknown=HOLD_AFTER_UNKNOWN,
            hold_after_silence_ms=HOLD_AFTER_SILENCE_MS,
            auto_resume=True,
        ),
        feed=Feed(
            seed=demo.seed,
            index=index,
            rate_hz=demo.rate_hz,
            defect_rate=demo.defect_rate,
            parts=demo.parts,
            counts_per_s=belt.counts_per_s,
            reject_at_counts=belt.reject_at_counts,
        ),
        answer_by_counts=belt.answer_by_counts,
        order=demo.order,
        faults=tuple(parse_fault(text) for text in demo.faults),
    )
