"""A network camera that streams by RTSP, over TCP."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from inspector.cameras.capture import LiveCamera
from inspector.cameras.capture_process import Job

OPTIONS = {
    "rtsp_transport": "tcp",
    "protocol_whitelist": "rtsp,rtp,tcp",  # a redirect leads to no file and no web page
    "allowed_media_types": "video",
    "fflags": "nobuffer+discardcorrupt",
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "max_delay": "0",
}


def rtsp_camera(
    view: str,
    address: str,
    *,
    user: str = "",
    password: str = "",
    waits: bool = False,
    delay_s: float = 0.0,
) -> LiveCamera:
    """Return the camera, not yet opened.

    Args:
        view: Its view.
        address: `rtsp://host/...`, without user and password.
        user: At the camera; empty: none.
        password: Of the user.
        waits: Whether it delivers only what is ordered.
        delay_s: How long a picture takes from its exposure to here.
    """
    job = stream_job(address, user=user, password=password)
    return LiveCamera(view, job, waits=waits, delay_s=delay_s)


def stream_job(address: str, *, user: str = "", password: str = "") -> Job:
    """Return what is to be read, and how."""
    parts = urlsplit(address)
    if user:
        parts = parts._replace(netloc=f"{quote(user, '')}:{quote(password, '')}@{parts.netloc}")
    options = "|".join(f"{name};{value}" for name, value in OPTIONS.items())
    return Job(urlunsplit(parts), options=options)
