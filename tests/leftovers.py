"""Threads and processes that a test left behind."""

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Final

# Every process that a test starts inherits this, so that grandchildren are found as well.
MARK: Final = "INSPECTOR_TEST_RUN"
# Children of a killed supervisor end by themselves within 2 s.
GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Running:
    """The threads and processes of a moment."""

    threads: frozenset[threading.Thread]
    processes: frozenset[int]


def running() -> Running:
    """Return the threads that would keep Python from ending, and the processes of this run."""
    threads = frozenset(thread for thread in threading.enumerate() if not thread.daemon)
    return Running(threads=threads, processes=processes_of_this_run())


def left_behind(before: Running, *, grace_s: float) -> Running:
    """Return what runs now and did not run `before`, after some time to end by itself."""
    deadline = time.monotonic() + grace_s
    while True:
        now = running()
        left = Running(now.threads - before.threads, now.processes - before.processes)
        if not (left.threads or left.processes) or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def described(left: Running) -> str:
    """Return a line that names what was left behind."""
    said = [f"thread {thread.name}" for thread in left.threads]
    said += [f"process {pid} ({command_of(pid)})" for pid in sorted(left.processes)]
    return ", ".join(said)


def end(left: Running) -> None:
    """Kill the processes, so that they do not disturb the next test."""
    for pid in left.processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes_of_this_run() -> frozenset[int]:
    """Return the living children of this process and all that carry its mark."""
    mark = f"{MARK}={os.getpid()}".encode()
    spared = {os.getpid(), resource_tracker._resource_tracker._pid}  # type: ignore[attr-defined]
    pids = {int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()}
    return frozenset(pid for pid in pids - spared if is_ours(pid, mark=mark))


def is_ours(pid: int, *, mark: bytes) -> bool:
    """Return whether the process is alive and a child of this one or marked."""
    try:
        # After the name in brackets, which may hold anything: state, parent.
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        if state in {"Z", "X"}:
            return False
        return int(parent) == os.getpid() or mark in Path(f"/proc/{pid}/environ").read_bytes()
    except (OSError, ValueError):  # it ended meanwhile, or belongs to somebody else
        return False


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()[:200]
    except OSError:
        return ""
