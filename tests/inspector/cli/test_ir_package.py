"""Every command takes a package in OpenVINO's own format; each runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspector.cli.models import models_command
from inspector.config.site import Site
from inspector.config.station import Belt, SimulatedCamera, Station, View
from inspector.errors import BadInput, PackageRefused
from inspector.gateway.preflight import package_problems
from inspector.vision import engines
from inspector.vision.manifest import open_package
from tests.inspector.vision import ir, tiny

pytestmark = pytest.mark.timeout(200)  # each command is a process of its own

ROOT = Path(__file__).parents[3]
RUNTIME = next(
    line.replace("==", " ")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line.startswith("openvino==")
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return ir.write_package(tmp_path / "models" / "tiny")


def inspector(*words: Path | str) -> subprocess.CompletedProcess[str]:
    """Return what the command did; none of these may end in a traceback."""
    command = [sys.executable, "-m", "inspector", *map(str, words)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=90
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.slow
def test_verify_and_tune_prove_it_and_name_the_runtime_that_ran(package: Path) -> None:
    proven = inspector("models", "verify", "--package", package)
    assert proven.returncode == 0, proven.stdout
    assert "all 2 golden pictures agree" in proven.stdout
    assert inspector("models", "tune", "--package", package).returncode == 0
    (entry,) = open_package(package).manifest.approved
    assert entry.runtime == RUNTIME
    assert entry.model_sha256 == open_package(package).model_sha256


@pytest.mark.slow
def test_verify_fails_on_weights_that_were_nudged(tmp_path: Path) -> None:
    folder = ir.write_package(tmp_path / "tiny", ir.made()["nudged"])
    done = inspector("models", "verify", "--package", folder)
    assert done.returncode == 1
    assert "a score is 0.160 from the manifest's" in done.stdout


@pytest.mark.slow
def test_a_device_that_is_not_here_is_one_sentence(package: Path) -> None:
    done = inspector("models", "verify", "--package", package, "--device", "NPU")
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert "device NPU was asked for, and this computer has only " in said


@pytest.mark.slow
def test_inspect_judges_pictures_with_it(package: Path, tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(tiny.png(tiny.speckled(51, 0, 204, seed=1)))
    done = inspector("inspect", tmp_path / "red.png", "--package", package, "--json")
    (found,) = json.loads(done.stdout)
    assert (found["verdict"], found["findings"][0]["class"]) == ("reject", "red")


@pytest.mark.slow
def test_evaluate_judges_labelled_pictures_with_it(package: Path, tmp_path: Path) -> None:
    for part in ("images/val", "labels/val"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("val: images/val\nnames: [red]\n")
    for name, red in (("a", 204), ("b", 40)):
        picture = tiny.png(tiny.speckled(51, 0, red, seed=1))
        (tmp_path / "images" / "val" / f"{name}.png").write_bytes(picture)
    (tmp_path / "labels" / "val" / "a.txt").write_text("0 0.5 0.5 1 1\n")
    words = ("--package", package, "--data", tmp_path / "data.yaml", "--json")
    done = inspector("evaluate", *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["package"] == str(package)


def test_without_the_extra_it_is_refused_in_one_sentence(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    result = CliRunner().invoke(models_command, ["verify", "--package", str(package)])
    assert isinstance(result.exception, PackageRefused)
    assert issubclass(PackageRefused, BadInput)  # exit code 2
    assert str(result.exception) == (
        f"{package / 'model.xml'}: needs the Python package openvino, "
        "which Inspector's extra `ir` installs"
    )


def test_without_the_extra_a_site_with_such_a_package_does_not_start(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    camera = SimulatedCamera(kind="simulated")
    belt = Belt(
        reject_at_counts=9000, answer_by_counts=3000, smallest_spacing_ms=80, counts_per_s=1000
    )
    station = Station(
        **{"name": "one", "title": "One", "package": "tiny", "plc": "demo", "prefix": "one"},
        **{"belt": belt, "views": (View(name="top", at_counts=0, camera=camera),)},
    )
    site = Site.model_construct(
        folder=str(package.parents[1]), data="data", stations=(station,), plcs=()
    )
    (problem,) = package_problems(site)
    assert "needs the Python package openvino" in str(problem)
