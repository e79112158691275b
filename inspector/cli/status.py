"""`inspector status`: what runs, and what each station does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from inspector.cli.picture_status import picture_lines, pictures_of
from inspector.cli.run import site_option
from inspector.config.site import saved_site
from inspector.domain.health import State
from inspector.domain.record import Counts
from inspector.errors import NothingRunning
from inspector.gateway.site_run import STALE_S, is_running, runtime_of
from inspector.gateway.store import records_of
from inspector.ipc import Message, Runtime, read_status

NO_TIMES = {"p50": None, "p99": None, "max": None}
NO_MODEL = {
    **dict.fromkeys(("device_asked", "precision_asked", "why", "since"), ""),
    "ms": NO_TIMES,
    "takt_ms": None,
}


@click.command("status")
@site_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object (docs/schemas/status.json).")
def status_command(site: Path, *, as_json: bool) -> None:
    """Show processes, counts, device, latency and state of a running gateway."""
    status = read_site_status(runtime_of(site))
    if as_json:
        click.echo(json.dumps(status))
        return
    for process in status["processes"]:
        click.echo(f"{process['name']:<16} pid {process['pid'] or 'down':<8} {process['since']}")
    recorder = status["recorder"]
    if recorder["state"] != State.GOOD.value:
        click.echo(f"{'recorder':<16} {recorder['state']:<20} {recorder['why']}")
    for name, station in status["stations"].items():
        latency = station["latency_ms"]
        click.echo(
            f"{name:<16} {station['state']:<20} triggered {station['triggered']}  "
            f"records {station['records']}  passed {station['passed']}  "
            f"rejected {station['rejected']}  fail-safe {station['fail_safe']}  "
            f"on belt {station['on_belt']}  {station['device']} {station['precision']}  "
            f"p99 {latency['p99']} ms  {station['state_why']}"
        )
        click.echo(f"{'':<16} {model_line(station)}")
        for line in picture_lines(station["pictures"]):
            click.echo(f"{'':<16} {line}")


def model_line(station: Mapping[str, Any]) -> str:
    """Return what runs, beside what was asked for, and its times against the takt."""
    model = station["model"]
    if not station["device"]:
        return "no model runs"
    asked = f"{model['device_asked']} {model['precision_asked']}"
    times = "no picture yet"
    if model["ms"]["p50"] is not None:
        times = f"p50 {model['ms']['p50']} ms, p99 {model['ms']['p99']} ms"
    return (
        f"model {station['model_sha256'][:8]} on {station['device']} in {station['precision']} "
        f"(asked: {asked}) since {model['since']}; {times}, takt {model['takt_ms']} ms a picture"
    )


def read_site_status(runtime: Runtime) -> dict[str, Any]:
    """Return the whole status of a running site.

    Raises:
        NothingRunning: No supervisor has shown a sign of life within the last seconds.
    """
    supervisor = read_status(runtime, "supervisor")
    if supervisor is None or not is_running(runtime):
        msg = "nothing is running for this site (start it with `inspector run` or `make run`)"
        raise NothingRunning(msg)
    line = read_status(runtime, "line") or {}
    fresh = time.monotonic() - float(str(line.get("beat_s", 0))) < STALE_S
    site = saved_site(runtime.site_file)
    own = {"name": "supervisor", "pid": supervisor["pid"], "since": supervisor.get("since", "")}
    processes = supervisor["processes"] if isinstance(supervisor["processes"], list) else []
    live = line.get("stations", {})
    with closing(records_of(site)) as store:
        stations = {
            station.name: {
                **_station(
                    live.get(station.name, {}) if isinstance(live, dict) else {},
                    fresh=fresh,
                    stored=store.counts(station.name),
                ),
                "pictures": pictures_of(runtime, station),
            }
            for station in site.stations
        }
    recorder = _recorder(read_status(runtime, "recorder") or {})
    return {
        "schema": 1,
        "processes": [own, *processes],
        "recorder": recorder,
        "stations": stations,
    }


def _recorder(said: Message) -> dict[str, object]:
    if time.monotonic() - float(str(said.get("beat_s", 0))) >= STALE_S:
        return {"state": State.FAILURE.value, "why": "the recorder does not answer"}
    return {"state": said.get("state", State.GOOD.value), "why": said.get("why", "")}


def _station(live: Message, *, fresh: bool, stored: Counts) -> dict[str, Any]:
    counts = live.get("counts")
    counts = counts if isinstance(counts, dict) else {}
    names = ("triggered", "on_belt", "passed", "rejected", "fail_safe", "late")
    return {
        **{name: counts.get(name, 0) for name in names},
        "plc_decided": counts.get("decided", 0),
        "records": stored.records,
        "in_gap": stored.in_gap,
        "device": live.get("device", ""),
        "precision": live.get("precision", ""),
        "model_sha256": live.get("model_sha256", ""),
        "model": live.get("model", NO_MODEL),
        "latency_ms": live.get("latency_ms", NO_TIMES),
        "state": live.get("state", "failure") if fresh else "failure",
        "state_why": live.get("state_why", "") if fresh else "the line does not answer",
    }
