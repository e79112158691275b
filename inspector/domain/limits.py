"""A station's limits by version: what a person signs, and what can be taken back.

Nothing here moves a limit. A version holds the limits of all classes under one model; none is ever
edited, each stands behind the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inspector.errors import BadInput

GOOD_FOR = timedelta(days=7)
"""A proposal may be signed so long: what it rests on is the line as it was."""


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """A step that the figures propose and a person may sign.

    Attributes:
        kind: The class whose limit moves.
        follows: The version of the station's limits that it was made for.
        now: The limit then.
        proposed: The limit to sign.
        evidence: Window, hash of the data, costs, guard rails, effects and the cost curve.
        by: Who asked for it.
        id: 0 before it is kept.
    """

    station: str
    kind: str
    follows: int
    now: float
    proposed: float
    evidence: Mapping[str, Any]
    by: str
    at: datetime
    id: int = 0

    @property
    def lowers_protection(self) -> bool:
        """Return whether fewer parts would be rejected."""
        return self.proposed > self.now


@dataclass(frozen=True, slots=True)
class LimitsVersion:
    """The limits that hold from some part on.

    Attributes:
        number: From 1.
        limits: By class.
        model: SHA-256 of the model that they belong to.
        by: Who signed; empty: nobody did, it was found on a record.
        proposal: Id of what was signed; None where nothing was.
        takes_back: The version that was taken back; None where none was.
    """

    number: int
    limits: Mapping[str, float]
    model: str
    by: str
    at: datetime
    why: str
    proposal: int | None = None
    takes_back: int | None = None


def signed(
    versions: Sequence[LimitsVersion], proposal: LimitProposal, now: datetime
) -> dict[str, float]:
    """Return the limits with a proposal in force.

    Args:
        versions: Of the station, newest first.
        proposal: What is signed.
        now: When.

    Raises:
        BadInput: It was signed before, was made for other limits, or too long ago.
    """
    done = [one.number for one in versions if one.proposal == proposal.id]
    if done:
        raise BadInput(f"proposal {proposal.id} was signed before, as version {done[0]}")
    standing = versions[0].number if versions else 0
    if proposal.follows != standing:
        raise BadInput(
            f"proposal {proposal.id} is for version {proposal.follows} of {proposal.station}, "
            f"which has version {standing} now: make another proposal"
        )
    if now - proposal.at > GOOD_FOR:
        raise BadInput(
            f"proposal {proposal.id} is older than {GOOD_FOR.days} days: make another proposal"
        )
    return {**versions[0].limits, proposal.kind: proposal.proposed}


def taken_back(versions: Sequence[LimitsVersion], station: str) -> LimitsVersion:
    """Return the version before the newest, which was signed; at any time.

    Raises:
        BadInput: There is no signed proposal to take back.
    """
    if len(versions) < 2 or versions[0].proposal is None:
        raise BadInput(f"{station}: the limits in force are no signed proposal to take back")
    return versions[1]
