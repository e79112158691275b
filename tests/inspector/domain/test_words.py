"""The words of the handshake, bit by bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import (
    ID_MASK,
    LAST_REVISION,
    MachineWord,
    OperatorWord,
    action_of,
    decision_word,
    verdict_name,
)

IDS = st.integers(0, 0xFFFFFFFF)
EPOCHS = st.integers(0, 0xFFFFFFFF)


def test_a_machine_word_has_id_epoch_and_verdict_at_their_bits() -> None:
    assert MachineWord(0x123456, 0xA, Verdict.REJECT).pack() == 0x123456A2


def test_an_operator_word_has_id_epoch_revision_and_verdict_at_their_bits() -> None:
    assert OperatorWord(0x123456, 0xA, 3, Verdict.PASS).pack() == 0x123456AD


def test_a_decision_word_has_id_and_action_at_their_bits() -> None:
    assert decision_word(0x123456, Action.REJECTED_BY_OPERATOR) == 0x12345607


@given(IDS, EPOCHS, st.sampled_from(Verdict))
def test_a_machine_word_says_what_was_packed_in_32_bits(
    part_id: int, epoch: int, verdict: Verdict
) -> None:
    word = MachineWord(part_id, epoch, verdict).pack()
    assert 0 <= word < 1 << 32
    assert MachineWord.unpack(word) == MachineWord(part_id & ID_MASK, epoch & 0xF, verdict)


@given(IDS, EPOCHS, st.integers(0, LAST_REVISION), st.sampled_from(Verdict))
def test_an_operator_word_says_what_was_packed_in_32_bits(
    part_id: int, epoch: int, revision: int, verdict: Verdict
) -> None:
    word = OperatorWord(part_id, epoch, revision, verdict).pack()
    assert 0 <= word < 1 << 32
    low = OperatorWord(part_id & ID_MASK, epoch & 0xF, revision, verdict)
    assert OperatorWord.unpack(word) == low


@given(st.integers(0, 0xFFFFFFFF))
def test_any_32_bits_can_be_unpacked_and_packed_again(word: int) -> None:
    assert MachineWord.unpack(word).pack() == word
    assert OperatorWord.unpack(word).pack() == word


@given(IDS, st.sampled_from(Action))
def test_a_decision_is_read_only_for_its_own_part(part_id: int, action: Action) -> None:
    word = decision_word(part_id, action)
    assert action_of(word, part_id) is action
    assert action_of(word, part_id + 1) is None
    assert action_of(word, part_id + 256) is None


@pytest.mark.parametrize("number", [0, 5, 8, 255])
def test_an_action_we_do_not_know_is_no_action(number: int) -> None:
    assert action_of(1 << 8 | number, 1) is None


def test_an_empty_slot_decides_no_part() -> None:
    assert action_of(0, 1) is None
    assert OperatorWord.unpack(0).revision == 0


def test_verdicts_are_spelled_as_the_records_spell_them() -> None:
    assert [verdict_name(verdict) for verdict in Verdict] == ["pass", "reject", "unknown"]
    assert verdict_name(None) == ""


def test_actions_that_let_a_part_go_on_are_passes() -> None:
    passes = {Action.PASSED, Action.PASSED_BY_KEY, Action.PASSED_BY_OPERATOR}
    assert {action for action in Action if action.is_pass} == passes
