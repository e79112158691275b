"""What a USB camera does where there is none; the rest, with a loopback, is in contracts."""

from types import SimpleNamespace
from typing import Any

import cv2
import pytest

from inspector.cameras import capture_process
from inspector.cameras.capture_process import Ended, Job
from inspector.cameras.usb import usb_camera
from inspector.errors import CameraLost


@pytest.mark.parametrize("device", ["/dev/video999", "/dev/null"])
def test_a_device_that_is_none_is_lost(device: str) -> None:
    with pytest.raises(CameraLost, match="view top: it cannot be opened, or holds no video"):
        usb_camera("top", device).open()


def test_a_camera_that_does_not_take_what_is_asked_is_not_used() -> None:
    has = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FPS: 30.0}
    capture: Any = SimpleNamespace(set=lambda *_: True, get=has.get)
    capture_process._set(capture, Job("", properties=(("FRAME_WIDTH", 640), ("FPS", 30))))
    with pytest.raises(Ended, match="it does not take frame_width 1280, it has 640"):
        capture_process._set(capture, Job("", properties=(("FRAME_WIDTH", 1280),)))
