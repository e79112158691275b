"""A look that takes too long ends the process within a second, and says why before."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from inspector.gateway.kill_timer import PAST_S, KillTimer
from tests.inspector.gateway.test_worker_process import started, tiny_station
from tests.inspector.gateway.worker_stand_ins import PATIENCE_S, StandInLine
from tests.inspector.vision import hostile, tiny

HOLDS_THE_INTERPRETER = """
import ctypes
from inspector.gateway.kill_timer import KillTimer
with KillTimer(0.0, lambda why: None):
    ctypes.PyDLL(None).usleep(20_000_000)
"""
LOADED_S = 3.0
"""What a busy machine may add to a second."""


def test_the_kernel_ends_a_look_that_never_gives_the_interpreter_back() -> None:
    started_s = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HOLDS_THE_INTERPRETER], check=False, timeout=15)
    assert done.returncode == -signal.SIGALRM
    assert PAST_S < time.monotonic() - started_s < PAST_S + LOADED_S


def test_a_look_in_time_ends_nothing() -> None:
    timer = KillTimer(0.0, lambda why: None)
    with timer:
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= PAST_S
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_it_says_why_and_then_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    said: list[str] = []
    stop = Event()

    def end(_: int, number: int) -> None:
        ended.append(number)
        stop.set()

    monkeypatch.setattr("inspector.gateway.kill_timer.os.kill", end)
    timer = KillTimer(0.0, said.append)
    watch = Thread(target=timer.run, args=(stop,))
    with timer:
        watch.start()
        stop.wait(PATIENCE_S)
    watch.join()
    assert said == ["the model looked for more than 0.8 s, the vision worker was ended"]
    assert ended == [signal.SIGALRM]


@pytest.mark.slow
def test_a_model_that_turns_endless_ends_its_worker_and_each_frame_has_the_cause(
    tmp_path: Path,
) -> None:
    tiny.write_package(tmp_path / "models" / "ring", onnx=hostile.looks_for_minutes())
    dark = [tiny.speckled(55, 51, 49, seed) for seed in range(3)]
    with (
        started(tmp_path, tiny_station("FP32", rate_hz=5), pictures=dark) as (worker, runtime),
        StandInLine(runtime.line_socket) as line,
    ):
        line.accept().until("frame", counter=0)
        began_s = time.monotonic()
        seen = line.until("seen")
        waited = line.until("seen")
        assert seen["counter"] == 0
        assert waited["counter"] == 1
        for one in (seen, waited):
            assert "the model looked for more than" in str(one["missed"])
        assert line.until("ends")["why"] == seen["missed"]
        assert worker.wait(PATIENCE_S) == -signal.SIGALRM
        assert time.monotonic() - began_s < PAST_S + LOADED_S
