"""`inspector cameras`: which there are, and what a station's deliver."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2

from inspector.cameras.finding import Seen, gige_vision, usb3_vision, video_devices
from inspector.cli.cameras_record import record_command
from inspector.cli.picture_status import NAMES
from inspector.cli.run import site_option
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.config.station import Station, View
from inspector.domain.frame import Frame
from inspector.errors import BadInput, CameraLost, CameraTimeout
from inspector.gateway.camera_kinds import camera_of
from inspector.gateway.plc_access import station_of
from inspector.gateway.site_run import is_running, runtime_of
from inspector.ipc import Runtime, read_status, write_whole
from inspector.ports import Camera, CountsLosses
from inspector.vision.picture_check import features_of

WAIT_S = 0.2


@click.group("cameras")
def cameras_command() -> None:
    """Which cameras there are, what a station's deliver, and recording it."""


cameras_command.add_command(record_command)


@cameras_command.command("list")
@click.option(
    "--network", "only", help="Ask only this network, eth0 for one, and look nowhere else."
)
def list_cameras(only: str | None) -> None:
    """List the cameras that answer, each with its line for a station file.

    GigE Vision cameras are asked by a broadcast on each network; USB3 Vision ones by Aravis, where
    it is installed; and what Linux shows as video devices. A camera with RTSP cannot be found, its
    address is in its manual.
    """
    networks = [only] if only else [name for _, name in socket.if_nameindex()]
    seen = [one for network in networks for one in _gige_of(network, asked=bool(only))]
    if not only:
        seen += [*usb3_vision(), *video_devices()]
    for one in seen:
        click.echo(f"{one.what:<32} camera = {_toml(one.settings)}")
    if not seen:
        click.echo(f"no camera was found; asked {', '.join(networks)}")


def _gige_of(network: str, *, asked: bool) -> list[Seen]:
    try:
        return list(gige_vision(network))
    except OSError as error:
        if asked:
            raise BadInput(f"--network {network}: {error.strerror}") from error
        return []  # one that is down, or has no address


def _toml(settings: Mapping[str, str]) -> str:
    pairs = (f'{key} = "{value}"' for key, value in settings.items())
    return f"{{ {', '.join(pairs)} }}"


@cameras_command.command("show")
@click.option("--station", "station_name", required=True, help="Of the site.")
@click.option("--view", "view_name", help="Of the station; each by default.")
@click.option("--seconds", default=2.0, show_default=True, type=click.FloatRange(0.1, 600))
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the last picture of the view there, .png or .jpg.",
)
@site_option
def show(
    station_name: str, view_name: str | None, seconds: float, picture: Path | None, site: Path
) -> None:
    """Show what a station's cameras deliver, in numbers.

    While the gateway runs, these are its numbers; else each camera is opened for so many seconds.
    """
    settings = load_site(site)
    station = station_of(settings, station_name)
    views = [view for view in station.views if view_name in (None, view.name)]
    if not views:
        raise BadInput(f"station {station_name} has no view {view_name}")
    if picture and len(views) > 1:
        raise BadInput("--picture: say with --view of which view")
    runtime = runtime_of(site)
    for view in views:
        if is_running(runtime):
            _show_running(runtime, station, view, picture)
        else:
            _show_opened(settings, runtime, station, view, picture=picture, seconds=seconds)


def _show_running(runtime: Runtime, station: Station, view: View, picture: Path | None) -> None:
    worker: Any = read_status(runtime, f"worker-{station.name}") or {}
    figures: Mapping[str, Any] = worker.get("views", {}).get(view.name, {})
    state = "up" if figures.get("up") else figures.get("why") or "no worker runs"
    counts = [f"{name} {figures[name]}" for name in COUNTED if name in figures]
    click.echo(f"view {view.name} of the running gateway: {state}; {', '.join(counts)}")
    if figures.get("picture"):
        click.echo(f"    {_features(figures['picture'])}")
    if picture:
        latest = runtime.latest / f"{station.name}.{view.name}.jpg"
        if not latest.exists():
            raise BadInput(f"view {view.name} has shown no picture yet")
        image = cv2.imread(str(latest))
        _write(picture, image)


COUNTED = ("session", "frames", "dropped", "incomplete", "resent_packets")


@dataclass
class Watched:
    """What came from a camera in some time."""

    frames: int = 0
    gaps: int = 0
    first: Frame | None = None
    last: Frame | None = None

    def take(self, frame: Frame) -> None:
        """Count a frame, and those that should have come before it."""
        if self.last is not None:
            self.gaps += frame.counter - self.last.counter - 1
        self.first = self.first or frame
        self.frames, self.last = self.frames + 1, frame

    @property
    def rate_hz(self) -> float:
        """Return frames a second by the camera's own clock; 0 with fewer than two frames."""
        if self.first is None or self.last is None or self.frames < 2:
            return 0.0
        took_us = self.last.taken_us - self.first.taken_us
        return (self.frames - 1) / took_us * 1e6 if took_us else 0.0


def _show_opened(
    site: Site,
    runtime: Runtime,
    station: Station,
    view: View,
    *,
    picture: Path | None,
    seconds: float,
) -> None:
    camera = camera_of(site, runtime, station, view)
    try:
        camera.open()
        watched = _watch(camera, seconds, asks=site.plc_of(station).asks_cameras)
        losses = camera.losses() if isinstance(camera, CountsLosses) else {}
    except CameraLost as error:
        raise BadInput(f"station {station.name}: {error}") from error
    finally:
        camera.close()
    for line in _told(view, watched, losses):
        click.echo(line)
    if picture and watched.last is not None:
        _write(picture, watched.last.image)


def _watch(camera: Camera, seconds: float, *, asks: bool) -> Watched:
    watched, ends_s = Watched(), time.monotonic() + seconds
    while time.monotonic() < ends_s:
        if asks:
            camera.take()
        try:
            watched.take(camera.frame(WAIT_S))
        except CameraTimeout:
            continue
    return watched


def _told(view: View, watched: Watched, losses: Mapping[str, int]) -> Iterator[str]:
    if watched.first is None or watched.last is None:
        yield f"view {view.name}: connected, no picture came; is it triggered?"
        return
    height_px, width_px = watched.last.image.shape[:2]
    lost = "".join(f", {name.replace('_', ' ')} {count}" for name, count in losses.items())
    yield (
        f"view {view.name}: {watched.frames} frames of {width_px} x {height_px} px, "
        f"{watched.rate_hz:.1f} a second, numbers {watched.first.counter} to "
        f"{watched.last.counter}, {watched.gaps} missing{lost}"
    )
    features = features_of(watched.last.image)
    yield f"    {_features({name: getattr(features, name, None) for name in NAMES})}"


def _features(features: Mapping[str, Any]) -> str:
    known = [name for name in NAMES if features.get(name) is not None]
    return ", ".join(f"{NAMES[name]} {features[name]:.3g}" for name in known)


def _write(picture: Path, image: Any) -> None:
    good, content = cv2.imencode(picture.suffix.lower() or ".png", image)
    if not good:
        raise BadInput(f"{picture}: give a name that ends in .png or .jpg")
    write_whole(picture, content.tobytes())
    click.echo(f"{picture}: written")
