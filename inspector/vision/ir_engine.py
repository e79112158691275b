"""Models in OpenVINO's own format through OpenVINO itself. The one module that imports `openvino`.

Nothing falls back: the devices that executed are asked for, and of several precisions the answers
are compared (`parity.py`), as with ONNX.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

# OpenVINO's converter, which its package imports, reports each import to its makers over the
# internet. Without the converter, which we have no use for, nothing of that is loaded.
sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]

import openvino
from openvino import preprocess

from inspector.errors import ModelStopped, PackageRefused, ProviderUnavailable
from inspector.vision.devices import HINTS, enough_threads, short, without_numbers
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Input, Package
from inspector.vision.preparing import Prepared

RUNTIME = f"openvino {openvino.__version__.partition('-')[0]}"
_ERRORS = (RuntimeError, MemoryError)
SENSITIVITIES = ("image_sensitivity", "pixel_sensitivity")
"""Inputs that Anomalib's newer models may have beside the picture. A package has limits instead."""
_NO_SHIFT = np.array(0.5, np.float32)
"""What leaves the scores as the model was trained to give them; Anomalib's own default."""


class IrModel:
    """An OpenVINO model on a device."""

    def __init__(self, model: Any, outputs: list[int]) -> None:
        self._request, self._outputs = model.create_infer_request(), outputs

    def run(self, prepared: Prepared) -> list[Answer]:
        """Return the answers that the manifest names to a picture; raises `ModelStopped`."""
        try:
            answered = self._request.infer([prepared], share_inputs=True)
        except _ERRORS as error:
            raise ModelStopped(f"the model stopped: {short(error)}") from error
        return [answered[number] for number in self._outputs]


def available_devices() -> list[str]:
    """Return the devices that OpenVINO finds here, without the numbers of several."""
    return without_numbers(openvino.Core().available_devices)


def compiled(package: Package, *, device: str, precision: str, threads: int) -> IrModel:
    """Return the package's model on a device that is here; raises as `Engine.compiled` says."""
    file = package.folder / package.model_file
    core = openvino.Core()
    try:
        model = core.read_model(model=package.model, weights=package.weights)
        _set_input(model, package.manifest.input, file)
    except _ERRORS as error:
        raise PackageRefused(f"{file}: not a model that can be built: {short(error)}") from error
    outputs = _numbers_of_outputs(package, model)
    threads = enough_threads(threads, device=device, sizes_follow=model.is_dynamic(), file=file)
    options = _options(device, precision, threads)
    try:
        opened = core.compile_model(model, device, options)
        ran = without_numbers(opened.get_property("EXECUTION_DEVICES"))
        if ran != [device]:
            raise ProviderUnavailable(f"{file}: would run on {' and '.join(ran)}, not on {device}")
        return IrModel(opened, outputs)
    except _ERRORS as error:
        raise ProviderUnavailable(f"{file}: does not run on {device}: {short(error)}") from error


def _options(device: str, precision: str, threads: int) -> dict[str, Any]:
    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "NUM_STREAMS": 1}
    if device == "CPU":
        options["INFERENCE_NUM_THREADS"] = threads
        # Every process would bind its threads to the first cores: all stations to the same one.
        options["ENABLE_CPU_PINNING"] = False
    return options


def _set_input(model: Any, wanted: Input, file: Path) -> None:
    """Let the model take (1, height, width, 3) uint8 in its colour order, as `Preparing` has it."""
    _fix_sensitivities(model)
    shape = [1, 3, wanted.height, wanted.width]
    if not _fits(model, shape):
        found = " and ".join(str(one.partial_shape) for one in model.inputs) or "none"
        raise PackageRefused(
            f"{file}: has input {found}, the manifest's [input] says {shape}, float32"
        )
    model.reshape({model.inputs[0]: shape})
    front = preprocess.PrePostProcessor(model)
    picture = front.input()
    picture.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    picture.model().set_layout(openvino.Layout("NCHW"))
    steps = picture.preprocess().convert_element_type(openvino.Type.f32).scale(1 / wanted.scale)
    if any(wanted.mean):
        steps.mean(wanted.mean)
    if wanted.std != [1.0] * 3:
        steps.scale(wanted.std)
    front.build()


def _fits(model: Any, shape: list[int]) -> bool:
    """Return whether the model has one input, of float32 and of this shape or one left open."""
    fits = [
        one.element_type == openvino.Type.f32
        and one.partial_shape.compatible(openvino.PartialShape(shape))
        for one in model.inputs
    ]
    return fits == [True]


def _fix_sensitivities(model: Any) -> None:
    """Put a constant in the place of each input that would shift Anomalib's scores."""
    for given in list(model.get_parameters()):
        names = given.output(0).get_names()
        if names.isdisjoint(SENSITIVITIES) or given.output(0).partial_shape.rank != 0:
            continue
        fixed = openvino.op.Constant(_NO_SHIFT)
        for taker in given.output(0).get_target_inputs():
            taker.replace_source_output(fixed.output(0))
        model.remove_parameter(given)


def _numbers_of_outputs(package: Package, model: Any) -> list[int]:
    """Return which outputs are read, in the manifest's order; all where it names none."""
    names = [output.get_names() for output in model.outputs]
    wanted = package.manifest.output.names
    package.refuse_missing_output([name for each in names for name in sorted(each)])
    if not wanted:
        return [*range(len(names))]
    return [next(at for at, each in enumerate(names) if name in each) for name in wanted]
