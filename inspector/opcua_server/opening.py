"""A server of ours, made closed: encrypted, one user, trusted certificates, limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from asyncua import ua

from inspector import __version__
from inspector.opcua_server.access import (
    POLICIES,
    CountedSessions,
    GuardedServer,
    Readers,
    TrustedClients,
    limits,
    trusted_client,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a server listens, who it is, and whom it lets in.

    Attributes:
        uri: Our ApplicationUri, the one in the certificate.
        certificate, key: Our own, as files (DER, PEM).
        trust_dir: Certificates of clients that may connect.
    """

    host: str
    port: int
    uri: str
    certificate: Path
    key: Path
    user: str
    password: str = field(repr=False)
    trust_dir: Path
    max_sessions: int

    @property
    def endpoint(self) -> str:
        """Return the address that clients connect to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"opc.tcp://{host}:{self.port}"


async def made_server(offer: Offer) -> GuardedServer:
    """Return a server without nodes of ours; who asked for it adds them and starts it."""
    trusted = TrustedClients(offer.trust_dir)
    readers = Readers(offer.user, offer.password, trusted)
    server = GuardedServer(CountedSessions(readers, offer.max_sessions))
    server.application_type = ua.ApplicationType.Server
    server.limits = limits()
    server.name, server.manufacturer_name = "Inspector", "Inspector"
    server.product_uri = "urn:inspector"
    await server.init()
    await server.set_application_uri(offer.uri)
    await server.set_build_info(
        "urn:inspector", "Inspector", "Inspector", __version__, "", datetime.now(UTC)
    )
    server.set_endpoint(offer.endpoint)
    server.set_security_policy(POLICIES)
    server.set_identity_tokens([ua.UserNameIdentityToken])
    server.set_certificate_validator(trusted_client(trusted))
    await server.load_certificate(offer.certificate)
    await server.load_private_key(offer.key)
    return server
