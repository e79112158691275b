"""Each function block does what the demo PLC's program does, and keeps the rule by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.domain.numbers import BITS_32
from inspector.domain.verdict import Action
from inspector.simulator.plc_memory import Policy
from tests.plc_blocks.bench import Bench, Seen, Start
from tests.plc_blocks.made import ALL, MINIMAL, PASS, REJECT, bench_of

Step = tuple[object, ...]

STARTS = st.builds(
    Start,
    part_id=st.sampled_from([0, 2**23 - 4, 2**24 - 4, 2**31 - 4, BITS_32 - 4]),
    encoder=st.sampled_from([0, 2**31 - 900, BITS_32 - 900]),
    now_us=st.sampled_from([0, 2**31 - 2_000_000, BITS_32 - 2_000_000]),
    epoch=st.sampled_from([0, 1, 14, 2**31 - 2]),
)
POLICIES = st.builds(
    Policy,
    hold_after_unknown=st.sampled_from([0, 2, 5]),
    hold_after_silence_ms=st.sampled_from([0, 1500]),
    pass_all=st.booleans(),
    allow_operator_pass=st.booleans(),
)
BACK = st.integers(-1, 6)
MOVES = st.one_of(
    st.tuples(st.just("part"), st.sampled_from([7, 60, 150])),
    st.tuples(st.just("move"), st.sampled_from([-40, 0, 1, 90, 130, 300])),
    st.tuples(st.just("wait"), st.sampled_from([30, 400, 999, 1001])),
)
MACHINE = st.tuples(st.just("machine"), BACK, st.sampled_from([0, 0, 0, -1, 1]), st.integers(0, 4))
AGAIN = st.tuples(st.just("again"), st.integers(0, 12))
POWER = st.tuples(st.just("restart"), st.booleans())
GAP = st.tuples(st.just("gap"), st.integers(0, 1), st.integers(0, 3))
LINE = st.one_of(
    st.tuples(st.just("beating"), st.booleans()),
    st.tuples(st.just("key"), st.booleans()),
    st.sampled_from([("resume",), ("hold",)]),
)
OPERATOR = st.tuples(
    st.just("operator"),
    BACK,
    st.sampled_from([0, 0, 0, -1, 1]),
    st.integers(0, 3),
    st.integers(0, 3),
)
EPOCH = st.tuples(st.just("epoch"), st.sampled_from([-3, -1, 0, 1, 1, 2, 15, 16, 17]))
ALLOW = st.tuples(st.just("allow"), st.booleans())
SELDOM = st.one_of(POWER, GAP, GAP, LINE, LINE)
COMMON = (MOVES, MOVES, MOVES, MOVES, MACHINE, MACHINE, AGAIN, SELDOM)
FULL_STEPS = st.one_of(*COMMON, OPERATOR, OPERATOR, OPERATOR, st.one_of(EPOCH, ALLOW))


def long(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Sequence[Step]]:
    """Return runs long enough for tables to come round and for gaps and holds to end."""
    return st.lists(steps, min_size=100, max_size=200)


def play(bench: Bench, step: Step) -> None:
    newest, epoch = bench.reference.memory.part_id, bench.reference.memory.epoch
    match step:
        case ("part", int(counts)):
            bench.move(counts, part=True)
        case ("move", int(counts)):
            bench.move(counts)
        case ("wait", int(ms)):
            bench.move(0, ms=ms)
        case ("again", int(back)):
            bench.again(back)
        case ("restart", bool(keep_all)):
            bench.restart(keep_all=keep_all)
        case ("gap", int(view), int(request)):
            bench.ask_for_gap(view % len(bench.views), bench.requests + request)
        case ("beating", bool(on)):
            bench.beating = on
        case ("key", bool(on)):
            bench.turn_key(on)
        case ("allow", bool(on)):
            bench.allow(on)
        case ("resume",):
            bench.resume()
        case ("hold",):
            bench.hold()
        case ("epoch", int(more)):
            bench.claim(max(epoch + more, 0))
        case ("machine", int(back), int(off), int(verdict)):
            off = 0 if bench.minimal else off
            bench.machine((newest - back) % BITS_32, (epoch + off) % 16, verdict)
        case ("operator", int(back), int(off), int(revision), int(verdict)):
            bench.operator((newest - back) % BITS_32, (epoch + off) % 16, revision, verdict)


@pytest.mark.timeout(300)  # a failure is made smaller first, which takes its time
@pytest.mark.parametrize("name", ALL)
def test_a_block_does_in_every_scan_what_the_demo_plc_does(name: str) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STARTS, POLICIES, long(st.one_of(*COMMON) if name == MINIMAL else FULL_STEPS))
    def run(start: Start, policy: Policy, steps: Sequence[Step]) -> None:
        start = Start(start.part_id, start.encoder, start.now_us) if name == MINIMAL else start
        follows_the_demo_plc(bench_of(name, start, policy), steps)

    run()


def follows_the_demo_plc(bench: Bench, steps: Sequence[Step]) -> None:
    """Play the steps; the bench compares in each scan."""
    for step in steps:
        play(bench, step)
    bench.run_out()
    # The same steps again as claims of their own, for the case that both were wrong.
    assert [seen.part_id for seen in bench.decided] == entered(bench)
    for seen in bench.decided:
        keeps_the_rule(seen)


def entered(bench: Bench) -> list[int]:
    """Return the ids of all parts that came to the eye."""
    ids, part_id = [], bench.start.part_id
    while part_id != bench.get("TrackPartId"):
        part_id = (part_id + 1) % BITS_32 or 1
        ids.append(part_id)
    return ids


def keeps_the_rule(seen: Seen) -> None:
    short = seen.part_id % 2**24
    fresh = seen.alive and (seen.machine.part_id, seen.machine.epoch) == (short, seen.epoch)
    person = seen.latched.verdict if seen.latched.part_id == short else 0
    if person == REJECT:
        assert seen.action is Action.REJECTED_BY_OPERATOR
    if seen.action is Action.PASSED:
        assert fresh
        assert seen.machine.verdict == PASS
    if seen.action is Action.PASSED_BY_OPERATOR:
        assert fresh
        assert (seen.machine.verdict, person) == (REJECT, PASS)
