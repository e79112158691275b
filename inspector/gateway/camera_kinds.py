"""From a view's settings to its camera; a kind's libraries are loaded only where it is used."""

from __future__ import annotations

from pathlib import Path

from inspector.cameras.folder import FolderCamera
from inspector.cameras.genicam import GenicamCamera
from inspector.cameras.genicam_connection import Wanted
from inspector.cameras.rtsp import rtsp_camera
from inspector.cameras.simulated import SimulatedCamera
from inspector.cameras.usb import usb_camera
from inspector.cameras.video import VideoCamera
from inspector.config import station as settings
from inspector.config.genicam import GenicamCamera as GenicamSettings
from inspector.config.site import Site
from inspector.config.station import Station, View
from inspector.gateway.keys import camera_password
from inspector.ipc import Runtime
from inspector.ports import Camera


def camera_of(site: Site, runtime: Runtime, station: Station, view: View) -> Camera:
    """Return a view's camera, not yet opened.

    Raises:
        SettingsWrong: Its password is not where its settings say.
    """
    waits, folder = site.plc_of(station).asks_cameras, Path(site.folder)
    match view.camera:
        case settings.FolderCamera(path=path, rate_hz=rate_hz, loop=loop):
            return FolderCamera(folder / path, view.name, rate_hz=rate_hz, loop=loop, waits=waits)
        case settings.VideoCamera(file=file, speed=speed, loop=loop):
            return VideoCamera(folder / file, view.name, speed=speed, loop=loop, waits=waits)
        case settings.UsbCamera() as usb:
            return usb_camera(
                view.name,
                usb.device,
                size_px=(usb.width_px, usb.height_px),
                rate_hz=usb.wanted_hz,
                waits=waits,
                delay_s=usb.delay_ms / 1000,
            )
        case settings.RtspCamera() as rtsp:
            return rtsp_camera(
                view.name,
                rtsp.address,
                user=rtsp.user,
                password=camera_password(rtsp, folder, station.name, view.name),
                waits=waits,
                delay_s=rtsp.delay_ms / 1000,
            )
        case GenicamSettings() as genicam:
            wanted = Wanted(**genicam.model_dump(exclude={"kind"}), waits=waits)
            return GenicamCamera(wanted, view.name)
        case settings.SimulatedCamera():
            return SimulatedCamera(runtime.camera_socket(station.name, view.name), view.name)
