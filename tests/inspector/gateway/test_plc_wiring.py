"""What of a PLC's profile reaches the line."""

from __future__ import annotations

import asyncio
import os
import signal
import tomllib
from pathlib import Path

import pytest

from inspector.config.loading import load_site
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.errors import SettingsWrong
from inspector.gateway.line_process import LineProcess, layout_of
from inspector.gateway.plc_access import plc_station
from inspector.gateway.plc_ways import offer_to
from inspector.gateway.site_run import free_port
from inspector.ipc import Runtime, read_status

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


def test_a_plc_that_reads_from_us_gets_a_server_of_its_own(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULL", "word")
    elsewhere = pulled_site(site, tmp_path, 4999)
    offer = offer_to(elsewhere.plcs[0], folder=tmp_path, data=tmp_path / "data")
    assert offer.endpoint == "opc.tcp://127.0.0.1:4999"
    assert (offer.user, offer.password) == ("plc", "word")
    assert offer.trust_dir == tmp_path / "trusted"
    assert offer.trust_dir.is_dir()
    process = LineProcess(elsewhere, Runtime(tmp_path / "runtime").make())
    assert len(list(process._pulled())) == 1


def test_a_plc_that_we_write_to_gets_none(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="pull"):
        offer_to(site.plcs[0], folder=tmp_path, data=tmp_path)


@pytest.mark.slow
def test_the_running_line_offers_its_words_and_stops_when_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULL", "word")
    monkeypatch.setattr("inspector.gateway.line_process.RECORDER_WAIT_S", 0.0)
    port = free_port()
    process = LineProcess(pulled_site(site, tmp_path, port), Runtime(tmp_path / "runtime").make())

    async def walk() -> None:
        running = asyncio.create_task(process.run())
        async with asyncio.timeout(30):
            while not await listens(port):
                await asyncio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGTERM)
            await running

    asyncio.run(walk())
    assert not asyncio.run(listens(port))


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def pulled_site(site: Site, folder: Path, port: int) -> Site:
    """Return the site with a PLC that cannot be reached, and that reads from us on this port."""
    demo = site.plcs[0].model_dump(exclude={"user", "password_env", "password_file"})
    pull = {"host": "127.0.0.1", "port": port, "user": "plc", "password_env": "PULL"}
    away = {"transport": "pull", "endpoint": "opc.tcp://127.0.0.1:1"}
    profile = PlcProfile.model_validate(demo | away | {"pull": pull | {"trust_dir": "trusted"}})
    return site.model_copy(update={"plcs": (profile,), "folder": str(folder)})
