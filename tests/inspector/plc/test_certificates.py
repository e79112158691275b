"""The application certificate: what a PLC asks of it."""

import ipaddress
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspector.errors import BadInput, PlcRefused
from inspector.plc.certificates import (
    Certificate,
    days_left,
    ensure_certificate,
    opened,
    pinned,
    thumbprint,
)

URI = "urn:line3:inspector"


def made(folder: Path, *, uri: str = URI) -> Certificate:
    return ensure_certificate(folder, name="Inspector", uri=uri, hosts=["line3", "10.0.0.7", "::1"])


def loaded(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.cert_der.read_bytes())


def test_it_names_the_application_and_this_machine(tmp_path: Path) -> None:
    names = (
        loaded(made(tmp_path)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    )
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [URI]
    assert names.get_values_for_type(x509.DNSName) == ["line3"]
    addresses = [ipaddress.ip_address("10.0.0.7"), ipaddress.ip_address("::1")]
    assert names.get_values_for_type(x509.IPAddress) == addresses


def test_it_may_be_used_as_opc_ua_asks(tmp_path: Path) -> None:
    extensions = loaded(made(tmp_path)).extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert usage.key_cert_sign
    assert not usage.crl_sign
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_is_signed_by_itself_and_stands_for_ten_years(tmp_path: Path) -> None:
    certificate = made(tmp_path)
    inside = loaded(certificate)
    inside.verify_directly_issued_by(inside)
    assert 3650 <= days_left(certificate) <= 3652
    assert inside.not_valid_after_utc - inside.not_valid_before_utc == timedelta(days=3653)
    key = inside.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


def test_only_we_can_read_its_key(tmp_path: Path) -> None:
    certificate = made(tmp_path / "new")
    assert stat.S_IMODE(certificate.key_pem.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    left = sorted(file.name for file in (tmp_path / "new").iterdir())
    assert left == ["certificate.der", "key.pem"]


def test_an_existing_one_is_kept(tmp_path: Path) -> None:
    first = made(tmp_path)
    before = first.cert_der.read_bytes(), first.key_pem.read_bytes()
    assert made(tmp_path) == first
    assert (first.cert_der.read_bytes(), first.key_pem.read_bytes()) == before


def test_processes_that_start_together_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        certificates = list(pool.map(lambda _: made(tmp_path / "new"), range(4)))
    assert len({thumbprint(one.cert_der) for one in certificates}) == 1


def test_a_key_without_its_certificate_is_made_anew(tmp_path: Path) -> None:
    first = made(tmp_path)
    first.cert_der.unlink()
    opened(made(tmp_path))


def test_one_for_another_application_is_refused_and_kept(tmp_path: Path) -> None:
    first = made(tmp_path)
    with pytest.raises(BadInput, match="another ApplicationUri than urn:other"):
        made(tmp_path, uri="urn:other")
    assert first.cert_der.exists()


def test_a_key_that_belongs_to_another_is_refused(tmp_path: Path) -> None:
    ours, other = made(tmp_path / "a"), made(tmp_path / "b")
    ours.key_pem.write_bytes(other.key_pem.read_bytes())
    with pytest.raises(BadInput, match=r"key.pem: not the key of certificate.der"):
        made(tmp_path / "a")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    certificate = made(tmp_path)
    certificate.key_pem.write_bytes(b"no key")
    with pytest.raises(BadInput, match=r"key.pem: the private key cannot be read"):
        made(tmp_path)
    certificate.cert_der.write_bytes(b"no certificate")
    with pytest.raises(BadInput, match=r"certificate.der: not a certificate"):
        made(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    certificate = made(tmp_path)
    certificate.key_pem.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(BadInput, match="not an RSA key"):
        made(tmp_path)


def test_a_plcs_certificate_that_is_none_is_something_to_mend_at_the_plc(tmp_path: Path) -> None:
    with pytest.raises(PlcRefused, match=r"theirs.der: the PLC's own certificate is missing"):
        pinned(tmp_path / "theirs.der")
    (tmp_path / "theirs.der").write_bytes(b"-----BEGIN")
    with pytest.raises(PlcRefused, match=r"theirs.der: not a certificate in DER form"):
        pinned(tmp_path / "theirs.der")
