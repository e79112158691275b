"""PLCs that have less than ours: no epoch, no operator table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain.belt import Part
from inspector.domain.outputs import ANOTHERS_RING
from inspector.domain.overriding import Answer, Press
from inspector.domain.verdict import Action, Verdict
from tests.factory import LAYOUT, OUTPUTS, Factory

NO_EPOCH = replace(LAYOUT, epoch=False)
ONE_TABLE = replace(LAYOUT, operator_table=False, hold_rejects=True)


def beats_until(factory: Factory, numbers: set[int]) -> int:
    """Run until these parts are decided; return how often the heartbeat changed before."""
    factory.run(0.1)  # what was on the wire
    before = factory.program.gateway_heartbeat
    beats = 0
    while numbers & factory.line.belt.parts.keys():
        beats += factory.program.gateway_heartbeat != before
        factory.step()
    return beats


# --- no epoch ---


def test_without_an_epoch_none_is_written_and_words_carry_0() -> None:
    factory = Factory(line_layout=NO_EPOCH)
    factory.run(40)
    factory.run_until_empty()
    factory.check_promises()
    assert (factory.memory.epoch, factory.line.epoch) == (0, 0)
    later = [fate for number, fate in factory.fates.items() if number > 30]
    assert later
    assert all(f.action is (Action.REJECTED if f.bad else Action.PASSED) for f in later)


def lose_sync(factory: Factory) -> None:
    factory.line.camera("top", session=9, up=False, why="unplugged")


def restart_plc(factory: Factory) -> None:
    factory.restart_plc()
    factory.run(0.1)


def restart_line(factory: Factory) -> None:
    factory.restart_line()
    factory.run(0.1)


@pytest.mark.parametrize("happens", [lose_sync, restart_plc, restart_line])
def test_without_an_epoch_the_heartbeat_pauses_until_the_belts_parts_are_decided(
    happens: object,
) -> None:
    factory = Factory(line_layout=NO_EPOCH, bad_share=0)
    factory.run(20)
    assert callable(happens)
    happens(factory)
    on_belt = set(factory.line.belt.parts)
    assert len(on_belt) > 10
    assert beats_until(factory, on_belt) == 0
    factory.run(0.3)
    assert factory.program.alive
    decided_after_a_second = sorted(on_belt)[6:]
    actions = {factory.fates[number].action for number in decided_after_a_second}
    assert actions == {Action.FAIL_SAFE}
    factory.run_until_empty()
    factory.check_promises()


def test_without_an_epoch_a_paused_part_says_why_and_takes_no_press() -> None:
    factory = Factory(line_layout=NO_EPOCH, bad_share=0)
    factory.run(20)
    lose_sync(factory)
    part = next(reversed(list(factory.line.belt.parts.values())))
    press = Press("p1", Verdict.REJECT, "Ada", True, 0, "")
    record = factory.line.record_of(part)
    factory.run(7)
    assert factory.line.press(record, press, {}).answer is Answer.TOO_LATE
    factory.run_until_empty()
    (entry,) = [one for one in factory.journal.of("judged") if one["number"] == part.number]
    assert "unplugged" in str(entry["not_inspected"])


# --- no operator table ---


def rejected(factory: Factory) -> Part:
    for _ in range(2000):
        factory.step()
        for part in reversed(list(factory.line.belt.parts.values())):
            if part.decision and part.decision.verdict is Verdict.REJECT and not part.sent:
                return part
    raise AssertionError("no such part came")


def decide(factory: Factory, number: int) -> Action | None:
    while number in factory.line.belt.parts:
        factory.step()
    return factory.fates[number].action


def press_on(factory: Factory, part: Part, verdict: Verdict) -> Answer:
    press = Press(f"p{factory.clock.s}", verdict, "Ada", True, 0, "")
    return factory.line.press(factory.line.record_of(part), press, {"role": "operator"}).answer


def test_a_held_back_reject_is_sent_in_time() -> None:
    factory = Factory(line_layout=ONE_TABLE)
    factory.run(40)
    factory.run_until_empty()
    factory.check_promises()
    later = [fate for number, fate in factory.fates.items() if number > 20]
    assert all(f.action is (Action.REJECTED if f.bad else Action.PASSED) for f in later)
    assert not factory.line.decisions.late


def test_an_operator_can_pass_a_part_whose_reject_is_held_back() -> None:
    factory = Factory(line_layout=ONE_TABLE)
    factory.run(20)
    part = rejected(factory)
    assert press_on(factory, part, Verdict.PASS) is Answer.SENT
    assert not [write for write in factory.plc.wire if write.kind == "operator"]
    assert decide(factory, part.number) is Action.PASSED
    record = factory.line.record_of(part)
    about = [one for one in factory.journal.entries if one.get("record") == record]
    assert [one["kind"] for one in about if one["kind"] != "acked"] == [
        "judged",
        "override",
        "latched",
        "decided",
    ]
    assert about[-1]["agrees"] is True


def test_once_its_word_was_written_a_part_takes_no_press() -> None:
    factory = Factory(line_layout=ONE_TABLE)
    factory.run(20)
    part = rejected(factory)
    while not factory.line.belt.parts[part.number].sent:
        factory.step()
    now = factory.line.belt.parts[part.number]
    assert factory.line.belt.in_time(now)
    assert press_on(factory, now, Verdict.PASS) is Answer.TOO_LATE
    assert decide(factory, part.number) is Action.REJECTED
    assert factory.journal.of("correction")


def test_without_holding_back_a_reject_goes_out_at_once() -> None:
    factory = Factory(line_layout=replace(ONE_TABLE, hold_rejects=False))
    factory.run(20)
    for _ in range(500):
        factory.step()
        judged = [part for part in factory.line.belt.parts.values() if part.decision]
        assert all(part.sent for part in judged)


# --- no sync request ---

BY_STANDSTILL = replace(LAYOUT, sync="standstill", cameras_at=OUTPUTS)


def stand(factory: Factory, seconds: float) -> None:
    factory.belt_runs = False
    factory.run(seconds)
    factory.belt_runs = True


def test_without_a_sync_request_nothing_passes_until_the_belt_has_stood() -> None:
    factory = Factory(line_layout=BY_STANDSTILL, bad_share=0)
    factory.run(20)
    assert not any(track.proven for track in factory.line.belt.tracks.values())
    whys = {track.why for track in factory.line.belt.tracks.values()}
    assert whys == {"stop the belt for a moment to sync in"}
    assert not any(fate.action and fate.action.is_pass for fate in factory.fates.values())
    stand(factory, 2)
    factory.run(20)
    assert all(track.proven for track in factory.line.belt.tracks.values())
    factory.run_until_empty()
    factory.check_promises()
    assert Action.PASSED in {fate.action for fate in factory.fates.values()}
    assert all(gap.request == 0 for gap in factory.program.gaps.values())


def test_a_view_that_reads_the_ring_of_another_camera_is_not_synced_in_by_a_standstill() -> None:
    exchanged = dict(zip(OUTPUTS, reversed(OUTPUTS.values()), strict=True))
    factory = Factory(line_layout=replace(BY_STANDSTILL, cameras_at=exchanged))
    factory.run(12)
    stand(factory, 2)
    factory.run(20)
    assert {view: track.why for view, track in factory.line.belt.tracks.items()} == {
        "top": ANOTHERS_RING.format("side"),
        "side": ANOTHERS_RING.format("top"),
    }
    assert not any(fate.action and fate.action.is_pass for fate in factory.fates.values())


@pytest.mark.parametrize("fault", ["drop", "miss", "double", "delay"])
@pytest.mark.parametrize("ahead", [0, 1])
def test_a_camera_fault_beside_the_standstill_shifts_no_part(fault: str, ahead: int) -> None:
    factory = Factory(line_layout=BY_STANDSTILL)
    factory.run(12)
    for view in factory.cameras:
        behind = 6 if view == "side" else 0  # parts between the two cameras
        factory.cameras[view].faults[factory.memory.part_id + 1 + ahead - behind] = fault
    factory.run(0.6)
    stand(factory, 2)
    factory.run(20)
    stand(factory, 3)
    factory.run(20)
    factory.run_until_empty()
    factory.check_promises()
    assert Action.PASSED in {fate.action for fate in factory.fates.values()}
