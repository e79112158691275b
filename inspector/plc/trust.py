"""Whose certificate a PLC may show: one that lies in a folder, or whose issuer does.

The library's own trust store takes whatever its verifier takes for a web client; here it is one
step, from the PLC's certificate to one in the folder, so that a person can see by the files whom
the line believes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from inspector.errors import PlcRefused

REJECTED = "rejected"
"""A folder within a trust folder: what lies there is believed no more, whoever issued it."""
_LONG_FORM = 0x80
"""In a DER length: so many bytes of length follow (X.690, 8.1.3.5)."""


def trusted(shown: bytes, trust_dir: Path, *, host: str, now: datetime) -> x509.Certificate:
    """Return the certificate that a PLC shows, if we may believe it.

    Args:
        shown: What the PLC sends, in DER form; its issuers' may follow it.
        trust_dir: The folder with what is believed, `*.der`.
        host: Whom we called. An issuer vouches for many: only the one of that name is the PLC.
        now: UTC.

    Raises:
        PlcRefused: It is neither in the folder nor issued by one there to this host, it was
            rejected, or it is outside its dates.
    """
    certificate = first_of(shown)
    check_dates(certificate, "the PLC's certificate", now)
    file, voucher = vouched(certificate, trust_dir, host=host)
    check_dates(voucher, f"{file}, which issued the PLC's certificate,", now)
    return certificate


def vouched(
    certificate: x509.Certificate, trust_dir: Path, *, host: str
) -> tuple[Path, x509.Certificate]:
    """Return the file, and what lies in it, by which a PLC's certificate is believed.

    That is the certificate itself or its issuer's. Dates are not looked at; raises `PlcRefused`.
    """
    rejected = [known for _, known in _known(trust_dir / REJECTED)]
    if certificate in rejected:
        why = f"the PLC's certificate (thumbprint {_print(certificate)}) was rejected: it lies in"
        raise PlcRefused(f"{why} {trust_dir / REJECTED}; make a new one at the PLC")
    known_ones = [(file, known) for file, known in _known(trust_dir) if known not in rejected]
    for file, known in known_ones:
        if known == certificate:
            return file, known
    for file, known in known_ones:
        if _issued(certificate, known):
            _check_host(certificate, host)
            return file, known
    why = (
        f"the PLC shows a certificate (thumbprint {_print(certificate)}) that is not in {trust_dir}"
        " (trust_dir), nor is its issuer's: if it is the right PLC, put one of them there as DER"
    )
    raise PlcRefused(why)


def first_of(shown: bytes) -> x509.Certificate:
    """Return the first of the certificates that a PLC sends; raises `PlcRefused`."""
    try:
        return x509.load_der_x509_certificate(shown[: _der_length(shown)])
    except (ValueError, IndexError) as error:
        raise PlcRefused("the PLC shows a certificate that cannot be read") from error


def _der_length(shown: bytes) -> int:
    """Return how many bytes the first of some DER values takes."""
    length = shown[1]
    if length < _LONG_FORM:
        return 2 + length
    end = 2 + length - _LONG_FORM
    return end + int.from_bytes(shown[2:end], "big")


def _known(trust_dir: Path) -> Iterator[tuple[Path, x509.Certificate]]:
    for file in sorted(trust_dir.glob("*.der")):
        try:
            yield file, x509.load_der_x509_certificate(file.read_bytes())
        except (OSError, ValueError):
            continue  # what is no certificate makes nobody believed


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if not _may_issue(issuer):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_issue(issuer: x509.Certificate) -> bool:
    """Return whether it is a CA's: without the extension that says so, it is none."""
    try:
        if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _check_host(certificate: x509.Certificate, host: str) -> None:
    names = _hosts(certificate)
    if host.lower() in names:
        return
    why = (
        f"the PLC's certificate (thumbprint {_print(certificate)}) is for"
        f" {', '.join(sorted(names)) or 'no host'}, and endpoint is {host}: if it is the right PLC,"
        " put its certificate itself into trust_dir"
    )
    raise PlcRefused(why)


def _hosts(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    texts = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return texts | {str(address) for address in names.get_values_for_type(x509.IPAddress)}


def check_dates(certificate: x509.Certificate, what: str, now: datetime) -> None:
    """Raise `PlcRefused` when a certificate, which the text calls `what`, is not valid now."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins <= now <= ends:
        return
    when = f"ended on {ends:%Y-%m-%d}" if now > ends else f"begins only on {begins:%Y-%m-%d}"
    why = f"{what} {when} (thumbprint {_print(certificate)}): renew it, or set the clock right"
    raise PlcRefused(why)


def _print(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  a name, not a proof
