"""A look that takes too long ends the process within a second, and says why before."""

import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from inspector.gateway.kill_timer import CERTAIN_S, KillTimer
from tests.inspector.gateway.test_worker_process import started, tiny_station
from tests.inspector.gateway.worker_stand_ins import PATIENCE_S, StandInLine
from tests.inspector.vision import hostile, tiny

HOLDS_THE_INTERPRETER = """
import re
from inspector.gateway.kill_timer import KillTimer
with KillTimer(lambda: 0.0, lambda why: None):
    re.match("(a+)+$", "a" * 40 + "b")
"""


def test_the_kernel_ends_a_look_that_never_gives_the_interpreter_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDS_THE_INTERPRETER], check=False, timeout=50)
    assert done.returncode == -signal.SIGPROF


def test_a_look_in_time_ends_nothing() -> None:
    timer = KillTimer(lambda: 0.0, lambda why: None)
    with timer:
        assert 0 < signal.getitimer(signal.ITIMER_PROF)[0] < CERTAIN_S + 0.1
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


class Watch:
    """A timer and the polls of its thread, in handed-in time."""

    def __init__(self) -> None:
        self.now_s, self.waited_s = 100.0, 7.0
        self.timer = KillTimer(
            lambda: 0.5,
            lambda why: None,
            clock_s=lambda: self.now_s,
            waits_s=lambda: {"looks": self.waited_s, "calm": 0.0},
        )

    def overdue(self, after_s: float, *, waiting_s: float = 0.0) -> bool:
        """Return whether the look is overdue so much later, by some of it without a processor."""
        self.now_s += after_s
        self.waited_s += waiting_s
        return self.timer.overdue()


def test_a_look_is_overdue_within_a_second_past_the_slowest_golden_picture() -> None:
    watch = Watch()
    with watch.timer:
        assert not watch.overdue(1.3)
        assert watch.overdue(0.15)
    assert not watch.overdue(60)


def test_time_without_a_processor_does_not_count() -> None:
    watch = Watch()
    with watch.timer:
        assert not watch.overdue(1.0)
        assert not watch.overdue(60, waiting_s=59.8)
        assert watch.overdue(0.3)


def test_it_says_why_and_then_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    said: list[str] = []
    stop = Event()

    def end(_: int, number: int) -> None:
        ended.append(number)
        stop.set()

    monkeypatch.setattr("inspector.gateway.kill_timer.os.kill", end)
    timer = KillTimer(lambda: 0.0, said.append)
    watch = Thread(target=timer.run, args=(stop,))
    with timer:
        watch.start()
        stop.wait(PATIENCE_S)
    watch.join()
    assert said == ["the model looked for more than 0.9 s, the vision worker was ended"]
    assert ended == [signal.SIGALRM]


@pytest.mark.slow
def test_a_model_that_turns_endless_ends_its_worker_and_each_frame_has_the_cause(
    tmp_path: Path,
) -> None:
    tiny.write_package(tmp_path / "models" / "ring", onnx=hostile.looks_for_minutes())
    dark = [tiny.speckled(55, 51, 49, seed) for seed in range(3)]
    with (
        started(tmp_path, tiny_station("FP32", rate_hz=2), pictures=dark) as (worker, runtime),
        StandInLine(runtime.line_socket) as line,
    ):
        line.accept().until("frame", counter=0)
        seen = line.until("seen", counter=0)
        waited = line.until("seen", counter=1)
        for one in (seen, waited):
            assert "the model looked for more than" in str(one["missed"])
        assert line.until("ends")["why"] == seen["missed"]
        assert worker.wait(PATIENCE_S) == -signal.SIGALRM


@pytest.mark.slow
def test_a_worker_whose_model_stops_within_a_look_says_so_and_ends(tmp_path: Path) -> None:
    tiny.write_package(tmp_path / "models" / "ring", onnx=hostile.wants_everything())
    dark = [tiny.speckled(55, 51, 49, seed) for seed in range(3)]
    with (
        started(tmp_path, tiny_station("FP32"), pictures=dark) as (worker, runtime),
        StandInLine(runtime.line_socket) as line,
    ):
        assert str(line.accept().until("seen")["missed"]).startswith("the model stopped: ")
        line.hang_up()
        assert str(line.accept().until("ends")["why"]).startswith("the model stopped: ")
        assert worker.wait(PATIENCE_S) == 1
