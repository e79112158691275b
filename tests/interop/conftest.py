"""A gateway's certificate, a stranger's, and a PLC on node-opcua that trusts the first."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.clock import SystemClock
from inspector.plc.certificates import Certificate, ensure_certificate
from inspector.plc.nodes import PlcStation
from inspector.plc.opcua import OpcUaPlc
from inspector.plc.session import Session, open_session
from tests.inspector.plc.conftest import Ear, profile
from tests.interop.node_plc import NodePlc
from tests.needs import require_npm

SLOTS = 64
PATIENT_S = 3.0
"""For an answer: nothing here is about how fast this computer is."""

OwnPlc = Callable[..., NodePlc]
"""Starts a PLC of one's own with more options, to be cut or made wrong."""


@dataclass
class Cabinet:
    """Who meets: our certificate, another's, and the PLC."""

    folder: Path
    ours: Certificate
    stranger: Certificate
    plc: NodePlc

    def client(
        self,
        ear: Ear,
        *,
        plc: NodePlc | None = None,
        password: str = "right",  # noqa: S107
        certificate: Certificate | None = None,
        **changed: Any,
    ) -> OpcUaPlc:
        """Return a client of the PLC; `changed` are settings of its profile."""
        plc = plc or self.plc
        encrypted = changed.get("policy") != "None"
        return OpcUaPlc(
            profile(
                plc.ready["endpoint"],
                **{"slot_count": SLOTS, "request_timeout_s": PATIENT_S} | changed,
            ),
            password=password,
            certificate=certificate or self.ours,
            server_certificate=Path(plc.ready["certificate"]) if encrypted else None,
            stations=(PlcStation("board", "board", ("top",)),),
            events=ear,
            clock=SystemClock(),
        )

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Open a session without anything that reads and writes by itself."""
        session = await open_session(self.client(Ear())._access)
        try:
            yield session
        finally:
            await session.leave()

    def another_plc(self, folder: Path, *options: str) -> NodePlc:
        """Return one with the same keys, not started: making keys takes a second."""
        shutil.copytree(self.plc.folder / "pki", folder / "pki")
        return NodePlc(folder, *self.plc.options, *options, trusted=[self.ours.cert_der])


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """Return the folder of what npm brought."""
    return require_npm("node-opcua").parent


@pytest.fixture(scope="package")
def cabinet(tmp_path_factory: pytest.TempPathFactory, npm_packages: Path) -> Iterator[Cabinet]:
    folder = tmp_path_factory.mktemp("interop")
    hosts = ["localhost", "127.0.0.1"]
    ours = ensure_certificate(folder / "ours", name="Inspector", uri="urn:test:us", hosts=hosts)
    stranger = ensure_certificate(folder / "no", name="Stranger", uri="urn:test:us", hosts=hosts)
    plc = NodePlc(folder / "plc", "--reject-at", "7500", trusted=[ours.cert_der])
    plc.start()
    yield Cabinet(folder, ours, stranger, plc)
    plc.kill()


@pytest.fixture
def own_plc(cabinet: Cabinet, tmp_path: Path) -> Iterator[OwnPlc]:
    started: list[NodePlc] = []

    def start(*options: str) -> NodePlc:
        started.append(cabinet.another_plc(tmp_path / str(len(started)), *options))
        started[-1].start()
        return started[-1]

    yield start
    for plc in started:
        plc.kill()
