"""The line against the real PLC program, in handed-in time."""

from __future__ import annotations

import pytest

from inspector.domain.overriding import Answer, Press
from inspector.domain.verdict import Action, Verdict
from tests.factory import Factory


def actions(factory: Factory) -> dict[int, Action | None]:
    return {number: fate.action for number, fate in factory.fates.items()}


def test_parts_pass_and_bad_ones_are_rejected_once_after_the_views_are_in_sync() -> None:
    factory = Factory()
    factory.run(40)
    factory.run_until_empty()
    factory.check_promises()
    later = [fate for number, fate in factory.fates.items() if number > 20]
    assert len(later) > 50
    assert all(f.action is (Action.REJECTED if f.bad else Action.PASSED) for f in later)


def test_before_a_view_is_in_sync_nothing_passes() -> None:
    factory = Factory()
    factory.run(40)
    factory.run_until_empty()
    first = [factory.fates[number] for number in (1, 2, 3)]
    assert all(fate.action is Action.FAIL_SAFE for fate in first)


@pytest.mark.parametrize("fault", ["drop", "miss", "double", "delay"])
@pytest.mark.parametrize("view", ["top", "side"])
def test_a_camera_fault_makes_its_part_unknown_and_shifts_none(fault: str, view: str) -> None:
    factory = Factory()
    factory.cameras[view].faults = {40: fault}
    factory.run(45)
    factory.run_until_empty()
    factory.check_promises()
    hit = 41 if fault == "double" else 40
    assert factory.fates[hit].action is Action.FAIL_SAFE
    assert factory.fates[38].action in (Action.PASSED, Action.REJECTED)
    later = [fate.action for number, fate in factory.fates.items() if number > 70]
    assert later
    assert Action.FAIL_SAFE not in later


def test_the_line_restarts_and_goes_on_where_the_journal_ended() -> None:
    factory = Factory()
    factory.run(30)
    factory.restart_line()
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()
    later = [fate.action for number, fate in factory.fates.items() if number > 85]
    assert Action.PASSED in later
    assert Action.FAIL_SAFE not in later


def test_after_a_restart_of_the_plc_what_was_on_the_belt_is_rejected() -> None:
    factory = Factory()
    factory.run(30)
    on_belt = [part.part_id for part in factory.memory.belt]
    factory.restart_plc()
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()
    assert {factory.fates[number].action for number in on_belt} == {Action.FAIL_SAFE}


def test_a_long_outage_leaves_a_gap_record() -> None:
    factory = Factory()
    factory.run(20)
    factory.cut()
    factory.run(60)
    factory.connect()
    factory.run(20)
    factory.run_until_empty()
    factory.check_promises()
    assert factory.journal.of("gap")


def test_a_word_that_is_said_again_is_no_latency() -> None:
    factory = Factory()
    factory.run(20)
    factory.cut()
    factory.run(2)
    factory.connect()
    factory.run(2)
    said = [entry["record"] for entry in factory.journal.of("acked")]
    assert len(said) == len(set(said))
    assert len(factory.line.latencies_ms) == len(said)
    factory.restart_line()
    factory.run(2)
    assert max(factory.line.latencies_ms, default=0.0) < 1000, "no picture was taken at time 0"


def waiting(factory: Factory, verdict: Verdict) -> str:
    """Return the record of the youngest undecided part with this verdict."""
    for _ in range(2000):
        factory.step()
        for part in reversed(list(factory.line.belt.parts.values())):
            if part.decision and part.decision.verdict is verdict and part.said:
                return factory.line.record(part.number)
    raise AssertionError("no such part came")


def press(record: str, verdict: Verdict, *, revision: int = 0, by: str = "Ada") -> Press:
    return Press(
        f"{record}-{revision}-{by}", verdict, by, True, revision, "2026-11-23T00:00:00+00:00"
    )


def number_of(factory: Factory, record: str) -> int:
    return next(n for n in factory.fates if factory.line.record(n) == record)


def test_a_press_in_time_changes_what_the_plc_does_with_that_part() -> None:
    factory = Factory()
    factory.run(20)
    record = waiting(factory, Verdict.REJECT)
    number = number_of(factory, record)
    outcome = factory.line.press(record, press(record, Verdict.PASS), {"role": "operator"})
    assert outcome.answer is Answer.SENT
    factory.run(0.3)
    again = factory.line.press(record, press(record, Verdict.PASS), {})
    assert again.answer is Answer.CHANGED
    factory.run_until_empty()
    assert factory.fates[number].action is Action.PASSED_BY_OPERATOR


def test_a_press_after_the_deadline_changes_nothing_and_is_a_correction() -> None:
    factory = Factory()
    factory.run(20)
    record = waiting(factory, Verdict.REJECT)
    number = number_of(factory, record)
    factory.run(8)
    outcome = factory.line.press(record, press(record, Verdict.PASS), {})
    assert outcome.answer is Answer.TOO_LATE
    factory.run_until_empty()
    assert factory.fates[number].action is Action.REJECTED
    assert [entry["record"] for entry in factory.journal.of("correction")] == [record]


def test_a_pass_executed_late_never_overtakes_an_operators_reject() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    factory.plc.late_us = 1_500_000
    record = ""
    for _ in range(200):
        factory.step()
        newest = [p for p in factory.line.belt.parts.values() if p.decision]
        if newest and newest[-1].decision and newest[-1].decision.verdict is Verdict.PASS:
            record = factory.line.record(newest[-1].number)
            break
    number = number_of(factory, record)
    factory.line.press(record, press(record, Verdict.REJECT), {})
    factory.run_until_empty()
    factory.check_promises()
    assert factory.fates[number].action is Action.REJECTED_BY_OPERATOR


def test_no_pass_is_said_again_while_an_operators_reject_lacks_its_echo() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    record = waiting(factory, Verdict.PASS)
    number = number_of(factory, record)
    factory.plc.lose = {"operator"}
    factory.line.press(record, press(record, Verdict.REJECT), {})
    factory.restart_line()
    while number in factory.line.belt.parts:
        factory.step()
    assert factory.fates[number].action is Action.FAIL_SAFE
    (decided,) = [one for one in factory.journal.of("decided") if one["record"] == record]
    assert decided["why"] == "no PASS is sent while an operator's REJECT lacks its echo"


def test_a_pass_painted_before_anothers_reject_is_superseded() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    record = waiting(factory, Verdict.PASS)
    factory.line.press(record, press(record, Verdict.REJECT, by="Bo"), {})
    outcome = factory.line.press(record, press(record, Verdict.PASS, by="Ada"), {})
    assert (outcome.answer, outcome.by) == (Answer.SUPERSEDED, "Bo")


def test_nobody_signed_in_can_reject_but_not_pass() -> None:
    factory = Factory()
    factory.run(20)
    record = waiting(factory, Verdict.REJECT)
    unsigned = Press("p1", Verdict.PASS, "panel 1, nobody signed in", False, 0, "")
    assert factory.line.press(record, unsigned, {}).answer is Answer.REFUSED


def test_with_a_full_journal_rejects_are_sent_and_no_pass_is() -> None:
    factory = Factory()
    factory.run(30)
    factory.journal.full = True
    first = max(factory.fates) + 1
    factory.run(16)
    factory.journal.full = False
    factory.run_until_empty()
    factory.check_promises()
    hit = [fate for number, fate in factory.fates.items() if first <= number < first + 8]
    assert {fate.action for fate in hit if not fate.bad} == {Action.FAIL_SAFE}


def test_words_wrap_at_24_bits_without_a_verdict_on_another_part() -> None:
    factory = Factory(first_id=(1 << 24) - 40)
    factory.run(40)
    factory.run_until_empty()
    factory.check_promises()
    assert factory.memory.part_id > 1 << 24
    beyond = [fate for number, fate in factory.fates.items() if number >= 1 << 24]
    assert all(f.action is (Action.REJECTED if f.bad else Action.PASSED) for f in beyond)
    assert factory.line.decisions.disagreements == 0


def test_a_press_reaches_its_part_across_the_24_bit_wrap() -> None:
    factory = Factory(first_id=(1 << 24) - 24, bad_share=0)
    while factory.memory.part_id < (1 << 24) + 8:
        factory.step()
    judged = [part for part in factory.line.belt.parts.values() if part.decision]
    for part in judged:
        record = factory.line.record_of(part)
        factory.line.press(record, press(record, Verdict.REJECT), {})
    assert {part.number >> 24 for part in judged} == {0, 1}
    factory.run_until_empty()
    actions = {factory.fates[part.number].action for part in judged if part.stands}
    assert actions == {Action.REJECTED_BY_OPERATOR}


def test_ids_and_encoder_wrap_without_a_jump() -> None:
    factory = Factory(first_id=(1 << 32) - 40)
    factory.encoder_counts = factory._next_edge = float((1 << 32) - 20_000)
    factory.run(40)
    factory.run_until_empty()
    judged = {int(str(entry["number"])) for entry in factory.journal.of("judged")}
    assert (1 << 32) not in judged, "the PLC skips id 0"
    assert max(judged) > 1 << 32
    assert not factory.journal.of("gap")[1:]
