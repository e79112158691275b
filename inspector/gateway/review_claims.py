"""Pictures that were given to somebody to look at: each to one person, and for a time.

Kept in the recorder's memory: a restart gives all of them back, and what was not answered comes
again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final

from inspector.domain.review_queues import Wanted
from inspector.errors import NotThere, Overtaken

LEASE_S: Final = 600.0
_MOST_HELD: Final = 30
"""By one person: what is shown, what was fetched ahead, and what was taken back."""
_FORGOTTEN_AFTER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One picture in one person's hands.

    Attributes:
        id: All that the person's screen knows of it before the answer.
        person: Id.
        until_s: Monotonic; it is given back then.
        supersedes: Id of the person's own review that was taken back; None for a fresh look.
        answered: Nothing more can be said with it.
    """

    id: str
    wanted: Wanted
    person: str
    until_s: float
    supersedes: int | None = None
    answered: bool = False


class Claims:
    """Who holds what. One owner, no threads."""

    def __init__(self) -> None:
        """Begin with nothing given out."""
        self._claims: dict[str, Claim] = {}

    def give(
        self, wanted: Wanted, person: str, now_s: float, *, supersedes: int | None = None
    ) -> Claim | None:
        """Return the person's claim, the one they hold already or a new one; None: not now."""
        held = [one for one in self._open(now_s) if one.wanted.subject == wanted.subject]
        if any(one.person != person for one in held):
            return None
        if not held and sum(one.person == person for one in self._open(now_s)) >= _MOST_HELD:
            return None
        claim = held[0] if held else Claim(secrets.token_urlsafe(18), wanted, person, 0.0)
        claim = replace(claim, until_s=now_s + LEASE_S, supersedes=supersedes or claim.supersedes)
        self._claims[claim.id] = claim
        return claim

    def held(self, claim: str, person: str, now_s: float) -> Claim:
        """Return a claim that its holder may answer.

        Raises:
            NotThere: This person was never given it.
            Overtaken: It was answered, or has been given back since.
        """
        found = self._claims.get(claim)
        if found is None or found.person != person:
            raise NotThere("This picture was not given to you; take the next one.")
        if found.answered:
            raise Overtaken("This picture was answered already.")
        if found.until_s <= now_s:
            raise Overtaken("This picture was given back meanwhile; take the next one.")
        return found

    def answered(self, claim: Claim) -> None:
        """Note that the answer is written."""
        self._claims[claim.id] = replace(claim, answered=True)

    def tidy(self, now_s: float) -> None:
        """Forget what ended long ago."""
        self._claims = {
            one.id: one for one in self._claims.values() if one.until_s + _FORGOTTEN_AFTER_S > now_s
        }

    def _open(self, now_s: float) -> list[Claim]:
        return [one for one in self._claims.values() if not one.answered and one.until_s > now_s]
