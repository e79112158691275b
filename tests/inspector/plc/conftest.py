"""A PLC as a program, our certificates, and an ear for what the client says."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from inspector.clock import SystemClock
from inspector.config.plc_profile import PlcProfile
from inspector.domain.snapshot import PlcSnapshot
from inspector.gateway.site_run import free_port
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.plc.nodes import PlcStation
from inspector.plc.opcua import OpcUaPlc
from inspector.ports import Clock, PlcEvents
from tests.inspector.plc.stand_in import Setup

SLOTS = 16
PATIENCE_S = 10.0


def profile(endpoint: str, **changed: Any) -> PlcProfile:
    """Return a profile of the stand-in PLC; the bench gives the certificates themselves."""
    plain = {
        "name": "demo",
        "user": "inspector",
        "password_env": "GIVEN_BY_THE_TEST",
        "server_certificate": "given by the test",
        "namespace_uri": "urn:inspector:plc",
        "slot_count": SLOTS,
        "poll_ms": 20,
        "request_timeout_s": 0.8,
    }
    return PlcProfile.model_validate({"endpoint": endpoint} | plain | changed)


class Ear:
    """Implements `ports.PlcEvents`: keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, float]] = []
        self.on_up: Callable[[], None] = lambda: None
        self._more = asyncio.Event()

    def plc_up(self) -> None:
        self._note("up", None)
        self.on_up()

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        self._note("read", snapshot)

    def plc_down(self, why: str) -> None:
        self._note("down", why)

    def plc_acked(self, token: object, at_s: float) -> None:
        self._note("acked", token)

    def _note(self, name: str, what: Any) -> None:
        self.told.append((name, what, time.monotonic()))
        self._more.set()

    def all(self, name: str) -> list[Any]:
        return [what for told, what, _ in self.told if told == name]

    async def hears(
        self,
        name: str,
        wanted: Callable[[Any], bool] = lambda _: True,
        *,
        after: int = 0,
        within_s: float = PATIENCE_S,
    ) -> tuple[Any, float]:
        """Return (what, when) of the first such event, counted from event number `after`."""
        async with asyncio.timeout(within_s):
            while True:
                for told, what, at_s in self.told[after:]:
                    if told == name and wanted(what):
                        return what, at_s
                after = len(self.told)
                self._more.clear()
                await self._more.wait()


class PlcProcess:
    """The stand-in PLC in a process of its own; may be started again."""

    def __init__(self, setup: Setup, server_certificate: Path) -> None:
        self.setup, self.server_certificate = setup, server_certificate
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.begin()
        assert self.answer() == "ready"

    def begin(self) -> None:
        """Start without waiting; `answer` then waits for "ready"."""
        self.process = subprocess.Popen(
            self.setup.command_line(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> Any:
        assert self.process is not None
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, order: str, **arguments: Any) -> Any:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([order, arguments]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def set(self, **values: Any) -> None:
        self.ask("set_all", **{f"board.{name}": value for name, value in values.items()})

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self.process = None


@dataclass
class Bench:
    """What a test plugs together."""

    folder: Path
    ours: Certificate
    stranger: Certificate
    theirs: Certificate
    trusted: Path
    started: list[PlcProcess] = field(default_factory=list)

    def setup(self, **changed: Any) -> Setup:
        plain = Setup(
            port=free_port(), folder=str(self.theirs.cert_der.parent), trusted=[str(self.trusted)]
        )
        return replace(plain, **changed)

    def plc(self, **changed: Any) -> PlcProcess:
        process = PlcProcess(self.setup(**changed), self.theirs.cert_der)
        self.started.append(process)
        process.start()
        return process

    def client(
        self,
        plc: PlcProcess | int,
        ear: PlcEvents,
        *,
        password: str = "right",  # noqa: S107
        certificate: Certificate | None = None,
        server_certificate: Path | None = None,
        stations: tuple[PlcStation, ...] = (PlcStation("board", "board", ("top",)),),
        trust_dir: Path | None = None,
        clock: Clock | None = None,
        **changed: Any,
    ) -> OpcUaPlc:
        port = plc if isinstance(plc, int) else plc.setup.port
        pinned = None if trust_dir else server_certificate or self.theirs.cert_der
        return OpcUaPlc(
            profile(f"opc.tcp://127.0.0.1:{port}/", **changed),
            password=password,
            certificate=certificate or self.ours,
            server_certificate=pinned,
            trust_dir=trust_dir,
            stations=stations,
            events=ear,
            clock=clock or SystemClock(),
        )


@contextlib.asynccontextmanager
async def running(client: OpcUaPlc) -> AsyncIterator[OpcUaPlc]:
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        ended_by_itself = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not ended_by_itself


@pytest.fixture(scope="package")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with made_bench(tmp_path_factory.mktemp("plc")) as made:
        yield made


@contextlib.contextmanager
def made_bench(folder: Path) -> Iterator[Bench]:
    """Give certificates for all, and end every PLC afterwards."""
    hosts = ["localhost", "127.0.0.1", socket.gethostname()]
    ours = ensure_certificate(folder / "ours", name="Inspector", uri="urn:test:us", hosts=hosts)
    stranger = ensure_certificate(folder / "no", name="Stranger", uri="urn:test:us", hosts=hosts)
    theirs = ensure_certificate(folder / "plc", name="PLC", uri="urn:plc:stand-in", hosts=hosts)
    trusted = folder / "trusted"
    trusted.mkdir()
    (trusted / "us.der").write_bytes(ours.cert_der.read_bytes())
    made = Bench(folder, ours, stranger, theirs, trusted)
    try:
        yield made
    finally:
        for process in made.started:
            process.kill()  # SIGKILL ends a stopped one as well


@pytest.fixture(scope="package")
def plc(bench: Bench) -> PlcProcess:
    """Return a PLC that all tests of this folder share: they leave it as they found it."""
    signed = [f"logix.Verdict.Slot[{slot}]" for slot in range(SLOTS)] + ["logix.Decision.Slots"]
    return bench.plc(
        stations={"board": ["top"], "logix": ["top"], "odd": ["top"]},
        signed=signed,
        wrong_type=["odd.Link.GatewayEpoch"],
        other_namespaces=3,
        most_sessions=5,
    )


@pytest.fixture
def mortal_plc(bench: Bench) -> Iterator[PlcProcess]:
    """Return a PLC of one's own, to be killed or cut."""
    process = bench.plc(most_sessions=5)
    yield process
    process.kill()
