"""How a station's PLC is reached: with the site's profile, our certificate, the password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.errors import BadInput
from inspector.gateway.keys import plc_password
from inspector.gateway.site_run import held, runtime_of
from inspector.plc.access import Access
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.plc.nodes import PlcStation

GATEWAY_URI = "urn:inspector:gateway"


def plc_station(station: Station, profile: PlcProfile) -> PlcStation:
    """Return a station as its PLC knows it."""
    views = tuple(view.name for view in station.views)
    return PlcStation(station.name, profile.prefix + station.prefix, views)


def station_of(site: Site, name: str) -> Station:
    """Return a station; raises `BadInput` with those there are."""
    try:
        return site.station(name)
    except KeyError:
        known = ", ".join(station.name for station in site.stations)
        msg = f"there is no station {name} (there are: {known})"
        raise BadInput(msg) from None


def profile_of(site: Site, name: str) -> PlcProfile:
    """Return a PLC's profile; raises `BadInput` with those there are."""
    for profile in site.plcs:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in site.plcs)
    msg = f"there is no stations/plc/{name}.toml (there are: {known})"
    raise BadInput(msg)


def our_certificate(data: Path, folder: str = "opcua") -> Certificate:
    """Return the gateway's application certificate, made now if there is none.

    Raises:
        BadInput: The one that is there cannot be used.
    """
    return ensure_certificate(
        data / folder, name="Inspector gateway", uri=GATEWAY_URI, hosts=["localhost"]
    )


def access_of(site: Site, station: Station, certificate: Certificate) -> Access:
    """Return how a station's PLC is reached; raises `BadInput` when the password is not given."""
    profile, folder = site.plc_of(station), Path(site.folder)

    def at_site(path: str) -> Path | None:
        return folder / path if path else None

    return Access(
        profile,
        plc_password(profile, folder),
        certificate,
        at_site(profile.server_certificate),
        (plc_station(station, profile),),
        at_site(profile.trust_dir),
    )


@contextmanager
def alone_at(site: Site) -> Iterator[bool]:
    """Give whether this site's gateway is off; it cannot be started meanwhile."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(runtime_of(Path(site.folder))))
        except BadInput:
            yield False
            return
        yield True
