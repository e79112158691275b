"""A whole SCADA server on a port of its own, fed by a stand-in for line and database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asyncua import Client, ua
from asyncua.crypto import security_policies

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.record import Decision, Record
from inspector.domain.verdict import Action, Verdict
from inspector.gateway.site_run import free_port
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.scada.live import StationFacts
from inspector.scada.nodes import NAMESPACE
from inspector.scada.server import ScadaPlan, ScadaServer

USER, PASSWORD = "scada", "right"
SERVER_URI, CLIENT_URI = "urn:test:scada", "urn:test:mes"
STATIONS = ("ring", "board")
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHA = "5e" * 32
Policy = (
    type[security_policies.SecurityPolicyBasic256Sha256]
    | type[security_policies.SecurityPolicyAes128Sha256RsaOaep]
    | type[security_policies.SecurityPolicyAes256Sha256RsaPss]
)
SIGN_AND_ENCRYPT = ua.MessageSecurityMode.SignAndEncrypt


def station_said(**changes: Any) -> dict[str, Any]:
    """Return what the line publishes of a station (line/status.py), as far as we read it."""
    counts = {"triggered": 40, "decided": 36, "passed": 33, "rejected": 2, "fail_safe": 1}
    return {
        "state": "good",
        "state_why": "",
        "running": True,
        "override": True,
        "counts": {**counts, "on_belt": 4, "late": 1, "disagreements": 0, "waiting": 2},
        "latency_ms": {"p50": 6.5, "p99": 12.25, "max": 15.0},
        "device": "CPU",
        "precision": "BF16",
        "package": "ring",
        "model_sha256": SHA,
        "epoch": 7,
        **changes,
    }


def decided_record(number: int, verdict: Verdict = Verdict.PASS, **changes: Any) -> Record:
    """Return the record of a part that the PLC has decided."""
    at = START + timedelta(seconds=number)
    action = {1: Action.PASSED, 2: Action.REJECTED, 3: Action.FAIL_SAFE}[verdict]
    found = (Finding("scratch", 0.93, (1.0, 2.0, 3.0, 4.0)),) if verdict is Verdict.REJECT else ()
    view = ViewResult("top", findings=found, top_scores={}, missed="", picture="a" * 64,
                      width_px=400, height_px=300, model_ms=6.0)  # fmt: skip
    made = Record(
        id=f"rec-{number}", station="ring", run=2, number=number, triggered_at=at,
        judged_at=at + timedelta(seconds=1), verdict=verdict,
        reasons=("scratch 0.93 in view top",) if verdict is Verdict.REJECT else (),
        not_inspected="", recipe="standard", package="ring", model_sha256=SHA, device_asked="CPU",
        device="CPU", precision="BF16", epoch=7, encoder=500 * number, ready_to_judged_ms=7.5,
        latency_ms=9.25, late=False, stratum=None, audit_pi=None, selected=None, views=(view,),
        decision=Decision(action, agrees=True, why="", at=at + timedelta(seconds=8)), events=(),
    )  # fmt: skip
    return replace(made, **changes)


@dataclass
class FakeSource:
    """What the line has published and what has been decided, as a test sets it."""

    stations: dict[str, dict[str, Any]] | None = None
    waiting: list[Record] = field(default_factory=list)

    def line(self) -> Mapping[str, Any] | None:
        return None if self.stations is None else {"stations": dict(self.stations)}

    def decided(self, station: str) -> Sequence[Record]:
        given = [one for one in self.waiting if one.station == station]
        self.waiting = [one for one in self.waiting if one.station != station]
        return given


class Running:
    """The server in an event loop of its own, beside the tests of a module."""

    def __init__(self, plan: ScadaPlan, source: FakeSource) -> None:
        self.said: list[Mapping[str, object]] = []
        self._stop = asyncio.Event()
        self._server = ScadaServer(plan, source, publish=self.said.append)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self.wait_for_looks(1)

    def wait_for_looks(self, more: int = 2) -> None:
        """Return when the server has looked at its source so many times more."""
        wanted = len(self.said) + more
        while len(self.said) < wanted and self._thread.is_alive():
            time.sleep(0.02)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.run(self._stop)


@dataclass
class Plant:
    """A running server, and a client certificate that it trusts."""

    plan: ScadaPlan
    source: FakeSource
    running: Running
    ours: Certificate
    folder: Path

    @asynccontextmanager
    async def client(
        self,
        *,
        user: str = USER,
        password: str = PASSWORD,
        certificate: Certificate | None = None,
        policy: Policy = security_policies.SecurityPolicyBasic256Sha256,
        mode: ua.MessageSecurityMode = SIGN_AND_ENCRYPT,
        timeout_s: float = 5,
    ) -> AsyncIterator[Client]:
        client = Client(self.plan.endpoint, timeout=timeout_s)
        client.application_uri = CLIENT_URI
        if user:
            client.set_user(user)
            client.set_password(password)
        ours = certificate or self.ours
        await client.set_security(
            policy, ours.cert_der, ours.key_pem,
            server_certificate=self.plan.certificate.read_bytes(), mode=mode,
        )  # fmt: skip
        async with client:
            yield client

    async def value(self, client: Client, name: str) -> Any:
        """Return the value of a node below the station `ring`."""
        return await client.get_node(await self.id_of(client, f"ring.{name}")).read_value()

    async def id_of(self, client: Client, text: str) -> ua.NodeId:
        index = await client.get_namespace_index(NAMESPACE)
        return ua.NodeId(ua.String(text), ua.Int16(index))


def certificate(folder: Path, uri: str = CLIENT_URI) -> Certificate:
    return ensure_certificate(folder, name="test", uri=uri, hosts=["localhost"])


def opened_plant(folder: Path, *, max_sessions: int = 3, nodeset: Path | None = None) -> Plant:
    """Return a server that serves; its `running.end()` is the caller's to call."""
    own, ours = certificate(folder / "scada", SERVER_URI), certificate(folder / "mes")
    trusted = folder / "trusted"
    trusted.mkdir()
    (trusted / "mes.der").write_bytes(ours.cert_der.read_bytes())
    plan = ScadaPlan(
        host="127.0.0.1", port=free_port(), uri=SERVER_URI,
        certificate=own.cert_der, key=own.key_pem, user=USER, password=PASSWORD,
        trust_dir=trusted, max_sessions=max_sessions, nodeset=nodeset,
        stations=tuple(StationFacts(n, n.title(), "standard", simulated=True) for n in STATIONS),
    )  # fmt: skip
    source = FakeSource({name: station_said() for name in STATIONS})
    return Plant(plan, source, Running(plan, source), ours, folder)
