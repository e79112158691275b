"""A PLC that nobody may write to: it reads our tables each 20 ms and runs its program on them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from inspector.clock import SystemClock
from inspector.domain.verdict import Action
from inspector.gateway.site_run import free_port
from inspector.opcua_server.opening import Offer
from inspector.plc.certificates import Certificate
from inspector.plc.nodes import PlcStation
from inspector.plc.pull import PulledPlc
from inspector.plc.pull_server import NAMESPACE
from inspector.ports import PlcEvents
from inspector.simulator.plc_memory import Decided, Edge, Inputs, Layout, Policy
from inspector.simulator.plc_program import PlcProgram
from tests.inspector.plc.conftest import SLOTS, Bench, Ear, PlcProcess, profile

USER, PASSWORD = "plc", "its own"
STATION = PlcStation("board", "board", ("top",))
PULL = {"host": "127.0.0.1", "user": USER, "password_env": "TEST", "trust_dir": "given by the test"}
POLL_S = 0.02
READ = ("Link.GatewayEpoch", "Verdict.Slot", "Operator.Slot", "Link.GatewayHeartbeat")
"""The epoch first and the beat last, as docs/plc/pull.md asks."""


@dataclass
class Gateway:
    """What of us a PLC meets: our server, and the session that reads the PLC."""

    bench: Bench
    plc: PlcProcess
    port: int = field(default_factory=free_port)

    def made(self, events: PlcEvents, **changed: Any) -> PulledPlc:
        at_plc = {"transport": "pull", "pull": PULL} | changed
        trusted = self.bench.folder / "trusted plcs"
        trusted.mkdir(exist_ok=True)
        own = self.bench.theirs.cert_der
        (trusted / "plc.der").write_bytes(own.read_bytes())
        offer = Offer(
            host="127.0.0.1",
            port=self.port,
            uri=self.bench.ours.uri,
            certificate=self.bench.ours.cert_der,
            key=self.bench.ours.key_pem,
            user=USER,
            password=PASSWORD,
            trust_dir=trusted,
            max_sessions=4,
        )
        return PulledPlc(
            profile(f"opc.tcp://127.0.0.1:{self.plc.setup.port}/", **at_plc),
            offer,
            (STATION,),
            session=lambda reader: self.bench.client(self.plc, reader, **at_plc),
            events=events,
            clock=SystemClock(),
        )

    @contextlib.asynccontextmanager
    async def running(self, ear: Ear, **changed: Any) -> AsyncIterator[PulledPlc]:
        """Run until left; the PLC's nodes can be read then."""
        one = self.made(ear, **changed)
        heard = len(ear.told)
        await one.open()
        task = asyncio.create_task(one.run())
        try:
            await ear.hears("up", after=heard)
            yield one
        finally:
            ended_by_itself = task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert not ended_by_itself

    @contextlib.asynccontextmanager
    async def client(
        self,
        *,
        certificate: Certificate | None = None,
        user: str = USER,
        password: str = PASSWORD,
    ) -> AsyncIterator[Client]:
        """Connect as the PLC does."""
        own = certificate or self.bench.theirs
        client = Client(f"opc.tcp://127.0.0.1:{self.port}", timeout=3)
        client.application_uri = own.uri
        if user:
            client.set_user(user)
            client.set_password(password)
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            own.cert_der,
            own.key_pem,
            server_certificate=str(self.bench.ours.cert_der),
        )
        async with client:
            yield client


async def node_ids(client: Client, *names: str) -> list[ua.NodeId]:
    index = ua.Int16(await client.get_namespace_index(NAMESPACE))
    return [ua.NodeId(ua.String(f"board.{name}"), index) for name in names]


async def given(client: Client, *names: str) -> list[Any]:
    """Return what stands in the nodes; None for what was never said."""
    ids = await node_ids(client, *names)
    wanted = [ua.ReadValueId(one, ua.AttributeIds.Value) for one in ids]
    values = await client.uaclient.read(ua.ReadParameters(NodesToRead=wanted))
    good = [value.StatusCode is None or value.StatusCode.is_good() for value in values]
    return [
        value.Value.Value if ok and value.Value else None
        for value, ok in zip(values, good, strict=True)
    ]


class Program:
    """The PLC's program, with a belt of 1000 counts and a clock that the test hands in."""

    def __init__(self) -> None:
        layout = Layout(slots=SLOTS, reject_at_counts=1000, outputs={"top": 100})
        self.plc = PlcProgram(layout, Policy(hold_after_unknown=0, hold_after_silence_ms=0))
        self._inputs = Inputs(now_us=1_000_000, encoder=0)
        self.decided: dict[int, Action] = {}

    def take(self, epoch: Any, verdicts: Any, operators: Any, beat: Any) -> None:
        """Copy what was read, as the PLC does between two scans; None was never said."""
        if epoch is not None:
            self.plc.write_epoch(epoch)
        for slot in range(SLOTS):
            self.plc.write_verdict(slot, verdicts[slot])
            self.plc.write_operator(slot, operators[slot])
        if beat is not None:
            self.plc.write_heartbeat(beat)
        self.scan()

    def enter(self) -> int:
        """A part comes to the eye; return its id."""
        self.scan(Edge(self._inputs.encoder, self._inputs.now_us))
        return self.plc.memory.part_id

    def travel(self) -> None:
        """Take every part to the reject station."""
        self.scan(counts=1001)

    def wait(self, seconds: float) -> None:
        self.scan(after_us=int(seconds * 1_000_000))

    def scan(self, *edges: Edge, counts: int = 0, after_us: int = 1000) -> None:
        was = self._inputs
        self._inputs = replace(
            was, now_us=was.now_us + after_us, encoder=was.encoder + counts, edges=edges
        )
        for event in self.plc.scan(self._inputs):
            if isinstance(event, Decided):
                self.decided[event.part_id] = event.action

    @contextlib.asynccontextmanager
    async def pulling(self, gateway: Gateway) -> AsyncIterator[None]:
        """Read our tables each 20 ms while the block runs."""

        async def pull() -> None:
            async with gateway.client() as client:
                while True:
                    self.take(*await given(client, *READ))
                    await asyncio.sleep(POLL_S)

        task = asyncio.create_task(pull())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
