"""Makes a PLC's certificate one that we trust, once a person has compared it at the cabinet."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.errors import BadInput, PlcLost, PlcRefused
from inspector.gateway.recorder_ask import recorder_of
from inspector.ipc import write_whole
from inspector.plc.offers import open_offers
from inspector.plc.openly import Shown, first_shown
from inspector.plc.troubles import explain

_LENGTHS = (40, 64)
"""Hex digits of a SHA-1 and of a SHA-256 thumbprint."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a certificate lies, and whether it was put there now."""

    file: Path
    new: bool


def seen_at(profile: PlcProfile) -> Shown:
    """Return the certificate that a PLC openly shows; it proves nothing until it is compared.

    Raises:
        BadInput: The profile is not encrypted.
        PlcLost: The PLC does not answer.
        PlcRefused: It shows no certificate.
    """
    if not profile.encrypted:
        msg = f"stations/plc/{profile.name}.toml: policy None needs no certificate"
        raise BadInput(msg)
    try:
        offers = asyncio.run(open_offers(profile.endpoint))
    except Exception as error:  # the library raises what it likes
        raise PlcLost(f"{profile.endpoint}: {explain(error)}") from error
    seen = first_shown(offers)
    if seen is None:
        raise PlcRefused("the PLC shows no certificate: make one there")
    return seen


def keep(site: Site, profile: PlcProfile, seen: Shown, thumbprint: str) -> Kept:
    """Put a certificate where the profile looks for it, if it is the one that was compared.

    Raises:
        BadInput: The thumbprint is none, or another certificate lies there.
        PlcRefused: The PLC shows another one.
    """
    given = _normal(thumbprint)
    if given not in (seen.sha1, seen.sha256):
        why = f"the PLC shows {seen.sha1}, not {given}: nothing was written; is it the right PLC?"
        raise PlcRefused(why)
    file = _place(site, profile, seen)
    if file.exists():
        if file.read_bytes() == seen.der:
            return Kept(file, new=False)
        msg = f"{file} is another certificate: if the PLC's was renewed, move this one away first"
        raise BadInput(msg)
    recorder_of(site).note("plc trust", f"certificate of {profile.name}", after=seen.sha256)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, seen.der, durable=True)
    return Kept(file, new=True)


def _normal(thumbprint: str) -> str:
    given = re.sub(r"[\s:-]", "", thumbprint).upper()
    if len(given) in _LENGTHS and re.fullmatch("[0-9A-F]+", given):
        return given
    msg = f"--thumbprint: 40 (SHA-1) or 64 (SHA-256) hex digits, not {thumbprint!r}"
    raise BadInput(msg)


def _place(site: Site, profile: PlcProfile, seen: Shown) -> Path:
    folder = Path(site.folder)
    if profile.server_certificate:
        return folder / profile.server_certificate
    return folder / profile.trust_dir / f"{seen.sha1}.der"
