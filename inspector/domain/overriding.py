"""A person's word on a part: what a press does, purely.

The rules are those of docs/architecture.md, "Overrides": a REJECT is always taken while the
part is in time; a PASS only from a signed-in person, on a part the machine has judged REJECT or
an operator has rejected, and only if nobody else has spoken since it was painted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from inspector.domain.belt import Belt, OperatorSaid, Part
from inspector.domain.verdict import Verdict
from inspector.domain.words import LAST_REVISION

SHORTEST_TRAVEL_S = 6.0
"""Below this no person can look, decide and press in time (issue 2, point 7)."""


class Answer(StrEnum):
    """What became of a press."""

    SENT = "sent"
    CHANGED = "changed"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Press:
    """A person pressed a button on the part that was painted.

    Attributes:
        press_id: Made by the screen; the same press sent twice has the same id.
        verdict: PASS or REJECT.
        by: The person's name, or "panel NAME, nobody signed in".
        signed_in: Whether a person with that right is signed in.
        seen_revision: The revision on the screen when the press began.
        painted_at: When the screen painted the part, UTC ISO 8601.
    """

    press_id: str
    verdict: Verdict
    by: str
    signed_in: bool
    seen_revision: int
    painted_at: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a press.

    Attributes:
        answer: What became of it.
        revision: The revision that stands now.
        by: Who spoke last, when it was somebody.
        why: For the person, when it was not simply taken.
        new: The press was taken as a new word and must be journaled before it is sent.
    """

    answer: Answer
    revision: int
    by: str = ""
    why: str = ""
    new: bool = False


def pressed(belt: Belt, part: Part, press: Press) -> tuple[Belt, Outcome]:
    """Return the belt and the outcome of a press on an undecided part."""
    outcome = _refusal(belt, part, press) or _taken(part, press)
    if not outcome.new:
        return belt, outcome
    said = OperatorSaid(press.press_id, outcome.revision, press.verdict, press.by)
    return belt.with_part(replace(part, operator=said)), outcome


def state_of(part: Part) -> Answer:
    """Return *changed* once the PLC has echoed the newest word, else *sent*."""
    said = part.operator
    return Answer.CHANGED if said and part.latched >= said.revision else Answer.SENT


def can_pass(belt: Belt, part: Part) -> bool:
    """Return whether a *Good part* button makes sense: never on UNKNOWN or unjudged parts."""
    return (
        (belt.layout.operator_table or not part.sent)
        and part.decision is not None
        and part.decision.verdict is not Verdict.UNKNOWN
        and part.stands is Verdict.REJECT
        and _revision(part) + 1 < LAST_REVISION
    )


def _refusal(belt: Belt, part: Part, press: Press) -> Outcome | None:
    revision = _revision(part)
    by = part.operator.by if part.operator else ""
    if part.operator and part.operator.press_id == press.press_id:
        return Outcome(state_of(part), revision, by)
    if not belt.in_time(part):
        return Outcome(Answer.TOO_LATE, revision, by, "the part has reached the reject station")
    if not belt.takes_words(part):
        why = "the verdict has gone to the PLC, which takes no second word"
        return Outcome(Answer.TOO_LATE, revision, by, why)
    return None if press.verdict is Verdict.REJECT else _pass_refused(part, press, by)


def _pass_refused(part: Part, press: Press, by: str) -> Outcome | None:
    revision = _revision(part)
    if not press.signed_in:
        return Outcome(Answer.REFUSED, revision, by, "sign in to pass a part")
    if part.decision is None or part.decision.verdict is Verdict.UNKNOWN:
        return Outcome(Answer.REFUSED, revision, by, "the part was not inspected")
    if press.seen_revision < revision and part.stands is not press.verdict:
        return Outcome(Answer.SUPERSEDED, revision, by, f"{by} pressed first")
    return None


def _taken(part: Part, press: Press) -> Outcome:
    revision = _revision(part)
    if part.stands is press.verdict:
        by = part.operator.by if part.operator else ""
        return Outcome(Answer.CHANGED if not part.operator else state_of(part), revision, by)
    if press.verdict is Verdict.PASS and revision + 1 >= LAST_REVISION:
        why = "the last change of a part can only be a reject"
        return Outcome(Answer.TOO_LATE, revision, press.by, why)
    return Outcome(Answer.SENT, revision + 1, press.by, new=True)


def _revision(part: Part) -> int:
    return part.operator.revision if part.operator else 0
