"""The demo's PLC as a client meets it: who gets in, what may be written, what it shows."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto import security_policies

from inspector.domain.words import MachineWord
from inspector.gateway.site_run import free_port
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.simulator import plc_server
from inspector.simulator.cell import CellPlan
from inspector.simulator.factory import PlcSettings
from inspector.simulator.plc_memory import Policy
from inspector.simulator.plc_server import NAMESPACE, DemoPlc
from tests.inspector.simulator.test_cell import plan

USER, PASSWORD = "inspector", "right"
SERVER_URI, CLIENT_URI = "urn:test:plc", "urn:test:gateway"
SLOTS = 32


@dataclass
class Plant:
    """A running PLC, and a client certificate that it trusts."""

    settings: PlcSettings
    ours: Certificate
    folder: Path

    @asynccontextmanager
    async def client(
        self,
        *,
        user: str = USER,
        password: str = PASSWORD,
        certificate: Certificate | None = None,
        policy: type[
            security_policies.SecurityPolicy
        ] = security_policies.SecurityPolicyBasic256Sha256,
        mode: ua.MessageSecurityMode = ua.MessageSecurityMode.SignAndEncrypt,
        timeout_s: float = 5,
    ) -> AsyncIterator[Client]:
        client = Client(self.settings.endpoint, timeout=timeout_s)
        client.application_uri = CLIENT_URI
        if user:
            client.set_user(user)
            client.set_password(password)
        ours = certificate or self.ours
        await client.set_security(
            policy, ours.cert_der, ours.key_pem,
            server_certificate=self.settings.certificate.read_bytes(), mode=mode,
        )  # fmt: skip
        async with client:
            yield client

    def node(self, client: Client, name: str) -> ua.NodeId:
        return ua.NodeId.from_string(f"ns=2;s=ring.{name}")


def certificate(folder: Path, uri: str) -> Certificate:
    return ensure_certificate(folder, name="test", uri=uri, hosts=[socket.gethostname()])


def settings_in(folder: Path, port: int) -> PlcSettings:
    own = certificate(folder / "plc", SERVER_URI)
    cell: CellPlan = replace(plan(parts=0), policy=Policy(0, 0))
    return PlcSettings(
        endpoint=f"opc.tcp://127.0.0.1:{port}", uri=SERVER_URI, certificate=own.cert_der,
        key=own.key_pem, trusted=(folder / "opcua" / "certificate.der",), user=USER,
        password=PASSWORD, cells=(("ring", cell),), retentive=folder / "plc.retentive",
        wire=folder / "wire.sock", control=folder / "control.sock",
    )  # fmt: skip


class Running:
    """The PLC in an event loop of its own, beside the tests of this module."""

    def __init__(self, settings: PlcSettings) -> None:
        self.said: list[dict[str, object]] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(settings,))
        self._thread.start()
        while not self.said and self._thread.is_alive():
            time.sleep(0.01)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def _run(self, settings: PlcSettings) -> None:
        process = DemoPlc(settings, publish=self.said.append)
        self._loop.run_until_complete(process.run(self._stop))


@pytest.fixture(scope="module")
def plc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    settings = settings_in(folder, free_port())
    running = Running(settings)
    yield Plant(settings, certificate(folder / "opcua", CLIENT_URI), folder)
    running.end()


async def status_of(client: Client, node: ua.NodeId, value: ua.DataValue) -> str:
    write = ua.WriteValue(NodeId=node, AttributeId=ua.AttributeIds.Value, Value=value)
    (status,) = await client.uaclient.write(ua.WriteParameters(NodesToWrite=[write]))
    return str(status.name)


def plain(value: int, kind: ua.VariantType = ua.VariantType.UInt32) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, kind), StatusCode=None)


def test_only_our_gateway_gets_in(plc: Plant) -> None:
    stranger = certificate(plc.folder / "stranger", CLIENT_URI)

    async def test() -> None:
        refusals: tuple[dict[str, Any], ...] = (
            {"password": "wrong"},
            {"user": "admin", "password": ""},
            {"user": ""},
            {"certificate": stranger},
            {"mode": ua.MessageSecurityMode.Sign},
        )
        for refused in refusals:
            with pytest.raises(Exception, match=r".*") as error:
                async with plc.client(**refused, timeout_s=0.5):
                    pass
            assert isinstance(error.value, ua.UaError | TimeoutError | ConnectionError | OSError)
        for policy in (
            security_policies.SecurityPolicyAes128Sha256RsaOaep,
            security_policies.SecurityPolicyAes256Sha256RsaPss,
            security_policies.SecurityPolicyBasic256Sha256,
        ):
            async with plc.client(policy=policy) as client:
                assert NAMESPACE in await client.get_namespace_array()

    asyncio.run(test())


def test_without_encryption_nobody_gets_in(plc: Plant) -> None:
    async def test() -> None:
        client = Client(plc.settings.endpoint, timeout=1)
        client.set_user(USER)
        client.set_password(PASSWORD)
        with pytest.raises((ua.UaError, TimeoutError, OSError)):
            await client.connect()

    asyncio.run(test())


def test_writes_are_taken_only_as_a_strict_plc_takes_them(plc: Plant) -> None:
    async def test() -> None:
        async with plc.client() as client:
            newest = await client.get_node(plc.node(client, "Track.PartId")).read_value()
            far_ahead = (newest + SLOTS - 1) % SLOTS  # not cleared by a trigger for a while
            slot = plc.node(client, f"Verdict.Slot[{far_ahead}]")
            assert await status_of(client, slot, plain(7)) == "Good"
            assert await client.get_node(slot).read_value() == 7
            stamped = plain(8)
            stamped = replace(stamped, SourceTimestamp=ua.DateTime.now(UTC))
            wrong = {
                "BadWriteNotSupported": (slot, stamped),
                "BadTypeMismatch": (slot, plain(8, ua.VariantType.Int64)),
                "BadNotWritable": (plc.node(client, "Track.PartId"), plain(8)),
                "BadNodeIdUnknown": (plc.node(client, "Verdict.Slot[999]"), plain(8)),
            }
            for status, (node, value) in wrong.items():
                assert await status_of(client, node, value) == status
            assert await client.get_node(slot).read_value() == 7

    asyncio.run(test())


def test_a_pass_reaches_its_part_and_the_nodes_show_it(plc: Plant) -> None:
    async def test() -> None:
        async with plc.client() as client:

            async def read(name: str) -> object:
                return await client.get_node(plc.node(client, name)).read_value()

            await status_of(client, plc.node(client, "Link.GatewayEpoch"), plain(4))
            part, beats = 0, 0
            while await read("Count.Passed") == 0:
                beats += 1
                await status_of(client, plc.node(client, "Link.GatewayHeartbeat"), plain(beats))
                newest = int(str(await read("Track.PartId")))
                if newest and newest != part:
                    part = newest
                    word = MachineWord(part, 4, 1).pack()
                    slot = plc.node(client, f"Verdict.Slot[{part % SLOTS}]")
                    assert await status_of(client, slot, plain(word)) == "Good"
                await asyncio.sleep(0.02)
            assert await read("Link.Epoch") == 4
            assert await read("Link.GatewayAlive") is True
            assert await read("State.StateCurrent") == 6
            ring = await client.get_node(plc.node(client, "Track.Ring")).read_value()
            assert len(ring) == 3 * SLOTS
            assert part in ring[::3]
            assert (
                len(await client.get_node(plc.node(client, "Decision.Slots")).read_value()) == SLOTS
            )
            answer = client.get_node(plc.node(client, "Sync.side.Answer"))
            assert await answer.read_value() == [0, 0]

    asyncio.run(test())


def test_a_subscriber_is_told_of_changes(plc: Plant) -> None:
    class Ear:
        def __init__(self) -> None:
            self.told: asyncio.Queue[int] = asyncio.Queue()

        def datachange_notification(self, node: object, value: int, data: object) -> None:
            self.told.put_nowait(value)

    async def test() -> None:
        async with plc.client() as client:
            ear = Ear()
            subscription = await client.create_subscription(50, ear)
            await subscription.subscribe_data_change(
                client.get_node(plc.node(client, "Link.PlcHeartbeat"))
            )
            beats = [await asyncio.wait_for(ear.told.get(), 3) for _ in range(3)]
            assert beats == sorted(set(beats))

    asyncio.run(test())


def test_people_and_tests_give_orders_over_the_control_socket(plc: Plant) -> None:
    async def test() -> None:
        async with plc.client() as client:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
                control.connect(str(plc.settings.control))
                for order in ({"do": "pass_all", "on": True}, {"do": "hold", "station": "ring"}):
                    control.send(json.dumps(order).encode())
                control.send(b"nonsense")
                state = client.get_node(plc.node(client, "State.StateCurrent"))
                while await state.read_value() != 11:
                    await asyncio.sleep(0.01)
                assert await client.get_node(plc.node(client, "Config.PassAll")).read_value()
                for order in ({"do": "pass_all", "on": False}, {"do": "resume"}):
                    control.send(json.dumps(order).encode())

    asyncio.run(test())


def test_with_late_writes_a_pass_is_not_answered_in_time_and_executed_all_the_same(
    plc: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plc_server, "LATE_DONE_S", (0.3, 0.4))
    monkeypatch.setattr(plc_server, "LATE_ANSWER_S", 0.6)

    async def test() -> None:
        async with plc.client() as client:
            newest = await client.get_node(plc.node(client, "Track.PartId")).read_value()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
                control.connect(str(plc.settings.control))
                control.send(json.dumps({"do": "fault", "fault": "late-writes@+1"}).encode())
            while await client.get_node(plc.node(client, "Track.PartId")).read_value() < newest + 2:
                await asyncio.sleep(0.01)
            part = newest + SLOTS - 2
            slot = plc.node(client, f"Verdict.Slot[{part % SLOTS}]")
            reject, late = MachineWord(part, 1, 2).pack(), MachineWord(part, 1, 1).pack()
            assert await status_of(client, slot, plain(reject)) == "Good"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(status_of(client, slot, plain(late)), 0.1)
            async with plc.client() as other:
                assert await other.get_node(slot).read_value() == reject
                async with asyncio.timeout(5):
                    while await other.get_node(slot).read_value() != late:
                        await asyncio.sleep(0.01)

    asyncio.run(test())
