"""What only the simulated camera does; the rest is in tests/contracts/test_cameras.py."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.cameras import frame_socket
from inspector.cameras.simulated import SimulatedCamera
from inspector.errors import CameraLost, CameraTimeout
from inspector.simulator import camera_server
from tests.contracts.camera_benches import WAIT_S, Served

NO_TIME_S = 0.02


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    side = Served(tmp_path / "camera.sock")
    yield side
    side.close()


def test_both_ends_of_the_wire_mean_the_same_header() -> None:
    assert frame_socket.HEADER.format == camera_server.HEADER.format


def test_a_frame_that_comes_in_pieces_survives_a_time_out(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        camera = SimulatedCamera(path, "top")
        camera.open()
        other, _ = listener.accept()
        whole = struct.pack("<QQII", 9, 77, 2, 1) + bytes(range(6))
        for piece in (whole[:10], whole[10:26]):
            other.sendall(piece)
            with pytest.raises(CameraTimeout):
                camera.frame(NO_TIME_S)
        other.sendall(whole[26:])
        frame = camera.frame(WAIT_S)
        assert (frame.counter, frame.taken_us) == (9, 77)
        assert frame.image.tobytes() == bytes(range(6))
        camera.close()
        other.close()


def test_what_is_not_this_protocol_is_lost_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        camera = SimulatedCamera(path, "top")
        camera.open()
        other, _ = listener.accept()
        other.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n")
        with pytest.raises(CameraLost, match="protocol"):
            camera.frame(WAIT_S)
        camera.close()
        other.close()


def test_a_client_that_does_not_read_loses_its_oldest_frames_and_delays_nobody(
    served: Served, tmp_path: Path
) -> None:
    slow, quick = (SimulatedCamera(tmp_path / "camera.sock", "top") for _ in range(2))
    slow.open()
    quick.open()
    for number in range(200):
        served.take(1, connections=2)
        assert quick.frame(WAIT_S).counter == number
    counters = [slow.frame(WAIT_S).counter]
    while counters[-1] < 199:
        counters.append(slow.frame(WAIT_S).counter)
    assert counters == sorted(set(counters))
    assert served.outlet.figures()["dropped"] == 200 - len(counters) > 0
    slow.close()
    quick.close()
