"""What is not as it should be on the way to a PLC although it works: shown while it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from inspector.domain.health import Condition, State
from inspector.errors import BadInput
from inspector.plc.certificates import ends_at
from inspector.plc_profile import PlcProfile

WARN_DAYS = 90
NOT_ENCRYPTED = Condition(State.OUT_OF_SPECIFICATION, "the PLC connection is not encrypted")


class PlcNotices:
    """The standing conditions of one PLC's connection.

    Args:
        profile: The PLC's.
        ours: Our certificate (DER).
        theirs: The PLC's, where it is pinned.
    """

    def __init__(self, profile: PlcProfile, *, ours: Path, theirs: Path | None) -> None:
        self._encrypted = profile.encrypted
        self._ours, self._theirs = ours, theirs
        self._day = date.min
        self._endings: tuple[Condition, ...] = ()

    def standing(self, now: datetime) -> tuple[Condition, ...]:
        """Return what stands; the certificates are looked at once a day."""
        if not self._encrypted:
            return (NOT_ENCRYPTED,)
        if now.date() != self._day:
            self._day = now.date()
            self._endings = tuple(self._about_to_end(now))
        return self._endings

    def _about_to_end(self, now: datetime) -> Iterator[Condition]:
        renew = "inspector plc certificate --renew makes a new one"
        yield from _ending(self._ours, now, "our OPC UA certificate", renew)
        if self._theirs is not None:
            renew = "renew it there, then put the new one where server_certificate says"
            yield from _ending(self._theirs, now, "the PLC's OPC UA certificate", renew)


def _ending(cert_der: Path, now: datetime, what: str, renew: str) -> Iterator[Condition]:
    try:
        days = (ends_at(cert_der) - now).days
    except BadInput:
        return  # the connection says what is wrong with the file
    if days >= WARN_DAYS:
        return
    when = f"ends in {days} days" if days >= 0 else f"ended {-days} days ago"
    yield Condition(State.MAINTENANCE, f"{what} {when}: {renew}")
