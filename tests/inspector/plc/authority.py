"""A certificate authority for tests: makes itself, and certificates of PLCs, as files."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


class Authority:
    """Signs; with `ca=False` it has a certificate that says that it must not."""

    def __init__(self, name: str, *, ca: bool = True) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self._signed(self.name, self.key, ca=ca)

    def plc(
        self, folder: Path, uri: str = "urn:plc:stand-in", *, ends_in: timedelta = YEAR
    ) -> Path:
        """Write a PLC's certificate.der and key.pem into a new folder; return the folder."""
        folder.mkdir()
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PLC")])
        made = self._signed(name, key, ca=False, uri=uri, ends_in=ends_in)
        write(made, folder / "certificate.der")
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return folder

    def _signed(
        self,
        subject: x509.Name,
        key: rsa.RSAPrivateKey,
        *,
        ca: bool,
        uri: str = "urn:test:authority",
        ends_in: timedelta = YEAR,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - YEAR)
            .not_valid_after(now + ends_in)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName(
                    [
                        x509.UniformResourceIdentifier(uri),
                        x509.DNSName("plc.line3"),
                        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    ]
                ),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )


def write(certificate: x509.Certificate, file: Path) -> bytes:
    """Write a certificate as DER; return what was written."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    file.write_bytes(der)
    return der
