"""`inspector inspect` agrees with the samples' manifest for every picture, errors included."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import Any

import pytest
from click.testing import CliRunner

from inspector.cli import commands
from inspector.simulator.parts import STATIONS
from tests.faults.running import ROOT

SAMPLES = ROOT / "sample_images"


def pictures(station: str) -> list[dict[str, Any]]:
    manifest = tomllib.loads((SAMPLES / "manifest.toml").read_text("utf-8"))
    return [picture for picture in manifest["picture"] if picture["station"] == station]


@pytest.mark.parametrize("station", STATIONS)
def test_inspect_gives_the_verdicts_of_the_manifest(station: str) -> None:
    words = [str(SAMPLES / station), "--package", str(ROOT / "models" / station), "--json"]
    ran = CliRunner().invoke(commands, ["inspect", *words])
    assert ran.exit_code == 0, ran.output
    said = {
        one["file"].removeprefix(f"{SAMPLES}/"): one["verdict"] for one in json.loads(ran.stdout)
    }
    assert said == {picture["file"]: picture["verdict"] for picture in pictures(station)}


def test_every_picture_is_the_one_of_the_manifest() -> None:
    for station in STATIONS:
        for picture in pictures(station):
            content = (SAMPLES / picture["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == picture["sha256"]
