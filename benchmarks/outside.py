"""The process in the training environment that the vision benchmark holds itself against.

Its own process, because the wheel `openvino` and onnxruntime-openvino bring two builds of one
library, which cannot be in the same one.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

from benchmarks.taken import Taken

_END_S = 5.0


class TrainSideLost(Exception):
    """The process in the training environment does not answer; says its last words."""


class Outside:
    """A running `benchmarks.train_side`.

    Args:
        python: Of the training environment.
        root: Of the repository.
    """

    def __init__(self, python: Path, root: Path) -> None:
        self._said = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.train_side"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            # without a network Ultralytics would wait for it, and it must install nothing
            env={"PATH": "", "YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"},
        )

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Return the answer; raises `TrainSideLost` with its last words when it has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **more}), file=self._process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError) as error:
            raise TrainSideLost(f"the training environment: {self._last_words()}") from error
        return answer

    def run(self, contender: str, first: int, count: int) -> Taken:
        """Return what `count` pictures took, from number `first` on."""
        answer = self.ask(contender, first=first, count=count)
        return Taken(tuple(answer["ms"]), answer["wall_s"], count)

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it: it goes when its stdin does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(_END_S)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1] if lines else "ended without a word"
