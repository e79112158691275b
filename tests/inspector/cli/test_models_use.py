"""`inspector models use` writes a proven package into a station's file, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli.models import models_command
from inspector.errors import BadInput, PackageRefused
from inspector.gateway.model_change import Asked, ask_for, asked_for
from inspector.gateway.site_run import held
from inspector.ipc import Runtime
from tests.faults.running import copied_site
from tests.inspector.vision import tiny


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return copied_site(tmp_path)


def use(site: Path, package: str, station: str = "board") -> Result:
    words = ["use", package, "--station", station, "--site", str(site)]
    return CliRunner().invoke(models_command, words)


def text(site: Path) -> str:
    return (site / "stations" / "board.toml").read_text("utf-8")


def test_a_proven_package_is_written_and_the_comments_stay(site: Path) -> None:
    before = text(site)
    tiny.write_package(site / "models" / "other")
    assert use(site, "other").exit_code == 0
    assert text(site) == before.replace('package = "board"', 'package = "other"')


def test_a_package_that_does_not_agree_changes_nothing(site: Path) -> None:
    before = text(site)
    tiny.write_package(site / "models" / "other", onnx=tiny.end_to_end(gain=0.5))
    assert use(site, "other").exit_code == 1
    assert text(site) == before


def test_a_damaged_package_and_one_of_another_name_change_nothing(site: Path) -> None:
    before = text(site)
    tiny.write_package(site / "models" / "other")
    (site / "models" / "other" / "model.onnx").write_bytes(b"damaged")
    assert isinstance(use(site, "other").exception, PackageRefused)
    assert isinstance(use(site, "../models/ring").exception, PackageRefused)
    assert text(site) == before


def test_a_station_that_does_not_exist_is_named(site: Path) -> None:
    result = use(site, "board", station="gear")
    assert isinstance(result.exception, BadInput)
    assert "there is no station gear" in str(result.exception)


def test_a_new_start_forgets_what_was_asked_for(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "run").make()
    ask_for(runtime, "board", "other", {})
    assert asked_for(runtime, "board").package == "other"
    with held(runtime):
        assert asked_for(runtime, "board") == Asked()
