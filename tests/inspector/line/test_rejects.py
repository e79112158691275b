"""A run of rejects stands as an alarm of its station, across restarts of the line, and once."""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.belt import Layout
from inspector.domain.health import State
from inspector.domain.run_of_rejects import RejectRun, RunRule
from inspector.domain.verdict import Verdict
from inspector.line.alarms import RUN_OF_REJECTS
from inspector.line.conditions import conditions
from inspector.line.rejects import RejectWatch
from tests.factory import LAYOUT, Factory

RULED = replace(LAYOUT, run_rule=RunRule(3, 3))


def all_bad(line_layout: Layout = RULED) -> Factory:
    factory = Factory(bad_share=1.0, line_layout=line_layout)
    factory.run(30)
    return factory


def told(factory: Factory) -> list[bool]:
    return [
        bool(entry["on"])
        for entry in factory.journal.of("alarm")
        if entry["name"] == RUN_OF_REJECTS
    ]


def test_the_station_is_out_of_specification_for_as_long_as_the_run_lasts() -> None:
    factory = all_bad()
    (said,) = conditions(factory.line, now_s=factory.clock.s)
    assert said.state is State.OUT_OF_SPECIFICATION
    assert said.text.startswith("3 parts in a row were rejected for")
    assert told(factory) == [True]
    factory.bad_share = 0.0
    factory.run(20)
    assert conditions(factory.line, now_s=factory.clock.s) == []
    assert told(factory) == [True, False]


def test_a_restart_in_mid_run_says_it_no_second_time_and_still_ends_it() -> None:
    factory = all_bad()
    factory.restart_line()
    assert factory.line.alarms.text(RUN_OF_REJECTS)
    factory.run(20)
    assert told(factory) == [True]
    factory.bad_share = 0.0
    factory.run(20)
    assert told(factory) == [True, False]


def test_two_rejects_before_a_restart_and_one_after_it_are_a_run() -> None:
    factory = Factory(bad_share=0.0, line_layout=RULED)
    factory.run(20)
    factory.bad_share = 1.0
    judged = len(factory.journal.of("judged"))
    while sum(one["verdict"] == "reject" for one in factory.journal.of("judged")[judged:]) < 2:
        factory.step()
    assert told(factory) == []
    factory.restart_line()
    factory.run(30)
    assert told(factory) == [True]


def test_what_was_lost_between_verdict_and_alarm_is_said_after_the_restart() -> None:
    factory = all_bad(LAYOUT)  # as if it had ended before each alarm
    assert told(factory) == []
    factory.line_layout = RULED
    factory.restart_line()
    assert told(factory) == [True]
    factory.line_layout = LAYOUT
    factory.restart_line()
    assert told(factory) == [True, False], "without the rule nothing stands"


def run_of(kind: str) -> RejectRun:
    run = RejectRun(RunRule(3, 3))
    for n in range(3):
        run = run.after((1, n), Verdict.REJECT, frozenset({kind}))
    return run


def test_a_run_for_another_kind_is_another_alarm() -> None:
    factory = Factory(bad_share=0.0, line_layout=RULED)
    watch = RejectWatch(run_of("scratch"), factory.line.alarms)
    watch.restore(run_of("scratch"))
    watch.restore(run_of("dent"))
    assert "rejected for dent" in factory.line.alarms.text(RUN_OF_REJECTS)
    assert told(factory) == [True, False, True]
