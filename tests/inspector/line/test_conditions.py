"""What a station says of itself, and when its alarms come and go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain.health import Condition, State, worst
from inspector.domain.overriding import Answer, Press
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord
from inspector.gateway.worker_side import take_from_worker
from inspector.line.conditions import conditions
from tests.factory import LAYOUT, Factory


def running(**options: float) -> Factory:
    factory = Factory(**options)  # type: ignore[arg-type]
    factory.run(20)
    return factory


def said(factory: Factory) -> list[Condition]:
    return conditions(factory.line, now_s=factory.clock.s)


def alarms(factory: Factory, name: str) -> list[object]:
    return [entry["on"] for entry in factory.journal.of("alarm") if entry["name"] == name]


def flip(factory: Factory) -> int:
    """Let the PLC pass a part that we reject, as a broken program would; return its number."""
    for _ in range(2000):
        factory.step()
        part = next(iter(factory.line.belt.parts.values()))
        rejected = part.decision and part.decision.verdict is Verdict.REJECT
        if rejected and factory.line.belt.distance(part) >= LAYOUT.reject_at_counts - 40:
            word = MachineWord(part.number, factory.line.epoch, Verdict.PASS)
            factory.program.write_verdict(part.number % LAYOUT.slots, word.pack())
            while part.number in factory.line.belt.parts:
                factory.step()
            return part.number
    raise AssertionError("no such part came")


def test_a_running_line_in_sync_has_nothing_to_say() -> None:
    assert said(running()) == []


def test_a_difference_is_shown_counted_and_journaled_with_both_sides() -> None:
    factory = running()
    number = flip(factory)
    assert factory.fates[number].action is Action.PASSED
    text = f"part {number}: we said REJECT, the PLC passed it (action 1)"
    assert said(factory) == [Condition(State.OUT_OF_SPECIFICATION, text)]
    (entry,) = factory.journal.of("alarm")
    assert (entry["name"], entry["text"], entry["on"]) == ("decision", text, True)
    assert factory.line.decisions.disagreements == 1


def test_a_difference_is_shown_for_ten_minutes_after_the_last_one() -> None:
    factory = running()
    flip(factory)
    factory.clock.s += 590
    factory.run(0.2)
    assert factory.line.alarms.text("decision")
    factory.clock.s += 10
    factory.run(0.2)
    assert not factory.line.alarms.text("decision")
    assert alarms(factory, "decision") == [True, False]


def test_an_alarm_of_sync_goes_when_the_view_is_proven_again() -> None:
    factory = running()
    factory.cameras["top"].faults = {factory.memory.part_id + 3: "miss"}
    factory.run(4)
    assert alarms(factory, "sync top") == [True]
    factory.run(20)
    assert alarms(factory, "sync top") == [True, False]


def test_an_alarm_of_sync_goes_though_the_line_restarted_in_between() -> None:
    factory = running()
    factory.line.camera("top", session=2, up=False, why="unplugged")
    factory.restart_line()
    factory.run(20)
    assert alarms(factory, "sync top") == [True, False]


def test_another_gateways_epoch_in_mid_session_silences_this_one() -> None:
    factory = running()
    epoch = factory.line.epoch
    factory.program.write_epoch(epoch + 1)
    factory.run(0.2)
    factory.plc.wire = []
    for _ in range(400):
        factory.step()
        assert factory.plc.wire == []
    assert factory.line.epoch == epoch
    (one,) = [one for one in said(factory) if one.state is State.FAILURE]
    assert one.text.startswith("another gateway is at work on this station")
    assert alarms(factory, "another gateway") == [True]


def test_a_silenced_gateway_does_not_claim_the_station_at_its_next_connection() -> None:
    factory = running()
    factory.program.write_epoch(factory.line.epoch + 1)
    factory.run(0.2)
    factory.cut()
    factory.connect()
    factory.run(2)
    assert factory.memory.epoch == factory.line.epoch + 1
    factory.restart_line()
    factory.run(20)
    assert factory.memory.epoch == factory.line.epoch
    assert alarms(factory, "another gateway") == [True, False]
    assert said(factory) == []


def test_a_silenced_gateway_takes_no_press() -> None:
    factory = running()
    factory.program.write_epoch(factory.line.epoch + 1)
    factory.run(0.2)
    record = factory.line.record_of(next(iter(factory.line.belt.parts.values())))
    press = Press("p1", Verdict.REJECT, "Ada", True, 0, "")
    assert factory.line.press(record, press, {}).answer is Answer.REFUSED


def expecting(factory: Factory, **expects: int | bool) -> None:
    factory.line.layout = replace(LAYOUT, expects=expects)


def test_a_policy_that_differs_names_node_found_and_expected() -> None:
    factory = running()
    factory.policy = {"hold_after_unknown": 5, "allow_operator_pass": True}
    expecting(factory, hold_after_unknown=3, allow_operator_pass=True)
    factory.run(0.2)
    text = "the PLC's Config.HoldAfterUnknown is 5, the station expects 3"
    assert said(factory) == [Condition(State.OUT_OF_SPECIFICATION, text)]


def test_a_policy_the_plc_does_not_show_is_said_so() -> None:
    factory = running()
    expecting(factory, auto_resume=False)
    (one,) = said(factory)
    assert one.text == "the PLC's Config.AutoResume is not shown, the station expects false"


def test_the_pass_all_key_is_said_for_as_long_as_it_is_turned() -> None:
    factory = running()
    factory.policy = {"pass_all": True}
    factory.run(60)
    text = "the PLC passes every part by key"
    assert said(factory) == [Condition(State.OUT_OF_SPECIFICATION, text)]
    factory.policy = {"pass_all": False}
    factory.run(0.2)
    assert said(factory) == []


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (2, "the line is stopped"),
        (4, "the line is idle"),
        (5, "the line is suspended"),
        (11, "the PLC holds the line"),
        (9, "the line is not in production (PackML state 9)"),
    ],
)
def test_pictures_heartbeat_and_sync_are_missed_only_in_execute(state: int, text: str) -> None:
    factory = running()
    for view in ("top", "side"):
        factory.line.camera(view, session=7, up=True, why="")
    snapshot = factory.snapshot()
    factory.line.link.snapshot = replace(snapshot, state=state)
    found = conditions(factory.line, now_s=factory.clock.s + 60)
    assert found == [Condition(State.OUT_OF_SPECIFICATION, text)]
    factory.line.link.snapshot = snapshot
    states = [one.state for one in conditions(factory.line, now_s=factory.clock.s + 60)]
    assert states == [State.FAILURE, State.FUNCTION_CHECK, State.FUNCTION_CHECK]


def test_an_alarm_of_the_worker_puts_the_station_into_the_state_that_it_names() -> None:
    factory = running()
    text = "runs on CPU, not on GPU: device GPU was asked for, and this computer has only CPU"
    alarm = {"do": "alarm", "name": "device GPU", "text": text, "on": True, "state": "maintenance"}
    take_from_worker(factory.line, alarm)
    assert said(factory) == [Condition(State.MAINTENANCE, text)]
    assert alarms(factory, "device GPU") == [True]
    full = {"do": "alarm", "name": "pictures", "text": "shared memory is full", "on": True}
    take_from_worker(factory.line, full)
    assert worst(said(factory)) == Condition(State.OUT_OF_SPECIFICATION, "shared memory is full")
    factory.line.worker_gone()
    assert not factory.line.worker_alarms
    assert alarms(factory, "device GPU") == alarms(factory, "pictures") == [True, False]


def test_a_line_that_stands_raises_no_alarm_of_sync() -> None:
    factory = running()
    factory.program.hold()
    factory.run(0.2)
    factory.line.camera("top", session=2, up=True, why="")
    assert alarms(factory, "sync top") == []


def test_why_a_worker_ended_is_on_its_parts_and_shown_for_ten_minutes() -> None:
    factory = running()
    factory.line.worker_ends("the model looked for more than 1.2 s")
    factory.line.worker_gone()
    factory.run(10)
    assert {one.text for one in said(factory)} >= {
        "the model looked for more than 1.2 s",
        "view top: the model looked for more than 1.2 s",
    }
    missed = {str(one["not_inspected"]) for one in factory.journal.of("judged")} - {""}
    assert "view top: the model looked for more than 1.2 s" in missed
    for view in factory.cameras:
        factory.restart_camera(view)
    factory.run(20)
    assert [one.text for one in said(factory)] == ["the model looked for more than 1.2 s"]
    factory.run(600)
    assert said(factory) == []
    assert alarms(factory, "worker ended") == [True, False]


def test_a_failure_is_journaled_once_it_has_lasted_and_when_it_is_over() -> None:
    factory = running()
    broken = Condition(State.FAILURE, "no connection to the PLC: cut")
    standing = factory.line.alarms
    standing.stands(broken)
    factory.clock.s += 60
    standing.stands(broken)
    assert alarms(factory, "failure") == [], "it has not run yet: it starts"
    standing.stands(Condition(State.GOOD, ""))
    for seconds, came in ((0, []), (9, []), (1, [True]), (30, [True])):
        factory.clock.s += seconds
        standing.stands(broken)
        assert alarms(factory, "failure") == came
    standing.stands(Condition(State.FUNCTION_CHECK, "view top: syncing"))
    standing.stands(Condition(State.GOOD, ""))
    assert alarms(factory, "failure") == [True, False]


def test_what_the_watches_say_is_among_the_stations_conditions() -> None:
    factory = running()
    drift = Condition(State.MAINTENANCE, "rejects rise: look at the lamp")
    factory.line.watched = (drift,)
    assert said(factory) == [drift]
