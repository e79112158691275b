"""How the processes of one gateway talk: files in the runtime folder and JSON lines on sockets."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

Message = dict[str, object]


class Runtime:
    """The runtime folder of a site (docs/architecture.md, "The runtime folder")."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site_file = folder / "site.json"
        self.journal = folder / "journal"
        self.held = folder / "held"
        self.latest = folder / "latest"
        self.status = folder / "status"
        self.use = folder / "use"
        self.line_socket = folder / "line.sock"
        self.recording = folder / "recording.json"
        self.audit_plans = folder / "audit-plans.json"
        self.watched = folder / "watched.json"
        self.recorder_socket = folder / "recorder.sock"

    def make(self) -> Self:
        """Create the folders, mode 0700; what is there from an earlier run stays."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.held, self.latest, self.status, self.use):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def camera_socket(self, station: str, view: str) -> Path:
        """Return where a simulated camera of the demo listens."""
        return self.folder / f"camera.{station}.{view}.sock"


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file so that a reader sees the old or the new one, never half.

    Args:
        path: Where it shall be; the folder must exist.
        content: All of it.
        durable: Also survive a power cut: fsync the file before, and the folder after.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    part.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_status(runtime: Runtime, process: str, state: Mapping[str, object]) -> None:
    """Publish a process's own state; `beat_s` tells a reader how old it is."""
    full = {"process": process, "pid": os.getpid(), "beat_s": time.monotonic(), **state}
    write_whole(runtime.status / f"{process}.json", json.dumps(full).encode())


def read_status(runtime: Runtime, process: str) -> Message | None:
    """Return the last state a process published, or None when there is none to read."""
    try:
        state = json.loads((runtime.status / f"{process}.json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return state if isinstance(state, dict) else None


class JsonLines:
    """A blocking JSON-lines connection over a Unix socket; one owner, no threads."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._rest = b""
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def send(self, message: Mapping[str, object]) -> None:
        """Send one object; raises `OSError` when the other side is gone or does not read."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> Message | None:
        """Return the next object, or None when the other side closed.

        Raises:
            TimeoutError: Nothing whole came within the connection's time-out.
        """
        while b"\n" not in self._rest:
            more = self._socket.recv(65536)
            if not more:
                return None
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def ask(self, message: Mapping[str, object]) -> Message | None:
        """Send one object and return the answer."""
        self.send(message)
        return self.receive()

    def fileno(self) -> int:
        """Return the socket's number, for `select`."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        """Return the open connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
