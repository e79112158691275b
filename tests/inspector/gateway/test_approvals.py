"""What a station has proven on this computer is kept with the site's data, and found again."""

from pathlib import Path

import pytest

from inspector.config.station import Device
from inspector.gateway.approvals import KeptApproval
from inspector.gateway.station_model import station_model
from inspector.vision import starting
from inspector.vision.manifest import Approved
from inspector.vision.starting import Wish
from tests.inspector.gateway.test_worker_process import site_of, station
from tests.inspector.vision import tiny


def test_the_second_start_of_a_station_proves_nothing_again_and_the_package_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.write_package(tmp_path / "models" / "ring")
    manifest = (folder / "manifest.toml").read_bytes()
    first = station_model(site_of(tmp_path, station()), station())
    monkeypatch.setattr(starting, "proven", None)
    second = station_model(site_of(tmp_path, station()), station())
    assert second.ran.precision == first.ran.precision
    assert second.ran.why.startswith("as proven on ")
    assert (folder / "manifest.toml").read_bytes() == manifest


def test_a_station_with_another_wish_proves_it_for_itself(tmp_path: Path) -> None:
    tiny.write_package(tmp_path / "models" / "ring")
    for precision in ("auto", "FP32"):
        wish = station(device=Device(precision=precision))
        assert station_model(site_of(tmp_path, wish), wish).ran.asked == precision
    names = sorted(file.name for file in (tmp_path / "data" / "approved").iterdir())
    assert names == ["ring-CPU-FP32.json", "ring-CPU-auto.json"]


def entry() -> Approved:
    return Approved(
        device="CPU",
        device_class="x86-64",
        runtime="one 1.0",
        model_sha256="a" * 64,
        scores_sha256="b" * 64,
        precision="FP32",
        ms={},
        difference=0.0,
        made="2026-11-27 08:00 UTC",
    )


@pytest.mark.parametrize("content", [b"", b"no json", b"{}", b'{"device": "TPU"}'])
def test_a_damaged_approval_is_none(content: bytes, tmp_path: Path) -> None:
    kept = KeptApproval(tmp_path, "ring", Wish())
    kept.write(entry())
    assert kept.read() == (entry(),)
    (tmp_path / "approved" / "ring-CPU-auto.json").write_bytes(content)
    assert kept.read() == ()


def test_an_approval_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "approved").write_text("in the way")
    kept = KeptApproval(tmp_path, "ring", Wish())
    kept.write(entry())
    assert kept.read() == ()
