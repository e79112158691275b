"""A GigE Vision camera on this computer: Aravis' fake one, in a process of its own.

It listens at the one port of the protocol on 127.0.0.1, so there is one at a time: a test waits for
whoever has it, in another run too.
"""

import fcntl
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from inspector.cameras.aravis import GenicamFailed, aravis
from inspector.cameras.gvcp import Asker
from tests.needs import not_run, require_program

ADDRESS = "127.0.0.1"
SMALL: dict[str, bool | int | float | str] = {
    "Width": 64,
    "Height": 48,
    "TriggerMode": "Off",
    "AcquisitionFrameRate": 50.0,
}
"""Features of a small picture at 50 a second: the fake one keeps what was written before."""
PATIENCE_S = 60.0


class FakeGige:
    """The fake camera: starts, dies without a word, and hangs."""

    def __init__(self, program: str, lost_per_thousand: int) -> None:
        self.serial = uuid4().hex[:12]
        lost = ["-r", str(lost_per_thousand)] if lost_per_thousand else []
        ends_with_us = [require_program("setpriv", package="util-linux"), "--pdeathsig", "KILL"]
        self._command = [*ends_with_us, program, "-i", ADDRESS, "-s", self.serial, *lost]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        ends_s = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < ends_s, "the fake camera does not answer"

    def _answers(self) -> bool:
        with closing(Asker(ADDRESS)) as asker:
            asker.ask()
            found = asker.answer(0.05)
        return found is not None and found.serial == self.serial

    def hang(self) -> None:
        """Stop answering, as a camera whose cable was pulled."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it; may be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def fake_gige(*, lost_per_thousand: int = 0) -> Iterator[FakeGige]:
    """Yield a started fake camera, or leave the test as not run."""
    program = require_program("arv-fake-gv-camera-0.8", package="aravis-tools")
    try:
        aravis()
    except GenicamFailed as error:
        not_run(str(error))
    with (Path(tempfile.gettempdir()) / "inspector-tests-gige.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        camera = FakeGige(program, lost_per_thousand)
        try:
            camera.start()
            yield camera
        finally:
            camera.kill()
