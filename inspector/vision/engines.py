"""Which runtime a package needs: ONNX Runtime for an ONNX file, OpenVINO itself for its own format.

Each brings a build of OpenVINO. Side by side in one process both answer, but whichever comes second
is given the first one's thread library, with which nobody has tested it. So a process has one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

from inspector.errors import PackageRefused
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Package
from inspector.vision.preparing import Prepared


class Compiled(Protocol):
    """A model on a device; one caller at a time."""

    def run(self, prepared: Prepared) -> Sequence[Answer]:
        """Return the answers that the manifest names to a picture; raises `ModelStopped`."""
        ...


class Engine(Protocol):
    """A module of this package that runs models of one kind."""

    RUNTIME: str
    """Name and version, as approvals have it."""

    def available_devices(self) -> list[str]:
        """Return the devices that it finds here, without the numbers of several."""
        ...

    def compiled(self, package: Package, *, device: str, precision: str, threads: int) -> Compiled:
        """Return the package's model on a device that is here.

        Raises:
            ProviderUnavailable: It does not run there, or would leave work to another device.
            PackageRefused: The model cannot be built, or is not what its manifest says.
        """
        ...


def refuse_without_runtime(package: Package) -> None:
    """Return when what runs a package is installed; raises `PackageRefused`."""
    if package.is_ir and find_spec("openvino") is None:
        raise PackageRefused(
            f"{package.folder / package.model_file}: needs the Python package openvino, "
            "which Inspector's extra `ir` installs"
        )


def engine_of(package: Package) -> Engine:
    """Return what runs a package, loaded now: importing it is what makes it this process's own.

    Raises:
        PackageRefused: The needed one is not installed, or this process has the other one.
    """
    refuse_without_runtime(package)
    file = package.folder / package.model_file
    mine, other = ("openvino", "onnxruntime") if package.is_ir else ("onnxruntime", "openvino")
    if other in sys.modules:
        raise PackageRefused(
            f"{file}: needs {mine}, and this process has loaded {other}: never both, "
            "so a station changes between such packages only when it is started anew"
        )
    if package.is_ir:
        from inspector.vision import ir_engine  # noqa: PLC0415 - one of the two in a process

        return ir_engine
    from inspector.vision import onnx_engine  # noqa: PLC0415

    return onnx_engine
