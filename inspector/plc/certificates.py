"""Our application certificate: who we are to a PLC.

OPC UA asks for one self-signed certificate per application (Part 6, 6.2): its subject alternative
name carries the ApplicationUri, which the PLC compares with what we say of ourselves, and it must
be good for signing, for encrypting and for both roles. The library's own maker gives it 365 days,
which stops a line on its birthday.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inspector.errors import BadInput, PlcRefused

KEY_BITS = 2048
VALID_DAYS = 3652
"""Ten years: longer than most lines stand unchanged."""
BACKDATED = timedelta(days=1)
"""PLC clocks run behind, and a certificate from the future is refused."""
_LONGEST_NAME = 64
"""Of a common name (RFC 5280, ub-common-name)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """An application certificate and its private key, as files.

    Attributes:
        cert_der: The certificate; this file is what a PLC must trust.
        key_pem: The private key, mode 0600.
        uri: The ApplicationUri within the certificate.
    """

    cert_der: Path
    key_pem: Path
    uri: str


def ensure_certificate(folder: Path, *, name: str, uri: str, hosts: Sequence[str]) -> Certificate:
    """Return the application certificate in `folder`, made now if there is none.

    An existing one is never replaced, even near its end: the PLC trusts that very one.

    Args:
        folder: Holds `certificate.der` and `key.pem`; made if missing.
        name: What people read in the PLC's list of certificates.
        uri: The ApplicationUri, for example `urn:line3:inspector`.
        hosts: Names and IP addresses of this machine.

    Raises:
        BadInput: What is there cannot be used: damaged, half, or of another ApplicationUri.
    """
    certificate = Certificate(folder / "certificate.der", folder / "key.pem", uri)
    if not certificate.cert_der.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            if not certificate.cert_der.exists():
                _make(certificate, name=name, hosts=hosts)
    _check(certificate)
    return certificate


def _make(certificate: Certificate, *, name: str, hosts: Sequence[str]) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    made = _self_signed(key, name=name, uri=certificate.uri, hosts=hosts)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The key first: a certificate without its key would look complete.
    _write_whole(certificate.key_pem, pem, mode=0o600)
    _write_whole(certificate.cert_der, made.public_bytes(serialization.Encoding.DER), mode=0o644)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes that start with us from making a certificate too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def days_left(cert: Certificate) -> int:
    """Return whole days until the certificate ends; negative when it has ended."""
    return (ends_at(cert.cert_der) - datetime.now(UTC)).days


def ends_at(cert_der: Path) -> datetime:
    """Return the end of a certificate file, UTC; raises `BadInput`."""
    return loaded(cert_der).not_valid_after_utc


def thumbprint(cert_der: Path) -> str:
    """Return the SHA-1 thumbprint of a certificate file, as PLC tools show it: upper-case hex."""
    return loaded(cert_der).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  a name, not a proof


def opened(certificate: Certificate) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Return our certificate and its key, for the library; raises `BadInput`."""
    return loaded(certificate.cert_der), _key(certificate)


def pinned(cert_der: Path) -> x509.Certificate:
    """Return a PLC's own certificate.

    Raises:
        PlcRefused: It is not there (the demo's PLC makes its own when it first starts), or is none.
    """
    if not cert_der.is_file():
        why = f"{cert_der}: the PLC's own certificate is missing: export it there as DER"
        raise PlcRefused(why)
    try:
        return loaded(cert_der)
    except BadInput as error:
        raise PlcRefused(str(error)) from error


def _self_signed(
    key: rsa.RSAPrivateKey, *, name: str, uri: str, hosts: Sequence[str]
) -> x509.Certificate:
    now = datetime.now(UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_NAME]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Inspector"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=VALID_DAYS))
    )
    for extension, critical in _extensions(key, uri=uri, hosts=hosts):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _extensions(
    key: rsa.RSAPrivateKey, *, uri: str, hosts: Sequence[str]
) -> list[tuple[x509.ExtensionType, bool]]:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return [
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *_names(hosts)]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(), True),
        (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            False,
        ),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]


def _key_usage() -> x509.KeyUsage:
    """Return what Part 6, 6.2.2 asks for; keyCertSign because it signs itself."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _check(certificate: Certificate) -> None:
    ours = loaded(certificate.cert_der)
    if _key(certificate).public_key() != ours.public_key():
        msg = f"{certificate.key_pem}: not the key of {certificate.cert_der.name} beside it"
        raise BadInput(msg)
    if certificate.uri not in uris(ours):
        msg = (
            f"{certificate.cert_der}: made for another ApplicationUri than {certificate.uri};"
            " remove both files to make a new certificate, and trust that one at the PLC"
        )
        raise BadInput(msg)


def _key(certificate: Certificate) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(
            certificate.key_pem.read_bytes(),
            password=None,
            unsafe_skip_rsa_key_validation=True,  # our own, and compared with its other half
        )
    except (OSError, ValueError, TypeError) as error:
        msg = f"{certificate.key_pem}: the private key cannot be read ({type(error).__name__})"
        raise BadInput(msg) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        msg = f"{certificate.key_pem}: not an RSA key"
        raise BadInput(msg)
    return key


def uris(certificate: x509.Certificate) -> list[str]:
    """Return the ApplicationUris that a certificate is made for: one, where it is right."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def loaded(cert_der: Path) -> x509.Certificate:
    """Return the certificate in a file (DER); raises `BadInput`."""
    try:
        return x509.load_der_x509_certificate(cert_der.read_bytes())
    except (OSError, ValueError) as error:
        msg = f"{cert_der}: not a certificate in DER form that can be read"
        raise BadInput(msg) from error


def _write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file whole, with its mode from the first byte on."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(number, content)
        os.fchmod(number, mode)
        os.fsync(number)
    finally:
        os.close(number)
    part.replace(path)
