"""Who may read, and how much one may ask for: the library's own answers are too open.

Its default server takes "admin" without a password as administrator, its certificate hook sees
only what a client says of itself, its sessions are not counted before they are activated, a
message chunk may be as long as its header says, and it goes on after garbage. Each is closed here.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import Buffer, ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.validator import (
    CertificateValidator,
    CertificateValidatorMethod,
    CertificateValidatorOptions,
)
from asyncua.server.address_space import AddressSpace, AttributeService
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

MOST_MESSAGE_BYTES = 4 * 1024 * 1024
MOST_CHUNKS = 64
MOST_CHUNK_BYTES = 65535
MOST_CONNECTIONS = 20
MOST_SUBSCRIPTIONS = 40
MOST_QUEUED_VALUES = 1000
"""Of one monitored item; what a client does not fetch in time, it loses."""
MOST_UNACKNOWLEDGED = 100
SIGN_IN_S = 10.0
"""A connection that has no session by then is closed."""
LONGEST_SESSION_MS = 60_000
"""A client that was cut off may come back to its session for so long."""
MOST_REFUSALS_SAID = 50
POLICIES = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]

log = logging.getLogger(__name__)


class Refusals:
    """Says each refusal once, so that the log tells and nobody can fill it."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._said: set[str] = set()

    def note(self, text: str) -> None:
        """Log a text that was not logged before."""
        if text not in self._said and len(self._said) < MOST_REFUSALS_SAID:
            self._said.add(text)
            log.warning("%s", text)


class TrustedClients:
    """The certificates in a folder, read anew for each connection: trusting needs no restart."""

    def __init__(self, folder: Path) -> None:
        """Take the folder with the DER files."""
        self._folder = folder

    def __contains__(self, certificate: object) -> bool:
        """Return whether this certificate (DER) is one of the files."""
        files = [file for file in self._folder.glob("*.der") if file.is_file()]
        return any(file.read_bytes() == certificate for file in files)


class Readers(UserManager):
    """Lets one user in, and only over a channel of a trusted certificate; none is administrator."""

    def __init__(self, user: str, password: str, trusted: TrustedClients) -> None:
        """Keep who may come in."""
        self._user, self._password, self._trusted = user, password, trusted
        self._refusals = Refusals()

    def get_user(
        self,
        iserver: object,  # noqa: ARG002  the library's signature
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        """Return the user, or None: refused."""
        known = _same(username, self._user) & _same(password, self._password)
        if not known or certificate not in self._trusted:
            self._refusals.note("a client with a wrong user, password or certificate was refused")
            return None
        return User(role=UserRole.User, name=self._user)


def trusted_client(trusted: TrustedClients) -> CertificateValidatorMethod:
    """Return the hook that refuses a client early, with a status that says why."""
    basic = CertificateValidator(
        CertificateValidatorOptions.BASIC_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
    )
    refusals = Refusals()

    async def validate(certificate: x509.Certificate, client: ua.ApplicationDescription) -> None:
        if certificate.public_bytes(Encoding.DER) not in trusted:
            thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  a name
            refusals.note(
                f"a client with certificate {thumbprint} is not trusted: not in trust_dir"
            )
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        await basic.validate(certificate, client)

    return validate


class ReadOnly(AttributeService):
    """Refuses each write of a client; what we write ourselves comes as administrator."""

    def __init__(self, aspace: AddressSpace) -> None:
        """Guard this address space."""
        super().__init__(aspace)

    async def write(
        self, params: ua.WriteParameters, user: User | None = None
    ) -> list[ua.StatusCode]:
        """Answer each write with its own status."""
        if user is None or user.role == UserRole.Admin:
            return await super().write(params)
        return [self._refusal(write.NodeId) for write in params.NodesToWrite]

    def _refusal(self, node: ua.NodeId) -> ua.StatusCode:
        known = self._aspace.get(node) is not None
        codes = ua.StatusCodes
        return ua.StatusCode(ua.UInt32(codes.BadNotWritable if known else codes.BadNodeIdUnknown))


class CountedSessions(InternalServer):
    """Has at most so many sessions, and one that has not signed in for each connection."""

    def __init__(self, readers: Readers, most: int) -> None:
        """Let these in, `most` at a time."""
        super().__init__(user_manager=readers)
        self._most = most
        self._closing: set[asyncio.Task[None]] = set()
        self.connected: Callable[[], set[InternalSession]] = set
        """Returns the sessions that have a connection; set by who listens."""
        self.attribute_service = ReadOnly(self.aspace)
        self.allow_remote_admin = False
        self.max_connections = MOST_CONNECTIONS
        self.max_subscriptions = MOST_SUBSCRIPTIONS
        self.max_monitored_item_queue_size = MOST_QUEUED_VALUES
        self.max_unacked_messages_per_subscription = MOST_UNACKNOWLEDGED
        self.max_pending_activation_seconds = SIGN_IN_S
        self.max_session_timeout_ms = LONGEST_SESSION_MS

    def create_session(
        self,
        name: str,
        user: User | None = None,
        external: bool = False,  # noqa: FBT001, FBT002  the library's signature
    ) -> InternalSession:
        """Return a new session; raises `ServiceError` (BadTooManySessions) without room.

        Args:
            name: Of the connection that asks.
            user: None: nobody yet.
            external: False: our own.
        """
        if external:
            self._make_room(name)
        anybody = User(role=UserRole.Anonymous)
        return super().create_session(name, user=user or anybody, external=external)

    def _make_room(self, connection: str) -> None:
        sessions = list(self._external_sessions.values())
        for session in sessions:
            if session.name == connection and not session.is_activated():
                self.unregister_external_session(session)
        signed_in = [session for session in sessions if session.is_activated()]
        if len(signed_in) >= self._most:
            self._end_one_that_was_cut_off(signed_in)

    def _end_one_that_was_cut_off(self, oldest_first: list[InternalSession]) -> None:
        """A client that is cut off again and again must not lock itself out."""
        connected = self.connected()
        left = [session for session in oldest_first if session not in connected]
        if not left:
            raise ServiceError(ua.StatusCodes.BadTooManySessions)
        task = asyncio.create_task(left[0].close_session())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class GuardedServer(Server):
    """The library's server behind sockets that cut off an oversized chunk while it comes in."""

    def __init__(self, sessions: CountedSessions) -> None:
        """Take who may come in, and how often."""
        super().__init__(iserver=sessions)
        sessions.connected = self._connected

    def _connected(self) -> set[InternalSession]:
        clients = self.bserver.clients if self.bserver else []
        processors = [client.processor for client in clients if client.processor]
        return {processor.session for processor in processors if processor.session}

    async def start(self) -> None:
        """Listen; as the library does it, with our own sockets."""
        await self._setup_server_nodes()
        await self.iserver.start()
        host, port = self._get_bind_socket_info()
        self.bserver = _Listener(self.iserver, host or "127.0.0.1", port or 0, self.limits)
        self.bserver.set_policies(self._policies)
        try:
            await self.bserver.start()
        except OSError:
            await self.iserver.stop()
            raise


class _Listener(BinaryServer):
    def _make_protocol(self) -> OPCUAProtocol:
        return _Connection(
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


class _Connection(OPCUAProtocol):
    def data_received(self, data: bytes) -> None:
        """Take bytes; whole chunks leave the buffer at once, so a longer rest is too long a one."""
        super().data_received(data)
        if len(self._buffer) > MOST_CHUNK_BYTES and self.transport is not None:
            self._buffer = b""
            self.transport.abort()

    async def _process_one_msg(self, header: Any, buf: Buffer) -> bool:
        """Close after a message that cannot be read: the library would go on with the next."""
        goes_on = False
        try:
            goes_on = await super()._process_one_msg(header, buf)
        finally:
            if not goes_on and self.transport is not None:
                self.transport.close()
        return goes_on


def limits() -> TransportLimits:
    """Return how large a message may be."""
    return TransportLimits(
        max_recv_buffer=MOST_CHUNK_BYTES,
        max_send_buffer=MOST_CHUNK_BYTES,
        max_chunk_count=MOST_CHUNKS,
        max_message_size=MOST_MESSAGE_BYTES,
    )


def _same(given: str | None, right: str) -> bool:
    return hmac.compare_digest((given or "").encode(), right.encode())
