"""What the PLC did with a part against what was said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain.belt import OperatorSaid, Part
from inspector.domain.judging import Decision, not_inspected
from inspector.domain.overriding import Answer
from inspector.domain.reconciling import Around, reconciled
from inspector.domain.verdict import Action, Verdict

PASS, REJECT, UNKNOWN = Verdict
A = Action
WATCHED = Around()


def part(verdict: Verdict = PASS, *, said: bool = True, sent: bool = True) -> Part:
    decision = not_inspected("view top missing") if verdict is UNKNOWN else Decision(verdict)
    return Part(4711, 0, decision=decision, said=said, sent=sent)


def pressed(one: Part, verdict: Verdict, *, revision: int = 1, latched: int = 0) -> Part:
    return replace(one, operator=OperatorSaid("p1", revision, verdict, "Ada"), latched=latched)


@pytest.mark.parametrize(
    ("one", "rightful"),
    [
        (part(PASS), {A.PASSED}),
        (part(REJECT), {A.REJECTED}),
        (part(UNKNOWN), {A.FAIL_SAFE, A.PASSED_BY_KEY}),
        (part(PASS, said=False), {A.PASSED, A.FAIL_SAFE, A.PASSED_BY_KEY}),
        (part(REJECT, said=False), {A.REJECTED, A.FAIL_SAFE, A.PASSED_BY_KEY}),
        (part(PASS, said=False, sent=False), {A.FAIL_SAFE, A.PASSED_BY_KEY}),
        (pressed(part(PASS), REJECT, latched=1), {A.REJECTED_BY_OPERATOR}),
        (pressed(part(PASS), REJECT), {A.REJECTED_BY_OPERATOR, A.PASSED}),
        (pressed(part(REJECT), PASS, latched=1), {A.PASSED_BY_OPERATOR, A.REJECTED}),
        (pressed(part(PASS), PASS, revision=2, latched=1), {A.REJECTED_BY_OPERATOR, A.PASSED}),
        (pressed(part(PASS), PASS, revision=2, latched=2), {A.PASSED}),
    ],
)
def test_an_action_agrees_when_it_follows_from_a_word_the_plc_may_hold(
    one: Part, rightful: set[Action]
) -> None:
    assert {action for action in Action if reconciled(one, action, WATCHED).agrees} == rightful


def test_a_pass_without_its_acknowledgement_that_was_executed_agrees_and_is_not_late() -> None:
    one = reconciled(part(PASS, said=False), A.PASSED, WATCHED)
    assert (one.agrees, one.late, one.executed, one.why) == (True, False, True, "")


def test_a_difference_names_both_sides() -> None:
    one = reconciled(part(REJECT), A.PASSED, WATCHED)
    assert one.differs
    assert one.why == "part 4711: we said REJECT, the PLC passed it (action 1)"


def test_a_difference_behind_a_press_names_the_operators_word_too() -> None:
    one = reconciled(pressed(part(PASS), REJECT, latched=1), A.PASSED, WATCHED)
    assert one.why == "part 4711: we said PASS, an operator REJECT, the PLC passed it (action 1)"


@pytest.mark.parametrize(
    ("one", "around", "cause"),
    [
        (replace(part(said=False), undone="view top: frozen"), WATCHED, "view top: frozen"),
        (part(said=False), WATCHED, "late: the PLC had not acknowledged"),
        (part(said=False, sent=False), WATCHED, "late: judged after"),
        (part(), Around(alive=False), "the gateway's heartbeat was stale"),
        (part(said=False), Around(watched=False), "no connection to the PLC"),
        (part(said=False), Around(foreign=True), "another gateway's epoch"),
        (replace(part(said=False), withheld=True), WATCHED, "the journal was full"),
        (pressed(part(said=False, sent=False), REJECT), WATCHED, "lacks its echo"),
    ],
)
def test_a_fail_safe_reject_of_an_inspected_part_names_its_cause(
    one: Part, around: Around, cause: str
) -> None:
    found = reconciled(one, A.FAIL_SAFE, around)
    assert cause in found.why
    assert found.agrees


def test_a_fail_safe_reject_without_a_known_cause_is_a_difference() -> None:
    one = reconciled(part(PASS), A.FAIL_SAFE, WATCHED)
    assert one.differs
    assert one.why == "part 4711: we said PASS, the PLC rejected it fail-safe (action 3)"


def test_a_word_that_a_new_epoch_voided_was_acknowledged_and_is_not_late() -> None:
    one = reconciled(replace(part(said=False), undone="LOST SYNC"), A.FAIL_SAFE, WATCHED)
    assert not one.late


def test_a_decision_nobody_read_is_no_difference_and_says_so() -> None:
    one = reconciled(part(PASS), None, WATCHED)
    assert (one.agrees, one.differs) == (False, False)
    assert one.why == "the PLC's decision was overwritten before it was read"


@pytest.mark.parametrize(
    ("verdict", "action"), [(REJECT, A.REJECTED_BY_OPERATOR), (PASS, A.PASSED_BY_OPERATOR)]
)
def test_the_action_proves_a_word_whose_echo_was_never_read(
    verdict: Verdict, action: Action
) -> None:
    machine = REJECT if verdict is PASS else PASS
    word = reconciled(pressed(part(machine), verdict), action, WATCHED).person
    assert word
    assert (word.state, word.echoed) == (Answer.CHANGED, True)


@pytest.mark.parametrize(
    ("one", "action"),
    [
        (pressed(part(PASS), REJECT), A.PASSED),
        (pressed(part(REJECT), PASS), A.REJECTED),
        (pressed(part(PASS), REJECT), A.FAIL_SAFE),
        (pressed(part(PASS), REJECT), None),
        (pressed(part(PASS), PASS, revision=2, latched=1), A.REJECTED_BY_OPERATOR),
    ],
)
def test_a_word_without_echo_or_proof_is_a_correction(one: Part, action: Action | None) -> None:
    word = reconciled(one, action, WATCHED).person
    assert word
    assert word.state is Answer.TOO_LATE
    assert word.why


def test_a_word_the_plc_took_and_did_not_follow_is_a_correction_that_says_so() -> None:
    word = reconciled(pressed(part(REJECT), PASS, latched=1), A.REJECTED, WATCHED).person
    assert word
    assert word.why == "the PLC took the word and rejected it all the same (action 2)"


def test_an_echoed_word_stays_changed_when_the_decision_was_not_read() -> None:
    word = reconciled(pressed(part(PASS), REJECT, latched=1), None, WATCHED).person
    assert word
    assert word.state is Answer.CHANGED
