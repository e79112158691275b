"""What can be found out about a PLC without a session: its offer, and both certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncua import ua
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from inspector.errors import BadInput, InspectorError, PlcRefused
from inspector.plc.access import Access
from inspector.plc.certificates import opened, pinned, uris
from inspector.plc.finding import Finding, Mark
from inspector.plc.offers import fitting, listed, open_offers, their_certificate
from inspector.plc.troubles import explain, other_certificate
from inspector.plc.trust import first_of

WARN_DAYS = 90
OUR_CERTIFICATE, THEIR_CERTIFICATE = "our certificate", "the PLC's certificate"
REACHED, OFFERED, TRUST, THEIR_URI = "reached", "offered", "trust", "the PLC's ApplicationUri"
NO_WAY_IN = frozenset({REACHED, OFFERED, TRUST})
"""When one of these is wrong, there is no session to be had."""
Offers = Sequence[ua.EndpointDescription]


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a person compares it.

    Attributes:
        subject: Whose it says it is.
        sha1: Its thumbprint, upper-case hex: what most PLC tools show.
        sha256: The same with SHA-256.
        begins: UTC.
        ends: UTC.
        uris: ApplicationUris that it is made for.
        der: The certificate itself.
    """

    subject: str
    sha1: str
    sha256: str
    begins: datetime
    ends: datetime
    uris: tuple[str, ...]
    der: bytes

    def in_words(self, now: datetime) -> str:
        """Return thumbprint, end and days left."""
        left = (self.ends - now).days
        return f"thumbprint {self.sha1}, ends {self.ends:%Y-%m-%d} ({left} days left)"

    def outside_its_dates(self, now: datetime) -> str:
        """Return what is wrong with its dates, or nothing."""
        if now > self.ends:
            return "it has ended: renew it"
        return "" if now >= self.begins else "it is not valid yet: set the clocks right"


def shown(certificate: x509.Certificate) -> Shown:
    """Return a certificate as a person compares it."""
    return Shown(
        subject=certificate.subject.rfc4514_string(),
        sha1=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303  a name, not a proof
        sha256=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        uris=tuple(uris(certificate)),
        der=certificate.public_bytes(Encoding.DER),
    )


async def look_openly(access: Access, now: datetime) -> list[Finding]:
    """Return what is found without a session; the first says whether the PLC was reached at all."""
    endpoint = access.profile.endpoint
    try:
        offers = await open_offers(endpoint)
    except Exception as error:  # noqa: BLE001  the library raises what it likes
        return [Finding(REACHED, Mark.WRONG, f"{endpoint}: {explain(error)}")]
    found = [Finding(REACHED, Mark.GOOD, endpoint), _offered(offers, access)]
    if access.profile.encrypted:
        found += await _their_certificate(offers, access, now)
    return found


def our_certificate(access: Access, now: datetime) -> Finding:
    """Return how our own certificate is."""
    file = access.certificate.cert_der
    try:
        ours = shown(opened(access.certificate)[0])
    except BadInput as error:
        return Finding(OUR_CERTIFICATE, Mark.WRONG, str(error))
    text = f"{file}: {ours.in_words(now)}, ApplicationUri {', '.join(ours.uris)}"
    if access.certificate.uri not in ours.uris:
        why = f"but we say {access.certificate.uri}: make another with `inspector plc certificate`"
        return Finding(OUR_CERTIFICATE, Mark.WRONG, f"{text}, {why} (after moving this one away)")
    if wrong := ours.outside_its_dates(now):
        why = f"{wrong}, with `inspector plc certificate --renew`"
        return Finding(OUR_CERTIFICATE, Mark.WRONG, f"{text}: {why}")
    return Finding(OUR_CERTIFICATE, _age(ours, now), text)


def _age(one: Shown, now: datetime) -> Mark:
    return Mark.NOTE if (one.ends - now).days < WARN_DAYS else Mark.GOOD


def _offered(offers: Offers, access: Access) -> Finding:
    try:
        fitting(offers, access)
    except PlcRefused as refused:
        none_only = all(offer.SecurityMode == ua.MessageSecurityMode.None_ for offer in offers)
        why = f"None only, nothing encrypted; {refused}" if offers and none_only else str(refused)
        return Finding(OFFERED, Mark.WRONG, why)
    if access.profile.encrypted:
        return Finding(OFFERED, Mark.GOOD, listed(offers))
    return Finding(OFFERED, Mark.NOTE, f"{listed(offers)}; the profile asks for None")


async def _their_certificate(offers: Offers, access: Access, now: datetime) -> list[Finding]:
    seen = first_shown(offers)
    if seen is None:
        return [Finding(TRUST, Mark.WRONG, "the PLC shows no certificate: make one there")]
    text, wrong = seen.in_words(now), seen.outside_its_dates(now)
    dated = Finding(THEIR_CERTIFICATE, _age(seen, now), text)
    if wrong:
        dated = Finding(THEIR_CERTIFICATE, Mark.WRONG, f"{text}: {wrong}")
    return [dated, await _trust(seen, access), *_uri(offers, seen)]


async def _trust(seen: Shown, access: Access) -> Finding:
    if why := await _not_trusted(seen, access):
        how = "`inspector plc trust` shows it, and takes it once you compared it at the PLC"
        return Finding(TRUST, Mark.WRONG, f"{why}; {how}")
    where = f"it lies in {access.server_certificate}"
    if access.server_certificate is None:
        where = f"it or its issuer's lies in {access.trust_dir}"
    return Finding(TRUST, Mark.GOOD, where)


async def _not_trusted(seen: Shown, access: Access) -> str:
    """Return why we do not believe the certificate that the PLC shows, or nothing."""
    file = access.server_certificate
    try:
        if file is None:
            await their_certificate(access)
        elif shown(pinned(file)).der != seen.der:
            return other_certificate(seen.der, file)
    except (InspectorError, OSError, ua.UaError) as error:
        return explain(error)
    return ""


def first_shown(offers: Offers) -> Shown | None:
    """Return the certificate that a PLC openly shows, or None."""
    for offer in offers:
        if offer.ServerCertificate:
            return shown(first_of(offer.ServerCertificate))
    return None


def _uri(offers: Offers, seen: Shown) -> list[Finding]:
    said = {str(offer.Server.ApplicationUri) for offer in offers if offer.Server is not None}
    if not said or said & set(seen.uris):
        return []
    made_for = ", ".join(seen.uris) or "no ApplicationUri"
    text = (
        f"made for {made_for}, and the PLC calls itself {', '.join(sorted(said))}: make a new"
        " certificate at the PLC; many clients refuse this one"
    )
    return [Finding(THEIR_URI, Mark.WRONG, text)]
