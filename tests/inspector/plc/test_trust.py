"""Which certificate a PLC may show."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspector.errors import PlcRefused
from inspector.plc.trust import trusted
from tests.inspector.plc.authority import YEAR, Authority, write

NOW = datetime.now(UTC)
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Plant CA")


@pytest.fixture(scope="module")
def shown(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = authority.plc(tmp_path_factory.mktemp("made") / "plc")
    return (folder / "certificate.der").read_bytes()


def test_a_certificate_that_lies_in_the_folder_is_believed(tmp_path: Path, shown: bytes) -> None:
    (tmp_path / "plc.der").write_bytes(shown)
    assert trusted(shown, tmp_path, host=HOST, now=NOW).not_valid_after_utc > NOW


def test_one_that_an_authority_in_the_folder_issued_is_believed(
    tmp_path: Path, authority: Authority, shown: bytes
) -> None:
    issuer = write(authority.certificate, tmp_path / "ca.der")
    assert trusted(shown, tmp_path, host=HOST, now=NOW).issuer == authority.name
    assert trusted(shown + issuer, tmp_path, host=HOST, now=NOW).issuer == authority.name, "a chain"


def test_an_issuer_vouches_only_for_the_host_that_was_called(
    tmp_path: Path, authority: Authority, shown: bytes
) -> None:
    write(authority.certificate, tmp_path / "ca.der")
    assert trusted(shown, tmp_path, host="PLC.line3", now=NOW).issuer == authority.name
    with pytest.raises(PlcRefused, match=r"is for 127\.0\.0\.1, plc\.line3, and endpoint is other"):
        trusted(shown, tmp_path, host="other", now=NOW)
    (tmp_path / "plc.der").write_bytes(shown)
    assert trusted(shown, tmp_path, host="other", now=NOW).issuer == authority.name, "itself"


def test_a_foreign_one_is_named_and_refused(tmp_path: Path, shown: bytes) -> None:
    write(Authority("Plant CA").certificate, tmp_path / "another_of_the_same_name.der")
    (tmp_path / "readme.der").write_text("no certificate")
    with pytest.raises(PlcRefused, match=r"thumbprint [0-9A-F]{40}.*put one of them there"):
        trusted(shown, tmp_path, host=HOST, now=NOW)


def test_an_empty_folder_believes_nobody(tmp_path: Path, shown: bytes) -> None:
    with pytest.raises(PlcRefused, match="not in"):
        trusted(shown, tmp_path / "nowhere", host=HOST, now=NOW)


def test_who_is_no_authority_can_vouch_for_nobody(tmp_path: Path) -> None:
    pretender = Authority("PLC 7", ca=False)
    write(pretender.certificate, tmp_path / "plc7.der")
    other = (pretender.plc(tmp_path / "plc") / "certificate.der").read_bytes()
    with pytest.raises(PlcRefused, match="nor is its issuer's"):
        trusted(other, tmp_path, host=HOST, now=NOW)


@pytest.mark.parametrize(
    ("now", "said"), [(NOW + 2 * YEAR, "ended on"), (NOW - 2 * YEAR, "begins only on")]
)
def test_a_certificate_outside_its_dates_is_refused(
    tmp_path: Path, shown: bytes, now: datetime, said: str
) -> None:
    (tmp_path / "plc.der").write_bytes(shown)
    with pytest.raises(PlcRefused, match=f"the PLC's certificate {said}"):
        trusted(shown, tmp_path, host=HOST, now=now)


def test_an_authority_outside_its_dates_vouches_for_nobody(tmp_path: Path) -> None:
    authority = Authority("Old CA")
    write(authority.certificate, tmp_path / "ca.der")
    folder = authority.plc(tmp_path / "plc", ends_in=3 * YEAR)
    shown = (folder / "certificate.der").read_bytes()
    with pytest.raises(PlcRefused, match=r"ca\.der, which issued .* ended on"):
        trusted(shown, tmp_path, host=HOST, now=NOW + YEAR + timedelta(days=1))


@pytest.mark.parametrize("shown", [b"", b"\x30", b"\x30\x82\x00\x02xx"])
def test_what_is_no_certificate_is_refused(tmp_path: Path, shown: bytes) -> None:
    with pytest.raises(PlcRefused, match="cannot be read"):
        trusted(shown, tmp_path, host=HOST, now=NOW)
