"""The PLCs on the other side: each a process that says what happens and fails when ordered.

They are ordered and heard as tests/interop/plc/main.js documents.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

from inspector.ipc import Runtime

INTEROP = Path(__file__).resolve().parents[2] / "tests" / "interop"
PREFIX = "marked"
VIEWS_AT = {"top": 200, "side": 400}
"""Encoder counts from the eye."""
COUNTS_PER_S, SLOTS, DEFECT_RATE = 1000, 256, 0.3
PASSWORD = "INSPECTOR_FAULTS_PASSWORD"
START_S = 60.0
"""Making keys takes its time on a busy computer."""
Hear = Callable[[str, Mapping[str, Any]], None]
"""Called with what a PLC said: *part*, *fired*, *decided*, *actuated*, and its facts."""


class Around(Protocol):
    """What a peer needs to know of the bench."""

    @property
    def environment(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def plc_port(self) -> int: ...  # noqa: D102
    @property
    def words_endpoint(self) -> str: ...  # noqa: D102
    @property
    def folder(self) -> Path: ...  # noqa: D102
    @property
    def runtime(self) -> Runtime: ...  # noqa: D102
    @property
    def log(self) -> BinaryIO: ...  # noqa: D102
    @property
    def rate_hz(self) -> float: ...  # noqa: D102
    @property
    def travel_s(self) -> float: ...  # noqa: D102
    def said(self) -> str: ...  # noqa: D102


class Peer:
    """A PLC's process; may be killed and started again, and goes on with what it retained."""

    name = ""
    operators = True
    """Whether it has the operator table."""
    transport = "tables"
    """How words reach it, as its profile says."""
    mapping: ClassVar[Mapping[str, Any]] = {}
    """What else its profile says, by the profile's keys."""

    def __init__(self, around: Around, hear: Hear) -> None:
        """Start nothing yet."""
        self._around, self._hear = around, hear
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    def command(self, *, shifted: bool) -> list[str]:
        """Return its command line; `shifted`: another namespace comes before ours."""
        raise NotImplementedError

    def certificate(self) -> Path:
        """Return where its certificate will lie."""
        raise NotImplementedError

    async def start(self, *, shifted: bool = False) -> None:
        """Return when it serves."""
        self._ready.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self.command(shifted=shifted),
            env=self._around.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._around.log,
        )
        self._hearing = asyncio.create_task(self._listen(self._process))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            {ready, self._hearing}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not self._ready.is_set():
            ready.cancel()
            raise TimeoutError(f"the PLC {self.name} did not start: {self._why(self._process)}")

    def order(self, do: str, **how: Any) -> None:
        """Order something; what it says later shows that it was done."""
        process = self._running
        if process.stdin:
            process.stdin.write(json.dumps({"do": do, **how}).encode() + b"\n")

    def stop(self) -> None:
        """Stop the whole process where it stands."""
        self._running.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._running.send_signal(signal.SIGCONT)

    async def kill(self) -> float:
        """Kill it, let what it said be heard, and return when it was killed."""
        at_s = time.monotonic()
        self._running.kill()
        await self._running.wait()
        if self._hearing:
            await self._hearing
        return at_s

    async def end(self) -> None:
        """End it, if it runs."""
        if self._process and self._process.returncode is None:
            await self.kill()

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process
        return self._process

    def _why(self, process: asyncio.subprocess.Process) -> str:
        last = " | ".join(self._around.said().splitlines()[-6:])
        return f"{'it runs' if process.returncode is None else 'it ended'}; {last}"

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        while line := await process.stdout.readline():
            for what, facts in json.loads(line).items():
                if what == "ready":
                    self._ready.set()
                elif what == "failed":
                    sys.stderr.write(f"{self.name}: {facts}\n")
                elif isinstance(facts, dict):
                    self._hear(what, facts)


class DemoPeer(Peer):
    """The demo's program behind our own server."""

    name = "demo"

    def command(self, *, shifted: bool) -> list[str]:
        """Return its command line."""
        return [
            *(sys.executable, "-m", "benchmarks.faults.demo_plc"),
            *("--runtime", str(self._around.runtime.folder), "--parent", str(os.getpid())),
            *("--namespaces", "3" if shifted else "0"),
        ]

    def certificate(self) -> Path:
        """Return where its certificate will lie."""
        return self._around.folder / "data" / "demo" / "plc" / "certificate.der"


class NodePeer(Peer):
    """A PLC on node-opcua, which shares no code with our client."""

    name = "node"

    def command(self, *, shifted: bool) -> list[str]:
        """Return its command line.

        Raises:
            FileNotFoundError: What it needs is not installed; the text says how to get it.
        """
        node = _node()
        around = self._around
        words = {
            "folder": self._folder,
            "port": around.plc_port,
            "station": f"{PREFIX}:{','.join(VIEWS_AT)}",
            "trust": around.folder / "data" / "opcua" / "certificate.der",
            "password-env": PASSWORD,
            "slots": SLOTS,
            "counts-per-s": COUNTS_PER_S,
            "reject-at": round(around.travel_s * COUNTS_PER_S),
            "output-at": min(VIEWS_AT.values()),
            "rate": around.rate_hz,
            "bad-share": DEFECT_RATE,
            "transport": self.transport,
        }
        pairs = [word for name, value in words.items() for word in (f"--{name}", str(value))]
        switches = ["--shift-namespace"] if shifted else []
        return [node, str(INTEROP / "plc" / "main.js"), *pairs, *switches, *self.switches()]

    def switches(self) -> list[str]:
        """Return what sets this one apart on its command line."""
        return []

    def certificate(self) -> Path:
        """Return where its certificate will lie."""
        return self._folder / "certificate.der"

    @property
    def _folder(self) -> Path:
        return self._around.folder / "node"


def _node() -> str:
    """Return the program, once what it needs from npm is there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError("this PLC needs nodejs and npm (apt-get install nodejs npm)")
    if not (INTEROP / "node_modules" / "node-opcua").is_dir():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=INTEROP, stdout=sys.stderr, check=False).returncode:
            raise FileNotFoundError("`npm ci` in tests/interop failed")
    return node


class NodePeerWithoutOperators(NodePeer):
    """The same without the operator table."""

    name = "node-no-operators"
    operators = False

    def switches(self) -> list[str]:
        """Return what sets this one apart on its command line."""
        return ["--no-operator-table"]


class NodePeerWithMailbox(NodePeer):
    """The same with mailboxes before its tables."""

    name = "node-mailbox"
    transport = "mailbox"


class NodePeerWithMethods(NodePeer):
    """The same with methods before its tables."""

    name = "node-method"
    transport = "method"


class NodePeerThatPulls(NodePeer):
    """The same, but nobody may write to it: it reads the words from the line, as a client."""

    name = "node-pull"
    transport = "pull"

    def switches(self) -> list[str]:
        """Return what sets this one apart on its command line."""
        ours = self._around.folder / "data" / "tables" / "certificate.der"
        return ["--pull", self._around.words_endpoint, "--pull-certificate", str(ours)]


PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        DemoPeer,
        NodePeer,
        NodePeerWithoutOperators,
        NodePeerWithMailbox,
        NodePeerWithMethods,
        NodePeerThatPulls,
    )
}
