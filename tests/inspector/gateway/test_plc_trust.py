"""A PLC's certificate is believed once a person has compared it, and takes no other's place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.config.loading import load_site
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site
from inspector.errors import BadInput, PlcLost, PlcRefused
from inspector.gateway.plc_trust import keep, seen_at
from inspector.gateway.site_run import free_port
from inspector.plc.certificates import thumbprint
from inspector.plc.openly import Shown
from tests.inspector.plc.conftest import Bench, made_bench, profile

ROOT = Path(__file__).parents[3]
PINNED = {"server_certificate": "plc/line1.der"}
IN_A_FOLDER = {"server_certificate": "", "trust_dir": "trusted"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with made_bench(tmp_path_factory.mktemp("trust")) as made:
        yield made


@pytest.fixture(scope="module")
def seen(bench: Bench) -> Shown:
    plc = bench.plc()
    shown = seen_at(at(plc.setup.port))
    plc.kill()
    return shown


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(ROOT, data=tmp_path).model_copy(update={"folder": str(tmp_path)})


def at(port: int, **changed: object) -> PlcProfile:
    return profile(f"opc.tcp://127.0.0.1:{port}/", **changed)


def test_what_the_plc_shows_is_its_certificate(bench: Bench, seen: Shown) -> None:
    assert seen.der == bench.theirs.cert_der.read_bytes()
    assert seen.sha1 == thumbprint(bench.theirs.cert_der)
    assert len(seen.sha256) == 64
    assert seen.subject == "O=Inspector,CN=PLC"
    assert seen.uris == ("urn:plc:stand-in",)


def test_the_compared_one_is_put_where_the_profile_looks(site: Site, seen: Shown) -> None:
    kept = keep(site, at(1, **PINNED), seen, seen.sha1)
    assert kept.new
    assert kept.file == Path(site.folder) / "plc" / "line1.der"
    assert kept.file.read_bytes() == seen.der
    assert not keep(site, at(1, **PINNED), seen, seen.sha1).new


def test_or_into_the_folder_of_trusted_ones(site: Site, seen: Shown) -> None:
    spoken = " ".join(seen.sha256[start : start + 2] for start in range(0, 64, 2)).lower()
    kept = keep(site, at(1, **IN_A_FOLDER), seen, spoken)
    assert kept.file == Path(site.folder) / "trusted" / f"{seen.sha1}.der"


def test_another_thumbprint_writes_nothing(site: Site, seen: Shown) -> None:
    with pytest.raises(PlcRefused, match="nothing was written"):
        keep(site, at(1, **PINNED), seen, "00" * 20)
    assert not (Path(site.folder) / "plc").exists()


@pytest.mark.parametrize("text", ["", "12", "zz" * 20, "ab" * 21])
def test_what_is_no_thumbprint_is_refused(site: Site, seen: Shown, text: str) -> None:
    with pytest.raises(BadInput, match="--thumbprint"):
        keep(site, at(1, **PINNED), seen, text)


def test_another_certificate_is_never_replaced(site: Site, seen: Shown, bench: Bench) -> None:
    file = Path(site.folder) / "plc" / "line1.der"
    file.parent.mkdir()
    old = bench.stranger.cert_der.read_bytes()
    file.write_bytes(old)
    with pytest.raises(BadInput, match="move this one away first"):
        keep(site, at(1, **PINNED), seen, seen.sha1)
    assert file.read_bytes() == old


def test_a_plc_that_is_not_there_is_said() -> None:
    with pytest.raises(PlcLost, match="nothing listens there"):
        seen_at(at(free_port()))


def test_a_profile_without_encryption_needs_none() -> None:
    with pytest.raises(BadInput, match="needs no certificate"):
        seen_at(at(1, policy="None", unencrypted=True, server_certificate=""))
