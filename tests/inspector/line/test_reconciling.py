"""One truth about a decided part: in the journal, on the record, on the screen."""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.overriding import Answer, Press
from inspector.domain.verdict import Action, Verdict
from inspector.line.status import station_status
from tests.factory import LAYOUT, Factory


def judged(factory: Factory, verdict: Verdict) -> int:
    """Run until the youngest judged part has this verdict and was sent; return its number."""
    for _ in range(2000):
        factory.step()
        done = [part for part in factory.line.belt.parts.values() if part.decision]
        if done and done[-1].decision and done[-1].decision.verdict is verdict and done[-1].sent:
            return done[-1].number
    raise AssertionError("no such part came")


def press(record: str, verdict: Verdict) -> Press:
    return Press(f"p-{record}", verdict, "Ada", True, 0, "2026-11-23T00:00:00+00:00")


def entries_of(factory: Factory, record: str) -> list[str]:
    about = [one for one in factory.journal.entries if one.get("record") == record]
    return [str(one["kind"]) for one in about]


def entry(factory: Factory, kind: str, record: str) -> dict[str, object]:
    return next(one for one in factory.journal.of(kind) if one["record"] == record)


def shown_state(factory: Factory, record: str) -> str:
    shown = station_status(factory.line, now_s=factory.clock.s)
    recent = shown["recent"]
    assert isinstance(recent, list)
    return str(next(one["operator_state"] for one in recent if one["record"] == record))


def until_decided(factory: Factory, number: int) -> None:
    while number in factory.line.belt.parts:
        factory.step()


def test_a_word_that_never_reached_the_plc_is_a_correction_everywhere() -> None:
    factory = Factory()
    factory.run(20)
    number = judged(factory, Verdict.REJECT)
    record = factory.line.record(number)
    factory.plc.lose = {"operator"}
    said = press(record, Verdict.PASS)
    assert factory.line.press(record, said, {"role": "operator"}).answer is Answer.SENT
    until_decided(factory, number)
    assert factory.fates[number].action is Action.REJECTED
    assert entries_of(factory, record)[-2:] == ["correction", "decided"]
    correction = entry(factory, "correction", record)
    assert (correction["person"], correction["role"]) == ("Ada", "operator")
    assert correction["press_id"] != said.press_id
    assert shown_state(factory, record) == "too_late"
    assert factory.line.press(record, said, {}).answer is Answer.TOO_LATE


def test_the_decision_proves_a_word_whose_echo_was_not_read() -> None:
    factory = Factory()
    factory.run(20)
    number = judged(factory, Verdict.REJECT)
    record = factory.line.record(number)
    factory.plc.echoes = False
    said = press(record, Verdict.PASS)
    factory.line.press(record, said, {})
    until_decided(factory, number)
    assert factory.fates[number].action is Action.PASSED_BY_OPERATOR
    assert entries_of(factory, record)[-2:] == ["latched", "decided"]
    assert shown_state(factory, record) == "changed"
    assert factory.line.press(record, said, {}).answer is Answer.CHANGED


def test_a_restart_between_press_and_decision_forgets_no_correction() -> None:
    factory = Factory()
    factory.run(20)
    number = judged(factory, Verdict.REJECT)
    record = factory.line.record(number)
    factory.plc.lose = {"operator"}
    factory.line.press(record, press(record, Verdict.PASS), {"role": "operator"})
    factory.restart_line()
    until_decided(factory, number)
    assert entry(factory, "correction", record)["role"] == "operator"


def test_a_pass_that_was_executed_without_its_acknowledgement_is_not_late() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    factory.plc.acknowledges = False
    number = judged(factory, Verdict.PASS)
    record = factory.line.record(number)
    late = factory.line.decisions.late
    until_decided(factory, number)
    assert factory.fates[number].action is Action.PASSED
    assert entry(factory, "decided", record)["agrees"] is True
    assert entry(factory, "acked", record)["late"] is False
    assert factory.line.decisions.late == late


def test_a_part_whose_word_a_new_epoch_voided_says_so() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    oldest = next(iter(factory.line.belt.parts.values()))
    last = LAYOUT.reject_at_counts - LAYOUT.last_word_counts
    while factory.line.belt.distance(oldest) < last:
        oldest = factory.line.belt.parts[oldest.number]
        factory.step()
    assert oldest.said
    factory.line.camera("top", session=1, up=False, why="camera top unplugged")
    until_decided(factory, oldest.number)
    decided = entry(factory, "decided", factory.line.record(oldest.number))
    assert factory.fates[oldest.number].action is Action.FAIL_SAFE
    assert "camera top unplugged" in str(decided["why"])
    assert decided["agrees"] is True


def test_a_late_verdict_is_not_sent_is_counted_and_is_on_the_record() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    late_line = replace(LAYOUT, answer_by_counts=8500)
    factory.line.layout = late_line
    factory.line.belt = replace(factory.line.belt, layout=late_line)
    number = factory.memory.part_id + 1
    factory.cameras["side"].faults[number] = "delay"
    factory.delay_us = 4_900_000  # the side camera is 3 s behind the eye, the reject station 8 s
    factory.run(4)
    factory.plc.said.clear()
    until_decided(factory, number)
    record = factory.line.record(number)
    assert number % LAYOUT.slots not in factory.plc.said
    assert entry(factory, "judged", record)["verdict"] == "pass"
    assert entry(factory, "acked", record)["late"] is True
    assert factory.line.decisions.late == 1
    assert "late" in str(entry(factory, "decided", record)["why"])
