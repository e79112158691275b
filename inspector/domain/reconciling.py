"""Each part's verdict, and each person's word, against what the PLC did with the part.

A write without its answer may have been executed, so what the PLC may hold of us is a set: the
action agrees when it follows from one of its members (docs/architecture.md, "Reconciliation").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from inspector.domain.belt import Part
from inspector.domain.overriding import Answer
from inspector.domain.verdict import Action, Verdict

DID = {
    Action.PASSED: "passed it",
    Action.REJECTED: "rejected it",
    Action.FAIL_SAFE: "rejected it fail-safe",
    Action.PASSED_BY_KEY: "passed it by key",
    Action.PASSED_BY_OPERATOR: "passed it by an operator's word",
    Action.REJECTED_BY_OPERATOR: "rejected it by an operator's word",
}
UNREAD = "the PLC's decision was overwritten before it was read"
_WITHOUT_A_WORD = (Action.FAIL_SAFE, Action.PASSED_BY_KEY)
_OF_OPERATOR = {
    Action.PASSED_BY_OPERATOR: Verdict.PASS,
    Action.REJECTED_BY_OPERATOR: Verdict.REJECT,
}
_OTHER = {Verdict.PASS: Verdict.REJECT, Verdict.REJECT: Verdict.PASS}


@dataclass(frozen=True, slots=True)
class Around:
    """What held between us and the PLC when it decided, as far as two reads show it.

    Attributes:
        watched: The session stood since the read before.
        alive: The PLC held the gateway for alive at both reads, or does not say.
        foreign: The epoch in force at the PLC is above ours: another gateway's.
        operator_table: The PLC takes words of persons apart from the machine's.
    """

    watched: bool = True
    alive: bool = True
    foreign: bool = False
    operator_table: bool = True


@dataclass(frozen=True, slots=True)
class PersonsWord:
    """What became of the newest word of a person on a part, for good.

    Attributes:
        state: *changed*: the PLC used it; *too late*: it did not, and the word is a correction.
        echoed: The action shows that the PLC had taken the word, though its echo was never read.
        why: Why it is a correction; else empty.
    """

    state: Answer
    echoed: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A decided part, and how its decision stands to what was said of it.

    Attributes:
        agrees: The action follows from what we had said, or a known cause took our word away.
        late: The verdict was never acknowledged, and nothing shows that the PLC had it.
        executed: The verdict was never acknowledged, but the action shows that the PLC had it.
        why: What took our word away, or what differs; empty when there is nothing to explain.
        person: Of the newest word of a person; None without one.
    """

    part: Part
    action: Action | None
    agrees: bool
    late: bool
    executed: bool
    why: str
    person: PersonsWord | None

    @property
    def differs(self) -> bool:
        """True when the PLC did what nothing explains: an alarm, with both sides."""
        return not self.agrees and self.action is not None


def reconciled(part: Part, action: Action | None, around: Around) -> Reconciled:
    """Return how the PLC's decision on a part stands to what was said of it."""
    if not around.operator_table:
        return _in_one_table(part, action, around)
    return _reconciled(part, action, around)


def _in_one_table(part: Part, action: Action | None, around: Around) -> Reconciled:
    """The person's word, if any, is the machine's: the PLC knows of one word for each part."""
    plain = replace(part, operator=None, latched=0)
    if part.operator and part.decision:
        plain = replace(plain, decision=replace(part.decision, verdict=part.operator.verdict))
    one = _reconciled(plain, action, around)
    return replace(one, part=part, person=_persons_word_in_one_table(part, action))


def _persons_word_in_one_table(part: Part, action: Action | None) -> PersonsWord | None:
    said = part.operator
    if said is None:
        return None
    used = action in (Action.PASSED, Action.REJECTED)
    if used and action and action.is_pass == (said.verdict is Verdict.PASS):
        return PersonsWord(Answer.CHANGED, echoed=part.latched < said.revision)
    return _persons_word(part, action)


def _reconciled(part: Part, action: Action | None, around: Around) -> Reconciled:
    inspected = part.decision is not None and not part.decision.not_inspected
    acked = part.said or bool(part.undone)
    shown = _shows_the_verdict(part, action)
    follows = action in _rightful_actions(part)
    taken = inspected and action in _WITHOUT_A_WORD
    why = UNREAD if action is None else _taken_away(part, around) if taken else ""
    agrees = follows or bool(taken and why)
    return Reconciled(
        part,
        action,
        agrees=agrees,
        late=inspected and not acked and not shown,
        executed=inspected and not acked and shown,
        why=why if agrees or action is None else _both_sides(part, action),
        person=_persons_word(part, action),
    )


def _persons_word(part: Part, action: Action | None) -> PersonsWord | None:
    said = part.operator
    if said is None:
        return None
    heard = part.latched >= said.revision
    if action is not None and _OF_OPERATOR.get(action) is said.verdict:
        return PersonsWord(Answer.CHANGED, echoed=not heard)
    if heard and (action is None or action.is_pass == (said.verdict is Verdict.PASS)):
        return PersonsWord(Answer.CHANGED)
    if action is None:
        why = f"no echo of the PLC, and {UNREAD}"
    elif heard:
        why = f"the PLC took the word and {DID[action]} all the same (action {action:d})"
    else:
        why = f"the PLC {DID[action]} (action {action:d}) before it took the word"
    return PersonsWord(Answer.TOO_LATE, why=why)


def _shows_the_verdict(part: Part, action: Action | None) -> bool:
    """Return whether the action could not have been without the machine's word.

    Action 7 says nothing of it: a PASS is held back while the operator's REJECT lacks its echo.
    """
    verdict = part.decision.verdict if part.decision else None
    if action is Action.PASSED:
        return verdict is Verdict.PASS
    if action in (Action.REJECTED, Action.PASSED_BY_OPERATOR):
        return verdict is Verdict.REJECT
    return action is Action.REJECTED_BY_OPERATOR


def _rightful_actions(part: Part) -> set[Action]:
    """Return what the PLC may rightly have done, given every word of ours that it may hold."""
    machine = part.decision.verdict if part.decision and part.sent else None
    machines = {machine} if part.said else {machine, None}
    operators = set(_operators_words(part))
    return {
        action
        for operator in operators
        for verdict in machines
        for action in _actions_on(operator, verdict)
    }


def _operators_words(part: Part) -> Iterator[Verdict | None]:
    """Yield what may be latched: each revision from the one echoed to the newest.

    Each revision turns the one before it round, so that the newest gives them all.
    """
    said = part.operator
    newest = said.revision if said else 0
    for revision in range(min(part.latched, newest), newest + 1):
        turned = said is not None and (newest - revision) % 2
        yield None if not revision or not said else _OTHER[said.verdict] if turned else said.verdict


def _actions_on(operator: Verdict | None, machine: Verdict | None) -> tuple[Action, ...]:
    """Return what the reject station does (docs/architecture.md, "The PLC handshake")."""
    if operator is Verdict.REJECT:
        return (Action.REJECTED_BY_OPERATOR,)
    if machine is Verdict.PASS:
        return (Action.PASSED,)
    if machine is Verdict.REJECT:
        # AllowOperatorPass is the PLC's own switch: with it off it rejects all the same.
        both = (Action.PASSED_BY_OPERATOR, Action.REJECTED)
        return both if operator is Verdict.PASS else (Action.REJECTED,)
    return _WITHOUT_A_WORD


def _taken_away(part: Part, around: Around) -> str:
    """Return why the PLC had no valid verdict for a part we had judged; empty: not known."""
    said = part.operator
    unheard = said is not None and said.verdict is Verdict.REJECT and part.latched < said.revision
    held_back = unheard and not part.said and part.stands is Verdict.REJECT
    causes = (
        (bool(part.mute), part.mute),
        (around.foreign, "another gateway's epoch is in force at the PLC"),
        (not around.watched, "no connection to the PLC when it decided"),
        (bool(part.undone), f"too near to have its acknowledged word said again: {part.undone}"),
        (part.withheld, "the journal was full: no PASS is sent then"),
        (held_back, "no PASS is sent while an operator's REJECT lacks its echo"),
        (not around.alive, "the gateway's heartbeat was stale"),
        (not part.sent, "late: judged after the last moment for a word"),
        (not part.said, "late: the PLC had not acknowledged the word"),
    )
    return next((text for holds, text in causes if holds), "")


def _both_sides(part: Part, action: Action) -> str:
    verdict = part.decision.verdict.name if part.decision else "nothing"
    said = f", an operator {part.operator.verdict.name}" if part.operator else ""
    return f"part {part.number}: we said {verdict}{said}, the PLC {DID[action]} (action {action:d})"


def with_echo(one: Reconciled) -> Reconciled:
    """Return it with the part's echo as the action has shown it."""
    revision = one.part.operator.revision if one.part.operator else 0
    return replace(one, part=replace(one.part, latched=revision))
