"""The way to one PLC, made from its profile: we write there, or it reads from us."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.errors import SettingsWrong
from inspector.gateway.keys import plc_password, pull_password
from inspector.opcua_server.opening import Offer
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.plc.nodes import PlcStation
from inspector.plc.opcua import OpcUaPlc
from inspector.plc.pull import PulledPlc
from inspector.ports import Clock, PlcEvents

TABLES_URI = "urn:inspector:tables"
MOST_SESSIONS = 4
"""Of the PLC's client, those that it lost included."""

Way = OpcUaPlc | PulledPlc


def way_to(
    profile: PlcProfile,
    stations: Sequence[PlcStation],
    *,
    site: Site,
    certificate: Certificate,
    events: PlcEvents,
    clock: Clock,
) -> Way:
    """Return what speaks to a PLC; nothing is opened yet.

    Raises:
        SettingsWrong: A password is not to be had.
        BadInput: The certificate of our server cannot be used.
    """
    folder = Path(site.folder)
    password = plc_password(profile, folder)

    def session(events: PlcEvents) -> OpcUaPlc:
        return OpcUaPlc(
            profile,
            password=password,
            certificate=certificate,
            server_certificate=at_site(site, profile.server_certificate),
            trust_dir=at_site(site, profile.trust_dir),
            stations=stations,
            events=events,
            clock=clock,
        )

    if profile.pull is None:
        return session(events)
    offer = offer_to(profile, folder=folder, data=Path(site.data))
    return PulledPlc(profile, offer, stations, session=session, events=events, clock=clock)


def at_site(site: Site, path: str) -> Path | None:
    """Return a path of the settings, which is relative to the site; None for an empty one."""
    return Path(site.folder) / path if path else None


def offer_to(profile: PlcProfile, *, folder: Path, data: Path) -> Offer:
    """Return how our server for a PLC is offered; its certificate is made at the first start.

    Args:
        profile: The PLC's, with a table `[pull]`.
        folder: The site's.
        data: Where certificates are kept.

    Raises:
        SettingsWrong: There is no such table, or no password to be had.
    """
    pull = profile.pull
    if pull is None:
        raise SettingsWrong(f"stations/plc/{profile.name}.toml", "pull", "is missing")
    hosts = ["localhost", "127.0.0.1", socket.gethostname(), pull.host]
    own = ensure_certificate(
        data / "tables", name="Inspector tables", uri=TABLES_URI, hosts=list(dict.fromkeys(hosts))
    )
    trusted = folder / pull.trust_dir
    trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Offer(
        host=pull.host,
        port=pull.port,
        uri=TABLES_URI,
        certificate=own.cert_der,
        key=own.key_pem,
        user=pull.user,
        password=pull_password(profile, folder),
        trust_dir=trusted,
        max_sessions=MOST_SESSIONS,
    )
