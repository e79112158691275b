"""kill -9 of the recorder's process at random moments, under a load that does not wait for it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

from benchmarks.killed import Kept, Promised, kept
from inspector.ipc import JsonLines, Runtime, read_status
from inspector.storage.journal import JournalWriter
from tests.journal_entries import Entry, acked, decided, judged, pressed

PARTS_PER_S: Final = 200.0
ROOM_BYTES: Final = 100_000
"""With less in the ring, the load waits, as the line would withhold PASS."""
STAND_S: Final = 0.01
LONGEST_LIFE_S: Final = 1.0
AT_START_EACH: Final = 4
"""Every so many kills one hits a recorder that only starts, and reads what the last one left."""
ASKED_EACH_S: Final = 0.05
STARTED_S: Final = 60.0

_RUNS: Final = """
import sys
from pathlib import Path
from types import SimpleNamespace
from inspector.config.audit_log import AuditLogSettings
from inspector.config.retention import RetentionSettings
from inspector.gateway.recorder_process import main
from inspector.ipc import Runtime
folder = Path(sys.argv[1])
site = SimpleNamespace(
    data=str(folder / "data"), stations=(), store=None, shifts=None,
    retention=RetentionSettings(), audit=AuditLogSettings(),
    model_dump=lambda mode: {"stations": []}
)
main(site, Runtime(folder / "runtime"))
"""


@dataclass(slots=True)
class Load:
    """Appends parts at their times, and has the recorder note changes; each in its own thread.

    Attributes:
        parts: How many are in the journal.
        loaded_s: How long it appended, standstills of a full ring left out.
    """

    line: JournalWriter
    runtime: Runtime
    promised: Promised
    parts: int = 0
    loaded_s: float = 0.0

    def append(self, stop: Event) -> None:
        """Append `PARTS_PER_S` until `stop`, also while no recorder lives."""
        due_s = began_s = time.monotonic()
        while not stop.is_set():
            if self.line.room_bytes < ROOM_BYTES:
                stop.wait(STAND_S)
                due_s, began_s = due_s + STAND_S, began_s + STAND_S
                continue
            self._append_part()
            due_s += 1 / PARTS_PER_S
            stop.wait(max(due_s - time.monotonic(), 0.0))
        self.loaded_s = time.monotonic() - began_s

    def _append_part(self) -> None:
        self.parts += 1
        entries = part(self.parts)
        for entry in entries:
            self.line.append(entry)
        self.promised.add(entries)

    def ask(self, stop: Event) -> None:
        """Have a change noted every `ASKED_EACH_S`; what is answered must be kept."""
        n = 0
        while not stop.wait(ASKED_EACH_S):
            n += 1
            what = f"change {n}"
            by = {"name": "ada", "role": "admin", "panel": ""}
            noted = {"do": "note_change", "by": by, "action": "set", "what": what}
            try:
                with JsonLines(self.runtime.recorder_socket, 2.0) as recorder:
                    answer = recorder.ask({**noted, "before": None, "after": n})
            except OSError:
                continue  # nobody lives who could promise anything
            if answer and answer["ok"]:
                self.promised.answered.add(what)


def part(n: int) -> list[Entry]:
    """Return what is written of a part; a person overrides every fifth."""
    words = [] if n % 5 else [pressed(n, press=f"press {n}")]
    return [judged(n), acked(n), *words, decided(n)]


def started(folder: Path) -> subprocess.Popen[bytes]:
    """Start a recorder without a site around it; its data and runtime folders lie in `folder`."""
    return subprocess.Popen([sys.executable, "-c", _RUNS, str(folder)])


def run(folder: Path, kills: int, say: Callable[[str], None]) -> tuple[Load, Kept]:
    """Kill so many recorders; return what was loaded and how it was kept."""
    dice = random.Random(kills)  # noqa: S311 - when it is killed
    runtime = Runtime(folder / "runtime").make()
    with JournalWriter(runtime.journal) as line:
        load, stop = Load(line, runtime, Promised()), Event()
        threads = [Thread(target=work, args=(stop,)) for work in (load.append, load.ask)]
        for thread in threads:
            thread.start()
        try:
            for n in range(kills):
                _one_life(folder, runtime, dice, at_start=n % AT_START_EACH == 0)
                say(f"{n + 1} of {kills} recorders killed; {load.parts} parts in the journal")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        _last_life(folder, runtime)
    return load, kept(folder / "data", load.promised)


def _one_life(folder: Path, runtime: Runtime, dice: random.Random, *, at_start: bool) -> None:
    process = started(folder)
    try:
        if not at_start:
            _wait_until(lambda: read_status(runtime, "recorder") is not None)
        time.sleep(dice.uniform(0.0, LONGEST_LIFE_S))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (runtime.status / "recorder.json").unlink(missing_ok=True)


def _last_life(folder: Path, runtime: Runtime) -> None:
    """Let a recorder write what is left, and end it as the supervisor does."""
    process = started(folder)
    try:
        _wait_until(lambda: (read_status(runtime, "recorder") or {}).get("behind_bytes") == 0)
        process.terminate()
        if process.wait(30):
            raise RuntimeError("the last recorder did not end well")
    finally:
        process.kill()


def _wait_until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + STARTED_S
    while not true():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the recorder says nothing")
        time.sleep(0.01)
