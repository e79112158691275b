"""What a stream may do to us, with a real RTSP server (F12, A27, A29); the rest is in contracts."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.cameras.capture import LiveCamera
from inspector.cameras.capture_process import LATE_S
from inspector.cameras.rtsp import rtsp_camera, stream_job
from inspector.errors import CameraLost, CameraTimeout
from tests.rtsp_streams import RtspServer

SECRET = "pass/word:@1"
WAIT_S = 10.0
SOON_S = 8.0
"""More than 2 s of silence and what a busy computer adds to it."""


def lost(camera: LiveCamera, within_s: float = SOON_S) -> str:
    """Return what is said once the camera is lost, which must be in time."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        try:
            camera.frame(0.2)
        except CameraTimeout:
            continue
        except CameraLost as error:
            return str(error)
    raise AssertionError(f"not lost within {within_s} s")


def refused(camera: LiveCamera) -> str:
    with pytest.raises(CameraLost) as why:
        camera.open()
    return str(why.value)


class Proxy:
    """Between camera and gateway: passes bytes on, slows them down, or cuts them off."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.pause_s, self.piece, self.cut_after = 0.0, 1 << 16, -1
        self._threads = [threading.Thread(target=self._accept)]
        self._sockets: list[socket.socket] = []
        self._threads[0].start()

    def close(self) -> None:
        self.pause_s = 0.0
        for one in (self._listener, *self._sockets):
            end(one)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._sockets += [client, server]
            for ways in ((client, server, False), (server, client, True)):
                self._threads.append(threading.Thread(target=self._pass_on, args=ways))
                self._threads[-1].start()

    def _pass_on(self, come: socket.socket, go: socket.socket, pictures: bool) -> None:
        try:
            while came := come.recv(self.piece if pictures else 1 << 16):
                if pictures and self.cut_after >= 0:
                    go.sendall(came[: self.cut_after])
                    break
                go.sendall(came)
                time.sleep(self.pause_s if pictures else 0)
        except OSError:
            pass
        end(come)
        end(go)


def end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(server: RtspServer) -> Iterator[tuple[Proxy, LiveCamera]]:
    proxy = Proxy(server.port)
    camera = rtsp_camera("top", f"rtsp://127.0.0.1:{proxy.port}/top")
    try:
        yield proxy, camera
    finally:
        camera.close()
        proxy.close()


def test_who_is_not_let_in_is_told_so_and_no_password_is_shown_anywhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with RtspServer("--user", "viewer", "--password", SECRET) as server:
        right = rtsp_camera("top", server.address, user="viewer", password=SECRET)
        right.open()
        assert right.frame(WAIT_S).image.shape == (480, 640, 3)
        shown = everything_shown_of(os.getpid(), besides=server)
        right.close()
        for user, password in (("viewer", "wrong-word"), ("", "")):
            wrong = rtsp_camera("top", server.address, user=user, password=password)
            why = "camera of view top: the camera refuses this user or password"
            assert refused(wrong) == why
    said = capfd.readouterr()
    for secret in (SECRET, "pass%2Fword%3A%401", "wrong-word"):
        assert secret not in shown + said.out + said.err
    assert SECRET not in repr(stream_job("rtsp://host/", user="viewer", password=SECRET))


def everything_shown_of(parent: int, *, besides: RtspServer) -> str:
    """Return the arguments and environments of this process's children, as anybody may list."""
    shown = ""
    for status in Path("/proc").glob("[0-9]*/status"):
        own = f"PPid:\t{parent}\n" in status.read_text()
        if own and besides.process and int(status.parent.name) != besides.process.pid:
            for name in ("cmdline", "environ"):
                shown += (status.parent / name).read_text(errors="replace")
    assert "capture_process" in shown
    return shown


def test_a_path_that_the_camera_has_not_is_named_by_its_answer() -> None:
    with RtspServer() as server:
        camera = rtsp_camera("top", server.address + "none")
        assert refused(camera).endswith("the camera refuses the stream: 404 Not Found")


def test_a_port_where_nobody_listens_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    camera = rtsp_camera("top", f"rtsp://127.0.0.1:{port}/top")
    assert refused(camera) == "camera of view top: connection refused"


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        job = stream_job(f"rtsp://127.0.0.1:{mute.getsockname()[1]}/top")
        camera = LiveCamera("top", replace(job, open_s=0.5))
        started_s = time.monotonic()
        assert refused(camera) == "camera of view top: no stream within 0.5 s"
        assert time.monotonic() - started_s < SOON_S


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(answer)
        connection.close()

    return serve


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        b"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: http://169.254.169.254/\r\n\r\n",
        b"\x00\xff" * 2000,
    ],
)
def test_what_answers_otherwise_than_a_camera_is_one_sentence_and_leads_nowhere(
    answer: bytes,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answering(answer), args=(listener,))
        thread.start()
        job = stream_job(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/top")
        why = refused(LiveCamera("top", replace(job, open_s=1.0)))
        thread.join()
    assert why.startswith("camera of view top: ")
    assert not {"passwd", "169.254", "127.0.0.1"} & set(why.replace("/", " ").split())


def test_a_stream_that_stalls_without_closing_is_lost_and_comes_back() -> None:
    with RtspServer() as server:
        assert server.process
        camera = rtsp_camera("top", server.address)
        camera.open()
        camera.frame(WAIT_S)
        server.process.send_signal(signal.SIGSTOP)
        assert lost(camera).endswith("no picture for 2 s, or the stream ended")
        camera.close()
        server.process.send_signal(signal.SIGCONT)
        camera.open()
        assert camera.frame(WAIT_S).session == 2
        camera.close()


def test_a_stream_that_drips_is_lost_and_comes_back() -> None:
    with RtspServer() as server, proxied(server) as (proxy, camera):
        camera.open()
        camera.frame(WAIT_S)
        proxy.pause_s, proxy.piece = 0.1, 200
        said = lost(camera, within_s=15)
        assert "no picture for" in said or " s late" in said
        camera.close()
        proxy.pause_s, proxy.piece = 0.0, 1 << 16
        camera.open()
        assert camera.frame(WAIT_S).session == 2


def test_a_stream_that_is_cut_off_in_a_picture_is_lost_and_comes_back() -> None:
    with RtspServer() as server, proxied(server) as (proxy, camera):
        camera.open()
        camera.frame(WAIT_S)
        proxy.cut_after = 100
        assert lost(camera).endswith("no picture for 2 s, or the stream ended")
        camera.close()
        proxy.cut_after = -1
        camera.open()
        assert camera.frame(WAIT_S).session == 2


def test_pictures_of_another_size_end_the_session_and_the_next_one_has_them() -> None:
    small, large = np.zeros((32, 48, 3), np.uint8), np.full((64, 96, 3), 99, np.uint8)
    with RtspServer("--fed") as server, fed(server, small) as feeding:
        camera = rtsp_camera("top", server.address)
        camera.open()
        assert camera.frame(WAIT_S).image.shape == small.shape
        feeding.image = large
        why = "the pictures changed from 48 × 32 to 96 × 64 px"
        assert lost(camera) == f"camera of view top: {why}"
        camera.close()
        camera.open()
        assert camera.frame(WAIT_S).image.shape == large.shape
        camera.close()


class Feeding:
    """Feeds a server with one picture again and again, until another takes its place."""

    def __init__(self, server: RtspServer, image: np.ndarray) -> None:
        self.image, self._server = image, server
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def end(self) -> None:
        self._stop.set()
        self.thread.join()

    def _run(self) -> None:
        taken_us = 0
        while not self._stop.wait(0.04):
            taken_us += 40_000
            self._server.feed(self.image, taken_us)


@contextmanager
def fed(server: RtspServer, image: np.ndarray) -> Iterator[Feeding]:
    feeding = Feeding(server, image)
    server.feed(image, 0)
    feeding.thread.start()
    try:
        yield feeding
    finally:
        feeding.end()


def test_after_a_pause_the_newest_picture_comes_and_the_others_are_counted() -> None:
    with RtspServer() as server:
        camera = rtsp_camera("top", server.address)
        camera.open()
        before = camera.frame(WAIT_S)
        time.sleep(1.0)  # nobody fetches: 25 pictures come
        after = camera.frame(WAIT_S)
        camera.close()
    passed_s = after.ready_s - before.ready_s
    assert after.counter - before.counter > 5  # a queue would give the next one
    assert abs((after.taken_us - before.taken_us) / 1e6 - passed_s) < LATE_S


def test_a_decoder_that_hangs_is_given_up_and_ended() -> None:
    with RtspServer() as server:
        camera = rtsp_camera("top", server.address)
        camera.open()
        reading = camera._capture
        assert reading is not None
        reading._silent_s = 0.5
        reading._process.send_signal(signal.SIGSTOP)
        assert lost(camera).endswith("no answer for 0.5 s")
        camera.close()
        assert reading._process.poll() is not None
