"""What a PLC's OPC UA server openly offers, asked without a session and without encryption.

It may be a lie: it explains a refusal, or gives a certificate that is then checked and must be
proven by the handshake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from asyncua import Client, ua
from cryptography import x509

from inspector.errors import BadInput, PlcRefused
from inspector.plc.access import Access
from inspector.plc.certificates import pinned
from inspector.plc.troubles import explain_status, other_certificate
from inspector.plc.trust import trusted

ASKING_S = 1.0


async def their_certificate(access: Access) -> x509.Certificate:
    """Return the certificate that the PLC must prove to have.

    Raises:
        PlcRefused: It is missing, or the one that the PLC shows is not to be believed.
    """
    if access.server_certificate is not None:
        return pinned(access.server_certificate)
    if access.trust_dir is None:
        raise BadInput("a PLC needs a certificate that we know, or a folder of those we trust")
    shown = fitting(await open_offers(access.profile.endpoint), access).ServerCertificate
    host = urlsplit(access.profile.endpoint).hostname or ""
    return trusted(shown or b"", access.trust_dir, host=host, now=datetime.now(UTC))


async def mismatch(access: Access) -> PlcRefused | None:
    """Return what of the PLC's open offer does not fit us, or None."""
    try:
        shown = fitting(await open_offers(access.profile.endpoint), access).ServerCertificate
    except PlcRefused as refused:
        return refused
    except Exception:  # noqa: BLE001  the library raises what it likes; then there is nothing to add
        return None
    known = access.server_certificate
    if known is not None and shown and not shown.startswith(known.read_bytes()):
        return PlcRefused(other_certificate(shown, known))
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
