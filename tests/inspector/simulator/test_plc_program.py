"""The PLC program: one decision and one actuation a part, whatever the words do."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.domain.numbers import BITS_32
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord, OperatorWord, action_of
from inspector.simulator.plc_memory import (
    Actuated,
    Decided,
    Edge,
    Event,
    Fired,
    Inputs,
    Layout,
    Policy,
    Retentive,
    Triggered,
)
from inspector.simulator.plc_program import EXECUTE, HELD, PlcProgram

SLOTS, REJECT_AT = 16, 1000
LAYOUT = Layout(slots=SLOTS, reject_at_counts=REJECT_AT, outputs={"top": 0, "side": 300})
PASS, REJECT, UNKNOWN = int(Verdict.PASS), int(Verdict.REJECT), int(Verdict.UNKNOWN)
NO_HOLD = Policy(hold_after_unknown=0, hold_after_silence_ms=0)
COUNT_US = 1000
"""The belt of these tests: 1 count a millisecond."""


class Bench:
    """A program on a test bench: the belt moves a count a millisecond and the gateway beats."""

    def __init__(self, policy: Policy = NO_HOLD, memory: Retentive | None = None) -> None:
        self.program = PlcProgram(LAYOUT, policy, memory)
        self.now_us, self.encoder, self.beats = 1_000_000, 0, 0
        self.events: list[Event] = []
        self.beating = True
        if memory is None:
            self.program.write_epoch(1)
        self.move(0)

    def move(self, counts: int, *, part: bool = False) -> None:
        """Move the belt; with `part`, one is at the eye when it gets there."""
        self.now_us += counts * COUNT_US
        self.encoder = (self.encoder + counts) % BITS_32
        if self.beating:
            self.beats += 1
            self.program.write_heartbeat(self.beats)
        edges = (Edge(self.encoder, self.now_us),) if part else ()
        self.events += self.program.scan(Inputs(self.now_us, self.encoder, COUNT_US, edges))

    def wait(self, ms: int) -> None:
        """Let time go on while the belt stands."""
        for _ in range(ms // 10):
            self.now_us += 10_000
            if self.beating:
                self.beats += 1
                self.program.write_heartbeat(self.beats)
            self.events += self.program.scan(Inputs(self.now_us, self.encoder, COUNT_US))

    def part(self) -> int:
        """Bring a part to the eye and return its id."""
        self.move(10, part=True)
        return self.program.memory.part_id

    def machine(self, part_id: int, verdict: int, *, epoch: int = 1) -> None:
        word = MachineWord(part_id, epoch, verdict).pack()
        self.program.write_verdict(part_id % SLOTS, word)

    def operator(self, part_id: int, verdict: int, revision: int = 1, *, epoch: int = 1) -> None:
        word = OperatorWord(part_id, epoch, revision, verdict).pack()
        self.program.write_operator(part_id % SLOTS, word)

    def decided(self, part_id: int) -> Action:
        """Move the part to the reject station and return what was done with it."""
        for _ in range(11):
            self.move(100)
        (action,) = [
            e.action for e in self.events if isinstance(e, Decided) and e.part_id == part_id
        ]
        word = self.program.memory.decisions[part_id % SLOTS]
        assert action_of(word, part_id) == action
        return action

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_part_without_a_word_is_rejected(bench: Bench) -> None:
    assert bench.decided(bench.part()) == Action.FAIL_SAFE
    assert len(bench.of(Actuated)) == 1


@pytest.mark.parametrize(
    ("verdict", "action"),
    [(PASS, Action.PASSED), (REJECT, Action.REJECTED), (UNKNOWN, Action.FAIL_SAFE)],
)
def test_a_fresh_word_decides(bench: Bench, verdict: int, action: Action) -> None:
    part = bench.part()
    bench.machine(part, verdict)
    assert bench.decided(part) == action
    assert len(bench.of(Actuated)) == (0 if action.is_pass else 1)


def test_a_word_of_another_epoch_is_ignored(bench: Bench) -> None:
    part = bench.part()
    bench.machine(part, PASS)
    bench.program.write_epoch(2)
    assert bench.decided(part) == Action.FAIL_SAFE


def test_the_highest_epoch_stays(bench: Bench) -> None:
    bench.program.write_epoch(7)
    bench.program.write_epoch(3)
    assert bench.program.memory.epoch == 7


def test_a_word_for_another_part_of_the_slot_is_ignored(bench: Bench) -> None:
    part = bench.part()
    word = MachineWord(part + SLOTS, 1, PASS).pack()
    bench.program.write_verdict(part % SLOTS, word)
    assert bench.decided(part) == Action.FAIL_SAFE


def test_no_pass_is_taken_from_a_dead_gateway(bench: Bench) -> None:
    part = bench.part()
    bench.machine(part, PASS)
    bench.beating = False
    bench.wait(500)
    assert bench.decided(part) == Action.FAIL_SAFE
    assert not bench.program.alive


def test_a_heartbeat_that_is_only_repeated_is_none(bench: Bench) -> None:
    bench.beating = False
    for _ in range(20):
        bench.program.write_heartbeat(bench.beats)
        bench.wait(100)
    assert not bench.program.alive


def test_a_trigger_clears_both_slots_and_the_latch() -> None:
    bench = Bench()
    first = bench.part()
    bench.machine(first, PASS)
    bench.operator(first, REJECT)
    bench.move(10)
    assert bench.program.tables.latched[first % SLOTS]
    last = [bench.part() for _ in range(SLOTS)][-1]
    slot = last % SLOTS
    assert slot == first % SLOTS
    tables = bench.program.tables
    assert (tables.verdict[slot], tables.operator[slot], tables.latched[slot]) == (0, 0, 0)


# --- the operator ---


def test_a_latched_reject_beats_a_pass(bench: Bench) -> None:
    part = bench.part()
    bench.machine(part, PASS)
    bench.operator(part, REJECT)
    assert bench.decided(part) == Action.REJECTED_BY_OPERATOR


def test_a_latched_reject_holds_though_the_gateway_died(bench: Bench) -> None:
    part = bench.part()
    bench.operator(part, REJECT)
    bench.move(10)
    bench.beating = False
    assert bench.decided(part) == Action.REJECTED_BY_OPERATOR


def test_an_operator_passes_what_the_machine_rejects(bench: Bench) -> None:
    part = bench.part()
    bench.machine(part, REJECT)
    bench.operator(part, PASS)
    assert bench.decided(part) == Action.PASSED_BY_OPERATOR


def test_the_plc_may_forbid_that() -> None:
    bench = Bench(Policy(0, 0, allow_operator_pass=False))
    part = bench.part()
    bench.machine(part, REJECT)
    bench.operator(part, PASS)
    assert bench.decided(part) == Action.REJECTED


@pytest.mark.parametrize("machine", [UNKNOWN, None])
def test_no_operator_passes_what_no_machine_has_seen(bench: Bench, machine: int | None) -> None:
    part = bench.part()
    if machine:
        bench.machine(part, machine)
    bench.operator(part, PASS)
    assert bench.decided(part) == Action.FAIL_SAFE


@pytest.mark.parametrize(
    ("words", "stands"),
    [
        ([(1, PASS), (2, REJECT)], REJECT),
        ([(2, PASS), (1, REJECT)], PASS),
        ([(1, PASS), (1, REJECT)], REJECT),
        ([(1, REJECT), (1, PASS)], REJECT),
        ([(1, REJECT), (2, PASS)], PASS),
        ([(0, REJECT)], 0),
        ([(1, UNKNOWN)], 0),
    ],
)
def test_the_highest_revision_is_latched_and_reject_wins_a_tie(
    bench: Bench, words: list[tuple[int, int]], stands: int
) -> None:
    part = bench.part()
    for revision, verdict in words:
        bench.operator(part, verdict, revision)
        bench.move(1)
    latched = OperatorWord.unpack(bench.program.tables.latched[part % SLOTS])
    assert latched.verdict == stands


def test_the_latch_survives_a_higher_epoch(bench: Bench) -> None:
    part = bench.part()
    bench.operator(part, REJECT)
    bench.move(1)
    bench.program.write_epoch(2)
    bench.machine(part, PASS, epoch=2)
    assert bench.decided(part) == Action.REJECTED_BY_OPERATOR


def test_an_operator_word_of_an_old_epoch_is_not_latched(bench: Bench) -> None:
    part = bench.part()
    bench.program.write_epoch(2)
    bench.operator(part, REJECT, epoch=1)
    bench.move(1)
    assert bench.program.tables.latched[part % SLOTS] == 0


def test_an_operator_word_for_a_decided_part_is_not_latched(bench: Bench) -> None:
    part = bench.part()
    bench.decided(part)
    bench.operator(part, REJECT)
    bench.move(1)
    assert bench.program.tables.latched[part % SLOTS] == 0


# --- identity ---


def test_the_id_goes_on_after_the_last_and_skips_zero() -> None:
    memory = Retentive.fresh(LAYOUT)
    memory.part_id = BITS_32 - 1
    assert Bench(memory=memory).part() == 1


def test_the_ring_has_id_encoder_and_time() -> None:
    bench = Bench()
    part = bench.part()
    ring = bench.program.memory.ring[3 * part : 3 * part + 3].tolist()
    assert ring == [part, bench.encoder, bench.now_us]


def test_an_output_fires_where_its_camera_stands(bench: Bench) -> None:
    part, start_us = bench.part(), bench.now_us
    bench.move(350)
    fired = {e.view: e.at_us for e in bench.of(Fired) if isinstance(e, Fired)}
    assert fired == {"top": start_us, "side": start_us + 300 * COUNT_US}
    ring = bench.program.memory.fired["side"][3 * part : 3 * part + 3].tolist()
    assert ring == [part, 310, (start_us + 300 * COUNT_US) % BITS_32]


def test_the_encoder_may_roll_over_between_eye_and_reject_station() -> None:
    bench = Bench()
    bench.encoder = BITS_32 - 200
    part = bench.part()
    bench.machine(part, PASS)
    bench.move(100)
    assert not bench.of(Decided)
    assert bench.decided(part) == Action.PASSED


# --- the sync gap ---


def gap_of(bench: Bench, spacing_ms: int) -> tuple[list[int], tuple[int, int]]:
    """Ask for a gap, bring parts, and return whom `top` fired for and the answer."""
    bench.program.write_sync_request("top", 5)
    for _ in range(12):
        bench.move(spacing_ms, part=True)
    fired = [e.part_id for e in bench.of(Fired) if isinstance(e, Fired) and e.view == "top"]
    gap = bench.program.gaps["top"]
    return fired, (gap.answered, gap.first)


def test_a_gap_of_a_slow_belt_is_two_parts(bench: Bench) -> None:
    fired, answer = gap_of(bench, 600)
    assert fired[:2] == [3, 4]
    assert answer == (5, 3)


def test_a_gap_of_a_fast_belt_is_half_a_second(bench: Bench) -> None:
    fired, answer = gap_of(bench, 100)
    assert fired[0] == 6
    assert answer == (5, 6)


def test_the_other_output_goes_on_in_the_gap(bench: Bench) -> None:
    gap_of(bench, 600)
    side = [e.part_id for e in bench.of(Fired) if isinstance(e, Fired) and e.view == "side"]
    assert side[:3] == [1, 2, 3]


def test_the_same_request_asks_only_once(bench: Bench) -> None:
    gap_of(bench, 600)
    before = len(bench.of(Fired))
    bench.program.write_sync_request("top", 5)
    bench.part()
    assert len(bench.of(Fired)) > before
    assert not bench.program.gaps["top"].open


def test_a_part_whose_output_was_withheld_cannot_pass(bench: Bench) -> None:
    bench.program.write_sync_request("top", 1)
    part = bench.part()
    bench.machine(part, PASS)
    assert bench.decided(part) == Action.FAIL_SAFE


def test_an_operator_cannot_pass_a_part_whose_output_was_withheld(bench: Bench) -> None:
    bench.program.write_sync_request("top", 1)
    part = bench.part()
    bench.machine(part, REJECT)
    bench.operator(part, PASS)
    assert bench.decided(part) == Action.REJECTED


# --- the line policy ---


def test_the_line_holds_after_unknown_parts_in_a_row_and_a_person_resumes_it() -> None:
    bench = Bench(Policy(hold_after_unknown=3, hold_after_silence_ms=0))
    for _ in range(3):
        bench.decided(bench.part())
    assert bench.program.state == HELD
    bench.wait(10_000)
    assert bench.program.state == HELD
    bench.program.resume()
    bench.wait(1_000)
    assert bench.program.state == EXECUTE


def test_a_known_part_ends_the_run_of_unknowns() -> None:
    bench = Bench(Policy(hold_after_unknown=3, hold_after_silence_ms=0))
    for verdict in (None, None, REJECT, None, None):
        part = bench.part()
        if verdict:
            bench.machine(part, verdict)
        bench.decided(part)
    assert bench.program.state == EXECUTE
    assert bench.program.unknown_run == 2


def test_the_line_holds_when_the_gateway_is_silent_and_resumes_when_it_is_back() -> None:
    policy = Policy(0, hold_after_silence_ms=5000, auto_resume=True, resume_after_ms=2000)
    bench = Bench(policy)
    bench.beating = False
    bench.wait(4_900)
    assert bench.program.state == EXECUTE
    bench.wait(200)
    assert bench.program.state == HELD
    bench.beating = True
    bench.wait(1_900)
    assert bench.program.state == HELD
    bench.wait(300)
    assert bench.program.state == EXECUTE


def test_the_line_holds_when_no_gateway_ever_came() -> None:
    bench = Bench(Policy(0, hold_after_silence_ms=5000), memory=Retentive.fresh(LAYOUT))
    bench.beating = False
    bench.wait(7_000)
    assert bench.program.state == HELD


def test_what_a_person_held_does_not_resume_by_itself() -> None:
    bench = Bench(Policy(0, 0, auto_resume=True))
    bench.program.hold()
    bench.wait(10_000)
    assert bench.program.state == HELD


def test_the_pass_all_key_passes_parts_without_a_verdict_and_is_shown(bench: Bench) -> None:
    bench.program.turn_pass_all_key(on=True)
    unseen, bad = bench.part(), bench.part()
    bench.machine(bad, REJECT)
    assert bench.decided(unseen) == Action.PASSED_BY_KEY
    assert action_of(bench.program.memory.decisions[bad % SLOTS], bad) == Action.REJECTED


def test_the_plc_heart_beats_ten_times_a_second(bench: Bench) -> None:
    before = bench.program.heartbeat
    bench.wait(1_000)
    assert bench.program.heartbeat - before == 10


# --- its own restart ---


def restarted(bench: Bench) -> Bench:
    """Return a bench whose program has just started on the memory of another."""
    after = Bench(NO_HOLD, bench.program.memory)
    after.now_us, after.encoder = bench.now_us, bench.encoder
    return after


def test_after_its_own_restart_every_part_on_the_belt_is_decided_fail_safe(bench: Bench) -> None:
    part = bench.part()
    bench.machine(part, PASS)
    after = restarted(bench)
    after.machine(part, PASS)
    after.operator(part, PASS)
    assert after.decided(part) == Action.FAIL_SAFE
    assert after.program.memory.boot_count == 2


def test_identity_and_counters_survive_a_restart(bench: Bench) -> None:
    part = bench.part()
    bench.decided(part)
    after = restarted(bench)
    assert after.part() == part + 1
    assert after.program.memory.counts.triggered == 2
    assert after.program.memory.epoch == 1


# --- whatever the words do ---

MACHINE = st.tuples(
    st.just("machine"), st.integers(-SLOTS, SLOTS), st.integers(0, 3), st.integers(0, 15)
)
OPERATOR = st.tuples(
    st.just("operator"), st.integers(-3, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)
)
MOVE = st.tuples(st.just("move"), st.integers(0, 400))
PART = st.tuples(st.just("part"))
EPOCH = st.tuples(st.just("epoch"), st.integers(0, 3))
SYNC = st.tuples(st.just("sync"), st.integers(0, 3))
STOP = st.tuples(st.just("beating"), st.booleans())
STEPS = st.lists(st.one_of(MACHINE, OPERATOR, MOVE, PART, PART, EPOCH, SYNC, STOP), max_size=60)


def played(steps: Iterable[tuple[object, ...]]) -> Bench:
    """Run the steps, parts relative to the newest, and let the belt run empty."""
    bench = Bench()
    for step in steps:
        play(bench, step)
    for _ in range(12):
        bench.move(100)
    return bench


def play(bench: Bench, step: tuple[object, ...]) -> None:
    match step:
        case ("machine" | "operator", *_):
            say(bench, step)
        case ("move", int(counts)):
            bench.move(counts)
        case ("part",) if bench.program.on_belt < SLOTS - 1:
            bench.part()
        case ("epoch", int(epoch)):
            bench.program.write_epoch(epoch)
        case ("sync", int(request)):
            bench.program.write_sync_request("top", request)
        case ("beating", bool(on)):
            bench.beating = on


def say(bench: Bench, step: tuple[object, ...]) -> None:
    newest = bench.program.memory.part_id
    match step:
        case ("machine", int(back), int(epoch), int(verdict)):
            bench.machine(max(newest + back, 0), verdict, epoch=epoch)
        case ("operator", int(back), int(epoch), int(revision), int(verdict)):
            bench.operator(max(newest + back, 0), verdict, revision, epoch=epoch)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_each_part_is_decided_once_and_actuated_at_most_once(
    steps: list[tuple[object, ...]],
) -> None:
    bench = played(steps)
    entered = [e.part_id for e in bench.events if isinstance(e, Triggered)]
    decided = [e for e in bench.events if isinstance(e, Decided)]
    assert [e.part_id for e in decided] == entered
    rejects = [e for e in decided if not e.action.is_pass]
    assert len(bench.of(Actuated)) == len(rejects)
    counts = bench.program.memory.counts
    assert counts.triggered == counts.decided == counts.passed + counts.rejected + counts.fail_safe


@settings(max_examples=150, deadline=None)
@given(STEPS, STEPS, st.integers(1, 3))
def test_no_word_passes_a_part_with_a_latched_reject_of_the_last_revision(
    before: list[tuple[object, ...]], after: list[tuple[object, ...]], epoch: int
) -> None:
    bench = played(before)
    bench.beating = True
    bench.program.write_epoch(epoch)
    part = bench.part()
    bench.operator(part, REJECT, 3, epoch=bench.program.memory.epoch)
    bench.move(1)
    for step in after:
        if step[0] == "machine":
            # Late, twice, out of order, under any epoch: all of them say PASS for this part.
            bench.machine(part, PASS, epoch=int(str(step[2])))
        elif step[0] == "operator":
            bench.operator(part, PASS, int(str(step[3])), epoch=int(str(step[2])))
        elif step[0] == "move":
            bench.move(int(str(step[1])) // 8)
        elif step[0] == "epoch":
            bench.program.write_epoch(int(str(step[1])))
    for _ in range(12):
        bench.move(100)
    (action,) = [e.action for e in bench.events if isinstance(e, Decided) and e.part_id == part]
    assert action == Action.REJECTED_BY_OPERATOR


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.integers(-SLOTS, SLOTS), st.integers(0, 15)), max_size=20
    )
)
def test_only_a_word_with_this_id_and_the_current_epoch_passes_a_part(
    words: list[tuple[int, int, int]],
) -> None:
    bench = Bench()
    bench.program.write_epoch(5)
    part = bench.part()
    said = 0
    for epoch, other, verdict in words:
        word = MachineWord(max(part + other, 0), epoch, verdict).pack()
        bench.program.write_verdict(part % SLOTS, word)
        said = verdict if (epoch, other) == (5, 0) else 0
    assert (bench.decided(part) == Action.PASSED) == (said == PASS)
