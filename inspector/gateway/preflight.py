"""What is looked at before any process starts, so that what is wrong is one line for a person."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from inspector.cameras.aravis import GenicamFailed, aravis
from inspector.config.genicam import GenicamCamera
from inspector.config.site import Site
from inspector.config.station import RtspCamera
from inspector.errors import BadInput, ProviderUnavailable, SettingsWrong
from inspector.gateway.keys import (
    camera_password,
    plc_password,
    pull_password,
    scada_password,
    store_password,
)
from inspector.gateway.station_model import check_station_fits
from inspector.gateway.store import server_of
from inspector.storage.database import check_usable
from inspector.vision.devices import refuse_missing
from inspector.vision.engines import refuse_without_runtime
from inspector.vision.manifest import open_package

Named = TypeVar("Named")


def check_before_start(site: Site) -> None:
    """Return when everything that can be looked at before a start is in order.

    Raises:
        BadInput: A package is damaged or does not fit, a station's device or a camera's library
            is not here, the database cannot be used, nothing can be written, a password is not
            to be had, or a port is taken; the first of these, with file and key.
    """
    for problem in (*package_problems(site), *device_problems(site), *library_problems(site)):
        raise problem
    if site.demo is None:  # the demo makes its passwords itself
        _have_passwords(site)
    for problem in camera_password_problems(site):
        raise problem
    check_usable(Path(site.data), server_of(site))
    if site.port:
        must_be_free(site.host, site.port, "choose another with --port")
    if site.scada:
        must_be_free(site.scada.host, site.scada.port, "site.toml: scada.port names it")
    for plc in site.plcs:
        if plc.pull:
            named = f"stations/plc/{plc.name}.toml: pull.port names it"
            must_be_free(plc.pull.host, plc.pull.port, named)


def _have_passwords(site: Site) -> None:
    folder = Path(site.folder)
    for plc in site.plcs:
        plc_password(plc, folder)
        if plc.pull:
            pull_password(plc, folder)
    if site.scada:
        scada_password(site.scada, folder)


def package_problems(site: Site) -> Iterator[BadInput]:
    """Yield what is wrong with the stations' model packages."""
    for station in site.stations:
        try:
            package = open_package(site.package_folder(station))
            check_station_fits(station, package)
            refuse_without_runtime(package)
        except BadInput as error:
            yield error


def device_problems(site: Site) -> Iterator[BadInput]:
    """Yield the stations whose model could run on nothing that this computer has."""
    for station in site.stations:
        devices = station.device.in_order
        try:
            if "CPU" not in devices:  # always there, and asking costs a moment
                refuse_missing(*devices, here=_devices_here())
        except ProviderUnavailable as error:
            why = f"{error}; device.fallback names what may take its place"
            yield SettingsWrong(f"stations/{station.name}.toml", "device.name", why)


def _devices_here() -> list[str]:
    """Return what ONNX Runtime finds; OpenVINO itself, for its own format, is asked by its worker.

    This process takes one of the two only where it has to.
    """
    from inspector.vision.onnx_engine import available_devices  # noqa: PLC0415 - `engines.py`

    return available_devices()


def library_problems(site: Site) -> Iterator[BadInput]:
    """Yield the views whose kind of camera needs a library that this computer lacks."""
    for station in site.stations:
        for number, view in enumerate(station.views):
            if isinstance(view.camera, GenicamCamera):
                try:
                    aravis()
                except GenicamFailed as error:
                    file, key = f"stations/{station.name}.toml", f"views.{number}.camera.kind"
                    yield SettingsWrong(file, key, str(error))


def password_file_problems(site: Site) -> Iterator[BadInput]:
    """Yield what is wrong with files that hold passwords; variables are set when it runs."""
    folder = Path(site.folder)
    for plc in site.plcs:
        if plc.password_file:
            yield from _problem(plc_password, plc, folder)
        if plc.pull and plc.pull.password_file:
            yield from _problem(pull_password, plc, folder)
    if site.store and site.store.password_file:
        yield from _problem(store_password, site.store, folder)
    yield from camera_password_problems(site, only_files=True)


def camera_password_problems(site: Site, *, only_files: bool = False) -> Iterator[BadInput]:
    """Yield what is wrong with the passwords at cameras, or with those in files alone."""
    for station in site.stations:
        for view in station.views:
            camera = view.camera
            if isinstance(camera, RtspCamera) and (camera.password_file or not only_files):
                try:
                    camera_password(camera, Path(site.folder), station.name, view.name)
                except BadInput as error:
                    yield error


def _problem(
    password: Callable[[Named, Path], str], settings: Named, folder: Path
) -> Iterator[BadInput]:
    try:
        password(settings, folder)
    except BadInput as error:
        yield error


def must_be_free(host: str, port: int, remedy: str) -> None:
    """Raise `BadInput` when nobody could listen on this port; `remedy` says what to do then."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"port {port} is in use on {host}: {remedy}"
            raise BadInput(msg) from error
