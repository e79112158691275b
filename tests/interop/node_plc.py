"""The PLC on node-opcua as a process: what it says is collected, what it is told is answered.

The head of plc/main.js has the words of both directions.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.needs import require_npm, require_program

PROGRAM: Final = Path(__file__).with_name("plc") / "main.js"
PASSWORD_ENV: Final = "NODE_PLC_PASSWORD"
PATIENCE_S = 20.0
START_S = 60.0
"""Loading the library and making keys takes its time on a busy computer."""


class NodePlc:
    """May be started again with what it retained in `folder`.

    Attributes:
        said: Everything it said since the first start, as (what, facts), oldest first.
        ready: endpoint, certificate and boot of the last start.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        trusted: Sequence[Path],
        password: str = "right",  # noqa: S107
    ) -> None:
        self.folder, self.trusted, self.password = folder, trusted, password
        self.options = list(options)
        self.said: list[tuple[str, Any]] = []
        self.ready: dict[str, Any] = {}
        self._more = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """Return the process to stop and continue."""
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        """Return the port of the last start."""
        return int(self.ready["endpoint"].rpartition(":")[2])

    def start(self, *more: str) -> None:
        """Start it and wait until it listens; again on the same port."""
        require_npm("node-opcua")
        trust = [word for file in self.trusted for word in ("--trust", str(file))]
        port = str(self.port) if self.ready else "0"
        fixed = ["--folder", str(self.folder), "--port", port, "--password-env", PASSWORD_ENV]
        heard = len(self.said)
        self._process = subprocess.Popen(
            [require_program("node"), str(PROGRAM), *fixed, *trust, *self.options, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {PASSWORD_ENV: self.password},
        )
        self._reader = threading.Thread(target=self._read, name="node PLC")
        self._reader.start()
        self.ready = self.hears("ready", after=heard, within_s=START_S)

    def hears(
        self,
        what: str,
        wanted: Callable[[Any], bool] = lambda _: True,
        *,
        after: int = 0,
        within_s: float = PATIENCE_S,
    ) -> Any:
        """Return the first such thing that it says, counted from number `after` of `said`."""
        until_s = time.monotonic() + within_s
        with self._more:
            while True:
                for name, facts in self.said[after:]:
                    if name == what and wanted(facts):
                        return facts
                after = len(self.said)
                left_s = until_s - time.monotonic()
                if left_s <= 0 or not self._more.wait(left_s):
                    raise TimeoutError(f"the PLC did not say {what} within {within_s} s")

    def said_of(self, what: str) -> list[Any]:
        """Return the facts of everything of one kind that it has said."""
        return [facts for said, facts in list(self.said) if said == what]

    def order(self, do: str, **arguments: Any) -> None:
        """Tell it something and wait until it has done so."""
        heard = len(self.said)
        self._tell({"do": do} | arguments)
        self.hears("done", lambda order: order == do, after=heard)

    def quit(self) -> None:
        """End it between two scans; nothing that it did was left unsaid."""
        self._tell({"do": "quit"})
        self._end()

    def kill(self) -> None:
        """End it at once, if it runs: no more parts, no more words."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def _tell(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _end(self) -> None:
        process, reader = self._process, self._reader
        assert process is not None
        assert reader is not None
        assert process.stdin is not None
        process.wait(PATIENCE_S)
        reader.join()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        self._process = None

    def _read(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                (one,) = json.loads(line).items()
                with self._more:
                    self.said.append(one)
                    self._more.notify_all()
