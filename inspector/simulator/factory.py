"""The demo factory without its server: the cells, what is kept of them, the wires to the cameras.

What a scan produced is kept in the retentive file first; only then are cameras fired and the
evidence written, so that a kill at any instant leaves sums that hold.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspector.simulator.cell import Cell, CellPlan, Line, Pulse
from inspector.simulator.retentive import RetentiveFile
from inspector.simulator.truth import TruthFile

KEEP_EACH_US = 250_000
"""The belt's position is kept at least so often; events at once."""
WIRE_RETRY_S = 0.2
MOST_WIRE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PlcSettings:
    """Everything the process needs.

    Attributes:
        endpoint: `opc.tcp://host:port`.
        uri: The ApplicationUri in the certificate.
        certificate: The PLC's own, DER.
        key: Its private key, PEM.
        trusted: Certificate files of clients, read anew at each connect; they may come later.
        user: The one user name.
        password: Its password.
        cells: Plans by node prefix.
        retentive: File that survives a kill.
        wire: Socket of the cameras' process.
        control: Datagram socket for orders of tests and people.
        truth: The evidence; None: none is written.
    """

    endpoint: str
    uri: str
    certificate: Path
    key: Path
    trusted: tuple[Path, ...]
    user: str
    password: str
    cells: tuple[tuple[str, CellPlan], ...]
    retentive: Path
    wire: Path
    control: Path
    truth: Path | None = None


class Factory:
    """The cells, what is kept of them, and what they say to the world outside."""

    def __init__(
        self,
        settings: PlcSettings,
        *,
        fire: Callable[[str, Sequence[Pulse]], None],
        tell: Callable[[Line], None] = lambda _: None,
    ) -> None:
        """Take everything up where it was left; `tell` hears each line of the evidence."""
        self._fire, self._tell = fire, tell
        self._truth = TruthFile(settings.truth) if settings.truth else None
        self._file = RetentiveFile(settings.retentive)
        kept = json.loads(self._file.kept() or b"{}")
        states = kept.get("stations", {})
        self.cells = {
            plan.station: Cell(plan, states.get(plan.station)) for _, plan in settings.cells
        }
        self._encoded = dict.fromkeys(self.cells, b"")
        self._kept_us = 0
        self._say_what_a_kill_left_unsaid(kept)
        self._keep(list(self.cells), (), now_us=0)  # the boot count, before anybody reads it
        for cell in self.cells.values():
            cell.warm_up()

    def scan(self, now_us: int, wall_zero_us: int) -> None:
        """Run every station once, keep, then act."""
        steps = {name: cell.step(now_us, wall_zero_us) for name, cell in self.cells.items()}
        lines = [line for step in steps.values() for line in step.lines]
        due = now_us - self._kept_us >= KEEP_EACH_US
        changed = [name for name, step in steps.items() if step.changed or due]
        if changed:
            self._keep(changed, lines, now_us)
        self._say(lines)
        for name, step in steps.items():
            if step.pulses:
                self._fire(name, step.pulses)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._truth:
            self._truth.close()

    def _keep(self, changed: Sequence[str], lines: Sequence[Line], now_us: int) -> None:
        for name in changed:
            self._encoded[name] = json.dumps(self.cells[name].state()).encode()
        stations = b",".join(b'"%s":%s' % (n.encode(), e) for n, e in self._encoded.items() if e)
        said = json.dumps({"truth": self._path, "lines": lines})[1:].encode()
        self._file.keep(b'{"stations":{' + stations + b"}," + said)
        self._kept_us = now_us

    def _say_what_a_kill_left_unsaid(self, kept: dict[str, Any]) -> None:
        if self._truth is None or kept.get("truth") != self._path:
            return
        said = {name: self._truth.last_seq(name) for name in self.cells}
        lines = kept.get("lines", [])
        self._say([line for line in lines if line["seq"] > said.get(line["station"], 0)])

    def _say(self, lines: Sequence[Line]) -> None:
        if lines and self._truth:
            self._truth.append(lines)
        for line in lines:
            self._tell(line)

    @property
    def _path(self) -> str:
        return str(self._truth.path) if self._truth else ""


class CameraWire:
    """The trigger wires to the cameras' process: what is fired while it is away is lost."""

    def __init__(self, path: Path) -> None:
        """Nothing is connected yet."""
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self.lost = 0

    def fire(self, station: str, pulses: Sequence[Pulse]) -> None:
        """Send the pulses of one scan."""
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > MOST_WIRE_BYTES:
            self.lost += len(pulses)
            return
        lines = [json.dumps({"station": station, **asdict(pulse)}) + "\n" for pulse in pulses]
        writer.write("".join(lines).encode())

    async def run(self) -> None:
        """Connect again whenever the other side is gone."""
        while True:
            with suppress(OSError):
                reader, self._writer = await asyncio.open_unix_connection(self._path)
                await reader.read()
            if self._writer:
                self._writer.close()
                self._writer = None
            await asyncio.sleep(WIRE_RETRY_S)
