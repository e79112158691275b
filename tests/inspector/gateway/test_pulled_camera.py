"""A GigE Vision camera that is pulled while a worker reads it, and put in again."""

import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

from inspector.cameras.genicam import GenicamCamera
from inspector.cameras.genicam_connection import Wanted
from inspector.domain.frame import Frame
from inspector.gateway.line_link import LineLink
from inspector.gateway.view_reader import ViewReader
from inspector.ipc import Message
from tests.gige import ADDRESS, SMALL, fake_gige
from tests.inspector.gateway.worker_stand_ins import PATIENCE_S

ALARM_WITHIN_S = 2.0


class Heard(LineLink):
    """Keeps what is said to the line, for the test to wait for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "line.sock", "ring", hear=lambda _: None)
        self._messages: Queue[Message] = Queue()

    def send(self, message: Mapping[str, object]) -> bool:
        self._messages.put(dict(message))
        return True

    def announce(self, topic: str, message: Mapping[str, object]) -> None:
        self._messages.put(dict(message))

    def until(self, do: str, **having: object) -> Message:
        """Wait for a message of this kind."""
        while True:
            try:
                message = self._messages.get(timeout=PATIENCE_S)
            except Empty:
                raise AssertionError(f"no {do} came") from None
            if message["do"] == do and having.items() <= message.items():
                return message


def test_a_pulled_camera_is_told_in_two_seconds_and_read_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    with fake_gige() as fake:
        link, stop = Heard(tmp_path), Event()
        camera = GenicamCamera(Wanted(ADDRESS, features=SMALL), "top")
        reader = ViewReader("top", camera, frames=Queue[Frame](), link=link)
        thread = Thread(target=reader.run, args=(stop,))
        thread.start()
        try:
            link.until("frame", session=1)
            fake.kill()
            pulled_s = time.monotonic()
            told = link.until("camera", up=False)
            assert time.monotonic() - pulled_s < ALARM_WITHIN_S
            assert told["why"] == f"the camera at {ADDRESS}: it does not answer any more"
            fake.start()
            link.until("camera", up=True, session=2)
            link.until("frame", session=2)
        finally:
            stop.set()
            thread.join()
