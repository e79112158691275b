"""A station's list of devices: the first that runs the model as it must, and why not the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.errors import PackageRefused, ProviderUnavailable
from inspector.vision import runtime
from inspector.vision.manifest import Package, open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model
from inspector.vision.starting import first_that_runs
from tests.inspector.vision import tiny

HERE = runtime.available_devices()


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return open_package(tiny.write_package(tmp_path / "tiny"))


def on(package: Package) -> Callable[[str], Model]:
    return lambda device: open_model(package, device=device, precision="FP32")


@pytest.mark.skipif(HERE != ["CPU"], reason="this computer has more than a CPU")
def test_what_is_not_here_is_passed_over_in_the_lists_order_with_its_reason(
    package: Package,
) -> None:
    ran = first_that_runs(("NPU", "GPU", "CPU"), on(package)).ran
    assert (ran.device_asked, ran.device) == ("NPU", "CPU")
    assert ran.passed_over == {
        device: f"device {device} was asked for, and this computer has only CPU"
        for device in ("NPU", "GPU")
    }


def test_a_device_on_which_the_package_fails_its_golden_pictures_is_passed_over(
    package: Package, tmp_path: Path
) -> None:
    there = open_package(tiny.write_package(tmp_path / "other", onnx=tiny.end_to_end(gain=1.2)))

    def opened(device: str) -> Model:
        """Stand in for a GPU that computes something else than the reference."""
        return on(there if device == "GPU" else package)("CPU")

    ran = first_that_runs(("GPU", "CPU"), opened).ran
    assert ran.device_asked == "GPU"
    assert "the manifest says" in ran.passed_over["GPU"]


def test_the_device_that_was_asked_for_is_the_one_that_runs_where_it_can(package: Package) -> None:
    ran = first_that_runs(("CPU", "GPU"), on(package)).ran
    assert (ran.device_asked, ran.device, ran.passed_over) == ("CPU", "CPU", {})


@pytest.mark.skipif("GPU" in HERE, reason="this computer has a GPU")
def test_without_a_list_what_is_not_here_is_refused(package: Package) -> None:
    with pytest.raises(ProviderUnavailable, match="device GPU was asked for"):
        first_that_runs(("GPU",), on(package))


def test_where_nothing_of_the_list_runs_the_last_reason_is_raised(tmp_path: Path) -> None:
    broken = open_package(tiny.write_package(tmp_path / "tiny", onnx=tiny.end_to_end(gain=1.2)))
    with pytest.raises(PackageRefused, match="the manifest says"):
        first_that_runs(("GPU", "CPU"), on(broken))
