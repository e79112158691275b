"""Our OPC UA server as SCADA and MES meet it: who gets in, what it shows, what it refuses."""

import asyncio
import json
import select
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC
from typing import Any

import pytest
from asyncua import Client, Node, ua
from asyncua.crypto import security_policies

from inspector.domain.verdict import Verdict
from inspector.opcua_server.access import MOST_SUBSCRIPTIONS
from inspector.plc.certificates import thumbprint
from inspector.scada.nodes import SPECS
from tests.inspector.scada.plant import (
    PASSWORD,
    STATIONS,
    USER,
    Plant,
    certificate,
    decided_record,
    opened_plant,
    station_said,
)

REFUSED = (ua.UaError, TimeoutError, ConnectionError, OSError, AssertionError)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    opened = opened_plant(tmp_path_factory.mktemp("scada"))
    yield opened
    opened.running.end()


@pytest.fixture(autouse=True)
def all_is_well(plant: Plant) -> None:
    plant.source.stations = {name: station_said() for name in STATIONS}


# --- who gets in ---


def test_every_strong_policy_lets_a_trusted_client_read(plant: Plant) -> None:
    async def test() -> None:
        for policy in (
            security_policies.SecurityPolicyBasic256Sha256,
            security_policies.SecurityPolicyAes128Sha256RsaOaep,
            security_policies.SecurityPolicyAes256Sha256RsaPss,
        ):
            async with plant.client(policy=policy) as client:
                assert await plant.value(client, "State") == "good"

    asyncio.run(test())


@pytest.mark.parametrize(
    "how",
    [
        {"password": "wrong"},
        {"user": "admin", "password": ""},
        {"user": ""},
        {"mode": ua.MessageSecurityMode.Sign},
    ],
    ids=["wrong password", "admin without password", "anonymous", "signed only"],
)
def test_nobody_else_gets_in(plant: Plant, how: dict[str, Any]) -> None:
    asyncio.run(refused(plant, **how))


def test_a_client_whose_certificate_is_not_in_the_folder_is_refused_and_named_once(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = certificate(plant.folder / "stranger")
    for _ in range(3):
        asyncio.run(refused(plant, certificate=stranger))
    said = [
        one.getMessage() for one in caplog.records if one.name == "inspector.opcua_server.access"
    ]
    assert len(said) == 1
    assert thumbprint(stranger.cert_der) in said[0]


def test_a_trusted_certificate_counts_only_for_the_application_it_was_made_for(
    plant: Plant,
) -> None:
    other = certificate(plant.folder / "other", "urn:test:other")
    file = plant.plan.trust_dir / "other.der"
    file.write_bytes(other.cert_der.read_bytes())
    asyncio.run(refused(plant, certificate=other))
    file.unlink()


def test_a_certificate_that_is_put_into_the_folder_is_trusted_at_once(plant: Plant) -> None:
    new = certificate(plant.folder / "new")
    file = plant.plan.trust_dir / "new.der"
    file.write_bytes(new.cert_der.read_bytes())

    async def test() -> None:
        async with plant.client(certificate=new) as client:
            assert await plant.value(client, "State") == "good"
        file.unlink()
        await refused(plant, certificate=new)

    asyncio.run(test())


def test_no_endpoint_is_offered_without_encryption(plant: Plant) -> None:
    async def test() -> None:
        client = Client(plant.plan.endpoint)
        offered = await client.connect_and_get_server_endpoints()
        modes = {ua.MessageSecurityMode(one.SecurityMode) for one in offered}
        assert modes == {ua.MessageSecurityMode.SignAndEncrypt}
        tokens = {token.TokenType for one in offered for token in one.UserIdentityTokens}
        assert tokens == {ua.UserTokenType.UserName}

    asyncio.run(test())


def test_the_right_password_over_an_open_channel_is_refused_by_the_server(plant: Plant) -> None:
    token = ua.UserNameIdentityToken(UserName=USER, Password=PASSWORD.encode())
    token.PolicyId = "username"

    async def test() -> None:
        async with open_channel(plant) as client:
            await client.uaclient.create_session(session_asked_for(plant))
            asked = ua.ActivateSessionParameters(UserIdentityToken=token)
            with pytest.raises(ua.UaStatusCodeError) as error:
                await client.uaclient.activate_session(asked)
            assert error.value.code == ua.StatusCodes.BadUserAccessDenied

    asyncio.run(test())


def test_sessions_that_never_sign_in_take_nobodys_place(plant: Plant) -> None:
    async def test() -> None:
        async with open_channel(plant) as client:
            for _ in range(50):
                await client.uaclient.create_session(session_asked_for(plant))
            await reads(plant)

    asyncio.run(test())


@asynccontextmanager
async def open_channel(plant: Plant) -> AsyncIterator[Client]:
    """Open a channel without encryption, as the discovery of endpoints needs it."""
    client = Client(plant.plan.endpoint, timeout=2)
    await client.connect_socket()
    try:
        await client.send_hello()
        await client.open_secure_channel()
        yield client
    finally:
        client.disconnect_socket()


def session_asked_for(plant: Plant) -> ua.CreateSessionParameters:
    return ua.CreateSessionParameters(
        EndpointUrl=plant.plan.endpoint, SessionName="stranger", RequestedSessionTimeout=10_000
    )


async def refused(plant: Plant, **how: Any) -> None:
    with pytest.raises(REFUSED):
        async with plant.client(**how, timeout_s=1):
            pass


# --- how much one may ask for ---


def test_one_session_more_than_allowed_is_refused_and_a_place_that_is_free_is_given(
    plant: Plant,
) -> None:
    async def test() -> None:
        async with AsyncExitStack() as held:
            for _ in range(plant.plan.max_sessions):
                await held.enter_async_context(plant.client())
            with pytest.raises(ua.UaStatusCodeError) as error:
                async with plant.client(timeout_s=1):
                    pass
            assert error.value.code == ua.StatusCodes.BadTooManySessions
        async with plant.client() as client:
            assert await plant.value(client, "State") == "good"

    asyncio.run(test())


def test_a_client_that_is_cut_off_again_and_again_does_not_lock_itself_out(plant: Plant) -> None:
    async def test() -> None:
        for _ in range(3 * plant.plan.max_sessions):
            with suppress(*REFUSED):
                async with plant.client() as client:
                    await client.create_subscription(1000, Heard())
                    cut_off(client)
        await reads(plant)

    asyncio.run(test())


def cut_off(client: Client) -> None:
    """End a client's connection as a pulled cable does."""
    protocol = client.uaclient.protocol
    assert protocol
    assert isinstance(protocol.transport, asyncio.Transport)
    protocol.transport.abort()


def hello() -> bytes:
    url = b"opc.tcp://localhost"
    body = struct.pack("<5I", 0, 65535, 65535, 0, 0) + struct.pack("<I", len(url)) + url
    return b"HELF" + struct.pack("<I", len(body) + 8) + body


def chunk(n: int) -> bytes:
    """Return the n-th piece of a message that never ends."""
    return b"MSGC" + struct.pack("<5I", 60_000, 0, 0, n, 1) + bytes(60_000 - 24)


def endless(_: int) -> bytes:
    """Return a piece of a chunk whose header says 4 GB; what follows the first is its inside."""
    return b"MSGF" + struct.pack("<II", 0xFFFF_FFF0, 0) + bytes(60_000 - 12)


@pytest.mark.parametrize("piece", [chunk, endless])
def test_a_message_that_is_too_long_is_cut_off_while_it_comes_in(
    plant: Plant, piece: Callable[[int], bytes]
) -> None:
    sent = 0
    with socket.create_connection((plant.plan.host, plant.plan.port), timeout=5) as raw:
        raw.sendall(hello())
        assert raw.recv(8)[:3] == b"ACK"
        with suppress(OSError):
            while sent < 64_000_000:
                raw.sendall(piece(sent // 60_000))
                sent += 60_000
    assert sent < 16_000_000, "4 MiB, and what the sockets hold"
    asyncio.run(reads(plant))


def test_a_connection_that_sends_garbage_is_closed(plant: Plant) -> None:
    with socket.create_connection((plant.plan.host, plant.plan.port), timeout=2) as raw:
        raw.sendall(hello())
        raw.recv(100)
        raw.sendall(chunk(1) + chunk(7))  # a hole in the sequence
        assert raw.recv(100) == b""


def test_more_connections_than_allowed_are_closed_and_others_go_on(plant: Plant) -> None:
    address = (plant.plan.host, plant.plan.port)
    parked = [socket.create_connection(address, timeout=5) for _ in range(25)]
    try:
        closed = 0
        while closed < 5 and (readable := select.select(parked, [], [], 5)[0]):
            closed = sum(one.recv(1) == b"" for one in readable)
        assert closed >= 5
    finally:
        for one in parked:
            one.close()
    asyncio.run(reads(plant))


def test_subscriptions_are_capped(plant: Plant) -> None:
    async def test() -> None:
        async with plant.client() as client:
            made = 0
            with suppress(ua.uaerrors.BadTooManySubscriptions):
                while made <= MOST_SUBSCRIPTIONS:
                    await client.create_subscription(1000, Heard())
                    made += 1
            assert 0 < made <= MOST_SUBSCRIPTIONS

    asyncio.run(test())


async def reads(plant: Plant) -> None:
    async with plant.client() as client:
        assert await plant.value(client, "State") == "good"


# --- read-only ---


def test_every_write_is_refused(plant: Plant) -> None:
    async def test() -> None:
        async with plant.client() as client:
            ours = [await plant.id_of(client, f"ring.{spec.name}") for spec in SPECS]
            theirs = [ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServiceLevel))]
            for node in (*ours, *theirs):
                value = await client.get_node(node).read_data_value(raise_on_bad_status=False)
                write = ua.WriteValue(NodeId=node, AttributeId=ua.AttributeIds.Value)
                write.Value = ua.DataValue(value.Value)
                (status,) = await client.uaclient.write(ua.WriteParameters(NodesToWrite=[write]))
                assert status.name == "BadNotWritable", node

    asyncio.run(test())


# --- what it shows ---


async def shown(plant: Plant) -> dict[str, Any]:
    """Return all values of a station, read in one request."""
    async with plant.client() as client:
        nodes = [client.get_node(await plant.id_of(client, f"ring.{one.name}")) for one in SPECS]
        values = await client.read_attributes(nodes)
    names = [spec.name for spec in SPECS]
    return {n: v.Value.Value if v.Value else None for n, v in zip(names, values, strict=True)}


def test_the_lines_state_and_counters_are_shown_with_their_types(plant: Plant) -> None:
    plant.source.stations = {
        "ring": station_said(state="function_check", state_why="view top: syncing"),
        "board": station_said(),
    }
    plant.running.wait_for_looks()
    found = asyncio.run(shown(plant))
    assert (found["State"], found["StateNumber"]) == ("function_check", 3)
    assert found["StateWhy"] == "view top: syncing"
    assert (found["Counters.Triggered"], found["Counters.OnBelt"]) == (40, 4)
    assert (found["Latency.P50_ms"], found["Latency.P99_ms"]) == (6.5, 12.25)
    assert found["Model.Sha256"] == "5e" * 32


def test_what_the_plc_does_not_count_is_not_shown_as_zero(plant: Plant) -> None:
    plant.source.stations = {"ring": station_said(counts={"late": 1, "passed": None})}
    plant.running.wait_for_looks()

    async def status_of(client: Client, name: str) -> str:
        node = client.get_node(await plant.id_of(client, f"ring.Counters.{name}"))
        value = await node.read_data_value(raise_on_bad_status=False)
        return value.StatusCode.name if value.StatusCode else ""

    async def test() -> None:
        async with plant.client() as client:
            assert await status_of(client, "Late") == "Good"
            assert await status_of(client, "Passed") == "BadWaitingForInitialData"
            assert await status_of(client, "Triggered") == "BadWaitingForInitialData"

    asyncio.run(test())


def test_a_decided_part_is_the_last_result_with_number_verdict_and_action(plant: Plant) -> None:
    plant.source.waiting.append(decided_record(70, Verdict.REJECT))
    plant.running.wait_for_looks()
    found = asyncio.run(shown(plant))
    assert (found["LastResult.PartNumber"], found["LastResult.RecordId"]) == (70, "rec-70")
    assert (found["LastResult.Verdict"], found["LastResult.VerdictNumber"]) == ("reject", 2)
    assert (found["LastResult.Action"], found["LastResult.ActionNumber"]) == ("rejected", 2)
    assert found["LastResult.Reasons"] == ["scratch 0.93 in view top"]
    assert found["LastResult.DecidedAt"].replace(tzinfo=UTC).second == 18


def test_a_reader_that_comes_late_finds_the_last_32_results_in_order(plant: Plant) -> None:
    plant.source.waiting += [decided_record(number) for number in range(100, 140)]
    plant.running.wait_for_looks()
    found = asyncio.run(shown(plant))
    recent = json.loads(found["Results.Recent"])
    assert [one["part_number"] for one in recent] == list(range(108, 140))
    assert recent[-1]["sequence"] == found["Results.Sequence"]
    assert {one["verdict"] for one in recent} == {"pass"}


class Heard:
    """What a subscription told."""

    def __init__(self) -> None:
        self.values: asyncio.Queue[Any] = asyncio.Queue()

    def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
        self.values.put_nowait(value)


def test_a_subscriber_hears_of_each_change(plant: Plant) -> None:
    async def test() -> None:
        async with plant.client() as client:
            heard = Heard()
            subscription = await client.create_subscription(50, heard)
            node = client.get_node(await plant.id_of(client, "ring.LastResult.PartNumber"))
            await subscription.subscribe_data_change(node)
            await asyncio.wait_for(heard.values.get(), 5)
            plant.source.waiting.append(decided_record(501))
            assert await asyncio.wait_for(heard.values.get(), 5) == 501

    asyncio.run(test())


def test_values_are_uncertain_and_the_service_level_low_while_the_line_does_not_answer(
    plant: Plant,
) -> None:
    async def levels() -> tuple[int, str, str]:
        async with plant.client() as client:
            level = await client.get_node(ua.ObjectIds.Server_ServiceLevel).read_value()
            counter = client.get_node(await plant.id_of(client, "ring.Counters.Passed"))
            value = await counter.read_data_value(raise_on_bad_status=False)
            state = await plant.value(client, "State")
            assert value.Value is not None
            assert value.Value.Value == 33
            return level, state, value.StatusCode.name if value.StatusCode else ""

    plant.running.wait_for_looks()
    assert asyncio.run(levels()) == (255, "good", "Good")
    plant.source.stations = None
    plant.running.wait_for_looks()
    assert asyncio.run(levels()) == (1, "failure", "UncertainLastUsableValue")
