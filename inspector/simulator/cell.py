"""One station of the demo factory: its belt and its PLC program, and the truth about both.

Pure: each step takes the time and returns what is to be sent and written, once the state that
produced it has been kept (`state`, `restored`).
"""

from __future__ import annotations

import base64
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from inspector.domain.numbers import BITS_32, extended
from inspector.simulator.belt import Belt, Feed, Lying, World
from inspector.simulator.faults import LATE_WRITES_US, Fault, FaultOrders
from inspector.simulator.parts import make_part
from inspector.simulator.plc_memory import (
    Actuated,
    Counts,
    Decided,
    Event,
    Fired,
    Inputs,
    Layout,
    Part,
    Policy,
    Retentive,
    Triggered,
)
from inspector.simulator.plc_program import PlcProgram

State = dict[str, Any]
"""What is kept of a cell across a restart, as JSON."""
Line = dict[str, object]
"""One line of truth.jsonl."""
COUNT_RUN = 1
"""The PLC's count never falls back as long as its retentive memory is whole."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One camera output fired; what the wire carries, and what lies under the camera.

    Attributes:
        view: Which camera.
        number: The PLC's part number, 64 bits; only for the evidence, never on a frame.
        at_us: The edge's instant, CLOCK_MONOTONIC.
        seed: Of the part's pictures.
        truth: "good", "bad" or "phantom".
        fault: What shall go wrong; empty: nothing.
        delay_s: With the fault "delay".
    """

    view: str
    number: int
    at_us: int
    seed: int
    truth: str
    fault: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The fixed facts of a cell.

    Attributes:
        station: Its name.
        product: What is drawn: one of `parts.STATIONS`.
        layout: Of the program.
        policy: Of the program at its start.
        feed: Of the belt.
        answer_by_counts: Where a view counts as missing: a delayed picture comes after it.
        order: The run; another one begins a new feed.
        faults: To come.
    """

    station: str
    product: str
    layout: Layout
    policy: Policy
    feed: Feed
    answer_by_counts: int = 0
    order: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Step:
    """What one step left to do, after the state is kept."""

    changed: bool = False
    pulses: list[Pulse] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


class Cell:
    """One station's world and program."""

    def __init__(self, plan: CellPlan, state: State | None = None) -> None:
        """Start the program; with a state, where it was left."""
        self.plan = plan
        memory, world, self.written = restored(plan, state) if state else (None, World(), 0)
        self.faults = FaultOrders(plan.station, tuple(plan.layout.outputs), plan.faults)
        self.program = PlcProgram(plan.layout, plan.policy, memory)
        self.belt = Belt(plan.feed, world, phantom_at=self.faults.phantom_at, order=plan.order)
        self.late_until_us = 0
        self._lying = {part.number % BITS_32: part for part in world.lying if part.number}
        self._kept: tuple[object, ...] = ()

    @property
    def ended(self) -> bool:
        """Return whether no part will come any more and none is left, on paper either."""
        return self.belt.fed_out and not self.belt.world.lying and not self.program.on_belt

    def warm_up(self) -> None:
        """Draw one bad part now: the first takes long, and no scan should."""
        make_part(self.plan.product, self.plan.feed.picture_seed(0), bad=True)

    def step(self, now_us: int, wall_zero_us: int) -> Step:
        """Move the belt, run the program once and return what is to be done.

        Args:
            now_us: CLOCK_MONOTONIC.
            wall_zero_us: UTC time of that clock's zero, for the evidence.
        """
        edges = self.belt.move(now_us, running=not self.program.held)
        inputs = Inputs(now_us, self.belt.encoder, self.belt.us_per_count, edges)
        step = Step()
        fresh = list(self.belt.world.lying)[-len(edges) :] if edges else []
        for event in self.program.scan(inputs):
            self._note(event, now_us, fresh, step)
        for part in self.belt.leaves():
            self._lying.pop(part.number % BITS_32, None)
            step.lines.append(self._line("decided", part))
        step.changed = self._changed(step)
        for line in step.lines:
            self.written += 1
            line["seq"] = self.written
            _tell_times(line, wall_zero_us)
        return step

    def state(self) -> State:
        """Return what is kept: everything but the tables of words."""
        memory, world = self.program.memory, self.belt.world
        return {
            "memory": {
                "part_id": memory.part_id,
                "decided_id": memory.decided_id,
                "epoch": memory.epoch,
                "boot_count": memory.boot_count,
                "counts": astuple(memory.counts),
                "belt": [(part.part_id, part.encoder) for part in memory.belt],
                "ring": _text(memory.ring),
                "fired": {view: _text(ring) for view, ring in memory.fired.items()},
                "decisions": _text(memory.decisions),
            },
            "world": {name: getattr(world, name) for name in _WORLD},
            "lying": [[getattr(part, name) for name in _LYING] for part in world.lying],
            "written": self.written,
        }

    def _note(self, event: Event, now_us: int, fresh: list[Lying], step: Step) -> None:
        if isinstance(event, Triggered):
            self._triggered(event, fresh.pop(0), step)
        elif isinstance(event, Fired):
            step.pulses.append(self._pulse(event, self._lying[event.part_id]))
        elif isinstance(event, Decided):
            part = self._lying[event.part_id]
            part.action, part.decided_us = int(event.action), now_us
        else:
            self._actuated(event)

    def _triggered(self, event: Triggered, part: Lying, step: Step) -> None:
        world = self.belt.world
        part.number = world.number = extended(event.part_id, near=world.number)
        self._lying[event.part_id] = part
        if self.faults.late_writes_from(part.ordinal):
            self.late_until_us = part.at_us + LATE_WRITES_US
        step.lines.append(self._line("trigger", part))

    def _actuated(self, event: Actuated) -> None:
        self.belt.actuated(event.encoder, event.at_us)

    def _pulse(self, event: Fired, part: Lying) -> Pulse:
        fault = self.faults.of_camera(event.view, part.ordinal)
        delay_s = self._past_the_answer_s(event.view) if fault == "delay" else 0.0
        return Pulse(event.view, part.number, event.at_us, part.seed, part.truth, fault, delay_s)

    def _past_the_answer_s(self, view: str) -> float:
        counts = self.plan.answer_by_counts - self.plan.layout.outputs[view]
        return max(counts, 0) / self.plan.feed.counts_per_s + 0.5

    def _changed(self, step: Step) -> bool:
        """Return whether there is something to keep: an event, or what people did."""
        memory = self.program.memory
        now = (memory.epoch, memory.counts.triggered, memory.counts.decided)
        changed = bool(step.lines or step.pulses) or now != self._kept
        self._kept = now
        return changed

    def _line(self, event: str, part: Lying) -> Line:
        defects = make_part(self.plan.product, part.seed, bad=True).defects if part.bad else ()
        line: Line = {
            "who": "plc",
            "event": event,
            "station": self.plan.station,
            "part": part.number,
            "id": part.number % BITS_32,
            "run": COUNT_RUN,
            "truth": part.truth,
            "defects": [
                {"kind": d.kind, "view": d.view, "sigma": round(d.sigma, 3)} for d in defects
            ],
            "at": part.at_us,
        }
        if event == "decided":
            line["at"] = part.decided_us
            line["action"] = part.action
            line["actuations"] = part.actuations
            line["actuation_at"] = part.actuated_us or None
        return line


def restored(plan: CellPlan, state: Mapping[str, Any]) -> tuple[Retentive, World, int]:
    """Return the memory and the world that `Cell.state` described."""
    kept = state["memory"]
    blank = Retentive.fresh(plan.layout)
    memory = Retentive(
        part_id=kept["part_id"],
        decided_id=kept["decided_id"],
        epoch=kept["epoch"],
        boot_count=kept["boot_count"],
        counts=Counts(*kept["counts"]),
        belt=deque(Part(part_id, encoder) for part_id, encoder in kept["belt"]),
        ring=_ring(kept["ring"], blank.ring),
        fired={
            view: _ring(kept["fired"].get(view, ""), ring) for view, ring in blank.fired.items()
        },
        decisions=_ring(kept["decisions"], blank.decisions),
    )
    world = World(**state["world"])
    world.lying = deque(
        Lying(**dict(zip(_LYING, values, strict=True))) for values in state["lying"]
    )
    return memory, world, cast("int", state["written"])


_WORLD = ("position", "fed", "next_at", "triggers", "number", "order", "until", "first")
_LYING = tuple(Lying.__dataclass_fields__)


def _text(ring: array[int]) -> str:
    return base64.b64encode(ring.tobytes()).decode()


def _ring(text: str, blank: array[int]) -> array[int]:
    """Return a kept ring, or the blank one when the table now has another length."""
    ring = array("I", base64.b64decode(text))
    return ring if len(ring) == len(blank) else blank


def _tell_times(line: Line, wall_zero_us: int) -> None:
    for name in ("at", "actuation_at"):
        at_us = line.get(name)
        if isinstance(at_us, int):
            told = datetime.fromtimestamp((at_us + wall_zero_us) / 1e6, UTC)
            line[name] = told.isoformat(timespec="microseconds")


def all_ended(cells: Iterable[Cell]) -> bool:
    """Return whether every belt is empty and stays so."""
    return all(cell.ended for cell in cells)
