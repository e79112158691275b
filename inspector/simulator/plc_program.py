"""The PLC program of one station: what a controls engineer would write, one scan in order.

Pure: time, encoder and the eye's edges are handed in, what happened comes out. It is also the
reference for the function blocks of real PLCs (docs/architecture.md, "The PLC handshake").

A scan, in this order:

    1. gateway      the heartbeat changed within the last second?
    2. operator     latch new words of people
    3. eye          each edge is a part: count it, keep it in the ring, clear its slots
    4. outputs      fire the cameras that a part has reached
    5. reject       decide each part that has reached the reject station, once, and act
    6. line         hold after too many unknown parts or too long a silence; resume
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import replace

from inspector.domain.numbers import BITS_32, travelled
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import EPOCH_MASK, ID_MASK, MachineWord, OperatorWord, decision_word
from inspector.simulator.plc_memory import (
    Actuated,
    Decided,
    Edge,
    Event,
    Fired,
    Gap,
    Inputs,
    Layout,
    Part,
    Policy,
    Retentive,
    Tables,
    Triggered,
    zeros,
)

ALIVE_US = 1_000_000
"""The gateway is dead when its heartbeat has not changed for this long."""
PLC_BEAT_US = 100_000
GAP_PARTS = 2
GAP_US = 500_000
"""A sync gap is at least so many parts and so long, counted from the first withheld pulse."""
EXECUTE, HELD = 6, 11
"""PackML states."""


class PlcProgram:
    """One station's program. Call `scan` each cycle; the `write_...` methods between scans."""

    def __init__(self, layout: Layout, policy: Policy, memory: Retentive | None = None) -> None:
        """Start the program: what is on the belt was not watched and will be decided fail-safe."""
        self.layout, self.policy = layout, policy
        self.memory = memory or Retentive.fresh(layout)
        self.memory.boot_count += 1
        for part in self.memory.belt:
            part.stale = True
        slots = layout.slots
        self.tables = Tables(zeros(slots), zeros(slots), zeros(slots))
        self.gaps = {view: Gap() for view in layout.outputs}
        self.held = False
        self.held_by_hand = False
        self.alive = False
        self.gateway_heartbeat = 0
        self.gateway_epoch = 0
        self.heartbeat = 0
        self.unknown_run = 0
        self.encoder = 0
        self._due: dict[str, deque[Part]] = {view: deque() for view in layout.outputs}
        self._beat_seen = 0
        self._beat_us: int | None = None
        self._alive_since_us = 0
        self._held_us = 0
        self._start_us: int | None = None
        self._own_beat_us = 0

    # --- what the gateway writes, between two scans ---

    def write_verdict(self, slot: int, word: int) -> None:
        """Put a machine word into its slot; it is judged at the reject station."""
        self.tables.verdict[slot] = word

    def write_operator(self, slot: int, word: int) -> None:
        """Put an operator word into its slot; the next scan latches it."""
        self.tables.operator[slot] = word
        self.tables.spoken.add(slot)

    def write_heartbeat(self, count: int) -> None:
        """Note the gateway's heartbeat; only a change counts."""
        self.gateway_heartbeat = count

    def write_epoch(self, epoch: int) -> None:
        """Keep the epoch if it is the highest so far; a lower one is an old gateway's."""
        self.gateway_epoch = epoch
        self.memory.epoch = max(self.memory.epoch, epoch)

    def write_sync_request(self, view: str, request: int) -> None:
        """Begin a gap on a view's output when the number is another than the last."""
        gap = self.gaps[view]
        if request not in (0, gap.request):
            gap.request, gap.open, gap.withheld = request, True, 0

    # --- what people do at the PLC ---

    def turn_pass_all_key(self, *, on: bool) -> None:
        """Turn the pass-all key."""
        self.policy = replace(self.policy, pass_all=on)

    def hold(self) -> None:
        """Hold the line by hand: it stands until a person resumes it."""
        self.held = self.held_by_hand = True

    def resume(self) -> None:
        """Start the line again; the run of unknown parts is over."""
        self.held = self.held_by_hand = False
        self.unknown_run = 0

    # --- the scan ---

    def scan(self, inputs: Inputs) -> list[Event]:
        """Run one cycle and return what happened, in order."""
        self.encoder = inputs.encoder
        self._watch_gateway(inputs.now_us)
        self._latch_operator_words()
        events: list[Event] = [self._enter(edge) for edge in inputs.edges]
        for view in self.layout.outputs:
            events += self._outputs(view, inputs)
        while self._at_reject_station(inputs):
            events += self._decide(self.memory.belt.popleft(), inputs)
        self._line_policy(inputs.now_us)
        self._beat(inputs.now_us)
        return events

    @property
    def on_belt(self) -> int:
        """Return how many parts are between eye and reject station."""
        return len(self.memory.belt)

    @property
    def state(self) -> int:
        """Return the PackML state."""
        return HELD if self.held else EXECUTE

    # 1. gateway

    def _watch_gateway(self, now_us: int) -> None:
        if self._start_us is None:
            self._start_us = self._own_beat_us = now_us
        if self.gateway_heartbeat != self._beat_seen:
            self._beat_seen, self._beat_us = self.gateway_heartbeat, now_us
        alive = self._beat_us is not None and now_us - self._beat_us <= ALIVE_US
        if alive and not self.alive:
            self._alive_since_us = now_us
        self.alive = alive

    # 2. operator

    def _latch_operator_words(self) -> None:
        if not self.tables.spoken:
            return
        on_belt = {part.part_id % self.layout.slots: part for part in self.memory.belt}
        for slot in self.tables.spoken:
            part = on_belt.get(slot)
            if part and not part.stale and self._may_latch(part, slot):
                self.tables.latched[slot] = self.tables.operator[slot]

    def _may_latch(self, part: Part, slot: int) -> bool:
        new = OperatorWord.unpack(self.tables.operator[slot])
        if new.part_id != part.part_id & ID_MASK or new.epoch != self.memory.epoch & EPOCH_MASK:
            return False
        if not new.revision or new.verdict not in (Verdict.PASS, Verdict.REJECT):
            return False
        old = OperatorWord.unpack(self.tables.latched[slot])
        tie_to_reject = new.revision == old.revision and new.verdict == Verdict.REJECT
        return new.revision > old.revision or tie_to_reject

    # 3. eye

    def _enter(self, edge: Edge) -> Triggered:
        memory = self.memory
        memory.part_id = (memory.part_id + 1) % BITS_32 or 1
        slot = memory.part_id % self.layout.slots
        _put(memory.ring, slot, memory.part_id, edge.encoder, edge.at_us)
        self.tables.verdict[slot] = self.tables.operator[slot] = self.tables.latched[slot] = 0
        self.tables.spoken.discard(slot)
        part = Part(memory.part_id, edge.encoder)
        memory.belt.append(part)
        for due in self._due.values():
            due.append(part)
        memory.counts.triggered += 1
        return Triggered(part.part_id, edge)

    # 4. outputs

    def _outputs(self, view: str, inputs: Inputs) -> list[Fired]:
        at_counts, due, fired = self.layout.outputs[view], self._due[view], []
        while due and (over := travelled(due[0].encoder, inputs.encoder) - at_counts) >= 0:
            part = due.popleft()
            at_us = inputs.now_us - round(over * inputs.us_per_count)
            if self._withheld(self.gaps[view], part, at_us):
                part.unseen = True
                continue
            slot, encoder = part.part_id % self.layout.slots, (part.encoder + at_counts) % BITS_32
            _put(self.memory.fired[view], slot, part.part_id, encoder, at_us)
            fired.append(Fired(view, part.part_id, at_us))
        return fired

    @staticmethod
    def _withheld(gap: Gap, part: Part, at_us: int) -> bool:
        if not gap.open:
            return False
        if not gap.withheld:
            gap.since_us = at_us
        if gap.withheld >= GAP_PARTS and at_us - gap.since_us >= GAP_US:
            gap.open, gap.answered, gap.first = False, gap.request, part.part_id
            return False
        gap.withheld += 1
        return True

    # 5. reject station

    def _at_reject_station(self, inputs: Inputs) -> bool:
        belt, reject_at = self.memory.belt, self.layout.reject_at_counts
        return bool(belt) and travelled(belt[0].encoder, inputs.encoder) >= reject_at

    def _decide(self, part: Part, inputs: Inputs) -> list[Event]:
        action = self._action(part)
        memory = self.memory
        memory.decisions[part.part_id % self.layout.slots] = decision_word(part.part_id, action)
        memory.decided_id = part.part_id
        memory.counts.add(action)
        if action == Action.FAIL_SAFE:
            self.unknown_run += 1
        elif action != Action.PASSED_BY_KEY:
            self.unknown_run = 0
        if action.is_pass:
            return [Decided(part.part_id, action)]
        over = travelled(part.encoder, inputs.encoder) - self.layout.reject_at_counts
        at_us = inputs.now_us - round(over * inputs.us_per_count)
        return [
            Decided(part.part_id, action),
            Actuated((part.encoder + self.layout.reject_at_counts) % BITS_32, at_us),
        ]

    def _action(self, part: Part) -> Action:
        slot = part.part_id % self.layout.slots
        operator = self._operator_said(part, slot)
        if operator == Verdict.REJECT:
            return Action.REJECTED_BY_OPERATOR
        machine = self._machine_said(part, slot)
        if machine == Verdict.PASS and not part.unseen:
            return Action.PASSED
        if machine == Verdict.REJECT:
            may_pass = self.policy.allow_operator_pass and not part.unseen
            passed = operator == Verdict.PASS and may_pass
            return Action.PASSED_BY_OPERATOR if passed else Action.REJECTED
        return Action.PASSED_BY_KEY if self.policy.pass_all else Action.FAIL_SAFE

    def _operator_said(self, part: Part, slot: int) -> int:
        word = OperatorWord.unpack(self.tables.latched[slot])
        ours = word.revision and word.part_id == part.part_id & ID_MASK and not part.stale
        return word.verdict if ours else 0

    def _machine_said(self, part: Part, slot: int) -> int:
        word = MachineWord.unpack(self.tables.verdict[slot])
        ours = word.part_id == part.part_id & ID_MASK
        current = word.epoch == self.memory.epoch & EPOCH_MASK
        return word.verdict if self.alive and ours and current and not part.stale else 0

    # 6. line

    def _line_policy(self, now_us: int) -> None:
        if not self.held and not self.policy.pass_all and self._must_hold(now_us):
            self.held, self._held_us = True, now_us
        elif self._may_resume():
            since_us = max(self._alive_since_us, self._held_us)
            if now_us - since_us >= self.policy.resume_after_ms * 1000:
                self.resume()

    def _may_resume(self) -> bool:
        return self.held and not self.held_by_hand and self.policy.auto_resume and self.alive

    def _must_hold(self, now_us: int) -> bool:
        policy = self.policy
        if policy.hold_after_unknown and self.unknown_run >= policy.hold_after_unknown:
            return True
        heard_us = self._beat_us if self._beat_us is not None else self._start_us or 0
        silent_ms = (now_us - heard_us) / 1000
        return bool(policy.hold_after_silence_ms) and silent_ms >= policy.hold_after_silence_ms

    def _beat(self, now_us: int) -> None:
        if now_us - self._own_beat_us >= PLC_BEAT_US:
            self._own_beat_us = now_us
            self.heartbeat = (self.heartbeat + 1) % BITS_32


def _put(ring: array[int], slot: int, part_id: int, encoder: int, at_us: int) -> None:
    ring[3 * slot : 3 * slot + 3] = array("I", (part_id, encoder, at_us % BITS_32))
