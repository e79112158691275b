"""The demo's cameras in a process of their own."""

from __future__ import annotations

import cv2

from inspector.config.site import Site
from inspector.gateway.demo_world import product_of, truth_of, until_sigterm, wire_of
from inspector.ipc import Runtime, write_status
from inspector.simulator.camera_server import CameraSettings, DemoCameras


def main(site: Site, runtime: Runtime) -> None:
    """Run every simulated camera of the site until SIGTERM."""
    cv2.setNumThreads(1)  # the processor is shared with those who are measured
    cameras = tuple(
        CameraSettings(
            station.name,
            product_of(station),
            view.name,
            runtime.camera_socket(station.name, view.name),
            waits=site.plc_of(station).asks_cameras,
        )
        for station in site.stations
        for view in station.views
        if view.camera.kind == "simulated"
    )
    process = DemoCameras(
        cameras,
        wire=wire_of(runtime),
        truth=truth_of(site),
        publish=lambda state: write_status(runtime, "demo-cameras", state),
    )
    until_sigterm(process.run)
