"""What only the folder does; the rest is in tests/contracts/test_cameras.py."""

from pathlib import Path

import pytest

from inspector.cameras.folder import FolderCamera
from inspector.errors import CameraLost, CameraTimeout
from tests.contracts.camera_benches import PICTURES, WAIT_S, folder_bench

NO_TIME_S = 0.02


def test_a_folder_without_loop_ends_in_time_outs(tmp_path: Path) -> None:
    with folder_bench(tmp_path):
        camera = FolderCamera(tmp_path / "pictures", "top", rate_hz=1000, loop=False)
        camera.open()
        for _ in range(PICTURES):
            camera.frame(WAIT_S)
        with pytest.raises(CameraTimeout):
            camera.frame(NO_TIME_S)
        camera.close()


def test_a_folder_begins_again_with_its_first_picture_and_counts_on(tmp_path: Path) -> None:
    with folder_bench(tmp_path) as bench:
        bench.camera.open()
        frames = [bench.camera.frame(WAIT_S) for _ in range(PICTURES + 1)]
        assert [frame.counter for frame in frames] == [0, 1, 2, 3]
        assert [int(frame.image.max()) for frame in frames] == [0, 1, 2, 0]
        bench.camera.close()


def test_a_folder_without_pictures_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    camera = FolderCamera(tmp_path, "top", rate_hz=1000)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraLost, match="no pictures"):
        camera.open()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    camera.open()
    with pytest.raises(CameraLost, match=r"broken\.png"):
        camera.frame(WAIT_S)
    camera.close()


def test_a_rate_of_nothing_is_as_fast_as_pictures_are_fetched(tmp_path: Path) -> None:
    with folder_bench(tmp_path):
        camera = FolderCamera(tmp_path / "pictures", "top", rate_hz=0)
        camera.open()
        frames = [camera.frame(NO_TIME_S) for _ in range(2 * PICTURES)]
        assert [frame.counter for frame in frames] == list(range(2 * PICTURES))
        assert frames[0].taken_us < frames[-1].taken_us
        camera.close()


def test_a_picture_that_cannot_be_read_is_left_out_from_the_next_session_on(tmp_path: Path) -> None:
    with folder_bench(tmp_path):
        whole = (tmp_path / "pictures" / "1.png").read_bytes()
        (tmp_path / "pictures" / "1.png").write_bytes(whole[: len(whole) // 2])
        camera = FolderCamera(tmp_path / "pictures", "top", rate_hz=0)
        camera.open()
        camera.frame(NO_TIME_S)
        with pytest.raises(CameraLost, match=r"1\.png: not a picture"):
            camera.frame(NO_TIME_S)
        camera.close()
        camera.open()
        shown = [int(camera.frame(NO_TIME_S).image.max()) for _ in range(PICTURES)]
        assert shown == [0, 2, 0]
        camera.close()
