"""A USB camera, or any other that Linux shows as a video device (V4L2)."""

from __future__ import annotations

from inspector.cameras.capture import LiveCamera
from inspector.cameras.capture_process import Job


def usb_camera(
    view: str,
    device: str,
    *,
    size_px: tuple[int, int] = (0, 0),
    rate_hz: float = 0,
    waits: bool = False,
    delay_s: float = 0.0,
) -> LiveCamera:
    """Return the camera, not yet opened.

    Args:
        view: Its view.
        device: `/dev/video0`, or better a name under `/dev/v4l/by-id/`, which stays.
        size_px: Width and height to ask of it; 0: as it is set.
        rate_hz: Pictures a second to ask of it; 0: as it is set.
        waits: Whether it delivers only what is ordered.
        delay_s: How long a picture takes from its exposure to here.
    """
    asked = zip(("FRAME_WIDTH", "FRAME_HEIGHT", "FPS"), (*size_px, rate_hz), strict=True)
    properties = tuple((name, value) for name, value in asked if value)
    job = Job(device, backend="V4L2", properties=properties)
    return LiveCamera(view, job, waits=waits, delay_s=delay_s)
