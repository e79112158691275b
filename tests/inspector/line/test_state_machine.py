"""Line and PLC program as one state machine: whatever happens, in whatever order.

a bad part passes only on a machine PASS with no latched operator REJECT (and there is none: the
stand-in model knows bad parts), or on a latched operator PASS
none is rejected twice, none is lost, none is shifted
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inspector.domain.belt import Layout
from inspector.domain.overriding import Answer, Press
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import OperatorWord
from tests.factory import LAYOUT, OUTPUTS, SOFTWARE, Factory

FULL_LENGTH = bool(os.environ.get("INSPECTOR_FULL_LENGTH"))
PROFILE = settings(
    max_examples=250 if FULL_LENGTH else 6,
    stateful_step_count=40 if FULL_LENGTH else 20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
VIEWS = st.sampled_from(sorted(OUTPUTS))
BY_OPERATOR = {Action.PASSED_BY_OPERATOR: "pass", Action.REJECTED_BY_OPERATOR: "reject"}


class Line(RuleBasedStateMachine):
    """A whole station; each rule is something that may happen to it at any time."""

    layout: Layout = LAYOUT

    def __init__(self) -> None:
        super().__init__()
        self.factory = Factory(spacing_s=0.4, line_layout=self.layout)
        self.factory.run(8)
        self.pressed: dict[int, set[str]] = {}
        self.presses = 0

    # --- time ---

    @rule(steps=st.integers(1, 120))
    def time_goes_on(self, steps: int) -> None:
        for _ in range(steps):
            self.factory.step()

    @rule(steps=st.integers(1, 150))
    def the_belt_stands(self, steps: int) -> None:
        self.factory.belt_runs = False
        self.time_goes_on(steps)
        self.factory.belt_runs = True

    # --- people ---

    @rule(verdict=st.sampled_from([Verdict.PASS, Verdict.REJECT]), place=st.integers(0, 40))
    def somebody_presses(self, verdict: Verdict, place: int) -> None:
        parts = list(self.factory.line.belt.parts.values())
        if not parts:
            return
        part = parts[place % len(parts)]
        self.presses += 1
        press = Press(f"p{self.presses}", verdict, "Ada", True, 3, "")
        said = self.factory.line.press(self.factory.line.record_of(part), press, {})
        if said.answer is Answer.SENT:
            self.pressed.setdefault(part.number, set()).add(verdict.name.lower())

    # --- cameras ---

    @rule(
        view=VIEWS,
        fault=st.sampled_from(["drop", "miss", "double", "delay"]),
        ahead=st.integers(1, 4),
    )
    def a_camera_fails(self, view: str, fault: str, ahead: int) -> None:
        self.factory.cameras[view].faults[self.factory.memory.part_id + ahead] = fault

    @rule(view=VIEWS)
    def a_camera_restarts(self, view: str) -> None:
        self.factory.restart_camera(view)

    # --- processes and connections ---

    @precondition(lambda self: self.factory.plc_up)
    @rule()
    def the_connection_ends(self) -> None:
        self.factory.cut()

    @precondition(lambda self: not self.factory.plc_up)
    @rule()
    def the_connection_is_back(self) -> None:
        self.factory.connect()

    @rule()
    def the_line_is_killed(self) -> None:
        self.factory.restart_line()

    @rule()
    def the_power_is_cut(self) -> None:
        self.factory.cut_power()

    @rule()
    def the_plc_restarts(self) -> None:
        self.factory.restart_plc()

    @precondition(lambda self: self.layout.epoch)
    @rule()
    def another_gateway_claims_the_station(self) -> None:
        self.factory.program.write_epoch(self.factory.memory.epoch + 1)

    # --- writes and the journal ---

    @rule(seed=st.integers(0, 1000))
    def writes_go_wild(self, seed: int) -> None:
        self.factory.plc.wild = random.Random(seed)

    @rule()
    def writes_are_well_again(self) -> None:
        self.factory.plc.wild = None

    @rule(full=st.booleans())
    def the_journal_fills_or_empties(self, full: bool) -> None:
        self.factory.journal.full = full

    @rule(echoes=st.booleans(), acknowledges=st.booleans())
    def answers_are_lost_or_not(self, echoes: bool, acknowledges: bool) -> None:
        self.factory.plc.echoes, self.factory.plc.acknowledges = echoes, acknowledges

    # --- what must hold ---

    @invariant()
    def no_part_went_where_it_must_not(self) -> None:
        for number, fate in self.factory.fates.items():
            words = self.pressed.get(number, set())
            if fate.action in BY_OPERATOR:
                assert BY_OPERATOR[fate.action] in words, f"nobody said so of part {number}"
            if fate.action is Action.PASSED and fate.bad:
                assert not self.layout.operator_table, f"bad part {number} passed"
                assert "pass" in words, f"bad part {number} passed"
            assert fate.actuations <= 1, f"part {number} was rejected twice"

    @invariant()
    def no_pass_behind_a_latched_reject(self) -> None:
        for part in self.factory.memory.belt:
            word = OperatorWord.unpack(self.factory.program.tables.latched[part.part_id % 64])
            if word.revision and word.verdict == Verdict.REJECT:
                assert "reject" in self.pressed.get(part.part_id, set())

    def teardown(self) -> None:
        factory = self.factory
        factory.journal.full, factory.plc.wild = False, None
        factory.plc.echoes = factory.plc.acknowledges = True
        if not factory.plc_up:
            factory.connect()
        factory.run_until_empty()
        self.no_part_went_where_it_must_not()
        factory.check_promises(self.pressed)


class NoEpoch(Line):
    """A PLC that keeps no epoch."""

    layout = replace(LAYOUT, epoch=False)


class OneTable(Line):
    """A PLC without an operator table, at a station that holds its rejects back."""

    layout = replace(LAYOUT, operator_table=False, hold_rejects=True)


class Least(Line):
    """A PLC with neither."""

    layout = replace(LAYOUT, epoch=False, operator_table=False)


class Standstill(Line):
    """A PLC that makes no gap to sync in: the belt must stand."""

    layout = replace(LAYOUT, sync="standstill")

    def __init__(self) -> None:
        super().__init__()
        self.the_belt_stands(100)
        self.time_goes_on(200)


class SoftwareTrigger(Line):
    """A PLC that fires no camera: each picture is asked for."""

    layout = SOFTWARE

    @rule(view=VIEWS, ms=st.integers(20, 1500))
    def orders_to_a_camera_are_late(self, view: str, ms: int) -> None:
        late = [(at + ms * 1000 * (of == view), of) for at, of in self.factory.orders]
        self.factory.orders = late

    @rule(view=VIEWS)
    def an_order_to_a_camera_is_lost(self, view: str) -> None:
        self.factory.orders = [one for one in self.factory.orders if one[1] != view]


TestEverything = Line.TestCase
TestNoEpoch = NoEpoch.TestCase
TestOneTable = OneTable.TestCase
TestLeast = Least.TestCase
TestEverything.settings = TestNoEpoch.settings = PROFILE
TestOneTable.settings = TestLeast.settings = PROFILE
TestStandstill, TestSoftwareTrigger = Standstill.TestCase, SoftwareTrigger.TestCase
TestStandstill.settings = TestSoftwareTrigger.settings = PROFILE
pytestmark = pytest.mark.timeout(7200 if FULL_LENGTH else 120)
