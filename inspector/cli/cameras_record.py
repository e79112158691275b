"""`inspector cameras record`: what a running gateway sees and is told, without loss."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import click

from inspector.cli.run import site_option
from inspector.config.site import saved_site
from inspector.errors import BadInput, InspectorError, NothingRunning
from inspector.gateway.plc_access import station_of
from inspector.gateway.recording import FRAMES, LINE, Order, give_order, lost_of
from inspector.gateway.site_run import is_running, runtime_of
from inspector.ipc import Runtime

BEFORE_S = 2.0
"""From the workers' beginning to the lines': what the workers have begun before is over by then."""
END_S = 20.0


@click.command("record")
@site_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--station", "names", multiple=True, help="One of the site's; default: all.")
@click.option("--parts", default=0, help="End after so many of each; default: at Ctrl-C.")
def record_command(site: Path, out: Path, names: tuple[str, ...], parts: int) -> None:
    """Record stations so that `inspector replay` gives the same again, every picture lossless."""
    runtime = runtime_of(site)
    if not is_running(runtime):
        raise NothingRunning(f"nothing runs in {site}")
    stations = _stations(runtime, names)
    out = out.resolve()
    _make(out, runtime, stations)
    stop = Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        give_order(runtime, Order(out, stations, line=False))
        _wait(runtime, lambda: all((out / one / FRAMES).exists() for one in stations))
        stop.wait(BEFORE_S)
        give_order(runtime, Order(out, stations, line=True))
        click.echo("recording; Ctrl-C ends")
        counts = _recorded(out, stations, parts, stop)
        give_order(runtime, Order(out, stations, line=False))
        _wait(runtime, lambda: all(lost_of(out / one / LINE) is not None for one in stations))
    finally:
        give_order(runtime, None)
    _wait(runtime, lambda: all(lost_of(out / one / FRAMES) is not None for one in stations))
    for name, count in counts.items():
        click.echo(f"{name:<16} {count} parts")
    if lost := sum(lost_of(out / one / file) or 0 for one in stations for file in (LINE, FRAMES)):
        raise InspectorError(f"{lost} pictures or events found no time to be written: record again")


def _stations(runtime: Runtime, names: tuple[str, ...]) -> tuple[str, ...]:
    site = saved_site(runtime.site_file)
    return tuple(station_of(site, name).name for name in names) or tuple(
        station.name for station in site.stations
    )


def _make(out: Path, runtime: Runtime, stations: tuple[str, ...]) -> None:
    try:
        out.mkdir(mode=0o700, parents=True)
        for station in stations:
            (out / station).mkdir()
        (out / "site.json").write_bytes(runtime.site_file.read_bytes())
    except OSError as error:
        raise BadInput(f"{out} cannot be made: {error.strerror}") from error


def _recorded(out: Path, stations: tuple[str, ...], parts: int, stop: Event) -> dict[str, int]:
    """Return how many verdicts were recorded of each station, once there are enough."""
    counts = dict.fromkeys(stations, 0)
    places = dict.fromkeys(stations, 0)
    while not stop.is_set() and (not parts or min(counts.values()) < parts):
        stop.wait(0.5)
        for station in stations:
            file = out / station / LINE
            if file.exists():
                with file.open("rb") as lines:
                    lines.seek(places[station])
                    new = lines.read()
                places[station] += len(new)
                counts[station] += new.count(b'{"do":"judged"')
    return counts


def _wait(runtime: Runtime, there: Callable[[], bool]) -> None:
    end_s = time.monotonic() + END_S
    while not there():
        if not is_running(runtime) or time.monotonic() > end_s:
            raise NothingRunning("the gateway does not record: it ended, or a part of it hangs")
        time.sleep(0.1)
