"""A model on a device that is proven, not assumed, to run as it was asked to.

OpenVINO does not report the precision that runs: BF16 asked for on a CPU without it runs FP32. So
we compare precisions by their answers: what is equal to the bit is the same. Which of the two
runtimes has compiled a model is not seen from here: `engines.py`.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.frame import BgrImage
from inspector.errors import ModelFailed, PackageRefused
from inspector.vision.devices import refuse_missing
from inspector.vision.engines import engine_of
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Package
from inspector.vision.preparing import Fit, Preparing
from inspector.vision.reading import judged_view, read_answer

MOST_MEMORY_BYTES = 2 << 30
"""Of a process that runs a model; one with a demo package has taken 0.5 GB of what is counted."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What runs, as proven at the start.

    Attributes:
        device: OpenVINO's name.
        asked: The precision that was asked for, "auto" included.
        precision: The precision that runs.
        why: How it was chosen, for people.
        ms: Median time of one picture by precision, where it was measured.
        passed_over: Device → why it does not run, of those that were to run before this one.
        since: When that was known, UTC.
    """

    device: str
    asked: str
    precision: str
    why: str
    ms: Mapping[str, float] = field(default_factory=dict)
    passed_over: Mapping[str, str] = field(default_factory=dict)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def device_asked(self) -> str:
        """Return the device that was to run."""
        return next(iter(self.passed_over), self.device)


class Session:
    """One compiled model; one caller at a time.

    Args:
        package: Its model is built from the bytes that were checked.
        device: OpenVINO's name of the device.
        precision: FP32 or BF16, as a hint: the device may do otherwise.
        threads: CPU threads.

    Raises:
        ProviderUnavailable: The device is missing, or would leave work to another one.
        PackageRefused: The model cannot be built, or is not what its manifest says.
    """

    def __init__(
        self,
        package: Package,
        *,
        device: str,
        precision: str,
        threads: int,
    ) -> None:
        self._manifest = package.manifest
        self._preparing = Preparing(package.manifest.input)
        engine = engine_of(package)
        refuse_missing(device, here=engine.available_devices())
        self._compiled = engine.compiled(
            package, device=device, precision=precision, threads=threads
        )

    def detect(self, image: BgrImage) -> tuple[tuple[Finding, ...], dict[str, float], Fit]:
        """Return all findings from `SCORE_FLOOR`, the highest score of each class, and the fit.

        Raises:
            ModelFailed: The answer cannot be used.
        """
        fit = self._preparing.fill(image)
        findings, top = read_answer(self.run(), manifest=self._manifest, fit=fit)
        return findings, top, fit

    def answers(self, image: BgrImage) -> Sequence[Answer]:
        """Return the model's bare answers to a picture."""
        self._preparing.fill(image)
        return self.run()

    def run(self) -> Sequence[Answer]:
        """Return the model's answers to the picture that was prepared last."""
        answers = self._compiled.run(self._preparing.prepared)
        for answer in answers:
            if answer.dtype != np.float32:
                raise ModelFailed(f"the model answered in {answer.dtype}, not float32")
        return answers


class Model:
    """A package on a device, ready for the line; `look` is `ports.Vision`.

    Attributes:
        package_name: Of the manifest.
        model_sha256: Of the model, as its package says.
        ran: Device and precision, proven.
        session: What it runs in.
        limits: By class.
        longest_s: What the slowest golden picture took at this start.
    """

    def __init__(
        self, package: Package, session: Session, ran: Ran, limits: Mapping[str, float]
    ) -> None:
        self.package_name, self.model_sha256 = package.name, package.model_sha256
        self.ran = ran
        self.session, self.limits = session, dict(limits)
        self.longest_s = 0.0

    def warm_up(self, pictures: Iterable[BgrImage]) -> None:
        """Look at the golden pictures, so that the line's first is not the slowest."""
        took_ms = [self.look("", picture).model_ms for picture in pictures]
        self.longest_s = max(took_ms) / 1000

    def look(self, view: str, image: BgrImage) -> ViewResult:
        """Return what is in one picture; raises `ModelFailed`."""
        return self.look_at_all(view, image)[0]

    def look_at_all(self, view: str, image: BgrImage) -> tuple[ViewResult, tuple[Finding, ...]]:
        """Return the result and all findings from `SCORE_FLOOR`, those below the limits too."""
        started_s = time.perf_counter()
        findings, top, fit = self.session.detect(image)
        took_ms = (time.perf_counter() - started_s) * 1000
        result = judged_view(view, findings, top, limits=self.limits, fit=fit, model_ms=took_ms)
        return result, findings


def limits_of(package: Package, replaced: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the package's limits, with those that a station replaces.

    Raises:
        PackageRefused: A class that the package does not have.
    """
    unknown = sorted(set(replaced or {}) - set(package.manifest.classes))
    if unknown:
        raise PackageRefused(f"limits.{unknown[0]}: no class of package {package.name}")
    return {**package.manifest.limits, **(replaced or {})}


@contextmanager
def bounded_memory(most_bytes: int = MOST_MEMORY_BYTES) -> Iterator[None]:
    """Let this process have so much data and no more: a greedy model fails, not the computer.

    A model of 1 kB can ask for 40 GB; the kernel would grant it, and kill another process later.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    soft, hard = before
    most = min([most_bytes, *(one for one in before if one != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
