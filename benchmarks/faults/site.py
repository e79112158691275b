"""The settings of one row: a station with marked parts, and the profile of its PLC."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.faults.peers import (
    COUNTS_PER_S,
    DEFECT_RATE,
    PASSWORD,
    PREFIX,
    SLOTS,
    VIEWS_AT,
    Peer,
)
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import DemoSettings, Site
from inspector.config.station import Belt, SimulatedCamera, Station, View

STATION = "marked"
TRUSTED = "trusted plcs"
"""Folder with the certificate of a PLC that reads the words from us."""
LAST_WORD_COUNTS = 200
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Ports:
    """Who listens where.

    Attributes:
        plc: The PLC.
        cable: The cable that goes there, for the line.
        words: The line, for a PLC that reads its words there.
    """

    plc: int
    cable: int
    words: int


def made_site(folder: Path, peer: Peer, ports: Ports, *, rate_hz: float, travel_s: float) -> Site:
    """Return the site of a row."""
    demo = DemoSettings(
        seed=secrets.randbelow(1000),
        rate_hz=rate_hz,
        defect_rate=DEFECT_RATE,
        plc_port=ports.plc,
        recorded_truth=False,
    )
    return Site(
        folder=str(folder),
        data=str(folder / "data"),
        stations=(_station(rate_hz, travel_s),),
        plcs=(_profile(peer, ports),),
        port=0,
        demo=demo,
    )


def _profile(peer: Peer, ports: Ports) -> PlcProfile:
    profile: dict[str, Any] = {
        "name": "plc",
        "endpoint": f"opc.tcp://127.0.0.1:{ports.cable}",
        "user": "inspector",
        "password_env": PASSWORD,
        "server_certificate": str(peer.certificate()),
        "namespace_uri": "urn:inspector:plc",
        "slot_count": SLOTS,
        "operator_table": peer.operators,
        "transport": peer.transport,
    }
    if peer.transport == "pull":
        profile["pull"] = {
            "host": "127.0.0.1",
            "port": ports.words,
            "user": "inspector",
            "password_env": PASSWORD,
            "trust_dir": TRUSTED,
        }
    return PlcProfile.model_validate({**profile, **peer.mapping})


def _station(rate_hz: float, travel_s: float) -> Station:
    travel = round(travel_s * COUNTS_PER_S)
    belt = Belt(
        reject_at_counts=travel,
        answer_by_counts=travel - LAST_WORD_COUNTS - 300,
        last_word_counts=LAST_WORD_COUNTS,
        smallest_spacing_ms=1000 / rate_hz * (1 - JITTER),
        counts_per_s=COUNTS_PER_S,
    )
    camera = SimulatedCamera(kind="simulated")
    views = tuple(View(name=n, at_counts=at, camera=camera) for n, at in VIEWS_AT.items())
    return Station(
        name=STATION,
        title="Marked parts",
        package="ring",
        plc="plc",
        prefix=PREFIX,
        belt=belt,
        views=views,
    )
