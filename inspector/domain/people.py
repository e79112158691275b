"""Who may do what: the roles, and the rights of each as one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Role(StrEnum):
    """What a person is here; each has one."""

    OPERATOR = "operator"
    LEAD = "lead"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"
    VIEWER = "viewer"


class Right(StrEnum):
    """What a person may be allowed to do."""

    SEE = "see"
    REJECT_PART = "reject_part"
    """Change PASS to REJECT: the safe direction, which needs nobody signed in."""
    PASS_PART = "pass_part"
    """Change REJECT to PASS (*Good part*)."""
    CORRECT = "correct"
    """Say after the deadline what the part really was."""
    LABEL = "label"
    """Judge parts for the figures and for training."""
    ANSWER_ALARM = "answer_alarm"
    """Say that one has seen an alarm, and what one did."""
    BEGIN_LOT = "begin_lot"
    SEED_DEFECT = "seed_defect"
    """Put a known defect among the pictures of the audit."""
    EXPORT = "export"
    MANAGE_PEOPLE = "manage_people"
    SIGN_LIMITS = "sign_limits"
    """Put a proposed limit in force, or take one back."""


_ALL = frozenset(Role)

RIGHTS: dict[Right, frozenset[Role | None]] = {
    # None: nobody is signed in at the panel.
    Right.SEE: _ALL | {None},
    Right.REJECT_PART: frozenset({Role.OPERATOR, Role.LEAD, Role.QUALITY, None}),
    Right.PASS_PART: frozenset({Role.OPERATOR, Role.LEAD, Role.QUALITY}),
    Right.CORRECT: frozenset({Role.OPERATOR, Role.LEAD, Role.QUALITY}),
    Right.LABEL: frozenset({Role.QUALITY}),
    Right.ANSWER_ALARM: _ALL - {Role.VIEWER},
    Right.BEGIN_LOT: frozenset({Role.OPERATOR, Role.LEAD, Role.QUALITY}),
    Right.SEED_DEFECT: frozenset({Role.LEAD, Role.QUALITY}),
    Right.EXPORT: frozenset({Role.LEAD, Role.QUALITY, Role.ADMINISTRATOR}),
    Right.MANAGE_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Right.SIGN_LIMITS: frozenset({Role.QUALITY}),
}


def may(role: Role | None, right: Right) -> bool:
    """Return whether somebody of this role may; None is a panel where nobody is signed in."""
    return role in RIGHTS[right]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in.

    Attributes:
        id: Opaque, never used again.
        name: As shown beside what the person did.
        role: Decides the rights.
        badge: What the person signs in with beside the PIN; unique.
        active: False: cannot sign in any more; everything the person did stays.
        created_at: UTC.
    """

    id: str
    name: str
    role: Role
    badge: str
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is good now.

    Attributes:
        person: Who.
        csrf: The token that every changing request of this session must carry.
        last_seen_at: UTC; the recorder moves it on when asked to (`touch_session`).
        ends_at: UTC; the session is over then at the latest, sooner when idle.
    """

    person: Person
    csrf: str
    last_seen_at: datetime
    ends_at: datetime


ABSOLUTE_LIMIT = timedelta(hours=12)
"""A session ends so long after the sign-in, whatever happens: the longest shift."""

IDLE_LIMIT: dict[Role, timedelta] = dict.fromkeys(Role, timedelta(minutes=15))
"""A session ends when its person has done nothing for so long."""

WRONG_BEFORE_WAIT = 5
"""So many wrong PINs in a row, of a badge or from a panel, before there is a wait."""

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)


def wait_after(wrong: int) -> timedelta:
    """Return how long nobody may try after so many wrong PINs in a row: 1 min, then doubling.

    10,000 guesses at a 6-digit PIN take over a year at the longest wait of an hour.
    """
    if wrong < WRONG_BEFORE_WAIT:
        return timedelta()
    # The exponent is bounded before it is used: a count of millions must not make a huge number.
    return min(_FIRST_WAIT * (1 << min(wrong - WRONG_BEFORE_WAIT, 10)), _LONGEST_WAIT)
