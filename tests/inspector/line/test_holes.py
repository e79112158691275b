"""Holes that a review found: each name is the claim that was broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from inspector.domain import sync
from inspector.domain.entries import result_from
from inspector.domain.finding import RanOn, ViewResult
from inspector.domain.judging import judge
from inspector.domain.overriding import Answer, Press
from inspector.domain.sync import Arrival, ViewTrack
from inspector.domain.verdict import Action, Verdict
from inspector.errors import JournalFull
from inspector.gateway.worker_side import try_to_take
from inspector.simulator.plc_memory import Policy, Retentive
from inspector.simulator.plc_program import PlcProgram
from tests.factory import LAYOUT, Factory

SIGNED = "2026-11-23T00:00:00+00:00"
MINUTE_US = 60_000_000


def judged_part(factory: Factory, verdict: Verdict) -> int:
    """Run until the youngest part with a verdict has this one; return its number."""
    for _ in range(2000):
        factory.step()
        done = [part for part in factory.line.belt.parts.values() if part.decision]
        if done and done[-1].decision and done[-1].decision.verdict is verdict:
            return done[-1].number
    raise AssertionError("no such part came")


def lose_the_count(factory: Factory, *, boot_count: int | None = None) -> None:
    """The PLC's memory is lost: its count falls back."""
    factory.plc.wire = []
    factory.memory = Retentive.fresh(factory.layout)
    if boot_count is not None:
        factory.memory.boot_count = boot_count - 1
    factory.program = PlcProgram(factory.layout, Policy(hold_after_unknown=0), factory.memory)
    factory.fates.clear()


def test_parts_of_the_old_count_keep_their_run_when_the_count_falls_back() -> None:
    factory = Factory()
    factory.run(30)
    on_belt = {number: factory.line.record(number) for number in factory.line.belt.parts}
    lose_the_count(factory)
    factory.run(60)
    judged = factory.journal.of("judged")
    assert len({entry["record"] for entry in judged}) == len(judged), "two records of one part"
    decided = {entry["record"]: entry for entry in factory.journal.of("decided")}
    assert [decided[record]["run"] for record in on_belt.values()] == [1] * len(on_belt)
    assert not any(factory.line.knows(record) for record in on_belt.values())


def test_the_new_count_run_goes_on_after_a_restart_of_the_line() -> None:
    factory = Factory()
    factory.run(30)
    lose_the_count(factory)
    factory.run(30)
    factory.restart_line()
    factory.run(20)
    factory.run_until_empty()
    judged = factory.journal.of("judged")
    parts = [(entry["run"], entry["number"]) for entry in judged]
    assert len(parts) == len(set(parts)), "two records of one part"
    assert {run for run, _ in parts} == {1, 2}
    of_run_2 = {number for run, number in parts if run == 2}
    gaps = [entry for entry in factory.journal.of("gap") if entry["run"] == 2]
    of_run_2 |= {
        n for gap in gaps for n in range(int(str(gap["first"])), int(str(gap["last"])) + 1)
    }
    assert of_run_2 == set(factory.fates)


def test_a_count_that_falls_back_by_one_begins_a_new_run() -> None:
    """The PLC lost the count of one part only: the same number would be given twice."""
    factory = Factory()
    factory.run(30)
    factory.plc.wire = []
    factory.memory.part_id -= 1
    factory.run(1)
    assert factory.line.belt.run == 2


def test_a_count_that_falls_back_raises_the_epoch_without_a_new_boot_count() -> None:
    factory = Factory()
    factory.run(30)
    for view in factory.cameras:
        factory.line.camera(view, session=1, up=False, why="gone")
    factory.run(0.2)
    epoch = factory.line.epoch
    lose_the_count(factory, boot_count=factory.memory.boot_count)
    factory.run(1)
    assert factory.line.epoch > epoch


def test_a_pass_that_was_refused_because_the_journal_is_full_is_never_written() -> None:
    factory = Factory()
    factory.run(20)
    number = judged_part(factory, Verdict.REJECT)
    record = factory.line.record(number)
    factory.journal.full = True
    said = factory.line.press(record, Press("p1", Verdict.PASS, "Ada", True, 0, SIGNED), {})
    assert said.answer is Answer.REFUSED
    factory.journal.full = False
    factory.run(0.3)
    assert not factory.journal.of("override")
    factory.restart_line()
    factory.run_until_empty()
    assert factory.fates[number].action not in (Action.PASSED, Action.PASSED_BY_OPERATOR)


def test_no_beat_goes_out_before_the_epoch_of_a_fresh_session() -> None:
    factory = Factory()
    factory.run(20)
    factory.plc.give_up()
    factory.line = factory._new_line()
    factory.line.restore([entry for _, entry in factory.journal.since(0)])
    factory.plc.wire = []
    factory.line.plc_up()
    factory.line.tick()
    assert [write.kind for write in factory.plc.wire] == []
    factory.line.plc_read(factory.snapshot())
    factory.line.tick()
    kinds = [write.kind for write in factory.plc.wire]
    assert "epoch" in kinds
    assert "beat" not in kinds
    factory.run(0.3)
    assert factory.line.link.snapshot is not None
    assert factory.line.link.snapshot.epoch == factory.line.epoch
    factory.line.tick()
    assert "beat" in [write.kind for write in factory.plc.wire]


def test_an_epoch_that_was_stored_and_never_reigned_is_said_again_and_no_beat_goes_before_it() -> (
    None
):
    """An old run's write, executed late, took its place before the PLC's program looked."""
    factory = Factory()
    factory.run(20)
    factory.plc.lose = {"epoch"}
    factory.restart_line()
    factory.run(1)
    before = factory.memory.epoch
    assert before < factory.line.epoch
    factory.plc.wire = []
    factory.run(1)
    assert not [write for write in factory.plc.wire if write.kind == "beat"]
    assert not factory.snapshot().alive
    factory.plc.lose = set()
    factory.run(2)
    assert factory.memory.epoch == factory.line.epoch
    assert factory.snapshot().alive


def test_a_picture_missed_at_the_end_of_a_long_standstill_shifts_no_part() -> None:
    """Two clocks may drift by more than a part's spacing apart while the belt stands."""
    hold_us = 120 * MINUTE_US
    before = Arrival(10, 5_000_000, 1.0)
    # Part 111 is not exposed; the frame shows part 112, half a second later.
    frame = Arrival(11, before.taken_us + hold_us + 500_000, 1.0 + 7200)
    track = ViewTrack(1, True, "", 100, True, (before, 1_000_000), waiting=(frame,))
    fired = {111: 1_000_000 + hold_us, 112: 1_000_000 + hold_us + 500_000}
    fired = {number: us % (1 << 32) for number, us in fired.items()}
    _, why = sync.name_frames(track, fired, read_s=8000.0, spacing_us=400_000)
    assert why


def test_sync_is_asked_for_again_when_the_answers_entry_has_been_overwritten() -> None:
    close = replace(LAYOUT, smallest_spacing_us=80_000)
    factory = Factory(spacing_s=0.1, line_layout=close)
    factory.run(0.8)
    assert any(track.request for track in factory.line.belt.tracks.values())
    factory.plc_up = False  # the line gets no read for longer than the ring lasts
    factory.run(12)
    factory.plc_up = True
    factory.run(20)
    assert all(track.proven for track in factory.line.belt.tracks.values())


def test_frames_that_wait_for_a_plc_that_is_away_do_not_pile_up() -> None:
    factory = Factory(spacing_s=0.1)
    factory.run(20)
    factory.cut()
    factory.run(90)
    for track in factory.line.belt.tracks.values():
        assert len(track.waiting) + len(track.results) + len(track.names) < 1200


def test_a_picture_whose_part_is_not_proven_yet_is_kept_through_a_standstill() -> None:
    factory = Factory()
    factory.run(20)
    track = factory.line.belt.tracks["top"]
    seen = replace(track, results={9999: ViewResult("top", picture="unproven/top")})
    factory.line.belt = factory.line.belt.with_track("top", seen)
    factory.line._pictures._held = {"unproven/top": factory.clock.s - 1000}
    factory.line.tick()
    assert {"do": "drop", "picture": "unproven/top"} not in factory.to_worker


def test_a_part_whose_ring_entry_is_read_a_moment_later_is_not_skipped() -> None:
    """A real PLC's read is not atomic: the count may be newer than the ring."""
    factory = Factory()
    factory.run(20)
    newest = factory.line.belt.newest or 0
    torn = replace(factory.snapshot(), part_id=newest + 1)
    factory.line.plc_read(torn)
    factory.run(20)
    assert not [gap for gap in factory.journal.of("gap") if gap["first"] == newest + 1]
    assert newest + 1 in {entry["number"] for entry in factory.journal.of("judged")}


def test_a_power_cut_leaves_no_lower_part_without_record_or_gap() -> None:
    """The database has a higher part already when the lower one has not been judged yet."""
    factory = Factory()
    factory.run(20)
    late = factory.memory.part_id + 1
    factory.cameras["side"].faults[late] = "drop"
    while not any(one["number"] == late + 1 for one in factory.journal.of("judged")):
        factory.step()
    assert late not in {one["number"] for one in factory.journal.of("judged")}
    factory.cut_power()
    factory.run(20)
    factory.run_until_empty()
    factory.check_promises()


def test_a_kill_between_any_two_journal_entries_loses_no_part() -> None:
    factory = Factory(spacing_s=0.1, line_layout=replace(LAYOUT, smallest_spacing_us=80_000))
    factory.run(15)
    factory.cut()
    factory.run(20)
    factory.connect()
    factory.run(0.2)
    whole = list(factory.journal.entries)
    for end in range(1, len(whole)):
        line = factory._new_line()
        line.restore(whole[:end])
        if line.belt.newest is None:
            continue
        below = {int(str(e["number"])) for e in whole[:end] if e["kind"] == "judged"}
        for gap in (e for e in whole[:end] if e["kind"] == "gap"):
            below |= set(range(int(str(gap["first"])), int(str(gap["last"])) + 1))
        lost = set(range(1, line.belt.newest + 1)) - below
        assert not lost, (end, sorted(lost)[:5])


def test_a_part_from_before_a_plc_restart_stays_mute_when_the_line_restarts_too() -> None:
    factory = Factory()
    factory.run(20)
    factory.restart_plc()
    factory.run(0.3)
    mute = {number for number, part in factory.line.belt.parts.items() if part.mute}
    assert mute
    factory.restart_line()
    assert {n for n, part in factory.line.belt.parts.items() if part.mute} == mute


def test_a_part_from_before_a_plc_restart_is_known_without_the_journals_boot_entry() -> None:
    """A busy site's ring overwrites the boot entry long before the parts of today."""
    factory = Factory()
    factory.run(20)
    factory.journal.entries = [e for e in factory.journal.entries if e["kind"] != "boot"]
    on_belt = [part.number for part in factory.line.belt.parts.values() if part.decision]
    factory.plc.wire = []
    factory.program = PlcProgram(factory.layout, Policy(hold_after_unknown=0), factory.memory)
    factory.restart_line()
    factory.run(0.1)
    assert on_belt
    assert all(factory.line.belt.parts[number].mute for number in on_belt)


def test_a_record_names_the_model_that_looked_not_the_one_that_runs_when_it_is_judged() -> None:
    factory = Factory()
    factory.line.ran_on = RanOn("standard", "ring", "a" * 64, "CPU", "FP32")
    factory.run(20)
    number = factory.memory.part_id + 1
    factory.cameras["side"].faults[number] = "drop"
    factory.run(2)
    factory.line.ran_on = RanOn("standard", "ring", "b" * 64, "CPU", "BF16")
    factory.run(8)
    (entry,) = [one for one in factory.journal.of("judged") if one["number"] == number]
    assert (entry["model_sha256"], entry["precision"]) == ("a" * 64, "FP32")


def test_a_part_seen_by_two_models_is_unknown() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    number = factory.memory.part_id + 1
    factory.run(2)
    factory.line.ran_on = RanOn("standard", "ring", "b" * 64, "CPU", "BF16")
    factory.run(8)
    (entry,) = [one for one in factory.journal.of("judged") if one["number"] == number]
    assert entry["not_inspected"] == "the model was changed between its views"


def test_a_line_claims_the_epoch_when_another_gateway_has_raised_it() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    factory.program.write_epoch(factory.line.epoch + 5)
    factory.cut()
    factory.connect()
    factory.run(30)
    assert factory.line.epoch > 5
    number = max(n for n, fate in factory.fates.items() if fate.action)
    action = factory.fates[number].action
    assert action
    assert action.is_pass


def test_a_judged_part_that_is_too_long_for_the_journal_does_not_stop_it_for_ever() -> None:
    factory = Factory()
    factory.run(20)
    number = factory.memory.part_id + 1
    append = factory.journal.append

    def bounded(entry: Mapping[str, object]) -> int:
        if len(str(entry)) > 100_000:
            raise JournalFull("too long")
        return append(entry)

    factory.journal.append = bounded  # type: ignore[method-assign]
    deliver = factory._deliver

    def flood(view: str, counter: int, taken_us: int, part_id: int) -> None:
        if part_id != number:
            deliver(view, counter, taken_us, part_id)
            return
        factory.line.frame(view, 1, Arrival(counter, taken_us, factory.clock.s))
        many = [["scratch", 0.9, [1, 2, 3, 4]]] * 20_000
        seen = {"view": view, "missed": "", "picture": f"{part_id}/{view}", "width_px": 4}
        seen |= {"height_px": 4, "findings": many, "top_scores": {}, "model_ms": 5.0}
        factory.line.seen(view, 1, counter, seen)

    factory._deliver = flood  # type: ignore[method-assign]
    factory.run(30)
    assert not factory.line.ledger.owes


def test_a_record_names_device_and_limits_that_judged_beside_what_was_asked_for() -> None:
    factory = Factory()
    told = {"do": "model", "recipe": "standard", "package": "ring", "sha256": "a" * 64}
    told |= {"device_asked": "GPU", "device": "CPU", "precision": "FP32", "why": ""}
    limits = {"scratch": 0.4, "dent": 0.5}
    try_to_take(factory.line, json.dumps({**told, "limits": limits}).encode())
    factory.run(30)
    judged = factory.journal.of("judged")[-1]
    assert json.loads(json.dumps(judged["limits"])) == [["dent", 0.5], ["scratch", 0.4]]
    assert (judged["device_asked"], judged["device"]) == ("GPU", "CPU")


MALFORMED = [
    b"no json",
    b"[]",
    b'{"do": "frame"}',
    b'{"do": "frame", "view": "top", "session": 1, "counter": "x", "taken_us": 1, "ready_s": 1}',
    b'{"do": "frame", "view": "top", "session": 1, "counter": 1, "taken_us": 1, "ready_s": NaN}',
    b'{"do": "frame", "view": "no such", "session": 1, "counter": 1, "taken_us": 1, "ready_s": 1}',
    b'{"do": "seen", "view": "top", "session": 1, "counter": 1, "findings": [["a", "b", 3]]}',
    b'{"do": "camera", "view": "no such", "session": 1, "up": false, "why": ""}',
    b'{"do": "model", "package": "x"}',
    b'{"do": "alarm", "name": "pictures", "text": "", "on": true, "state": "splendid"}',
]


def with_limits(limits: object) -> bytes:
    told = {"do": "model", "package": "x", "sha256": "", "device": "", "precision": ""}
    return json.dumps({**told, "limits": limits}).encode()


def with_outline(outline: object) -> bytes:
    seen = {"do": "seen", "view": "top", "session": 1, "counter": 1, "missed": "", "picture": "x"}
    seen |= {"width_px": 4, "height_px": 4, "top_scores": {}, "model_ms": 1}
    return json.dumps({**seen, "findings": [["a", 0.9, [1, 2, 3, 4], outline]]}).encode()


MALFORMED += [
    with_limits([1]),
    with_limits({"red": "x"}),
    with_limits({"red": float("nan")}),
    with_limits(7),
    with_outline([[1, 2], [3, 4]]),
    with_outline([[1, 2]] * 65),
    with_outline([[1, 2, 3]] * 3),
    with_outline([1, 2, 3]),
    with_outline("abc"),
    with_outline({"x": 1, "y": 2, "z": 3}),
    with_outline(7),
]


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_message_of_a_worker_changes_nothing(message: bytes) -> None:
    factory = Factory()
    factory.run(20)
    belt = factory.line.belt
    try_to_take(factory.line, message)
    assert factory.line.belt == belt
    assert factory.line.worker_alarms
    factory.run(20)
    factory.run_until_empty()
    factory.check_promises()


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_no_look_at_the_part(score: float) -> None:
    seen = {"view": "top", "missed": "", "picture": "x", "width_px": 4, "height_px": 4}
    seen |= {"findings": [["scratch", score, [1, 2, 3, 4]]], "top_scores": {}, "model_ms": 1}
    assert judge({"top": result_from(seen)}, ("top",)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("findings", "kept"),
    [
        ([["scratch", 0.9, [1, 2, 3, 4], [[1, 2], [3, 4], [5, float("nan")]]]], 0),
        ([["scratch", 0.9, [1, 2, 3, 4], [[1, 2]] * 64]] * 21, 21),
    ],
    ids=["no number", "more than are kept"],
)
def test_outlines_that_are_none_are_no_look_at_the_part(findings: list[object], kept: int) -> None:
    seen = {"view": "top", "missed": "", "picture": "x", "width_px": 4, "height_px": 4}
    result = result_from({**seen, "findings": findings, "top_scores": {}, "model_ms": 1})
    assert judge({"top": result}, ("top",)).verdict is Verdict.UNKNOWN
    assert [one.outline for one in result.findings] == [()] * kept
