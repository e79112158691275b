"""Runs a site: the runtime folder, its lock, and the children under the supervisor."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from inspector.config.site import Site, save_site
from inspector.errors import BadInput
from inspector.gateway.keys import site_key
from inspector.ipc import Runtime, read_status, write_status
from inspector.supervisor import Child, Supervisor

STALE_S = 3.0
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - tmpfs by design, in a folder of mode 0700
_OWN_PORTS = range(20000, 32768)
"""Linux deals out those from 32768 on (ip_local_port_range)."""
_PORTS_TRIED = 64


def runtime_of(folder: Path) -> Runtime:
    """Return the runtime folder of a site: the same for every process of this user."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return Runtime(SHARED_MEMORY / f"inspector-{os.getuid()}-{digest}")


@contextmanager
def held(runtime: Runtime) -> Iterator[Runtime]:
    """Hold a site's runtime folder for this process alone; raises `BadInput` when it is taken."""
    runtime.make()
    lock = (runtime.folder / "lock").open("w")
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = "this site is already running (`inspector status` shows it)"
            raise BadInput(msg) from error
        for old in (*runtime.status.glob("*.json"), *runtime.use.glob("*.json")):
            old.unlink()
        yield runtime
    finally:
        lock.close()


def children_of(site: Site, runtime: Runtime, environment: dict[str, str]) -> list[Child]:
    """Return every process of a site, in the order they are started."""

    def child(name: str, *words: str) -> Child:
        command = [sys.executable, "-m", "inspector.gateway", *(words or (name,))]
        return Child(name, [*command, "--runtime", str(runtime.folder)], environment)

    demo = [child("demo-plc"), child("demo-cameras")] if site.demo else []
    workers = [child(f"worker-{one.name}", "worker", one.name) for one in site.stations]
    screens = [] if site.port == 0 else [child("web")]
    scada = [] if site.scada is None else [child("scada")]
    return [*demo, child("recorder"), child("line"), *workers, *screens, *scada]


def run_site(
    site: Site,
    runtime: Runtime,
    stop: Event,
    *,
    environment: dict[str, str] | None = None,
    each_poll: Callable[[], None] = lambda: None,
) -> None:
    """Run all processes of a site until `stop` is set."""
    Path(site.data).mkdir(parents=True, exist_ok=True)
    site_key(Path(site.data))
    save_site(site, runtime.site_file)
    supervisor = Supervisor(
        children_of(site, runtime, dict(os.environ if environment is None else environment)),
        beat_age_s=lambda name: beat_age_s(runtime, name),
        publish=lambda state: write_status(runtime, "supervisor", state),
    )
    supervisor.run(stop, each_poll=each_poll)


def beat_age_s(runtime: Runtime, process: str) -> float | None:
    """Return how old a process's own status is, or None when there is none."""
    state = read_status(runtime, process)
    return time.monotonic() - float(str(state["beat_s"])) if state else None


def is_running(runtime: Runtime) -> bool:
    """Return whether a supervisor of this site has shown a sign of life within some seconds."""
    age_s = beat_age_s(runtime, "supervisor")
    return age_s is not None and age_s < STALE_S


def free_port(wanted: int = 0) -> int:
    """Return a TCP port that is free on the loopback now: the wanted one, if it can be had.

    Any other lies below those that the system deals out: nothing that connects somewhere, or asks
    for any port at all, is given it before the process that it is meant for listens there.
    """
    others = random.sample(_OWN_PORTS, k=_PORTS_TRIED)
    for port in (wanted or others.pop(), *others):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BadInput("no TCP port is free on 127.0.0.1")
