"""One session with one PLC: opened whole, used, and thrown away at the first trouble.

The library's own `connect()` starts tasks that probe, warn and reconnect, and that outlive a client
that is thrown away (its channel renewal sleeps for 45 minutes). Here its steps are taken one by
one, so that whatever runs belongs to our own supervisor (`opcua.py`). Every call has a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

from asyncua import Client, ua
from asyncua.client.ua_client import UaClientState
from cryptography import x509

from inspector.errors import PlcLost, PlcRefused
from inspector.plc.access import Access
from inspector.plc.certificates import opened
from inspector.plc.contract import BOOT_COUNT
from inspector.plc.nodes import ALL_32_BITS, StationNodes, Values
from inspector.plc.offers import cut, mismatch, their_certificate
from inspector.plc.troubles import says_why, translated

SESSION_TIMEOUT_MS = 10_000
"""What the PLC keeps of a session that was cut off; PLCs have few sessions (four on a small S7)."""
CHANNEL_LIFETIME_MS = 3_600_000
RENEW_AFTER_SHARE = 0.75
"""Of the channel's lifetime (OPC UA Part 4, 5.5.2.1)."""
OPENING_STEP_S = 3.0
"""A small PLC takes more than a second for its private key."""
OPENING_S = 8.0
CLOSING_S = 0.5
MOST_REQUESTS = 8
CONNECTED, CHANNEL_OPEN = UaClientState.CONNECTED, UaClientState.CHANNEL_OPEN
Result = TypeVar("Result")


class _ShutOutError(Exception):
    """The PLC was reached and then said nothing more."""


async def open_session(access: Access) -> Session:
    """Return a session whose nodes were found and are of the right types.

    Raises:
        PlcRefused: A person must mend something; the text says what and where.
        PlcLost: It may work at the next try.
    """
    client = _client(access)
    session = None
    try:
        async with asyncio.timeout(OPENING_S):
            theirs = await _connect(client, access)
            session = Session(client, await _surveyed(client, access), theirs)
    except Exception as error:  # the library raises what it likes, AssertionError too
        raise await _why_not(error, access) from error
    finally:
        if session is None:
            await _leave(client)
    session.limit_requests(access.profile.request_timeout_s)
    return session


@contextlib.asynccontextmanager
async def unsurveyed(access: Access) -> AsyncIterator[Client]:
    """Open a session for somebody who looks at its nodes himself, and close it in good order.

    Raises:
        PlcRefused: A person must mend something; the text says what and where.
        PlcLost: It may work at the next try.
    """
    client = _client(access)
    try:
        try:
            async with asyncio.timeout(OPENING_S):
                await _connect(client, access)
        except Exception as error:  # the library raises what it likes, AssertionError too
            raise await _why_not(error, access) from error
        yield client
    finally:
        await _leave(client)


class Session:
    """An open session. After the first error it raised it is of no more use: `close` it.

    Attributes:
        stations: The nodes of each station.
        theirs: The certificate that the PLC has proven to have; None: nothing is encrypted.
    """

    def __init__(
        self,
        client: Client,
        stations: Sequence[StationNodes],
        theirs: x509.Certificate | None = None,
    ) -> None:
        self._client, self.theirs = client, theirs
        self.stations: Final = {nodes.station.name: nodes for nodes in stations}

    def limit_requests(self, timeout_s: float) -> None:
        """Set the time limit of every later request."""
        if self._client.uaclient.protocol is not None:
            self._client.uaclient.protocol.timeout = timeout_s

    async def read(self, request: ua.ReadParameters) -> Values:
        """Return the answer to a prepared request; raises `PlcLost` or `PlcRefused`."""
        try:
            answer = await self._client.uaclient.read(request)
        except Exception as error:
            raise translated(error) from error

        return _complete(answer, len(request.NodesToRead))

    async def write(self, writes: list[ua.WriteValue]) -> list[ua.StatusCode]:
        """Return a status for each write of one request.

        Raises:
            PlcLost: Nobody knows which of them were done, nor whether they will be, seconds later.
            PlcRefused: The request as a whole was refused.
        """
        try:
            statuses = await self._client.uaclient.write(ua.WriteParameters(NodesToWrite=writes))
        except Exception as error:
            raise translated(error) from error
        return _complete(statuses, len(writes))

    async def call(self, request: ua.CallMethodRequest) -> ua.CallMethodResult:
        """Return what a method answered; raises as `write` does."""
        try:
            results = await self._client.uaclient.call([request])
        except Exception as error:
            raise translated(error) from error
        return _complete(results, 1)[0]

    async def lost(self) -> NoReturn:
        """Raise `PlcLost` as soon as the connection is gone."""
        async with self._client.subscribe_state() as changes:
            await changes.wait_for_state(UaClientState.DISCONNECTED)
        raise PlcLost("the PLC ended the connection")

    async def renew(self) -> NoReturn:
        """Keep the channel's keys fresh for as long as the session stands."""
        while True:
            await asyncio.sleep(self._client.secure_channel_timeout / 1000 * RENEW_AFTER_SHARE)
            try:
                await self._client.open_secure_channel(renew=True)
                self._client.uaclient.revolve_security_token()
            except Exception as error:
                raise translated(error) from error

    def abort(self) -> None:
        """Cut the connection at once: nothing more is sent, nothing more is heard."""
        cut(self._client)

    async def leave(self) -> None:
        """Tell the PLC to forget the session, so that it is free for the next one, and cut it.

        Only cuts what was lost already.
        """
        await _leave(self._client)


def _complete(results: list[Result], expected: int) -> list[Result]:
    if len(results) != expected:
        raise PlcLost(f"the PLC answered for {len(results)} nodes of {expected}")
    return results


def _client(access: Access) -> Client:
    profile = access.profile
    client = Client(profile.endpoint, timeout=max(OPENING_STEP_S, profile.request_timeout_s))
    client.name = client.description = "Inspector"
    client.application_uri = access.certificate.uri
    client.session_timeout = SESSION_TIMEOUT_MS
    client.secure_channel_timeout = CHANNEL_LIFETIME_MS
    client.set_user(profile.user)
    client.set_password(access.password)
    client.set_max_concurrent_requests(MOST_REQUESTS)
    return client


async def _connect(client: Client, access: Access) -> x509.Certificate | None:
    """Return the certificate that the PLC has proven to have, if anything is encrypted."""
    theirs = await _secure(client, access) if access.profile.encrypted else None
    await client.connect_socket()
    await client.send_hello()
    try:
        await client.open_secure_channel()
        await client.create_session()
    except Exception as error:
        if says_why(error):
            raise
        # A PLC that cannot read us, or does not want us, often hangs up or falls silent.
        raise _ShutOutError from error
    user = access.profile.user or None
    await client.activate_session(username=user, password=access.password)
    return theirs


async def _secure(client: Client, access: Access) -> x509.Certificate:
    # Not `client.set_security`: it checks our own key at each try, 35 ms of the line's event loop.
    certificate, key = opened(access.certificate)
    theirs = await their_certificate(access)
    secured: Any = access.policy(theirs, certificate, key, access.mode)
    client.security_policy = secured
    client.uaclient.set_security(secured)
    return theirs


async def _why_not(error: Exception, access: Access) -> PlcLost | PlcRefused:
    """Return our error for one while opening, looked into where the library's says too little."""
    ours = access.ours if access.profile.encrypted else ""
    if isinstance(error, _ShutOutError):
        found = await mismatch(access)
        return found or translated(error.__cause__ or error, ours=ours)
    return translated(error, ours=ours, anonymous=not access.profile.user)


async def _surveyed(client: Client, access: Access) -> list[StationNodes]:
    index = await _namespace(client, access.profile.namespace_uri)
    places = access.profile.places
    start_s = 0 if places[BOOT_COUNT].id else await _server_start_s(client)
    stations = []
    for station in access.stations:
        nodes = StationNodes(
            station,
            slots=access.profile.slot_count,
            index=index,
            places=places,
            server_start_s=start_s,
        )
        nodes.learn(await client.uaclient.read(nodes.survey))
        if nodes.rights.NodesToRead:
            nodes.learn_rights(await client.uaclient.read(nodes.rights))
        stations.append(nodes)
    return stations


async def _server_start_s(client: Client) -> int:
    """Return when the PLC's server started: another number after each restart, and no less."""
    node = client.get_node(ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServerStatus_StartTime)))
    start = await node.read_value()
    if not isinstance(start, datetime):
        raise PlcRefused("the PLC does not say when it started: give it the node Link.BootCount")
    return int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp()) & ALL_32_BITS


async def _namespace(client: Client, uri: str) -> int:
    """Return the index of the namespace in this session; it may be another in the next."""
    known = await client.get_namespace_array()
    if uri not in known:
        others = ", ".join(known[1:]) or "none"
        why = f"namespace_uri: the PLC has no namespace {uri} (it has: {others})"
        raise PlcRefused(why)
    return known.index(uri)


async def _leave(client: Client) -> None:
    uaclient = client.uaclient
    if uaclient.has_session and uaclient.state in (CONNECTED, CHANNEL_OPEN):
        try:
            async with asyncio.timeout(CLOSING_S):
                await uaclient.close_session(delete_subscriptions=True)
        except Exception:  # noqa: BLE001, S110  we tried; the PLC forgets it after SESSION_TIMEOUT_MS
            pass
    cut(client)
