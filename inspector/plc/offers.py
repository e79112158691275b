"""What a PLC's OPC UA server openly offers, asked without a session and without encryption.

It may be a lie: it explains a refusal, or gives a certificate that is then checked and must be
proven by the handshake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from asyncua import Client, ua
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from inspector.errors import BadInput, PlcRefused
from inspector.plc.access import Access
from inspector.plc.certificates import opened, pinned
from inspector.plc.troubles import explain_status, other_certificate
from inspector.plc.trust import check_dates, trusted, vouched

ASKING_S = 1.0


async def their_certificate(access: Access) -> x509.Certificate:
    """Return the certificate that the PLC must prove to have.

    Raises:
        PlcRefused: It is missing or outside its dates, or the one that the PLC shows is not to be
            believed.
    """
    now = access.now()
    if access.server_certificate is not None:
        known = pinned(access.server_certificate)
        check_dates(known, "the PLC's certificate", now)
        return known
    if access.trust_dir is None:
        raise BadInput("a PLC needs a certificate that we know, or a folder of those we trust")
    shown = fitting(await open_offers(access.profile.endpoint), access).ServerCertificate
    return trusted(shown or b"", access.trust_dir, host=_host(access), now=now)


def check_still_believed(theirs: x509.Certificate, access: Access) -> None:
    """Raise `PlcRefused` when the PLC's certificate was taken out of what is trusted.

    A date that passes meanwhile ends no session: the line would stop at midnight. The next session
    is refused then, and from 90 days before the station says so.
    """
    if access.server_certificate is not None:
        if pinned(access.server_certificate) != theirs:
            der = theirs.public_bytes(Encoding.DER)
            raise PlcRefused(other_certificate(der, access.server_certificate))
    elif access.trust_dir is not None:
        vouched(theirs, access.trust_dir, host=_host(access))


def _host(access: Access) -> str:
    return urlsplit(access.profile.endpoint).hostname or ""


async def mismatch(access: Access) -> PlcRefused | None:
    """Return what of the PLC's open offer or of our own certificate does not fit, or None."""
    try:
        shown = fitting(await open_offers(access.profile.endpoint), access).ServerCertificate
    except PlcRefused as refused:
        return refused
    except Exception:  # noqa: BLE001  the library raises what it likes; then there is nothing to add
        return None
    known = access.server_certificate
    if known is not None and shown and not shown.startswith(known.read_bytes()):
        return PlcRefused(other_certificate(shown, known))
    return _ours_outside_its_dates(access) if access.profile.encrypted else None


def _ours_outside_its_dates(access: Access) -> PlcRefused | None:
    """A PLC need not say that this is why it does not want us."""
    try:
        check_dates(opened(access.certificate)[0], "our certificate", access.now())
    except PlcRefused as refused:
        return refused
    return None


async def open_offers(endpoint: str) -> Sequence[ua.EndpointDescription]:
    """Return what the server at an address offers; raises whatever the library does."""
    asking = Client(endpoint, timeout=ASKING_S)
    try:
        async with asyncio.timeout(2 * ASKING_S):
            offers: Sequence[
                ua.EndpointDescription
            ] = await asking.connect_and_get_server_endpoints()
            return offers
    finally:
        cut(asking)


def fitting(offers: Sequence[ua.EndpointDescription], access: Access) -> ua.EndpointDescription:
    """Return the offer with the profile's policy; raises `PlcRefused` where there is none."""
    wanted = (access.policy.URI, access.mode)
    for offer in offers:
        if (offer.SecurityPolicyUri, offer.SecurityMode) == wanted:
            return offer
    said = explain_status(ua.StatusCodes.BadSecurityPolicyRejected)
    raise PlcRefused(f"{said}; it offers: {listed(offers)}")


def listed(offers: Sequence[ua.EndpointDescription]) -> str:
    """Return the offered policies and modes in words."""
    names = [
        f"{(offer.SecurityPolicyUri or '').rpartition('#')[2]} ({offer.SecurityMode.name})"
        for offer in offers
    ]
    plain = [name.replace("None (None_)", "None, which is not encrypted") for name in names]
    return ", ".join(dict.fromkeys(plain)) or "nothing"


def cut(client: Client) -> None:
    """Cut a client's connection at once: nothing more is sent, nothing more is heard."""
    protocol = client.uaclient.protocol
    client.uaclient.request_disconnect()
    client.uaclient.mark_disconnected()
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
