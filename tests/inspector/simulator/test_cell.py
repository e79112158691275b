"""The belt and its program together: the truth is written once, whenever the process is killed."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.domain.verdict import Verdict
from inspector.domain.words import MachineWord
from inspector.simulator.belt import Feed
from inspector.simulator.cell import Cell, CellPlan, Line, Pulse
from inspector.simulator.factory import Factory, PlcSettings
from inspector.simulator.faults import parse_fault
from inspector.simulator.plc_memory import Layout, Policy

TICK_US = 10_000
PARTS = 12


def plan(*faults: str, parts: int = PARTS, order: str = "", defect_rate: float = 0.3) -> CellPlan:
    return CellPlan(
        station="ring",
        product="ring",
        layout=Layout(slots=32, reject_at_counts=1000, outputs={"top": 0, "side": 500}),
        policy=Policy(hold_after_unknown=0, hold_after_silence_ms=0),
        feed=Feed(
            seed=1,
            index=0,
            rate_hz=10,
            defect_rate=defect_rate,
            parts=parts,
            counts_per_s=1000,
            reject_at_counts=1000,
        ),
        answer_by_counts=300,
        order=order,
        faults=tuple(parse_fault(text) for text in faults),
    )


class Run:
    """A cell that is stepped through time, with a gateway that passes everything."""

    def __init__(self, cell: Cell, *, now_us: int = 0, gateway: bool = True) -> None:
        self.cell, self.now_us, self.gateway = cell, now_us, gateway
        self.lines: list[Line] = []
        self.pulses: list[Pulse] = []
        cell.program.write_epoch(1)

    def step(self, by_us: int = TICK_US) -> None:
        self.now_us += by_us
        if self.gateway:
            self.cell.program.write_heartbeat(self.now_us)
        done = self.cell.step(self.now_us, wall_zero_us=0)
        self.lines += done.lines
        self.pulses += done.pulses
        for line in done.lines:
            if line["event"] == "trigger" and self.gateway:
                part_id = int(str(line["id"]))
                word = MachineWord(part_id, 1, Verdict.PASS).pack()
                self.cell.program.write_verdict(part_id % 32, word)

    def to_the_end(self) -> None:
        for _ in range(2000):
            if self.cell.ended:
                return
            self.step()
        pytest.fail("the belt did not run empty")

    def of(self, event: str) -> list[Line]:
        return [line for line in self.lines if line["event"] == event]


def test_every_part_has_one_trigger_and_one_decision_in_the_truth() -> None:
    run = Run(Cell(plan()))
    run.to_the_end()
    for event in ("trigger", "decided"):
        assert [line["part"] for line in run.of(event)] == list(range(1, PARTS + 1))
    assert {line["action"] for line in run.of("decided")} == {1}
    assert {line["actuations"] for line in run.of("decided")} == {0}


def test_without_a_gateway_each_part_is_hit_once() -> None:
    run = Run(Cell(plan()), gateway=False)
    run.to_the_end()
    assert {(line["action"], line["actuations"]) for line in run.of("decided")} == {(3, 1)}
    assert all(line["actuation_at"] for line in run.of("decided"))


def test_parts_come_with_the_spacing_that_was_asked_for() -> None:
    run = Run(Cell(plan()))
    run.to_the_end()
    at_us = [pulse.at_us for pulse in run.pulses if pulse.view == "top"]
    gaps = [after - before for before, after in pairwise(at_us)]
    assert all(80_000 <= gap <= 120_000 for gap in gaps)
    assert len(set(gaps)) > PARTS / 2


def test_each_view_is_fired_once_a_part_where_its_camera_stands() -> None:
    run = Run(Cell(plan()))
    run.to_the_end()
    at_us = {(pulse.view, pulse.number): pulse.at_us for pulse in run.pulses}
    assert len(at_us) == len(run.pulses) == 2 * PARTS
    for number in range(1, PARTS + 1):
        assert at_us["side", number] - at_us["top", number] == pytest.approx(500_000, abs=2_000)


def test_the_same_seed_gives_the_same_truth() -> None:
    truths = []
    for by_us in (TICK_US, 3 * TICK_US):
        run = Run(Cell(plan()))
        while not run.cell.ended:
            run.step(by_us)
        truths.append(
            [(line["part"], line["truth"], line["defects"]) for line in run.of("decided")]
        )
    assert truths[0] == truths[1]
    assert {truth for _, truth, _ in truths[0]} == {"good", "bad"}


def test_no_two_parts_look_alike() -> None:
    run = Run(Cell(plan(parts=60)))
    run.to_the_end()
    seeds = [pulse.seed for pulse in run.pulses if pulse.view == "top"]
    assert len(set(seeds)) == len(seeds)


def test_a_held_belt_stands() -> None:
    cell = Cell(plan())
    run = Run(cell)
    for _ in range(30):
        run.step()
    cell.program.hold()
    before = (cell.belt.encoder, len(run.lines))
    for _ in range(300):
        run.step()
    assert (cell.belt.encoder, len(run.lines)) == before
    cell.program.resume()
    run.to_the_end()
    assert len(run.of("decided")) == PARTS


def test_the_belt_stands_while_the_process_is_stopped() -> None:
    run = Run(Cell(plan()))
    for _ in range(20):
        run.step()
    before = run.cell.belt.encoder
    run.step(6_000_000)
    assert run.cell.belt.encoder - before <= 200


def test_another_order_feeds_as_many_parts_again_without_repeating_one() -> None:
    first = Run(Cell(plan(order="a")))
    first.to_the_end()
    state = json.loads(json.dumps(first.cell.state()))
    again = Run(Cell(plan(order="a"), state), now_us=first.now_us)
    again.step()
    assert again.cell.ended
    second = Run(Cell(plan("phantom@2", order="b"), state), now_us=first.now_us)
    second.to_the_end()
    assert [line["part"] for line in second.of("decided")] == list(range(13, 26))
    assert second.of("decided")[1]["truth"] == "phantom"
    assert not {p.seed for p in first.pulses} & {p.seed for p in second.pulses}


# --- faults ---


def test_a_phantom_is_counted_and_photographed_but_is_no_part() -> None:
    run = Run(Cell(plan("phantom@4")), gateway=False)
    run.to_the_end()
    truths = [line["truth"] for line in run.of("decided")]
    assert [n for n, truth in enumerate(truths, 1) if truth == "phantom"] == [4]
    assert len(truths) == PARTS + 1
    assert {line["actuations"] for line in run.of("decided")} == {1}
    assert [p.truth for p in run.pulses if p.number == 4] == ["phantom", "phantom"]


def test_a_phantom_does_not_change_what_the_parts_are() -> None:
    with_one, without = Run(Cell(plan("phantom@4"))), Run(Cell(plan()))
    with_one.to_the_end()
    without.to_the_end()
    truths = [line["truth"] for line in with_one.of("decided") if line["truth"] != "phantom"]
    assert truths == [line["truth"] for line in without.of("decided")]


def test_camera_faults_are_ordered_for_one_view_of_one_part() -> None:
    run = Run(Cell(plan("drop@3", "freeze@5:ring.side", "delay@7:ring", "double@4:other")))
    run.to_the_end()
    faults = {(p.view, p.number): p.fault for p in run.pulses if p.fault}
    assert faults == {("top", 3): "drop", ("side", 5): "freeze", ("top", 7): "delay"}


def test_a_delayed_picture_comes_after_its_view_counts_as_missing() -> None:
    run = Run(Cell(plan("delay@2")))
    run.to_the_end()
    (delay_s,) = [pulse.delay_s for pulse in run.pulses if pulse.fault]
    assert delay_s > 300 / 1000


def test_late_writes_begin_with_their_part_and_end() -> None:
    run = Run(Cell(plan("late-writes@3", parts=0)))
    while len(run.of("trigger")) < 3:
        assert run.cell.late_until_us == 0
        run.step()
    assert run.cell.late_until_us == pytest.approx(run.now_us + 5_000_000, abs=2 * TICK_US)


# --- kill -9 ---


class Killed(Exception):
    """The process ended here."""


class Process:
    """A factory with one station whose process can be killed after any of its deeds."""

    def __init__(self, folder: Path) -> None:
        self.fired: list[Pulse] = []
        self.settings = PlcSettings(
            endpoint="", uri="", certificate=folder, key=folder, trusted=(), user="", password="",
            cells=(("ring", plan("phantom@5")),), retentive=folder / "plc.retentive",
            wire=folder / "wire", control=folder / "control", truth=folder / "truth.jsonl",
        )  # fmt: skip
        self.now_us = 0
        self.start()

    def start(self) -> None:
        self.factory = Factory(self.settings, fire=lambda _, pulses: self.fired.extend(pulses))
        self.cell = self.factory.cells["ring"]

    def step(self) -> None:
        self.now_us += TICK_US
        self.factory.scan(self.now_us, wall_zero_us=0)

    def lines(self) -> list[Line]:
        truth = self.settings.truth
        assert truth
        return [json.loads(line) for line in truth.read_text().splitlines()]


@settings(max_examples=25, deadline=None)
@given(
    kills=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["before", "kept", "told"])), max_size=6
    )
)
def test_the_sums_hold_after_kills_at_any_instant(
    kills: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = Process(tmp_path_factory.mktemp("killed"))
    for steps, when in kills:
        for _ in range(steps):
            process.step()
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            step_into_a_kill(process, when, patch)
        process.start()
    while not process.cell.ended:
        process.step()
    assert_whole(process)


def step_into_a_kill(process: Process, when: str, patch: pytest.MonkeyPatch) -> None:
    """End in a step before its state is kept, after that, or after the truth is told."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    factory = process.factory
    if when == "before":
        patch.setattr(factory._file, "keep", kill)
    elif when == "kept":
        patch.setattr(factory._truth, "append", kill)
    else:
        patch.setattr(factory, "_fire", kill)
    for _ in range(400):  # until something happens that the kill can interrupt
        process.step()
    raise Killed


def assert_whole(process: Process) -> None:
    lines = process.lines()
    parts = list(range(1, PARTS + 2))
    for event in ("trigger", "decided"):
        assert [line["part"] for line in lines if line["event"] == event] == parts
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    counts = process.cell.program.memory.counts
    assert counts.triggered == counts.decided == len(parts)
    assert all(line["actuations"] == 1 for line in lines if line["event"] == "decided")
    assert max(Counter((p.view, p.number) for p in process.fired).values(), default=1) == 1


def test_after_a_kill_the_parts_on_the_belt_are_decided_fail_safe(tmp_path: Path) -> None:
    process = Process(tmp_path)
    for _ in range(80):
        process.step()
    on_belt = process.cell.program.on_belt
    assert on_belt > 3
    process.start()
    assert process.cell.program.on_belt == on_belt
    assert process.cell.program.memory.boot_count == 2
    while not process.cell.ended:
        process.step()
    assert_whole(process)


def test_another_evidence_folder_gets_no_lines_of_the_last_run(tmp_path: Path) -> None:
    process = Process(tmp_path)
    while not process.cell.ended:
        process.step()
    other = tmp_path / "other" / "truth.jsonl"
    process.settings = PlcSettings(
        **{name: getattr(process.settings, name) for name in PlcSettings.__slots__}
        | {"truth": other}
    )
    process.start()
    assert other.read_text() == ""


def test_parts_come_faster_while_they_are_ordered_to() -> None:
    run = Run(Cell(plan(parts=60)))
    lengths = []
    for times in (1, 3, 1):
        run.cell.belt.pace(times)
        began_us, seen = run.now_us, len(run.of("trigger"))
        while len(run.of("trigger")) < seen + 15:
            run.step()
        lengths.append(run.now_us - began_us)
    assert lengths[0] > 2 * lengths[1]
    assert lengths[2] > 2 * lengths[1]
