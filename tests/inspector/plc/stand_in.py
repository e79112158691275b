"""A PLC as small as can be, as a program: the nodes of the handshake, and no line behind them.

It is told what to do in JSON lines on stdin, and answers each with one on stdout. The demo
factory's PLC has its own tests; this one exists to be slow, to refuse, and to be killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions

TRUSTED = (
    CertificateValidatorOptions.EXT_VALIDATION
    | CertificateValidatorOptions.TRUSTED
    | CertificateValidatorOptions.PEER_CLIENT
)
KEPT_S = 10.0
"""The session time-out that the client asks for."""
VALUE = ua.AttributeIds.Value
REFUSED = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadOutOfRange))


@dataclass
class Setup:
    """How the PLC shall be; travels as JSON on the command line."""

    port: int
    folder: str
    trusted: list[str]
    """Folders with the certificates that may connect; empty: any."""
    user: str = "inspector"
    password: str = "right"
    uri: str = "urn:plc:stand-in"
    namespace: str = "urn:inspector:plc"
    other_namespaces: int = 0
    stations: dict[str, list[str]] = field(default_factory=lambda: {"board": ["top"]})
    slots: int = 16
    most_sessions: int = 0
    policies: list[str] = field(
        default_factory=lambda: ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
    )
    missing: list[str] = field(default_factory=list)
    wrong_type: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    """Nodes that are Int32 here, as on Logix."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Nodes that have another id here than the contract gives them: s=... or i=..."""
    read_only: list[str] = field(default_factory=list)
    """Nodes that the gateway writes, and may not here."""
    anonymous: bool = False
    """Whether it lets in who gives no name."""
    methods: str = ""
    """A station that has the methods: their argument's type, UInt32 or Int32."""

    def command_line(self) -> list[str]:
        return [sys.executable, "-m", "tests.inspector.plc.stand_in", json.dumps(asdict(self))]


class Users:
    def __init__(self, setup: Setup) -> None:
        self._known = {(setup.user, setup.password)}
        if setup.anonymous:
            self._known.add((None, None))  # type: ignore[arg-type]

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        if (username, password) in self._known:
            return User(role=UserRole.User, name=username)
        return None


def nodes_of(setup: Setup) -> dict[str, tuple[Any, ua.VariantType, bool]]:
    """Return name → (value, type, may the gateway write it)."""
    uint, n = ua.VariantType.UInt32, setup.slots
    nodes: dict[str, tuple[Any, ua.VariantType, bool]] = {}
    for prefix, views in setup.stations.items():
        plain: dict[str, tuple[Any, ua.VariantType, bool]] = {
            "Track.PartId": (0, uint, False),
            "Track.Encoder": (0, uint, False),
            "Track.DecidedPartId": (0, uint, False),
            "Track.Ring": ([0] * (3 * n), uint, False),
            "Operator.Latched": ([0] * n, uint, False),
            "Decision.Slots": ([0] * n, uint, False),
            "Link.GatewayHeartbeat": (0, uint, True),
            "Link.GatewayEpoch": (0, uint, True),
            "Link.Epoch": (1, uint, False),
            "Link.GatewayAlive": (False, ua.VariantType.Boolean, False),
            "Link.PlcHeartbeat": (0, uint, False),
            "Link.BootCount": (7, uint, False),
            "State.StateCurrent": (6, ua.VariantType.Int32, False),
            "Config.HoldAfterUnknown": (50, uint, False),
            "Config.HoldAfterSilence_ms": (10_000, uint, False),
            "Config.PassAll": (False, ua.VariantType.Boolean, False),
            "Config.AllowOperatorPass": (True, ua.VariantType.Boolean, False),
            "Config.AutoResume": (True, ua.VariantType.Boolean, False),
        }
        for count in ("Triggered", "Decided", "Passed", "Rejected", "FailSafe", "OnBelt"):
            plain[f"Count.{count}"] = (0, uint, False)
        for view in views:
            plain[f"Camera.{view}.Ring"] = ([0] * (3 * n), uint, False)
            plain[f"Sync.{view}.Request"] = (0, uint, True)
            plain[f"Sync.{view}.Answer"] = ([0, 0], uint, False)
        for area in ("Verdict", "Operator"):
            plain[f"{area}.Mailbox"] = (0, uint, True)
            plain[f"{area}.Commit"] = (0, uint, True)
            plain[f"{area}.Taken"] = ([0, 0], uint, False)
        for slot in range(n):
            plain[f"Verdict.Slot[{slot}]"] = (0, uint, True)
            plain[f"Operator.Slot[{slot}]"] = (0, uint, True)
        nodes |= {f"{prefix}.{name}": node for name, node in plain.items()}
    for name in setup.missing:
        del nodes[name]
    for name in setup.wrong_type:
        nodes[name] = ("seven", ua.VariantType.String, nodes[name][2])
    for name in setup.read_only:
        nodes[name] = (*nodes[name][:2], False)
    for name in setup.signed:
        nodes[name] = (nodes[name][0], ua.VariantType.Int32, nodes[name][2])
    return nodes


class StandIn:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.users = Users(setup)
        self.server = Server(user_manager=self.users)  # type: ignore[arg-type]
        self.index = 0
        self.types: dict[str, ua.VariantType] = {}
        self.written: list[tuple[str, int]] = []
        self.write_delay_s = 0.0
        self.slow_nodes = ""
        self.refusals = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.heartbeats = True
        self.submit_answer = 0
        self.takes = True
        self.epochs_lost: int | None = None
        """So many epochs come to nothing before one is in force; None: all of them."""
        self.stale: list[int] = []
        """Words of an earlier session that come just before the next commits."""
        self.cut_off: list[float] = []

    async def start(self) -> None:
        setup, server = self.setup, self.server
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{setup.port}/")
        await server.set_application_uri(setup.uri)
        server.set_security_policy(
            [
                ua.SecurityPolicyType["NoSecurity" if name == "None" else f"{name}_SignAndEncrypt"]
                for name in setup.policies
            ]
        )
        folder = Path(setup.folder)
        await server.load_certificate(folder / "certificate.der")
        await server.load_private_key(folder / "key.pem")
        if setup.trusted:
            self.trust = TrustStore([Path(folder) for folder in setup.trusted], [])
            await self.trust.load()
            server.iserver.certificate_validator = CertificateValidator(TRUSTED, self.trust)
        for number in range(setup.other_namespaces):
            await server.register_namespace(f"urn:other:{number}")
        self.index = await server.register_namespace(setup.namespace)
        await self._add_nodes()
        self._disturb()
        await server.start()

    async def _add_nodes(self) -> None:
        for name, (value, kind, writable) in nodes_of(self.setup).items():
            node = await self.server.nodes.objects.add_variable(
                self.node_id(name), ua.QualifiedName(name, self.index), value, kind
            )
            self.types[name] = kind
            if writable:
                await node.set_writable()
        if self.setup.methods:
            for prefix in self.setup.stations:
                await self._add_methods(prefix)

    async def _add_methods(self, prefix: str) -> None:
        """Give a station the methods; each stores its word as a mailbox does, or says why not."""
        kind = ua.VariantType[self.setup.methods]
        for area in ("Verdict", "Operator"):
            owner = self.node_id(f"{prefix}.{area}.Owner")
            browsed = ua.QualifiedName(f"{prefix}.{area}", self.index)
            where = await self.server.nodes.objects.add_object(owner, browsed)

            async def submit(parent: Any, word: Any, area: str = area) -> list[ua.Variant]:
                self.written.append((f"{prefix}.{area}.Submit", word.Value))
                return [ua.Variant(self.submit_answer, ua.VariantType.Int32)]

            method = self.node_id(f"{prefix}.{area}.Submit")
            name = ua.QualifiedName("Submit", self.index)
            await where.add_method(method, name, submit, [kind], [ua.VariantType.Int32])

    def _disturb(self) -> None:
        """Put our own hands between the sessions and the address space."""
        iserver = self.server.iserver
        really, create = iserver.attribute_service.write, iserver.create_session

        async def write(params: ua.WriteParameters, user: User) -> list[ua.StatusCode]:
            if user.role is not UserRole.User:  # the server itself
                return await really(params, user)
            # Shielded: a real PLC carries out what it has received, whether or not we still listen.
            task = asyncio.create_task(self._clients_write(really, params, user))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            return await asyncio.shield(task)

        def create_session(*args: Any, **more: Any) -> Any:
            most = self.setup.most_sessions
            if most and len(iserver._external_sessions) + self.kept() >= most:
                raise ServiceError(ua.StatusCodes.BadTooManySessions)
            return create(*args, **more)

        iserver.attribute_service.write = write  # type: ignore[method-assign, assignment]
        iserver.create_session = create_session  # type: ignore[method-assign]

    async def _clients_write(
        self, really: Any, params: ua.WriteParameters, user: User
    ) -> list[ua.StatusCode]:
        if any(self.slow_nodes in self.name_of(item.NodeId) for item in params.NodesToWrite):
            await asyncio.sleep(self.write_delay_s)
        if self.refusals:
            self.refusals -= 1
            return [REFUSED] * len(params.NodesToWrite)
        for item in params.NodesToWrite:
            assert item.Value.SourceTimestamp is None
            name = self.name_of(item.NodeId)
            self.written.append((name, item.Value.Value.Value))
            if name.endswith(".Commit") and self.takes:
                await self._take(name.removesuffix(".Commit"), item.Value.Value.Value)
            if name.endswith(".GatewayEpoch") and self.epochs_lost is not None:
                await self._take_epoch(name.removesuffix(".GatewayEpoch"), item.Value.Value.Value)
        results: list[ua.StatusCode] = await really(params, user)
        return results

    async def _take(self, area: str, sequence: int) -> None:
        """Do what the PLC's program does in its next scan after a commit."""
        word = self.stale.pop(0) if self.stale else await self.get(f"{area}.Mailbox")
        await self.set(f"{area}.Taken", [sequence, word])

    async def _take_epoch(self, link: str, epoch: int) -> None:
        """Do what the PLC's program does with an epoch, unless an old one has replaced it."""
        if self.epochs_lost:
            self.epochs_lost -= 1
        else:
            await self.set(f"{link}.Epoch", epoch)

    def node_id(self, name: str) -> ua.NodeId:
        how, _, text = self.setup.elsewhere.get(name, f"s={name}").partition("=")
        identifier = ua.Int32(int(text)) if how == "i" else ua.String(text)
        return ua.NodeId(identifier, ua.Int16(self.index))

    def name_of(self, node_id: ua.NodeId) -> str:
        """Return a node's name in the contract."""
        identifier: Any = node_id.Identifier
        shown = f"{'i' if isinstance(identifier, int) else 's'}={identifier}"
        names = {other: name for name, other in self.setup.elsewhere.items()}
        return names.get(shown, str(identifier))

    async def set(self, name: str, value: Any) -> None:
        value = ua.DataValue(ua.Variant(value, self.types[name]))
        await self.server.write_attribute_value(self.node_id(name), value)

    async def beat(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(0.1)
            if not self.heartbeats:
                continue
            count += 1
            for prefix in self.setup.stations:
                await self.set(f"{prefix}.Link.PlcHeartbeat", count)

    async def get(self, name: str) -> Any:
        found = self.server.iserver.aspace.read_attribute_value(self.node_id(name), VALUE)
        assert found.Value is not None
        return found.Value.Value

    async def set_all(self, **values: Any) -> None:
        for name, value in values.items():
            await self.set(name, value)

    async def be(self, **how: Any) -> None:
        """Set attributes: write_delay_s, refusals, heartbeats."""
        for name, value in how.items():
            setattr(self, name, value)

    async def trust_anew(self) -> None:
        """Look again whom we trust, as after somebody put a certificate there or took one away."""
        await self.trust.load()

    async def take_written(self) -> list[tuple[str, int]]:
        taken, self.written = self.written, []
        return taken

    async def writing(self) -> int:
        return len(self.tasks)

    async def sessions(self) -> int:
        return len(self.server.iserver._external_sessions)

    async def cut(self) -> None:
        """Cut every connection, as a pulled cable that the kernel noticed."""
        self.cut_off += [time.monotonic()] * len(self.server.iserver._external_sessions)
        for transport in list(self.server.iserver.asyncio_transports):
            transport.abort()

    def kept(self) -> int:
        """Return the sessions that a real PLC would still keep: asyncua forgets them at once."""
        return sum(time.monotonic() - at_s < KEPT_S for at_s in self.cut_off)


async def main() -> None:
    logging.disable(logging.CRITICAL)
    stand_in = StandIn(Setup(**json.loads(sys.argv[1])))
    await stand_in.start()
    beating = asyncio.create_task(stand_in.beat())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    say("ready")
    while line := await reader.readline():
        order, arguments = json.loads(line)
        say(await getattr(stand_in, order)(**arguments))
    beating.cancel()


def say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
