"""Finds the cameras that can be reached from this computer, with the settings that reach each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspector.cameras.aravis import GenicamFailed, aravis
from inspector.cameras.genicam_connection import usb3_cameras
from inspector.cameras.gvcp import everybody

VIDEO_DEVICES = Path("/sys/class/video4linux")
ANSWER_S = 1.0
"""A GigE Vision camera may wait a moment before it answers, so that not all do at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A camera, and what stands in a station file for it."""

    what: str
    settings: dict[str, str]


def gige_vision(network: str) -> Iterator[Seen]:
    """Yield the GigE Vision cameras of a network, `eth0` for one; raises as `everybody`."""
    for found in everybody(ANSWER_S, network):
        what = f"{found.vendor} {found.model} {found.name}".strip()
        settings = {"kind": "genicam", "address": found.address, "serial": found.serial}
        yield Seen(what, settings)


def usb3_vision() -> Iterator[Seen]:
    """Yield the USB3 Vision cameras; none where Aravis is missing, which asks for them."""
    try:
        found = list(usb3_cameras(aravis()))
    except GenicamFailed:
        return
    for one, _ in found:
        yield Seen(f"{one.vendor} {one.model}", {"kind": "genicam", "serial": one.serial})


def video_devices(listed: Path = VIDEO_DEVICES) -> Iterator[Seen]:
    """Yield what Linux shows as video devices; the first of a camera's is the one with pictures."""
    for folder in sorted(listed.glob("video*")):
        if (folder / "index").read_text().strip() == "0":
            name = (folder / "name").read_text().strip()
            yield Seen(name, {"kind": "usb", "device": f"/dev/{folder.name}"})
