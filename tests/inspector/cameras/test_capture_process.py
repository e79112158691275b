"""The rules of the capture process, without one."""

import pytest

from inspector.cameras.capture_process import FORGET_S, Job, Lateness, reason_in

JOB = Job("rtsp://viewer:secret@camera.example/top")


def test_a_picture_is_late_against_the_quickest_of_its_neighbours() -> None:
    late = Lateness()
    assert late.of(100.0, 0.0) == 0
    assert late.of(100.1, 0.1) == pytest.approx(0)
    assert late.of(101.7, 0.2) == pytest.approx(1.5)
    assert late.of(101.8, 1.8) == pytest.approx(0)


def test_clocks_that_drift_apart_make_no_picture_late() -> None:
    late = Lateness()
    worst_s = max(late.of(100 + second * 1.001, float(second)) for second in range(36_000))
    assert worst_s <= 0.001 * 2 * FORGET_S + 0.01


@pytest.mark.parametrize(
    ("said", "took_s", "why"),
    [
        (
            "[rtsp @ 0x55] method DESCRIBE failed: 401 (Unauthorized)\n",
            0.1,
            "the camera refuses this user or password",
        ),
        (
            "[rtsp @ 0x55] method DESCRIBE failed: 404 (Not Found)\n",
            0.1,
            "the camera refuses the stream: 404 Not Found",
        ),
        (
            "[tcp @ 0x5] Connection to tcp://10.0.0.1:554?timeout=0 failed: No route to host\n",
            0.1,
            "no route to host",
        ),
        (
            "[tcp @ 0x5] Failed to resolve hostname camera.example: Name or service not known\n",
            0.1,
            "name or service not known",
        ),
        ("", 4.9, "no stream within 5 s"),
        ("rtsp://viewer:secret@camera.example/top: odd", 0.1, "it cannot be opened"),
    ],
)
def test_of_what_was_printed_only_what_is_known_is_said(said: str, took_s: float, why: str) -> None:
    assert reason_in(said, took_s, JOB).startswith(why)
    assert "secret" not in reason_in(said, took_s, JOB)
