"""Faults of PLC, belt and connection, each injected into a running station: the safe outcome."""

from __future__ import annotations

import pytest

from inspector.domain.belt import Part
from inspector.domain.health import State
from inspector.domain.overriding import Answer, Press
from inspector.domain.sync import TOO_CLOSE
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import ID_MASK
from inspector.line.conditions import conditions
from tests.factory import LAYOUT, Factory, Write

CLOSE = 40
"""The part that comes close behind the one before."""


def running(*, seconds: float = 20, **options: float) -> Factory:
    factory = Factory(**options)  # type: ignore[arg-type]
    factory.run(seconds)
    return factory


def settled(factory: Factory) -> None:
    factory.run_until_empty()
    factory.check_promises()


def oldest(factory: Factory) -> Part:
    return next(iter(factory.line.belt.parts.values()))


def newest_judged(factory: Factory) -> Part:
    return [part for part in factory.line.belt.parts.values() if part.decision][-1]


def on_the_wire(factory: Factory, *kinds: str) -> list[Write]:
    return [write for write in factory.plc.wire if write.kind in kinds]


def entry(factory: Factory, kind: str, number: int) -> dict[str, object]:
    record = factory.line.record(number)
    return next(one for one in factory.journal.of(kind) if one["record"] == record)


# --- triggers: twice, too close, in another order ---


@pytest.mark.parametrize("view", ["top", "side"])
@pytest.mark.parametrize("gap_s", [0.01, 0.15])
@pytest.mark.parametrize("fault", ["", "miss", "drop"])
@pytest.mark.parametrize("hit", [CLOSE - 1, CLOSE])
def test_two_parts_too_close_to_be_told_apart_never_both_pass(
    view: str, gap_s: float, fault: str, hit: int
) -> None:
    factory = Factory(bad_share=0)
    factory.close_behind[CLOSE] = gap_s
    factory.cameras[view].faults = {hit: fault}
    factory.run(40)
    settled(factory)
    first, second = (factory.fates[number].action for number in (CLOSE - 1, CLOSE))
    assert second is Action.FAIL_SAFE
    assert first in {Action.PASSED, Action.FAIL_SAFE}
    if fault and hit == CLOSE - 1:
        assert first is Action.FAIL_SAFE
    later = [fate.action for number, fate in factory.fates.items() if number > CLOSE + 25]
    assert set(later) == {Action.PASSED}


def test_parts_around_two_that_are_too_close_are_inspected() -> None:
    factory = Factory(bad_share=0)
    factory.close_behind[CLOSE] = 0.01
    factory.run(40)
    settled(factory)
    judged = {one["number"]: one["verdict"] for one in factory.journal.of("judged")}
    around = {number: judged[number] for number in range(CLOSE - 3, CLOSE + 3)}
    assert list(around.values()) == ["pass", "pass", "unknown", "unknown", "pass", "pass"]
    assert TOO_CLOSE in str(entry(factory, "judged", CLOSE)["reasons"])


def test_an_eye_that_counts_a_part_twice_inspects_neither() -> None:
    factory = Factory(bad_share=0)
    factory.close_behind[CLOSE] = 0.003
    factory.run(40)
    settled(factory)
    judged = [one["number"] for one in factory.journal.of("judged")]
    assert (judged.count(CLOSE - 1), judged.count(CLOSE)) == (1, 1)
    assert {factory.fates[n].action for n in (CLOSE - 1, CLOSE)} == {Action.FAIL_SAFE}


@pytest.mark.parametrize("view", ["top", "side"])
def test_frames_that_come_in_exchanged_order_give_no_part_anothers_picture(view: str) -> None:
    factory = Factory()
    factory.cameras[view].faults = {CLOSE: "exchange"}
    factory.run(40)
    settled(factory)
    assert {factory.fates[n].action for n in (CLOSE, CLOSE + 1)} == {Action.FAIL_SAFE}


def test_a_ring_that_is_read_twice_makes_no_second_record_and_no_other_word() -> None:
    factory = running(bad_share=0)
    words: dict[int, set[int]] = {}
    for _ in range(200):
        factory.step()
        factory.line.plc_read(factory.snapshot())
        factory.line.plc_read(factory.snapshot())
        for write in on_the_wire(factory, "verdict"):
            words.setdefault(write.word >> 8, set()).add(write.word)
    assert len(words) > 5
    assert {len(said) for said in words.values()} == {1}
    settled(factory)


# --- writes and reads that get lost ---


def test_a_write_without_its_answer_is_said_again_with_the_same_word_until_the_decision() -> None:
    factory = running(bad_share=0)
    factory.plc.acknowledges = False
    part = factory.line.belt.parts[factory.memory.part_id]
    words: dict[int, set[int]] = {}
    times = 0
    while part.number in factory.line.belt.parts:
        factory.step()
        mine = [one for one in on_the_wire(factory, "verdict") if one.slot == part.number % 64]
        words.setdefault(part.number, set()).update(one.word for one in mine)
        times += len(mine)
    assert times > 10
    assert len(words[part.number]) == 1
    assert factory.fates[part.number].action is Action.PASSED
    assert entry(factory, "decided", part.number)["agrees"] is True


def test_a_decision_that_was_taken_while_we_were_away_is_read_from_the_table() -> None:
    factory = running(bad_share=0)
    part = oldest(factory)
    while factory.line.belt.distance(part) < LAYOUT.reject_at_counts - 100:
        factory.step()
    factory.cut()
    factory.run(0.4)
    assert factory.fates[part.number].action is Action.PASSED
    assert part.number in factory.line.belt.parts
    factory.connect()
    factory.run(0.2)
    assert part.number not in factory.line.belt.parts
    decided = entry(factory, "decided", part.number)
    assert (decided["action"], decided["agrees"]) == (int(Action.PASSED), True)


def test_after_a_new_connection_only_what_is_undecided_is_said() -> None:
    factory = running(bad_share=0)
    factory.cut()
    factory.plc.wire = []
    gone = set(factory.line.belt.parts)
    factory.run(4)
    undecided = {part.part_id for part in factory.memory.belt}
    assert gone - undecided, "some were decided meanwhile"
    factory.connect()
    said: set[int] = set()
    for _ in range(50):
        factory.step()
        said |= {write.word >> 8 for write in on_the_wire(factory, "verdict")}
    assert said
    assert said <= {number & ID_MASK for number in undecided | set(factory.fates) - gone}
    settled(factory)


def test_a_verdict_that_slow_writes_bring_too_late_is_fail_safe_and_counted() -> None:
    factory = running(bad_share=0)
    factory.plc.late_us = 2_500_000
    number = factory.memory.part_id + 1
    factory.cameras["side"].faults[number] = "delay"
    factory.delay_us = 2_900_000  # judged 5.9 s behind the eye; the reject station is 8 s behind it
    while number not in factory.line.belt.parts:
        factory.step()
    while factory.line.belt.in_time(factory.line.belt.parts[number]):
        factory.step()
    assert on_the_wire(factory, "verdict"), "its word is under way"
    factory.plc.said.clear()
    while number in factory.line.belt.parts:
        factory.step()
    assert number % LAYOUT.slots not in factory.plc.said, "behind the last moment nothing is sent"
    factory.run(3)
    assert factory.fates[number].action is Action.FAIL_SAFE, "also once the word was executed"
    assert entry(factory, "acked", number)["late"] is True
    assert factory.line.decisions.late == 1
    settled(factory)


# --- the PLC's program stands, its server answers ---


def stopped() -> Factory:
    """Return a station whose PLC is in STOP: its server takes every write, nothing looks at it."""
    factory = running(bad_share=0)
    factory.program_runs = factory.belt_runs = False
    factory.run(1.3)
    factory.plc.wire = []
    return factory


def test_to_a_plc_in_stop_no_word_is_written_and_the_station_has_failed() -> None:
    factory = stopped()
    (one,) = conditions(factory.line, now_s=factory.clock.s)
    assert (one.state, one.text) == (State.FAILURE, "the PLC's program is not running")
    part, press = newest_judged(factory), Press("p1", Verdict.REJECT, "Ada", True, 0, "")
    record = factory.line.record_of(part)
    assert factory.line.press(record, press, {}).answer is Answer.SENT, "it lies in the journal"
    for _ in range(150):
        factory.step()
        assert not on_the_wire(factory, "verdict", "operator")
    again = factory.line.press(record, press, {})
    assert again.answer is Answer.SENT, "and is not said to be changed"


def test_a_plc_that_runs_on_after_a_stop_gets_every_word_that_is_still_in_time() -> None:
    factory = stopped()
    part, press = newest_judged(factory), Press("p1", Verdict.REJECT, "Ada", True, 0, "")
    factory.line.press(factory.line.record_of(part), press, {})
    factory.run(3)
    factory.program_runs = factory.belt_runs = True
    settled(factory)
    assert factory.fates[part.number].action is Action.REJECTED_BY_OPERATOR


def test_what_was_on_the_belt_at_a_stop_is_rejected_when_the_program_starts_anew() -> None:
    factory = stopped()
    on_belt = [part.part_id for part in factory.memory.belt]
    factory.program_runs = factory.belt_runs = True
    factory.restart_plc()
    factory.run(10)
    settled(factory)
    assert {factory.fates[number].action for number in on_belt} == {Action.FAIL_SAFE}


def test_a_part_in_a_worker_that_crashes_has_the_crash_as_its_cause_though_it_is_back_in_time() -> (
    None
):
    factory = running()
    hit = factory.memory.part_id + 2
    factory.cameras["side"].faults = {hit: "unanswered"}
    while factory.line.belt.parts.keys().isdisjoint({hit + 8}):
        factory.step()
    factory.line.worker_gone()
    for view in factory.cameras:
        factory.restart_camera(view)
    settled(factory)
    assert entry(factory, "judged", hit)["not_inspected"] == (
        "view side: the vision worker is not running"
    )
    assert factory.fates[hit].action is Action.FAIL_SAFE
