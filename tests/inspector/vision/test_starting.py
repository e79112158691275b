"""How a station's model starts: on the first device of its list, and as it was proven before."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import PackageRefused, ProviderUnavailable
from inspector.vision import onnx_engine, starting
from inspector.vision.approvals import stands_for
from inspector.vision.layouts import Answer
from inspector.vision.manifest import Approved, Package, open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model, Session
from inspector.vision.starting import Wish, first_that_runs, started_model
from tests.inspector.vision import tiny

HERE = onnx_engine.available_devices()


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


def start(package: Package, *kept: Approved, **wish: Any) -> tuple[Model, list[Approved]]:
    """Return the model, and what was newly proven."""
    new: list[Approved] = []
    return started_model(package, Wish(**wish), kept=kept, keep=new.append), new


@pytest.fixture
def approved(package: Package) -> Approved:
    """Return what a first start on this computer keeps."""
    (entry,) = start(package)[1]
    return entry


@pytest.fixture
def proves_nothing(approved: Approved, monkeypatch: pytest.MonkeyPatch) -> None:
    def proven(*_: object, **__: object) -> None:
        raise AssertionError("it was proven again")

    monkeypatch.setattr(starting, "proven", proven)


@pytest.mark.usefixtures("proves_nothing")
def test_a_second_start_takes_the_precision_that_the_first_has_proven(
    approved: Approved, package: Package
) -> None:
    model, new = start(package, approved)
    assert new == []
    assert model.ran.precision == approved.precision
    assert model.ran.why == f"as proven on {approved.made}: {approved.why}"
    assert [one.kind for one in model.look("top", tiny.flat(51, 0, 204)).findings] == ["red"]


@pytest.mark.usefixtures("proves_nothing")
def test_a_second_start_sends_each_golden_picture_once(
    approved: Approved, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, runs = Session.run, []

    def counted(session: Session) -> Sequence[Answer]:
        runs.append(session)
        return run(session)

    monkeypatch.setattr(Session, "run", counted)
    model, _ = start(package, approved)
    assert len(runs) == len(package.manifest.golden)
    assert 0 < model.longest_s < 5


@pytest.mark.usefixtures("proves_nothing")
def test_an_approval_in_the_manifest_counts_as_well(approved: Approved, tmp_path: Path) -> None:
    entry = approved.model_dump()
    package = open_package(tiny.write_package(tmp_path / "tiny", changes={"approved": [entry]}))
    assert start(package)[0].ran.precision == approved.precision


@pytest.mark.parametrize(
    "other",
    [
        {"model_sha256": "0" * 64},
        {"runtime": "onnxruntime-openvino 1.0"},
        {"device_class": "x86-64 no AVX2"},
        {"device": "GPU"},
        {"scores_sha256": "0" * 64},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_approval_does_not_count_with_another(
    other: dict[str, str], approved: Approved, package: Package
) -> None:
    (new,) = start(package, approved.model_copy(update=other))[1]
    assert getattr(new, next(iter(other))) != next(iter(other.values()))


def test_an_approval_of_one_precision_is_none_of_another_that_was_asked_for(
    package: Package,
) -> None:
    (fp32,) = start(package, precision="FP32")[1]
    for precision, stands in {"FP32": True, "BF16": False, "auto": True}.items():
        assert stands_for(fp32, package, device="CPU", precision=precision) is stands


def test_a_verdict_that_a_new_limit_changes_is_seen_though_the_scores_are_the_same(
    approved: Approved, tmp_path: Path
) -> None:
    limits = {"red": 0.9, "blue": 0.5}
    changed = open_package(tiny.write_package(tmp_path / "tiny", changes={"limits": limits}))
    assert stands_for(approved, changed, device="CPU", precision="auto")
    with pytest.raises(PackageRefused, match=r"red.png: .* the manifest says reject; 1 of 2"):
        start(changed, approved)


def test_nothing_is_kept_of_a_package_that_does_not_agree(tmp_path: Path) -> None:
    broken = open_package(tiny.write_package(tmp_path / "tiny", onnx=tiny.end_to_end(gain=1.1)))
    new: list[Approved] = []
    with pytest.raises(PackageRefused, match="2 of 2 golden pictures do not agree"):
        started_model(broken, Wish(), kept=(), keep=new.append)
    assert new == []
