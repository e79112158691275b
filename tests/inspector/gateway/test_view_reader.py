"""What a view's reader tells the line of its camera."""

from collections.abc import Mapping
from pathlib import Path
from queue import Queue
from threading import Event

import pytest

from inspector.domain.frame import Frame
from inspector.errors import CameraLost
from inspector.gateway.line_link import LineLink
from inspector.gateway.view_reader import COMPLETE_AGAIN, ViewReader
from inspector.ipc import Message
from tests.inspector.gateway.worker_stand_ins import StandInCamera, picture


class Lossy(StandInCamera):
    """Delivers so many pictures, between which frames came incomplete; then it is gone."""

    def __init__(self, incomplete_before: Mapping[int, int], pictures: int) -> None:
        super().__init__("top")
        self.order: list[str] = []
        self._incomplete_before, self._pictures, self._lost = incomplete_before, pictures, 0

    def frame(self, timeout_s: float) -> Frame:
        if self._counter == self._pictures:
            raise CameraLost(self.view, "unplugged")
        self._lost += self._incomplete_before.get(self._counter, 0)
        self.events.put(picture(1, 8))
        return super().frame(timeout_s)

    def close(self) -> None:
        self.order.append("closed")

    def losses(self) -> Mapping[str, int]:
        return {"incomplete": self._lost, "resent_packets": 3}


class Told(LineLink):
    """Keeps what is said to the line; the camera's going away ends the reader."""

    def __init__(self, folder: Path, order: list[str]) -> None:
        super().__init__(folder / "line.sock", "ring", hear=lambda _: None)
        self.heard: list[Message] = []
        self.stop, self._order = Event(), order

    def send(self, message: Mapping[str, object]) -> bool:
        self.heard.append(dict(message))
        return True

    def announce(self, name: str, message: Mapping[str, object]) -> None:
        self.heard.append(dict(message))
        if message.get("up") is False:
            self._order.append("told")
            self.stop.set()


def read(camera: Lossy, folder: Path) -> tuple[ViewReader, Told]:
    link = Told(folder, camera.order)
    reader = ViewReader("top", camera, frames=Queue[Frame](), link=link)
    reader.run(link.stop)
    return reader, link


@pytest.fixture
def told(tmp_path: Path) -> list[Message]:
    camera = Lossy({5: 2}, pictures=5 + COMPLETE_AGAIN + 5)
    return read(camera, tmp_path)[1].heard


def test_incomplete_frames_are_an_alarm_until_enough_came_whole(told: list[Message]) -> None:
    alarms = [one for one in told if one["do"] == "alarm"]
    assert [(one["name"], one["on"]) for one in alarms] == [
        ("top_losses", True),
        ("top_losses", False),
    ]
    assert alarms[0]["text"] == "view top: packets are lost, 2 frames came incomplete so far"
    frames = [one["do"] for one in told[: told.index(alarms[1])]].count("frame")
    assert frames == 5 + COMPLETE_AGAIN


def test_a_cameras_losses_stand_among_its_figures(tmp_path: Path) -> None:
    reader, _ = read(Lossy({0: 4}, pictures=1), tmp_path)
    figures = reader.figures()
    assert (figures["incomplete"], figures["resent_packets"]) == (4, 3)


def test_the_line_hears_of_a_lost_camera_before_it_is_closed(tmp_path: Path) -> None:
    camera = Lossy({}, pictures=1)
    read(camera, tmp_path)
    assert camera.order[:2] == ["told", "closed"]
