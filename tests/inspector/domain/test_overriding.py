"""What a press does: every rule of `overriding`, one test each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.belt import Belt, Layout, OperatorSaid, Part, empty_belt
from inspector.domain.judging import Decision
from inspector.domain.overriding import Answer, Outcome, Press, can_pass, pressed, state_of
from inspector.domain.verdict import Verdict
from inspector.domain.words import LAST_REVISION

PASS, REJECT, UNKNOWN = Verdict.PASS, Verdict.REJECT, Verdict.UNKNOWN
LAYOUT = Layout("ring", ("top",), 8000, 3000, 200, 400_000, 64)
LAST_WORD = LAYOUT.reject_at_counts - LAYOUT.last_word_counts


def belt_at(counts: int = 4000) -> Belt:
    """Return a belt on which a part with encoder 0 at the eye has gone so far."""
    return replace(empty_belt(LAYOUT), encoder=counts)


def part(verdict: Verdict | None, operator: OperatorSaid | None = None, latched: int = 0) -> Part:
    decision = Decision(verdict) if verdict else None
    return Part(7, 0, decision=decision, operator=operator, latched=latched)


def said(verdict: Verdict, revision: int, by: str = "Anna") -> OperatorSaid:
    return OperatorSaid(f"press-{revision}", revision, verdict, by)


def press(
    verdict: Verdict, *, seen: int = 0, press_id: str = "new", signed_in: bool = True
) -> Press:
    by = "Ben" if signed_in else "panel 2, nobody signed in"
    return Press(press_id, verdict, by, signed_in, seen, "2026-11-24T00:00:00+00:00")


def answer(part: Part, press: Press, belt: Belt | None = None) -> Outcome:
    """Return the outcome, and see that only a new word is put on the belt."""
    before = (belt or belt_at()).with_part(part)
    after, outcome = pressed(before, part, press)
    if outcome.new:
        word = OperatorSaid(press.press_id, outcome.revision, press.verdict, press.by)
        assert after.parts[7].operator == word
        assert outcome.answer is Answer.SENT
    else:
        assert after is before
    return outcome


def test_a_pass_on_a_rejected_part_is_sent_with_the_first_revision() -> None:
    outcome = answer(part(REJECT), press(PASS))
    assert outcome == Outcome(Answer.SENT, 1, "Ben", new=True)


def test_a_reject_on_a_passed_part_is_sent_with_the_first_revision() -> None:
    assert answer(part(PASS), press(REJECT)) == Outcome(Answer.SENT, 1, "Ben", new=True)


def test_the_machines_verdict_stays_beside_the_operators() -> None:
    before = part(REJECT)
    after, _ = pressed(belt_at().with_part(before), before, press(PASS))
    assert after.parts[7].decision == Decision(REJECT)
    assert after.parts[7].stands is PASS


# --- the same press again ---


@pytest.mark.parametrize(("latched", "state"), [(0, Answer.SENT), (1, Answer.CHANGED)])
def test_the_same_press_again_gets_the_state_of_its_word(latched: int, state: Answer) -> None:
    standing = part(REJECT, said(PASS, 1), latched)
    again = answer(standing, press(PASS, press_id="press-1"))
    assert again == Outcome(state, 1, "Anna")


def test_the_same_press_again_is_answered_even_behind_the_deadline() -> None:
    standing = part(REJECT, said(PASS, 1), latched=1)
    again = answer(standing, press(PASS, press_id="press-1"), belt_at(LAST_WORD + 100))
    assert again.answer is Answer.CHANGED


# --- in time ---


@pytest.mark.parametrize("verdict", [PASS, REJECT])
def test_a_press_on_a_part_near_the_reject_station_is_too_late(verdict: Verdict) -> None:
    other = REJECT if verdict is PASS else PASS
    late = answer(part(other), press(verdict), belt_at(LAST_WORD))
    assert (late.answer, late.revision) == (Answer.TOO_LATE, 0)
    assert answer(part(other), press(verdict), belt_at(LAST_WORD - 1)).new


def test_a_part_from_before_the_plcs_restart_cannot_be_changed() -> None:
    mute = replace(part(PASS), mute="the PLC restarted")
    assert answer(mute, press(REJECT)).answer is Answer.TOO_LATE


# --- a REJECT is always taken while in time ---


@pytest.mark.parametrize("verdict", [PASS, UNKNOWN, None])
def test_a_reject_is_taken_from_a_panel_where_nobody_is_signed_in(verdict: Verdict | None) -> None:
    outcome = answer(part(verdict), press(REJECT, signed_in=False))
    assert outcome == Outcome(Answer.SENT, 1, "panel 2, nobody signed in", new=True)


def test_a_reject_is_taken_though_somebody_passed_the_part_meanwhile() -> None:
    outcome = answer(part(REJECT, said(PASS, 1)), press(REJECT, seen=0))
    assert outcome == Outcome(Answer.SENT, 2, "Ben", new=True)


def test_the_last_revision_is_for_a_reject() -> None:
    standing = part(PASS, said(PASS, LAST_REVISION - 1))
    outcome = answer(standing, press(REJECT, seen=LAST_REVISION - 1))
    assert outcome == Outcome(Answer.SENT, LAST_REVISION, "Ben", new=True)


# --- a PASS is not ---


def test_a_pass_needs_somebody_signed_in() -> None:
    outcome = answer(part(REJECT), press(PASS, signed_in=False))
    assert (outcome.answer, outcome.revision) == (Answer.REFUSED, 0)
    assert "sign in" in outcome.why


@pytest.mark.parametrize("verdict", [UNKNOWN, None])
def test_a_part_that_was_not_inspected_is_never_passed(verdict: Verdict | None) -> None:
    for operator in (None, said(REJECT, 1)):
        outcome = answer(part(verdict, operator), press(PASS, seen=1))
        assert outcome.answer is Answer.REFUSED


def test_a_pass_painted_before_anothers_press_is_superseded_and_names_the_person() -> None:
    outcome = answer(part(PASS, said(REJECT, 1)), press(PASS, seen=0))
    assert outcome == Outcome(Answer.SUPERSEDED, 1, "Anna", "Anna pressed first")


def test_a_pass_painted_after_anothers_press_is_taken() -> None:
    outcome = answer(part(PASS, said(REJECT, 1)), press(PASS, seen=1))
    assert outcome == Outcome(Answer.SENT, 2, "Ben", new=True)


@pytest.mark.parametrize("revision", [LAST_REVISION - 1, LAST_REVISION])
def test_no_pass_takes_the_last_revision(revision: int) -> None:
    standing = part(REJECT, said(REJECT, revision))
    outcome = answer(standing, press(PASS, seen=revision))
    assert (outcome.answer, outcome.revision) == (Answer.TOO_LATE, revision)


# --- a press that changes nothing ---


@pytest.mark.parametrize("verdict", [PASS, REJECT])
def test_a_press_for_what_the_machine_says_takes_no_revision(verdict: Verdict) -> None:
    assert answer(part(verdict), press(verdict)) == Outcome(Answer.CHANGED, 0)


@pytest.mark.parametrize(("latched", "state"), [(0, Answer.SENT), (1, Answer.CHANGED)])
@pytest.mark.parametrize("verdict", [PASS, REJECT])
def test_a_press_for_what_another_has_said_takes_no_revision(
    verdict: Verdict, latched: int, state: Answer
) -> None:
    other = REJECT if verdict is PASS else PASS
    standing = part(other, said(verdict, 1), latched)
    assert answer(standing, press(verdict)) == Outcome(state, 1, "Anna")


# --- what the screen is told ---


def test_a_word_is_sent_until_the_plc_echoes_its_revision() -> None:
    assert state_of(part(PASS)) is Answer.SENT
    assert state_of(part(PASS, said(REJECT, 2), latched=1)) is Answer.SENT
    assert state_of(part(PASS, said(REJECT, 2), latched=2)) is Answer.CHANGED


def test_a_good_part_button_stands_only_where_a_press_would_be_taken() -> None:
    shown = {
        "unjudged": part(None),
        "unknown": part(UNKNOWN),
        "passes": part(PASS),
        "rejected": part(REJECT),
        "rejected by a person": part(PASS, said(REJECT, 1)),
        "passed by a person": part(REJECT, said(PASS, 1)),
        "its last change used": part(REJECT, said(REJECT, 2)),
    }
    buttons = {name for name, one in shown.items() if can_pass(belt_at(), one)}
    assert buttons == {"rejected", "rejected by a person"}


def test_without_an_operator_table_a_word_counts_only_before_the_first_write() -> None:
    belt = replace(belt_at(), layout=replace(LAYOUT, operator_table=False))
    unsent, gone = part(REJECT), replace(part(REJECT), sent=True)
    assert answer(unsent, press(PASS), belt).answer is Answer.SENT
    assert can_pass(belt, unsent)
    late = answer(gone, press(PASS), belt)
    assert late.answer is Answer.TOO_LATE
    assert late.why == "the verdict has gone to the PLC, which takes no second word"
    assert not can_pass(belt, gone)


VERDICTS = st.sampled_from([PASS, REJECT])
PRESSES = st.lists(
    st.tuples(VERDICTS, st.integers(0, 3), st.booleans(), st.sampled_from("abcdef")), max_size=12
)


@given(st.sampled_from([PASS, REJECT, UNKNOWN, None]), PRESSES)
def test_whatever_is_pressed_revisions_rise_by_one_and_no_pass_is_the_last(
    verdict: Verdict | None, presses: list[tuple[Verdict, int, bool, str]]
) -> None:
    belt = belt_at().with_part(part(verdict))
    revision = 0
    for wanted, seen, signed_in, press_id in presses:
        now = belt.parts[7]
        offered = can_pass(belt, now)
        one = press(wanted, seen=seen, press_id=press_id, signed_in=signed_in)
        belt, outcome = pressed(belt, now, one)
        if not outcome.new:
            assert belt.parts[7] == now
            continue
        revision += 1
        assert outcome.revision == revision <= LAST_REVISION
        if wanted is PASS:
            assert offered
            assert signed_in
            assert revision < LAST_REVISION
            assert verdict in (PASS, REJECT)
    rejected = belt.parts[7].stands is REJECT
    assert rejected or pressed(belt, belt.parts[7], press(REJECT, press_id="z"))[1].new
