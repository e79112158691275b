"""ONNX files through ONNX Runtime's OpenVINO provider, and nothing in its place.

The provider reports neither a device that is missing nor the precision that runs: a wrong option
opens the CPU provider without an error. So we check devices ourselves and compare the providers
after opening. The one module that imports `onnxruntime`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from inspector.errors import ModelStopped, PackageRefused, ProviderUnavailable
from inspector.vision.devices import HINTS, enough_threads, short, without_numbers
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Package
from inspector.vision.onnx_input import PICTURE, with_picture_input
from inspector.vision.onnx_shapes import sizes_follow_picture
from inspector.vision.preparing import Prepared

RUNTIME = f"onnxruntime-openvino {onnxruntime.__version__}"
PROVIDER = "OpenVINOExecutionProvider"
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


class OnnxModel:
    """An ONNX file on a device."""

    def __init__(self, session: onnxruntime.InferenceSession, outputs: Sequence[str]) -> None:
        self._session, self._outputs = session, list(outputs) or None

    def run(self, prepared: Prepared) -> list[Answer]:
        """Return the answers that the manifest names to a picture; raises `ModelStopped`."""
        try:
            raw = self._session.run(self._outputs, {PICTURE: prepared})
        except _ERRORS as error:
            raise ModelStopped(f"the model stopped: {short(error)}") from error
        return [np.asarray(answer) for answer in raw]


def available_devices() -> list[str]:
    """Return the devices that OpenVINO finds here, without the numbers of several."""
    onnxruntime.set_default_logger_severity(_ONLY_FATAL)  # what goes wrong, we raise
    ask: Callable[[], list[str]] = onnxruntime.capi._pybind_state.get_available_openvino_device_ids  # noqa: SLF001 - the only door
    return without_numbers(ask())


def compiled(package: Package, *, device: str, precision: str, threads: int) -> OnnxModel:
    """Return the package's model on a device that is here; raises as `Engine.compiled` says."""
    threads = enough_threads(
        threads,
        device=device,
        sizes_follow=sizes_follow_picture(package.model),
        file=package.folder / package.model_file,
    )
    session = _opened(package, device, _options(device, precision, threads))
    return OnnxModel(session, package.manifest.output.names)


def _options(device: str, precision: str, threads: int) -> dict[str, str]:
    config: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "NUM_STREAMS": "1"}
    if device == "CPU":
        config["INFERENCE_NUM_THREADS"] = threads
        # Every process would bind its threads to the first cores: all stations to the same one.
        config["ENABLE_CPU_PINNING"] = False
    return {"device_type": device, "load_config": json.dumps({device: config})}


def _opened(package: Package, device: str, options: dict[str, str]) -> onnxruntime.InferenceSession:
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
        raise PackageRefused(f"{file}: not a model that can be built: {short(error)}") from error
    except _ERRORS as error:
        raise ProviderUnavailable(f"{file}: does not run on {device}: {short(error)}") from error
    session.disable_fallback()
    if session.get_providers()[0] != PROVIDER:
        raise ProviderUnavailable(f"{file}: OpenVINO on {device} did not open")
    package.refuse_missing_output([output.name for output in session.get_outputs()])
    return session
