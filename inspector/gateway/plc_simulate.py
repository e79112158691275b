"""The demo's PLC alone, for somebody who tries his own client or gateway on it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspector.config.site import DemoSettings, Site
from inspector.gateway.demo_plc_process import plc_settings
from inspector.gateway.demo_site import demo_site
from inspector.gateway.preflight import must_be_free
from inspector.ipc import Runtime
from inspector.simulator.factory import PlcSettings
from inspector.simulator.plc_server import NAMESPACE, DemoPlc


@dataclass(frozen=True, slots=True)
class Simulated:
    """A PLC that is ready to run.

    Attributes:
        settings: The server's.
        new_password: Of its user, made for this run; empty: it came from the environment.
        password_env: Variable that holds it.
        prefixes: Node prefix by station.
    """

    settings: PlcSettings
    new_password: str
    password_env: str
    prefixes: dict[str, str]
    namespace: str = NAMESPACE


def simulated_plc(
    site: Site, folder: Path, *, port: int, rate_hz: float, trusted: Sequence[Path]
) -> Simulated:
    """Return the PLC of a site's stations.

    Args:
        site: With the stations that shall be there.
        folder: For its sockets, empty.
        port: To listen on, on the loopback.
        rate_hz: Parts a second per station.
        trusted: Client certificates (DER) beside our gateway's.

    Raises:
        BadInput: The port is taken, or so many parts do not fit its tables.
    """
    must_be_free("127.0.0.1", port, "choose another with --port")
    data = Path(site.data)
    demo = DemoSettings(rate_hz=rate_hz)
    full = demo_site(site, demo, data=data, port=0, plc_port=port, fast=False)
    env = full.plcs[0].password_env
    new = "" if env in os.environ else secrets.token_urlsafe(24)
    os.environ.setdefault(env, new)
    settings = plc_settings(full, Runtime(folder))
    return Simulated(
        # Not the demo's own file: both may run at the same time.
        replace(
            settings,
            trusted=(*settings.trusted, *trusted),
            retentive=data / "demo" / "simulate.retentive",
        ),
        new,
        env,
        {station.name: station.prefix for station in full.stations},
    )


def simulate_plc(
    site: Site,
    *,
    greet: Callable[[Simulated], None],
    port: int,
    rate_hz: float,
    trusted: Sequence[Path],
) -> None:
    """Run it until Ctrl-C or SIGTERM; `greet` is called once it listens."""
    with tempfile.TemporaryDirectory(prefix="inspector-plc-") as folder:
        plc = simulated_plc(site, Path(folder), port=port, rate_hz=rate_hz, trusted=trusted)
        greeted: list[Simulated] = []

        def listening(_: dict[str, object]) -> None:
            if not greeted:
                greeted.append(plc)
                greet(plc)

        asyncio.run(_until_stopped(DemoPlc(plc.settings, publish=listening)))


async def _until_stopped(plc: DemoPlc) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await plc.run(stop)
