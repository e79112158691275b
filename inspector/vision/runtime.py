"""A model on a device that is proven, not assumed, to run as it was asked to.

OpenVINO's provider reports neither a device that is missing nor the precision that runs: a wrong
option opens the CPU provider without an error, and BF16 asked for on a CPU without it runs FP32.
So we check options and devices ourselves, compare the providers after opening, and compare
precisions by their answers: what is equal to the bit is the same.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.frame import BgrImage
from inspector.errors import ModelFailed, ModelStopped, PackageRefused, ProviderUnavailable
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Package
from inspector.vision.onnx_input import PICTURE, with_picture_input
from inspector.vision.onnx_shapes import sizes_follow_picture
from inspector.vision.preparing import Fit, Preparing
from inspector.vision.reading import judged_view, read_answer

PROVIDER = "OpenVINOExecutionProvider"
HINTS = {"FP32": "f32", "BF16": "bf16"}
DEVICES = ("CPU", "GPU", "NPU")
MOST_MEMORY_BYTES = 2 << 30
"""Of a process that runs a model; one with a demo package has taken 0.5 GB of what is counted."""
_ONLY_FATAL = 4
_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    ort_errors.EPFail,
    RuntimeError,
    MemoryError,
)
_MODEL_ERRORS = (ort_errors.InvalidProtobuf, ort_errors.InvalidGraph, ort_errors.NoModel)


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
        cache: Folder for compiled models, or None.

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
        cache: Path | None = None,
    ) -> None:
        self._manifest = package.manifest
        self._preparing = Preparing(package.manifest.input)
        threads = _enough(threads, package, device)
        self._session = _opened(package, device, _options(device, precision, threads, cache))
        self._outputs = package.manifest.output.names or None

    def detect(self, image: BgrImage) -> tuple[tuple[Finding, ...], dict[str, float], Fit]:
        """Return all findings from `SCORE_FLOOR`, the highest score of each class, and the fit.

        Raises:
            ModelFailed: The answer cannot be used.
        """
        fit = self._preparing.fill(image)
        findings, top = read_answer(self.run(), manifest=self._manifest, fit=fit)
        return findings, top, fit

    def answers(self, image: BgrImage) -> list[Answer]:
        """Return the model's bare answers to a picture."""
        self._preparing.fill(image)
        return self.run()

    def run(self) -> list[Answer]:
        """Return the model's answers to the picture that was prepared last."""
        try:
            raw = self._session.run(self._outputs, {PICTURE: self._preparing.prepared})
        except _ERRORS as error:
            raise ModelStopped(f"the model stopped: {_short(error)}") from error
        answers = [np.asarray(answer) for answer in raw]
        for answer in answers:
            if answer.dtype != np.float32:
                raise ModelFailed(f"the model answered in {answer.dtype}, not float32")
        return answers


class Model:
    """A package on a device, ready for the line; `look` is `ports.Vision`.

    Attributes:
        package_name: Of the manifest.
        model_sha256: Of the ONNX file.
        ran: Device and precision, proven.
        session: What it runs in.
        longest_s: What the slowest picture of the warm-up took.
    """

    def __init__(
        self, package: Package, session: Session, ran: Ran, limits: Mapping[str, float]
    ) -> None:
        self.package_name, self.model_sha256 = package.name, package.model_sha256
        self.ran = ran
        self.session, self._limits = session, dict(limits)
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
        result = judged_view(view, findings, top, limits=self._limits, fit=fit, model_ms=took_ms)
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


def refuse_missing(*devices: str) -> None:
    """Return when OpenVINO has one of these devices here; raises `ProviderUnavailable`."""
    here = available_devices()
    if not {*devices} & {*DEVICES} & {*here}:
        raise ProviderUnavailable(
            f"device {' or '.join(devices)} was asked for, "
            f"and this computer has only {', '.join(here) or 'none'}"
        )


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


def available_devices() -> list[str]:
    """Return the devices that OpenVINO finds here, without the numbers of several."""
    onnxruntime.set_default_logger_severity(_ONLY_FATAL)  # what goes wrong, we raise
    ask: Callable[[], list[str]] = onnxruntime.capi._pybind_state.get_available_openvino_device_ids  # noqa: SLF001 - the only door
    return sorted({name.partition(".")[0] for name in ask()})


def _enough(threads: int, package: Package, device: str) -> int:
    """Return the CPU threads with which OpenVINO reports whatever goes wrong in this model.

    With one it loses an error, a memory bound that was met for one, in a model whose sizes follow
    the picture, and goes on with wrong answers.
    """
    if device != "CPU" or not sizes_follow_picture(package.model):
        return threads
    if len(os.sched_getaffinity(0)) < 2:
        file = package.folder / package.model_file
        raise ProviderUnavailable(
            f"{file}: its sizes follow the picture, which needs two processor cores"
        )
    return max(threads, 2)


def _options(device: str, precision: str, threads: int, cache: Path | None) -> dict[str, str]:
    config: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "NUM_STREAMS": "1"}
    if device == "CPU":
        config["INFERENCE_NUM_THREADS"] = threads
        # Every process would bind its threads to the first cores: all stations to the same one.
        config["ENABLE_CPU_PINNING"] = False
    options = {"device_type": device, "load_config": json.dumps({device: config})}
    if cache is not None:
        options["cache_dir"] = str(cache)
    return options


def _opened(package: Package, device: str, options: dict[str, str]) -> onnxruntime.InferenceSession:
    refuse_missing(device)
    file = package.folder / package.model_file
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = _ONLY_FATAL
    settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    model = with_picture_input(package.model, package.manifest.input, file=str(file))
    try:
        session = onnxruntime.InferenceSession(
            model, settings, providers=[(PROVIDER, options)], enable_fallback=0
        )
    except _MODEL_ERRORS as error:
        raise PackageRefused(f"{file}: not a model that can be built: {_short(error)}") from error
    except _ERRORS as error:
        raise ProviderUnavailable(f"{file}: does not run on {device}: {_short(error)}") from error
    session.disable_fallback()
    if session.get_providers()[0] != PROVIDER:
        raise ProviderUnavailable(f"{file}: OpenVINO on {device} did not open")
    _refuse_missing_output(package, session, str(file))
    return session


def _refuse_missing_output(
    package: Package, session: onnxruntime.InferenceSession, file: str
) -> None:
    outputs = [output.name for output in session.get_outputs()]
    unknown = sorted(set(package.manifest.output.names) - set(outputs))
    if unknown:
        raise PackageRefused(
            f"{file}: has outputs {', '.join(outputs)}; output.names says {unknown[0]}"
        )


def _short(error: Exception) -> str:
    """Return the telling line of a native error, not its page of places in the source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = lines[-1] if lines else type(error).__name__
    return told.removeprefix("[ONNXRuntimeError] : ")[-200:]
