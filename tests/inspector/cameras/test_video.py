"""What only a video file does; the rest is in tests/contracts/test_cameras.py."""

import time
from pathlib import Path

import pytest

from inspector.cameras.video import VideoCamera
from inspector.errors import CameraLost, CameraTimeout
from tests.contracts.camera_benches import PICTURES, WAIT_S, video_bench

HOURS = 0.00001


def test_a_video_begins_again_with_its_first_picture_and_its_clock_goes_on(tmp_path: Path) -> None:
    with video_bench(tmp_path) as bench:
        bench.camera.open()
        frames = [bench.camera.frame(WAIT_S) for _ in range(2 * PICTURES)]
        assert [round(int(frame.image.max()) / 40) for frame in frames] == [0, 1, 2, 0, 1, 2]
        assert [frame.taken_us for frame in frames] == [20_000 * n for n in range(1, 7)]
        bench.camera.close()


def test_a_video_without_loop_ends_in_time_outs(tmp_path: Path) -> None:
    with video_bench(tmp_path):
        camera = VideoCamera(tmp_path / "video.avi", "top", loop=False)
        camera.open()
        for _ in range(PICTURES):
            camera.frame(WAIT_S)
        with pytest.raises(CameraTimeout):
            camera.frame(0.2)
        camera.close()


def test_no_speed_is_as_fast_as_pictures_are_fetched_and_none_is_left_out(tmp_path: Path) -> None:
    with video_bench(tmp_path):
        slow = VideoCamera(tmp_path / "video.avi", "top", speed=HOURS)
        slow.open()
        with pytest.raises(CameraTimeout):
            slow.frame(0.2)
        slow.close()
        camera = VideoCamera(tmp_path / "video.avi", "top", speed=0)
        camera.open()
        time.sleep(0.1)
        frames = [camera.frame(WAIT_S) for _ in range(PICTURES)]
        assert [frame.counter for frame in frames] == list(range(PICTURES))
        camera.close()


def test_a_file_that_is_no_video_is_lost_and_names_of_the_network_are_not_followed(
    tmp_path: Path,
) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
    (tmp_path / "notes.avi").write_text("no video")
    for name in ("list.m3u8", "notes.avi"):
        with pytest.raises(CameraLost, match="it cannot be opened, or holds no video"):
            VideoCamera(tmp_path / name, "top").open()
