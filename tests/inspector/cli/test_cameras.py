"""`inspector cameras`: found on the network, and shown in numbers."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from inspector.cameras.finding import video_devices
from inspector.cli import cameras, commands
from inspector.errors import BadInput
from inspector.gateway.site_run import held, runtime_of
from inspector.ipc import write_status
from tests.faults.live import forget
from tests.faults.running import copied_site
from tests.gige import ADDRESS, FakeGige, fake_gige

SIMULATED = '{ kind = "simulated" }'
PICTURES = 3


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A site whose board has pictures of a folder for a camera."""
    folder = copied_site(tmp_path / "site")
    (folder / "pictures").mkdir()
    for number in range(PICTURES):
        image = np.full((30, 40, 3), 60 + number, np.uint8)
        assert cv2.imwrite(str(folder / "pictures" / f"{number}.png"), image)
    set_camera(folder, '{ kind = "folder", path = "pictures", rate_hz = 50 }')
    yield folder
    forget(folder)


@pytest.fixture
def fake() -> Iterator[FakeGige]:
    with fake_gige() as camera:
        yield camera


def set_camera(folder: Path, camera: str) -> None:
    file = folder / "stations" / "board.toml"
    lines = file.read_text().splitlines(keepends=True)
    mine = [f"camera = {camera}\n" if line.startswith("camera = ") else line for line in lines]
    file.write_text("".join(mine))


def said(*words: str) -> str:
    result: Result = CliRunner().invoke(commands, ["cameras", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_gige_vision_camera_is_found_with_its_line_for_a_station_file(fake: FakeGige) -> None:
    line = f'camera = {{ kind = "genicam", address = "{ADDRESS}", serial = "{fake.serial}" }}'
    assert said("list", "--network", "lo") == f"{'Aravis Fake':<32} {line}\n"


def test_where_no_camera_answers_it_is_said_and_a_network_that_is_none_is_refused() -> None:
    with fake_gige() as camera:  # nobody else's fake one is there meanwhile
        camera.kill()
        assert said("list", "--network", "lo") == "no camera was found; asked lo\n"
    with pytest.raises(BadInput, match="--network nowhere: No such device"):
        said("list", "--network", "nowhere")


def test_video_devices_are_listed_once_each(tmp_path: Path) -> None:
    for device, index, name in (("video0", 0, "HD Webcam"), ("video1", 1, "HD Webcam")):
        (tmp_path / device).mkdir()
        (tmp_path / device / "index").write_text(f"{index}\n")
        (tmp_path / device / "name").write_text(f"{name}\n")
    (one,) = video_devices(tmp_path)
    assert one.what == "HD Webcam"
    assert one.settings == {"kind": "usb", "device": "/dev/video0"}


def test_a_views_camera_is_shown_in_numbers_and_one_picture(site: Path, tmp_path: Path) -> None:
    picture = tmp_path / "top.png"
    words = ("show", "--site", str(site), "--station", "board", "--seconds", "0.5")
    shown = said(*words, "--picture", str(picture))
    assert "frames of 40 x 30 px, 50.0 a second, numbers 0 to" in shown
    assert "0 missing" in shown
    assert "mean grey 6" in shown
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.shape == (30, 40, 3)


def test_an_industrial_camera_is_shown_with_what_it_lost(site: Path, fake: FakeGige) -> None:
    features = "{ Width = 64, Height = 48, TriggerMode = 'Off', AcquisitionFrameRate = 50.0 }"
    set_camera(site, f'{{ kind = "genicam", address = "{ADDRESS}", features = {features} }}')
    shown = said("show", "--site", str(site), "--station", "board", "--seconds", "1")
    assert "frames of 64 x 48 px" in shown
    assert "incomplete 0, resent packets 0" in shown
    fake.kill()
    with pytest.raises(BadInput, match=r"station board: camera of view top: .* no camera answers"):
        said("show", "--site", str(site), "--station", "board")


def test_a_view_that_the_station_has_not_is_refused(site: Path) -> None:
    with pytest.raises(BadInput, match="station board has no view under"):
        said("show", "--site", str(site), "--station", "board", "--view", "under")


def test_of_a_running_gateway_its_own_numbers_are_shown(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = runtime_of(site)
    monkeypatch.setattr(cameras, "is_running", lambda _: True)  # its sign of life lasts seconds
    with held(runtime):
        view = {"up": True, "session": 2, "frames": 7, "dropped": 0, "incomplete": 1}
        write_status(runtime, "worker-board", {"views": {"top": view}})
        assert cv2.imwrite(str(runtime.latest / "board.top.jpg"), np.zeros((8, 8, 3), np.uint8))
        words = ("show", "--site", str(site), "--station", "board", "--picture")
        shown = said(*words, str(tmp_path / "now.jpg"))
    assert (
        "view top of the running gateway: up; session 2, frames 7, dropped 0, incomplete 1" in shown
    )
    assert (tmp_path / "now.jpg").exists()
