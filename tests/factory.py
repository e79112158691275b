"""A whole station in one process and in handed-in time: the real line, the real PLC program.

Between them stands `FakePlc`, which can lose, delay and repeat writes. Pictures are marked: a
picture's digest says which part and view it shows, so that a shifted verdict cannot hide.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from inspector.domain.accounted import accounted
from inspector.domain.belt import Layout
from inspector.domain.numbers import travelled
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.sync import Arrival
from inspector.domain.verdict import Action
from inspector.errors import JournalFull
from inspector.line.station_line import StationLine
from inspector.simulator import plc_memory
from inspector.simulator.plc_memory import (
    Actuated,
    Decided,
    Edge,
    Fired,
    Inputs,
    Policy,
    Retentive,
    Triggered,
)
from inspector.simulator.plc_program import PlcProgram

STEP_US = 20_000
SITE_KEY = b"k" * 32
COUNTS_PER_S = 1000
LAYOUT = Layout("ring", ("top", "side"), 8000, 6000, 200, 400_000, 64)
OUTPUTS = {"top": 0, "side": 3000}
NEAR_COUNTS = 200
"""Half the smallest spacing."""
SOFTWARE = replace(LAYOUT, sync="software_trigger", cameras_at=OUTPUTS, lens_counts=NEAR_COUNTS)


class FakeClock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.s = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.s)

    def monotonic_s(self) -> float:
        return self.s


class MemoryJournal:
    """A journal that survives the line and has as much room as we say."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []
        self.full = False

    def append(self, entry: Mapping[str, object]) -> int:
        if self.full:
            raise JournalFull("no room")
        self.entries.append(dict(entry))
        return len(self.entries)

    def since(self, offset: int) -> Sequence[tuple[int, dict[str, object]]]:
        return [(i + 1, entry) for i, entry in enumerate(self.entries)][offset:]

    def of(self, kind: str) -> list[dict[str, object]]:
        return [entry for entry in self.entries if entry["kind"] == kind]


@dataclass
class Write:
    """A write on its way to the PLC."""

    kind: str
    slot: int
    word: int
    token: object
    due_us: int
    ack: bool = True


class FakePlc:
    """ports.Plc in front of a `PlcProgram`; writes take `delay_us`, and may be lost or late."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self.wire: list[Write] = []
        self.late_us = 0
        """Above 0: writes of verdicts are given up by the client and executed so much later."""
        self.lose: set[str] = set()
        """Kinds of writes that never arrive."""
        self.acknowledges = True
        self.echoes = True
        self.wild: random.Random | None = None
        """Writes are executed late, twice, out of order or never, acknowledged or not."""
        self.said: set[int] = set()
        """Slots that a machine word was written into."""

    def say(self, station: str, part_id: int, word: int, token: object) -> None:
        late = self.late_us
        self.said.add(part_id % LAYOUT.slots)
        self._send("verdict", part_id % LAYOUT.slots, word, token, late, ack=not late)

    def say_operator(self, station: str, part_id: int, word: int, token: object) -> None:
        self._send("operator", part_id % LAYOUT.slots, word, token, 0)

    def raise_epoch(self, station: str, epoch: int) -> None:
        self._send("epoch", 0, epoch, None, 0)

    def ask_sync(self, station: str, view: str, request: int) -> None:
        self._send(f"sync {view}", 0, request, None, 0)

    def beat(self, station: str, count: int) -> None:
        self._send("beat", 0, count, None, 0)

    def read_soon(self, station: str) -> None:
        self._factory.read_now = True

    def _send(
        self, kind: str, slot: int, word: int, token: object, late_us: int, *, ack: bool = True
    ) -> None:
        due_us = self._factory.now_us + STEP_US + late_us
        for one in self._fates(Write(kind, slot, word, token, due_us, ack)):
            self.wire.append(one)

    def _fates(self, write: Write) -> list[Write]:
        """Return what becomes of a write: in wild times the client gives most of them up."""
        if self.wild is None or write.kind == "beat":
            return [write]
        late = replace(write, due_us=write.due_us + self.wild.randrange(3_000_000), ack=False)
        fates: tuple[list[Write], ...] = ([write], [late], [write, late], [], [late, replace(late)])
        return list(self.wild.choice(fates))

    def deliver(self, program: PlcProgram) -> list[object]:
        """Execute what is due and return the tokens that are acknowledged."""
        due = [write for write in self.wire if write.due_us <= self._factory.now_us]
        self.wire = [write for write in self.wire if write.due_us > self._factory.now_us]
        for write in due:
            if write.kind not in self.lose:
                self._execute(program, write)
        heard = [write for write in due if write.ack and write.kind not in self.lose]
        return [write.token for write in heard if write.token and self.acknowledges]

    @staticmethod
    def _execute(program: PlcProgram, write: Write) -> None:
        match write.kind.split():
            case ["verdict"]:
                program.write_verdict(write.slot, write.word)
            case ["operator"]:
                program.write_operator(write.slot, write.word)
            case ["epoch"]:
                program.write_epoch(write.word)
            case ["beat"]:
                program.write_heartbeat(write.word)
            case ["sync", view]:
                program.write_sync_request(view, write.word)

    def give_up(self) -> None:
        """The session ends: nothing is acknowledged any more, but all may still be executed."""
        for write in self.wire:
            write.ack = False


@dataclass
class Camera:
    """One camera: a frame counter and faults by part number."""

    counter: int = 0
    session: int = 1
    zero_us: int = 77_000_000
    faults: dict[int, str] = field(default_factory=dict)
    held: tuple[int, int] | None = None
    """A frame that the next one overtakes: when it was taken, and of which part."""


@dataclass
class Fate:
    """What happened to a part, as the world saw it."""

    bad: bool
    action: Action | None = None
    actuations: int = 0


class Factory:
    """One station; `run` moves time in steps of 20 ms."""

    def __init__(
        self,
        *,
        seed: int = 1,
        spacing_s: float = 0.5,
        bad_share: float = 0.2,
        first_id: int = 0,
        line_layout: Layout = LAYOUT,
        start_share: float = 1e-9,
    ) -> None:
        self.line_layout, self.start_share = line_layout, start_share
        self.random = random.Random(seed)
        self.spacing_s, self.bad_share = spacing_s, bad_share
        self.clock = FakeClock()
        self.journal = MemoryJournal()
        self.now_us, self.encoder_counts = 1_000_000, 0.0
        self.layout = plc_memory.Layout(LAYOUT.slots, LAYOUT.reject_at_counts, OUTPUTS)
        self.memory = Retentive.fresh(self.layout)
        self.memory.part_id = first_id
        self.memory.counts.triggered = self.memory.counts.decided = first_id
        self.program = PlcProgram(self.layout, Policy(hold_after_unknown=0), self.memory)
        self.plc = FakePlc(self)
        self.cameras = {view: Camera() for view in OUTPUTS}
        self.fates: dict[int, Fate] = {}
        self.to_worker: list[Mapping[str, object]] = []
        self.orders: list[tuple[int, str]] = []
        """Pictures that the line has asked for: when the camera hears of it, and of which view."""
        self.delayed: list[tuple[int, str, int, int, str]] = []
        self.told_instead: dict[tuple[int, str], Mapping[str, Any]] = {}
        """What the worker says it has seen, by part and view, where it is not the usual."""
        self.delay_us = 6_500_000
        self.policy: dict[str, int | bool] = {"pass_all": False}
        self.close_behind: dict[int, float] = {}
        """Parts that come so soon behind the one before, seconds."""
        self.read_now = False
        self.plc_up = self.feeding = self.belt_runs = self.program_runs = True
        self._next_edge = 500.0
        self._last_id = first_id
        self.line = self._new_line()
        self.connect()

    def _new_line(self) -> StationLine:
        return StationLine(
            self.line_layout,
            plc=self.plc,
            journal=self.journal,
            clock=self.clock,
            key=SITE_KEY,
            tell_worker=self._hear,
            keep=lambda record: False,
            start_share=self.start_share,
        )

    def _hear(self, message: Mapping[str, object]) -> None:
        if message["do"] == "take":
            self.orders.append((self.now_us + STEP_US, str(message["view"])))
        else:
            self.to_worker.append(message)

    # --- what can happen ---

    def connect(self) -> None:
        self.plc_up = True
        self.line.plc_up()
        for view, camera in self.cameras.items():
            self.line.camera(view, session=camera.session, up=True, why="")

    def cut(self) -> None:
        """The session to the PLC ends."""
        self.plc_up = False
        self.plc.give_up()
        self.line.plc_down("connection lost")

    def restart_line(self) -> None:
        """kill -9 of the line: only the journal is left; its writes may still be executed."""
        self.plc.give_up()
        self.line = self._new_line()
        self.line.restore([entry for _, entry in self.journal.since(0)])
        self.connect()

    def cut_power(self) -> None:
        """Line and journal are gone; the database has what the journal held."""
        kept = [(int(str(one["number"])),) * 2 for one in self.journal.of("judged")]
        kept += [(int(str(one["first"])), int(str(one["last"]))) for one in self.journal.of("gap")]
        self.plc.give_up()
        self.line = self._new_line()
        if known := accounted(1, kept):
            self.line.start_after(known)
        self.connect()

    def restart_plc(self) -> None:
        """The PLC's program starts again from its retentive memory."""
        self.cut()
        self.plc.wire = []
        self.program = PlcProgram(self.layout, Policy(hold_after_unknown=0), self.memory)
        self.connect()

    def restart_camera(self, view: str) -> None:
        camera = self.cameras[view]
        camera.session, camera.counter = camera.session + 1, 0
        self.line.camera(view, session=camera.session, up=True, why="")

    # --- time ---

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1e6 / STEP_US)):
            self.step()

    def run_until_empty(self) -> None:
        self.feeding = False
        self.run(LAYOUT.reject_at_counts / COUNTS_PER_S + 2)

    def step(self) -> None:
        self.now_us += STEP_US
        self.clock.s += STEP_US / 1e6
        self.encoder_counts += COUNTS_PER_S * STEP_US / 1e6 * self.belt_runs
        acked = self.plc.deliver(self.program)
        for event in self.program.scan(self._inputs()) if self.program_runs else ():
            self._world(event)
        self._ordered_frames()
        self._delayed_frames()
        if not self.plc_up:
            return
        for token in acked:
            if isinstance(token, tuple) and token[1]:
                self.line.plc_acked(token, self.clock.s)
        if self.read_now or self.now_us % 40_000 == 0:
            self.read_now = False
            self.line.plc_read(self.snapshot())
        if self.now_us % 100_000 == 0:
            self.line.tick()

    def _inputs(self) -> Inputs:
        edges = []
        while self.feeding and self._next_edge <= self.encoder_counts:
            over_us = (self.encoder_counts - self._next_edge) * 1e6 / COUNTS_PER_S
            edges.append(Edge(int(self._next_edge) % (1 << 32), self.now_us - round(over_us)))
            usual_s = self.spacing_s * self.random.uniform(0.8, 1.2)
            following = self.memory.part_id + len(edges) + 1
            self._next_edge += self.close_behind.get(following, usual_s) * COUNTS_PER_S
        return Inputs(
            self.now_us,
            int(self.encoder_counts) % (1 << 32),
            1e6 / COUNTS_PER_S,
            tuple(edges),
        )

    def _world(self, event: plc_memory.Event) -> None:
        match event:
            case Triggered(part_id, _):
                self.fates[part_id] = Fate(bad=self.random.random() < self.bad_share)
                self._last_id = part_id
            case Fired(view, part_id, at_us) if not self.line_layout.asks:
                self._expose(view, part_id, at_us)
            case Decided(part_id, action):
                assert self.fates[part_id].action is None, "decided twice"
                self.fates[part_id].action = action
            case Actuated(encoder, _):
                self._actuate(encoder)

    def _actuate(self, encoder: int) -> None:
        last = [n for n, fate in self.fates.items() if fate.action is not None][-1]
        self.fates[last].actuations += 1

    def _expose(self, view: str, part_id: int, at_us: int) -> None:
        camera = self.cameras[view]
        fault = camera.faults.get(part_id, "")
        if fault == "miss":
            return
        counter, camera.counter = camera.counter, camera.counter + 1
        taken_us = at_us + camera.zero_us
        if fault == "delay":
            self.delayed.append(
                (self.now_us + self.delay_us, view, counter, taken_us, str(part_id))
            )
        elif fault == "exchange":  # with the next one: it comes first, and is counted first
            camera.held = (taken_us, part_id)
        elif camera.held:
            (first_us, first), camera.held = camera.held, None
            self._deliver(view, counter - 1, taken_us, part_id)
            self._deliver(view, counter, first_us, first)
        elif fault != "drop":
            self._deliver(view, counter, taken_us, part_id)
        if fault == "double":
            camera.counter += 1
            self._deliver(view, counter + 1, taken_us + 3000, part_id)

    def _ordered_frames(self) -> None:
        """Take the pictures that were asked for: of whatever lies before the camera by now."""
        due = [(at_us, view) for at_us, view in self.orders if at_us <= self.now_us]
        self.orders = [one for one in self.orders if one not in due]
        for _, view in due:
            self._expose(view, self._before(view), self.now_us)

    def _before(self, view: str) -> int:
        """Return the part nearest to a camera, 0 for none within half the smallest spacing."""
        off = {
            number: abs(travelled(encoder, self.program.encoder) - OUTPUTS[view])
            for number, (encoder, _) in _ring(self.memory.ring).items()
        }
        nearest = min(off, key=lambda number: off[number], default=0)
        return nearest if off.get(nearest, NEAR_COUNTS) < NEAR_COUNTS else 0

    def _delayed_frames(self) -> None:
        for one in [one for one in self.delayed if one[0] <= self.now_us]:
            self.delayed.remove(one)
            _, view, counter, taken_us, part_id = one
            self._deliver(view, counter, taken_us, int(part_id))

    def _deliver(self, view: str, counter: int, taken_us: int, part_id: int) -> None:
        session = self.cameras[view].session
        self.line.frame(view, session, Arrival(counter, taken_us, self.clock.s))
        if self.cameras[view].faults.get(part_id) == "unanswered":
            return
        bad = part_id in self.fates and self.fates[part_id].bad
        findings = [["scratch", 0.9, [1, 2, 3, 4]]] if bad else []
        seen = {
            "view": view,
            "missed": "",
            "picture": f"{part_id}/{view}",
            "width_px": 400,
            "height_px": 400,
            "findings": findings,
            "top_scores": {},
            "model_ms": 5.0,
        }
        seen.update(self.told_instead.get((part_id, view), {}))
        self.line.seen(view, session, counter, seen)

    def snapshot(self) -> PlcSnapshot:
        program, memory = self.program, self.program.memory
        return PlcSnapshot(
            station="ring",
            read_s=self.clock.s,
            part_id=memory.part_id,
            encoder=program.encoder,
            triggers=_ring(memory.ring),
            fired={view: _ring(ring) for view, ring in memory.fired.items()},
            sync={view: (gap.answered, gap.first) for view, gap in program.gaps.items()},
            decisions=tuple(memory.decisions),
            latched=tuple(program.tables.latched) if self.plc.echoes else (0,) * LAYOUT.slots,
            epoch=memory.epoch,
            boot_count=memory.boot_count,
            heartbeat=program.heartbeat,
            alive=program.alive,
            state=program.state,
            counts={
                "triggered": memory.counts.triggered,
                "decided": memory.counts.decided,
                "passed": memory.counts.passed,
                "rejected": memory.counts.rejected,
                "fail_safe": memory.counts.fail_safe,
                "on_belt": program.on_belt,
            },
            policy=self.policy,
        )

    # --- what must hold ---

    def check_promises(self, pressed: Mapping[int, set[str]] | None = None) -> None:
        """Raise when a promise is broken, whatever happened.

        Args:
            pressed: By part, the words of persons that were taken: without an operator table the
                machine's word says them.
        """
        in_one_word = {} if self.line_layout.operator_table else pressed or {}
        judged = self.journal.of("judged")
        numbers = [(entry["run"], entry["number"]) for entry in judged]
        assert len(numbers) == len(set(numbers)), "two records of one part"
        assert len({entry["record"] for entry in judged}) == len(judged)
        self._no_shift(judged)
        self._accounted({number for _, number in numbers})
        passes = {entry["number"] for entry in judged if entry["verdict"] == "pass"}
        for number, fate in self.fates.items():
            if fate.action is None:
                continue
            if fate.action is Action.PASSED and "pass" not in in_one_word.get(number, ()):
                assert not fate.bad, f"bad part {number} passed"
                assert number in passes, f"part {number} passed without a PASS on record"
            assert fate.actuations == (0 if fate.action.is_pass else 1)
            if fate.action is Action.REJECTED and "reject" not in in_one_word.get(number, ()):
                assert fate.bad, f"good part {number} rejected by a verdict"

    @staticmethod
    def _no_shift(judged: list[dict[str, object]]) -> None:
        for entry in judged:
            views = entry["views"]
            assert isinstance(views, list)
            for view in views:
                if view["picture"]:
                    assert view["picture"] == f"{entry['number']}/{view['view']}", "shifted"

    def _accounted(self, recorded: set[object]) -> None:
        gaps = {
            number
            for gap in self.journal.of("gap")
            for number in range(int(str(gap["first"])), int(str(gap["last"])) + 1)
        }
        assert not gaps & recorded
        lost = self.fates.keys() - recorded - gaps
        on_belt = {part.part_id for part in self.program.memory.belt}
        assert not lost - on_belt, f"parts without a record: {sorted(lost - on_belt)}"


def _ring(ring: Sequence[int]) -> dict[int, tuple[int, int]]:
    return {ring[i]: (ring[i + 1], ring[i + 2]) for i in range(0, len(ring), 3) if ring[i]}
