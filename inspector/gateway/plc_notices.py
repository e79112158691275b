"""What is not as it should be on the way to a PLC although it works: shown while it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from inspector.config.plc_profile import PlcProfile
from inspector.domain.health import Condition, State
from inspector.errors import BadInput
from inspector.plc.certificates import loaded

WARN_DAYS = 90
NOT_ENCRYPTED = Condition(State.OUT_OF_SPECIFICATION, "the PLC connection is not encrypted")
OURS, THEIRS = "our OPC UA certificate", "the PLC's OPC UA certificate"
RENEW_OURS = "inspector plc certificate --renew makes a new one"
RENEW_PINNED = "renew it there, then put the new one where server_certificate says"
RENEW_PROVEN = "renew it there, then put the new one into trust_dir, unless its issuer's is there"


class PlcNotices:
    """The standing conditions of one PLC's connection.

    Args:
        profile: The PLC's.
        ours: Our certificate (DER).
        theirs: The PLC's, where it is pinned.
        proven: The certificate that the PLC has last proven to have, for where it is not.
    """

    def __init__(
        self,
        profile: PlcProfile,
        *,
        ours: Path,
        theirs: Path | None,
        proven: Callable[[], x509.Certificate | None] = lambda: None,
    ) -> None:
        self._encrypted = profile.encrypted
        self._ours, self._theirs, self._proven = ours, theirs, proven
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._dated: tuple[Condition, ...] = ()

    def standing(self, now: datetime) -> tuple[Condition, ...]:
        """Return what stands; the certificates are looked at once a minute."""
        if not self._encrypted:
            return (NOT_ENCRYPTED,)
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._dated = tuple(self._by_date(now))
        return self._dated

    def _by_date(self, now: datetime) -> Iterator[Condition]:
        yield from _dates(_of_file(self._ours), now, OURS, RENEW_OURS)
        if self._theirs is not None:
            yield from _dates(_of_file(self._theirs), now, THEIRS, RENEW_PINNED)
        else:
            yield from _dates(self._proven(), now, THEIRS, RENEW_PROVEN)


def _of_file(cert_der: Path) -> x509.Certificate | None:
    try:
        return loaded(cert_der)
    except BadInput:
        return None  # the connection says what is wrong with the file


def _dates(
    certificate: x509.Certificate | None, now: datetime, what: str, renew: str
) -> Iterator[Condition]:
    if certificate is None:
        return
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        text = f"{what} begins only on {begins:%Y-%m-%d}: set the clock of this machine right"
        yield Condition(State.OUT_OF_SPECIFICATION, text)
    elif now > ends:
        over = f"{what} ended on {ends:%Y-%m-%d}, and the next session may be refused: {renew}"
        yield Condition(State.OUT_OF_SPECIFICATION, over)
    elif (days := (ends - now).days) < WARN_DAYS:
        yield Condition(State.MAINTENANCE, f"{what} ends in {days} days: {renew}")
