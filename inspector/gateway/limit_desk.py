"""What the recorder does for limits: keeps proposals, and takes signatures (`recorder_desk`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspector.audit.entry import Who
from inspector.domain.limits import LimitProposal
from inspector.domain.people import RIGHTS, Person, Right, may
from inspector.errors import BadInput, NotAllowed
from inspector.gateway.audit import Auditing
from inspector.gateway.desk_values import text_of, who_of, whole_of
from inspector.gateway.recorder_socket import Answer
from inspector.ports import Clock
from inspector.storage.sql_limits import SqlLimits

_MOST: Final = 2**31 - 1


class LimitDesk:
    """Nothing in it moves a limit of a running station: that is done where it was signed."""

    def __init__(self, auditing: Auditing, clock: Clock) -> None:
        """Use the recorder's connection."""
        self._limits, self._clock = SqlLimits(auditing.engine, auditing.log), clock

    def propose(self, ask: Mapping[str, Any]) -> Answer:
        """Keep a proposal and return its number."""
        by, made = who_of(ask["by"]), ask["proposal"]
        if not isinstance(made, dict) or not isinstance(made.get("evidence"), dict):
            raise BadInput("a proposal with its evidence is expected")
        proposal = LimitProposal(
            station=text_of(made["station"]),
            kind=text_of(made["kind"]),
            follows=whole_of(made["follows"], "follows", least=1, most=_MOST),
            now=_limit_of(made["now"]),
            proposed=_limit_of(made["proposed"]),
            evidence=made["evidence"],
            by=by.name,
            at=self._clock.now(),
        )
        return {"ok": True, "proposal": self._limits.propose(proposal, by)}

    def sign(self, ask: Mapping[str, Any], person: Person) -> Answer:
        """Make a version of a proposal, by a person whose PIN was right."""
        number = whole_of(ask["proposal"], "proposal", least=1, most=_MOST)
        by, reason = _signing(ask, person)
        version = self._limits.sign(number, by=by, reason=reason, now=self._clock.now())
        return {"ok": True, "version": version.number, "name": by.name}

    def take_back(self, ask: Mapping[str, Any], person: Person) -> Answer:
        """Make a version of the limits from before the last signature, in the same way."""
        station = text_of(ask["station"])
        by, reason = _signing(ask, person)
        version = self._limits.take_back(station, by=by, reason=reason, now=self._clock.now())
        return {"ok": True, "version": version.number, "name": by.name}


def _signing(ask: Mapping[str, Any], person: Person) -> tuple[Who, str]:
    """Return who signs and why; raises `NotAllowed`, or `BadInput` without a reason."""
    reason = text_of(ask["reason"])
    if not reason.strip():
        raise BadInput("a change of a limit needs a reason")
    if not may(person.role, Right.SIGN_LIMITS):
        roles = " or ".join(sorted(str(role) for role in RIGHTS[Right.SIGN_LIMITS]))
        raise NotAllowed(f"{person.name} is {person.role.value}: limits are signed by {roles}")
    panel = who_of(ask["by"]).panel
    return Who(person.name, person.id, person.role.value, signed_in=True, panel=panel), reason


def _limit_of(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"a limit lies between 0 and 1, not at {str(value)[:40]!r}")
    return float(value)
