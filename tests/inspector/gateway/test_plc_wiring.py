"""What of a PLC's profile reaches the line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from inspector.config import Site, load_site
from inspector.gateway.line_process import LineProcess, layout_of
from inspector.gateway.plc_access import plc_station
from inspector.ipc import Runtime, read_status
from inspector.plc_profile import PlcProfile

ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(ROOT, data=tmp_path / "data", port=0)


def minimal() -> PlcProfile:
    file = ROOT / "docs" / "plc" / "profiles" / "minimal.toml"
    return PlcProfile.model_validate(tomllib.loads(file.read_text("utf-8")))


def test_the_belt_knows_what_the_plc_lacks(site: Site) -> None:
    layout = layout_of(site.stations[0], minimal())
    assert (layout.slots, layout.epoch, layout.operator_table) == (64, False, False)
    assert layout.sync == "standstill"
    whole = layout_of(site.stations[0], site.plcs[0])
    assert (whole.epoch, whole.operator_table, whole.sync) == (True, True, "request")


def test_the_prefix_of_the_plc_goes_before_that_of_the_station(site: Site) -> None:
    ring = site.station("ring")
    profile = minimal().model_copy(update={"prefix": "Vision."})
    assert plc_station(ring, profile).prefix == "Vision.ring"
    assert plc_station(ring, profile).views == ("top", "side")


def test_every_station_of_an_open_connection_says_so(site: Site, tmp_path: Path) -> None:
    none = PlcProfile(
        name="demo",
        endpoint="opc.tcp://127.0.0.1:1",
        policy="None",
        unencrypted=True,
        namespace_uri="urn:plc",
        slot_count=256,
    )
    runtime = Runtime(tmp_path / "runtime").make()
    process = LineProcess(site.model_copy(update={"plcs": (none,)}), runtime)
    process._publish()
    line = read_status(runtime, "line")
    assert line is not None
    stations = line["stations"]
    assert isinstance(stations, dict)
    assert len(stations) == 3
    for said in stations.values():
        assert said["state_why"].endswith("; the PLC connection is not encrypted")
