"""One story for each line of the rule; the bench goes on comparing with the demo PLC meanwhile."""

from __future__ import annotations

import pytest

from inspector.domain.numbers import BITS_32
from inspector.domain.verdict import Action
from inspector.simulator.plc_memory import Policy
from tests.plc_blocks.bench import SLOTS, Bench, Start
from tests.plc_blocks.made import ALL, FULL, MADE, MINIMAL, PASS, REJECT, UNKNOWN, bench_of
from tests.plc_blocks.statements import dint


def one_part(bench: Bench) -> int:
    bench.move(10, part=True)
    return int(bench.get("TrackPartId"))


def done_with(bench: Bench, part_id: int) -> Action | None:
    bench.run_out()
    (action,) = [seen.action for seen in bench.decided if seen.part_id == part_id]
    return action


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("verdict", "action"),
    [(PASS, Action.PASSED), (REJECT, Action.REJECTED), (UNKNOWN, Action.FAIL_SAFE)],
)
@pytest.mark.parametrize("before", [0, 2**23 - 2, 2**24 - 2, 2**31 - 2, BITS_32 - 2])
def test_a_fresh_word_decides_also_where_the_id_wraps(
    name: str, verdict: int, action: Action, before: int
) -> None:
    bench = bench_of(name, Start(part_id=before, encoder=BITS_32 - 500, now_us=BITS_32 - 100_000))
    parts = [one_part(bench) for _ in range(4)]
    assert 0 not in parts
    for part in parts:
        bench.machine(part, 0, verdict)
    assert [done_with(bench, part) for part in parts] == [action] * 4


@pytest.mark.parametrize("name", ALL)
def test_a_part_without_a_word_is_rejected(name: str) -> None:
    bench = bench_of(name)
    assert done_with(bench, one_part(bench)) is Action.FAIL_SAFE


@pytest.mark.parametrize("name", ALL)
def test_no_pass_is_taken_from_a_dead_gateway(name: str) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.machine(part, 0, PASS)
    bench.beating = False
    bench.move(0, ms=1001)
    assert done_with(bench, part) is Action.FAIL_SAFE


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("keep_all", [False, True])
def test_what_was_on_the_belt_at_a_start_is_rejected_whatever_is_said_again(
    name: str, keep_all: bool
) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.machine(part, 0, PASS)
    bench.restart(keep_all=keep_all)
    bench.again(0)
    assert done_with(bench, part) is Action.FAIL_SAFE


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("spacing", [120, 250, 300])
def test_a_gap_is_two_parts_and_half_a_second_and_its_parts_do_not_pass(
    name: str, spacing: int
) -> None:
    bench = bench_of(name)
    bench.ask_for_gap(0, 7)
    parts = []
    for _ in range(8):
        bench.move(spacing, part=True)
        parts.append(bench.get("TrackPartId"))
        bench.machine(parts[-1], 0, PASS)
    bench.run_out()
    withheld = max(2, -(-500 // spacing))
    assert bench.get("SyncAnswer0") == [7, parts[withheld]]
    actions = [seen.action for seen in bench.decided]
    assert actions == [Action.FAIL_SAFE] * withheld + [Action.PASSED] * (8 - withheld)


@pytest.mark.parametrize("name", FULL)
def test_no_person_passes_a_part_whose_camera_output_was_withheld(name: str) -> None:
    bench = bench_of(name)
    bench.ask_for_gap(0, 7)
    part = one_part(bench)
    bench.machine(part, 0, REJECT)
    bench.operator(part, 0, 1, PASS)
    assert done_with(bench, part) is Action.REJECTED


@pytest.mark.parametrize("name", FULL)
def test_a_late_pass_of_the_machine_does_not_undo_a_persons_reject(name: str) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.operator(part, 0, 1, REJECT)
    bench.move(10)
    bench.machine(part, 0, PASS)
    assert done_with(bench, part) is Action.REJECTED_BY_OPERATOR


@pytest.mark.parametrize("name", FULL)
def test_a_late_word_of_a_person_does_not_undo_a_newer_one(name: str) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.machine(part, 0, REJECT)
    bench.operator(part, 0, 1, PASS)
    bench.move(10)
    bench.operator(part, 0, 2, REJECT)
    bench.move(10)
    for back in (1, 0, 1):
        bench.again(back)
        bench.move(10)
    assert done_with(bench, part) is Action.REJECTED_BY_OPERATOR


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("verdict", [PASS, REJECT])
def test_a_persons_word_said_again_under_a_new_epoch_stays(name: str, verdict: int) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.operator(part, 0, 1, verdict)
    bench.move(10)
    bench.claim(1)
    bench.operator(part, 1, 1, verdict)
    bench.machine(part, 1, PASS if verdict == REJECT else REJECT)
    bench.move(10)
    wanted = Action.PASSED_BY_OPERATOR if verdict == PASS else Action.REJECTED_BY_OPERATOR
    assert done_with(bench, part) is wanted


@pytest.mark.parametrize("name", FULL)
def test_a_slot_belongs_to_its_newest_part_when_the_table_is_too_short(name: str) -> None:
    bench = bench_of(name)
    old = one_part(bench)
    new = [one_part(bench) for _ in range(SLOTS)][-1]
    bench.operator(old, 0, 3, REJECT)
    bench.move(10)
    bench.operator(new, 0, 1, REJECT)
    bench.move(10)
    assert done_with(bench, new) is Action.REJECTED_BY_OPERATOR
    assert Action.FAIL_SAFE in [seen.action for seen in bench.decided if seen.part_id != new]


@pytest.mark.parametrize("name", FULL)
def test_a_persons_reject_survives_an_epoch_and_a_dead_gateway_and_an_old_pass_does_not(
    name: str,
) -> None:
    bench = bench_of(name)
    rejected, passed = one_part(bench), one_part(bench)
    bench.operator(rejected, 0, 1, REJECT)
    bench.machine(passed, 0, PASS)
    bench.move(10)
    bench.claim(1)
    assert done_with(bench, rejected) is Action.REJECTED_BY_OPERATOR
    assert done_with(bench, passed) is Action.FAIL_SAFE


@pytest.mark.parametrize("name", FULL)
def test_the_epoch_goes_on_across_its_wrap_and_never_back(name: str) -> None:
    plc = MADE[name].fresh()
    plc.scan(LinkEpoch=-1 if name.endswith("logix.st") else BITS_32 - 1)
    for written, kept in ((0, BITS_32 - 1), (2, 2), (BITS_32 - 2, 2), (1, 2), (3, 3)):
        plc.scan(LinkGatewayEpoch=dint(written) if name.endswith("logix.st") else written)
        assert plc.LinkEpoch % BITS_32 == kept


@pytest.mark.parametrize("name", ALL)
def test_a_part_that_cannot_be_remembered_stops_the_line_until_a_person_resumes(name: str) -> None:
    plc = MADE[name].fresh()
    plc.scan(FirstScan=1, RejectAtCounts=10_000)
    for at in range(257):
        plc.scan(FirstScan=0, Encoder=at, EyeEncoder=at, EyeEdge=1)
    assert (plc.TrackPartId, plc.BeltFull, plc.Held) == (256, True, True)
    plc.scan(EyeEdge=0, Encoder=20_000)
    plc.scan(Resume=1, ConfigPassAll=1) if name != MINIMAL else plc.scan(Resume=1, PassAll=1)
    assert (plc.beltCount, plc.BeltFull, plc.Held) == (0, False, False)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("keep_all", [False, True])
def test_a_start_does_not_free_a_line_whose_belt_nobody_has_cleared(
    name: str, keep_all: bool
) -> None:
    plc = MADE[name].fresh()
    plc.scan(FirstScan=1, RejectAtCounts=10_000, BeltFull=1)
    after = plc.restarted(keep_all=keep_all or name.endswith("logix.st"))
    after.scan(FirstScan=1)
    assert after.Held


@pytest.mark.parametrize("name", ALL)
def test_a_full_bin_or_a_reject_that_did_not_fire_holds_the_line_until_a_person_resumes(
    name: str,
) -> None:
    bench = bench_of(name, policy=Policy(hold_after_unknown=0, hold_after_silence_ms=0))
    bench.hold()
    assert bench.get("Held")
    bench.move(0)
    assert bench.get("Held"), "also once the reason is gone"
    bench.resume()
    assert not bench.get("Held")


@pytest.mark.parametrize("name", ALL)
def test_a_part_passed_by_key_does_not_end_the_run_of_unknowns(name: str) -> None:
    bench = bench_of(name, policy=Policy(hold_after_unknown=2, hold_after_silence_ms=0))
    actions = []
    for turned in (False, True, False):
        bench.turn_key(turned)
        actions.append(done_with(bench, one_part(bench)))
    assert actions == [Action.FAIL_SAFE, Action.PASSED_BY_KEY, Action.FAIL_SAFE]
    assert bench.get("Held")


@pytest.mark.parametrize("name", ALL)
def test_silence_holds_the_line_except_under_the_key(name: str) -> None:
    bench = bench_of(name, policy=Policy(hold_after_unknown=0, hold_after_silence_ms=1500))
    bench.beating = False
    bench.turn_key(True)
    bench.move(0, ms=2000)
    assert not bench.get("Held")
    bench.turn_key(False)
    bench.move(0)
    assert bench.get("Held")


@pytest.mark.parametrize("name", ALL)
def test_a_heartbeat_that_stood_there_at_the_start_is_no_sign_of_life(name: str) -> None:
    plc = MADE[name].fresh()
    alive = "alive" if name == MINIMAL else "LinkGatewayAlive"
    plc.scan(FirstScan=1, LinkGatewayHeartbeat=7)
    plc.scan(FirstScan=0)
    assert not getattr(plc, alive)
    plc.scan(LinkGatewayHeartbeat=8)
    assert getattr(plc, alive)


@pytest.mark.parametrize("name", FULL)
def test_the_camera_ring_has_the_belts_real_position(name: str) -> None:
    bench = bench_of(name)
    part = one_part(bench)
    bench.move(305)
    assert bench.get("CameraRing1")[3 * (part % SLOTS) + 1] == bench.encoder


@pytest.mark.parametrize("name", ALL)
def test_no_name_of_a_block_is_told_apart_by_capitals_alone(name: str) -> None:
    names = [one.upper() for one in MADE[name].variables]
    assert len(names) == len(set(names))
