"""Run `make run` where a newcomer runs it: in a minimal Debian, as an ordinary user.

    make fresh          (as root)

debootstrap makes a system with python3, python3-venv and make in a temporary folder; the committed
and the uncommitted files are copied into it; `make run` is started as an ordinary user, who waits
for the first reject and presses Ctrl-C. Passed: the first reject came within 60 s of the
environment being ready, nothing was silent for more than 10 s before that, and 5 s after Ctrl-C no
process was left; and a second `make run` had the records of the first. Everything is taken away
afterwards.

Root is needed for debootstrap and chroot; without it the run is skipped, and with CI=true it fails.
Which mirror and which registry are asked are this computer's own settings, read when it runs.
FRESH_RELEASE=trixie in the environment takes another release than this computer's.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from scripts.minimal_system import (
    CHECKOUT,
    USER,
    Failed,
    as_newcomer,
    command_of,
    kill_newcomer,
    minimal_system,
    processes_of_newcomer,
    tell,
)

INSTALL_LIMIT_S = 900
FIRST_REJECT_LIMIT_S = 60
CTRL_C_LIMIT_S = 5
SILENCE_LIMIT_S = 10
POLL_S = 1.0
OWN_MOUNTS = "--in-own-mounts"


class Outcome(NamedTuple):
    """How long things took."""

    installed_s: float
    first_reject_s: float
    longest_silence_s: float
    stopped_s: float
    again_s: float


def main() -> int:
    """Run the check; return 0 when it passed or could not be run, 1 when it failed."""
    missing = what_is_missing()
    if missing:
        print(f"not run: make fresh: {missing}", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    if OWN_MOUNTS not in sys.argv:
        # In a mount namespace of its own, so that nothing stays mounted however this ends.
        again = [sys.executable, "-m", "scripts.fresh", OWN_MOUNTS]
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *again])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with minimal_system() as system:
            report(try_it(system))
    except Failed as failed:
        print(f"make fresh: FAILED: {failed}", flush=True)
        return 1
    return 0


def what_is_missing() -> str | None:
    """Return what keeps this from running, or None."""
    if os.geteuid() != 0:
        return "needs root, for debootstrap"
    for program in ("debootstrap", "unshare", "chroot", "git"):
        if shutil.which(program) is None:
            return f"{program} is missing (apt-get install {program})"
    return None


def report(outcome: Outcome) -> None:
    """Print the durations."""
    tell(f"environment ready after      {outcome.installed_s:6.1f} s")
    tell(f"first reject after another   {outcome.first_reject_s:6.1f} s")
    tell(f"longest silence              {outcome.longest_silence_s:6.1f} s")
    tell(f"nothing left after Ctrl-C in {outcome.stopped_s:6.1f} s")
    tell(f"records kept, seen again in  {outcome.again_s:6.1f} s by a second make run")
    print("make fresh: passed", flush=True)


def try_it(system: Path) -> Outcome:
    """Run `make run` until the first reject and Ctrl-C it; run it again for its records."""
    started = time.monotonic()
    with make_run(system) as first:
        ready = system / CHECKOUT.relative_to("/") / ".venv" / "ready"
        wait_until(ready.exists, first, limit_s=INSTALL_LIMIT_S, what="the environment")
        ready_at = time.monotonic()
        tell(f"the environment is ready after {ready_at - started:.0f} s")
        wait_until(
            lambda: total(status_of(system), "rejected") > 0,
            first,
            limit_s=FIRST_REJECT_LIMIT_S,
            what="the first reject",
        )
        rejected_at = time.monotonic()
        tell("the first reject is there; Ctrl-C")
        records = total(status_of(system), "records")
        stopped_s = ctrl_c(first)
    if first.ear.longest_silence_s > SILENCE_LIMIT_S:
        raise Failed(f"silent for {first.ear.longest_silence_s:.0f} s before the screens were up")
    again_s = second_run(system, records=records)
    installed_s, first_reject_s = ready_at - started, rejected_at - ready_at
    return Outcome(
        installed_s, first_reject_s, first.ear.longest_silence_s, stopped_s, again_s=again_s
    )


def second_run(system: Path, *, records: int) -> float:
    """Return how long a second `make run` takes to have the records of the first."""
    started = time.monotonic()
    with make_run(system) as again:
        wait_until(
            lambda: again.ear.is_up and total(status_of(system), "records") >= max(records, 1),
            again,
            limit_s=FIRST_REJECT_LIMIT_S,
            what=f"the {records} records of the first run",
        )
        took_s = time.monotonic() - started
        ctrl_c(again)
    return took_s


class Run(NamedTuple):
    """One `make run`, and the ear at its output."""

    child: subprocess.Popen[str]
    ear: Ear


@contextlib.contextmanager
def make_run(system: Path) -> Iterator[Run]:
    """Start `make run` as the newcomer; at the end nothing of it is left."""
    port = free_port()
    tell(f"make run, as {USER} (port {port})")
    with subprocess.Popen(
        as_newcomer(system, f"make run PORT={port}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        ear = Ear()
        listener = threading.Thread(target=ear.listen, args=(child.stdout,))
        listener.start()
        try:
            yield Run(child, ear)
        finally:
            kill_newcomer()
            listener.join()


def ctrl_c(run: Run) -> float:
    """Interrupt as a terminal does, all of them at once; return how long the end took."""
    os.killpg(run.child.pid, signal.SIGINT)
    return wait_for_the_end()


def status_of(system: Path) -> Any:
    """Return what `inspector status --json` says, None while the demo does not answer."""
    command = as_newcomer(system, ".venv/bin/inspector status --json")
    asked = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    try:
        return json.loads(asked.stdout)
    except ValueError:
        return None


def total(status: Any, count: str) -> int:
    """Return the sum over all stations of one count in a status, 0 where there is none."""
    stations = status.get("stations", {}) if isinstance(status, dict) else {}
    return sum(int(station.get(count) or 0) for station in stations.values())


def wait_until(is_so: Callable[[], bool], run: Run, *, limit_s: float, what: str) -> None:
    """Wait; fail when the limit has passed or `make run` has ended."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if run.child.poll() is not None:
            raise Failed(f"make run ended with exit code {run.child.returncode} before {what}")
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {limit_s} s")
        time.sleep(POLL_S)


def wait_for_the_end() -> float:
    """Return how long it took until no process of the newcomer was left; fail after the limit."""
    started = time.monotonic()
    while processes_of_newcomer():
        if time.monotonic() - started > CTRL_C_LIMIT_S:
            left = [command_of(pid) for pid in processes_of_newcomer()]
            raise Failed(f"{CTRL_C_LIMIT_S} s after Ctrl-C there is still: {', '.join(left)}")
        time.sleep(0.05)
    return time.monotonic() - started


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ear:
    """Repeats what `make run` says, and measures how long it said nothing."""

    def __init__(self) -> None:
        self.longest_silence_s = 0.0
        self.is_up = False

    def listen(self, stream: IO[str]) -> None:
        """Listen until the stream ends. Once the screen's address is told, silence is right."""
        last = time.monotonic()
        for line in stream:
            print(f"  | {line.rstrip()}", flush=True)
            now = time.monotonic()
            if not self.is_up:
                self.longest_silence_s = max(self.longest_silence_s, now - last)
            last, self.is_up = now, self.is_up or "http://" in line


if __name__ == "__main__":
    sys.exit(main())
