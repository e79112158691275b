"""A function block and the demo PLC's program on one bench: the same inputs, compared each scan."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from inspector.domain.numbers import BITS_32
from inspector.domain.verdict import Action
from inspector.domain.words import MachineWord, OperatorWord, action_of
from inspector.simulator.plc_memory import (
    Actuated,
    Edge,
    Event,
    Fired,
    Inputs,
    Layout,
    Policy,
    Retentive,
)
from inspector.simulator.plc_program import HELD, PlcProgram
from tests.plc_blocks.statements import dint, udint
from tests.plc_blocks.structured_text import Block, Running, translated

BLOCKS = Path(__file__).parents[2] / "docs" / "plc" / "blocks"
SLOTS, REJECT_AT = 16, 1000
VIEWS = {"top": 0, "side": 300}


def block(name: str, slots: int = SLOTS) -> Block:
    """Return a translated block with so many slots, changed as its head says."""
    return translated(resized(name, slots))


def resized(name: str, slots: int = SLOTS) -> str:
    """Return a block's text with so many slots."""
    text = (BLOCKS / name).read_text("utf-8")
    text = text.replace("0..191", f"0..{3 * slots - 1}").replace("0..63", f"0..{slots - 1}")
    text = re.sub(r"(\bSLOTS : \w+ := )64", rf"\g<1>{slots}", text)
    return re.sub(r"(\bLAST_SLOT : \w+ := )63", rf"\g<1>{slots - 1}", text)


@dataclass(frozen=True)
class Start:
    """Where the counters stand when the bench is switched on."""

    part_id: int = 0
    encoder: int = 0
    now_us: int = 0
    epoch: int = 0


class Seen(NamedTuple):
    """What stood at the block when it decided a part."""

    part_id: int
    action: Action | None
    machine: MachineWord
    latched: OperatorWord
    alive: bool
    epoch: int


class Bench:
    """Moves the belt and carries the words; `compare` fails on the first difference."""

    minimal = False

    def __init__(self, made: Block, start: Start, policy: Policy) -> None:
        self.start = start
        self.views = dict(list(VIEWS.items())[: 1 if self.minimal else 2])
        self.layout = Layout(slots=SLOTS, reject_at_counts=REJECT_AT, outputs=self.views)
        memory = Retentive.fresh(self.layout)
        memory.part_id, memory.epoch = start.part_id, start.epoch
        self.reference = PlcProgram(self.layout, policy, memory)
        self.signed = made.variables["TrackPartId"].kind == "DINT"
        self.plc: Running = made.fresh()
        self.put("TrackPartId", start.part_id)
        if not self.minimal:
            self.put("LinkEpoch", start.epoch)
        self.now_us, self.encoder = start.now_us, start.encoder
        self.beats, self.requests, self.beating = 0, 0, True
        self.first_scan, self.own_beats = True, (0, 0)
        self.written: list[tuple[str, int, int]] = []
        self.decided: list[Seen] = []
        self.move(0)

    # --- the gateway ---

    def machine(self, part_id: int, epoch: int, verdict: int) -> None:
        self.write("VerdictSlot", part_id % SLOTS, MachineWord(part_id, epoch, verdict).pack())

    def operator(self, part_id: int, epoch: int, revision: int, verdict: int) -> None:
        said = OperatorWord(part_id, epoch, revision, verdict).pack()
        self.write("OperatorSlot", part_id % SLOTS, said)

    def write(self, table: str, slot: int, said: int) -> None:
        """Execute a write at both; the same may be executed again, later, in any order."""
        if table == "VerdictSlot":
            self.reference.write_verdict(slot, said)
        else:
            self.reference.write_operator(slot, said)
        getattr(self.plc, table)[slot] = self._as_plc(said)
        self.written.append((table, slot, said))

    def again(self, back: int) -> None:
        """Execute one of the last writes once more."""
        if self.written:
            self.write(*self.written[-1 - back % len(self.written)])

    def claim(self, epoch: int) -> None:
        self.reference.write_epoch(epoch)
        self.put("LinkGatewayEpoch", epoch)
        self.move(0)

    def ask_for_gap(self, view: int, request: int) -> None:
        self.reference.write_sync_request(list(self.views)[view], request)
        if self.minimal:
            self.put("SyncRequest0", request)
        else:
            self.plc.SyncRequest[view] = self._as_plc(request)
        self.move(0)

    # --- people and power ---

    def resume(self) -> None:
        self.reference.resume()
        self.move(0, Resume=1)
        self.move(0)

    def hold(self) -> None:
        self.reference.hold()
        self.move(0, HoldNow=1)

    def turn_key(self, on: bool) -> None:
        self.reference.turn_pass_all_key(on=on)

    def allow(self, on: bool) -> None:
        self.reference.policy = replace(self.reference.policy, allow_operator_pass=on)

    def restart(self, *, keep_all: bool) -> None:
        """Start both programs again; some controllers keep every variable over a start.

        Those without unsigned numbers (Logix) always do.
        """
        before = self.reference
        self.reference = PlcProgram(self.layout, before.policy, before.memory)
        self.plc = self.plc.restarted(keep_all=keep_all or self.signed)
        self.first_scan, self.requests = True, self.requests + 10
        self.own_beats = 0, self.get("LinkPlcHeartbeat")
        self.move(0)

    # --- a scan ---

    def move(self, counts: int, *, ms: int = 0, part: bool = False, **inputs: int) -> None:
        """Move the belt, scan, and compare; with `part`, one is at the eye when it gets there."""
        self.now_us += (ms or abs(counts)) * 1000
        self.encoder = (self.encoder + counts) % BITS_32
        if self.beating and not self.first_scan:
            self.beats += 1
            self.reference.write_heartbeat(self.beats)
            self.put("LinkGatewayHeartbeat", self.beats)
        edges = (Edge(self.encoder, self.now_us),) if part else ()
        events = self.reference.scan(Inputs(self.now_us, self.encoder, 0.0, edges))
        self._set_inputs(part, inputs)
        before = self.get("TrackDecidedPartId")
        self.plc.scan()
        self.first_scan = False
        self._note_decisions(before)
        self.compare(events)

    def run_out(self) -> None:
        """Let every part pass the reject station."""
        while self.reference.on_belt:
            self.move(100)

    def _set_inputs(self, part: bool, inputs: dict[str, int]) -> None:
        policy = self.reference.policy
        config = "" if self.minimal else "Config"
        values = {
            "FirstScan": int(self.first_scan),
            "NowUs": self.now_us,
            "Encoder": self.encoder,
            "EyeEdge": int(part),
            "EyeEncoder": self.encoder,
            "EyeUs": self.now_us,
            "Resume": 0,
            "HoldNow": 0,
            "RejectAtCounts": REJECT_AT,
            f"{config}PassAll": int(policy.pass_all),
            f"{config}HoldAfterUnknown": policy.hold_after_unknown,
            f"{config}HoldAfterSilence_ms": policy.hold_after_silence_ms,
        }
        if self.minimal:
            values["OutputAtCounts"] = self.views["top"]
        else:
            self.plc.OutputAtCounts[:] = list(self.views.values())
            values["ConfigAllowOperatorPass"] = int(policy.allow_operator_pass)
        for name, value in (values | inputs).items():
            self.put(name, value)

    def _note_decisions(self, before: int) -> None:
        last = self.get("TrackDecidedPartId")
        part_id = before or self.start.part_id
        while last not in (before, part_id):
            part_id = (part_id + 1) % BITS_32 or 1
            self.decided.append(self._seen(part_id))

    def _seen(self, part_id: int) -> Seen:
        slot = part_id % SLOTS
        return Seen(
            part_id,
            action_of(self.get("DecisionSlots")[slot], part_id),
            MachineWord.unpack(self.get("VerdictSlot")[slot]),
            OperatorWord.unpack(0 if self.minimal else self.get("OperatorLatched")[slot]),
            bool(self.get("alive" if self.minimal else "LinkGatewayAlive")),
            0 if self.minimal else self.get("LinkEpoch") % 16,
        )

    # --- comparing ---

    def compare(self, events: list[Event]) -> None:
        """Fail when what the block has is not what the demo PLC has."""
        theirs = self._reference_state(events)
        ours = {name: self.get(name) for name in theirs if name in self.plc.block.variables}
        ours |= {name: _cameras(ours[name]) for name in ours if name.startswith("CameraRing")}
        beats = self.reference.heartbeat, self.get("LinkPlcHeartbeat")
        theirs["beat"], ours["beat"] = beats[0] - self.own_beats[0], beats[1] - self.own_beats[1]
        self.own_beats = beats
        differing = {
            name: (theirs[name], ours[name]) for name in ours if theirs[name] != ours[name]
        }
        assert not differing, differing

    def _reference_state(self, events: list[Event]) -> dict[str, Any]:
        program, memory, counts = (
            self.reference,
            self.reference.memory,
            self.reference.memory.counts,
        )
        fired = {e.view for e in events if isinstance(e, Fired)}
        return {
            "TrackPartId": memory.part_id,
            "TrackDecidedPartId": memory.decided_id,
            "TrackEncoder": self.encoder,
            "TrackRing": memory.ring.tolist(),
            **{f"CameraRing{i}": _cameras(memory.fired[v]) for i, v in enumerate(self.views)},
            **{f"SyncAnswer{i}": _answer(program, view) for i, view in enumerate(self.views)},
            "VerdictSlot": program.tables.verdict.tolist(),
            "OperatorSlot": program.tables.operator.tolist(),
            "OperatorLatched": program.tables.latched.tolist(),
            "DecisionSlots": memory.decisions.tolist(),
            "LinkEpoch": memory.epoch,
            "LinkGatewayAlive": program.alive,
            "LinkBootCount": memory.boot_count,
            "StateStateCurrent": program.state,
            "Held": program.state == HELD,
            "Reject": any(isinstance(e, Actuated) for e in events),
            "Fire": [view in fired for view in self.views],
            "Fire0": "top" in fired,
            "unknownRun": program.unknown_run,
            "alive": program.alive,
            "BeltFull": False,
            "ConfigAutoResume": False,
            "CountTriggered": counts.triggered,
            "CountDecided": counts.decided,
            "CountPassed": counts.passed,
            "CountRejected": counts.rejected,
            "CountFailSafe": counts.fail_safe,
            "CountOnBelt": program.on_belt,
            "beltCount": program.on_belt,
        }

    # --- values ---

    def get(self, name: str) -> Any:
        value = getattr(self.plc, name)
        return [udint(one) for one in value] if isinstance(value, list) else udint(value)

    def put(self, name: str, value: int) -> None:
        setattr(self.plc, name, self._as_plc(value))

    def _as_plc(self, value: int) -> int:
        return dint(value) if self.signed else udint(value)


class MinimalBench(Bench):
    """For the block without epoch and operator table."""

    minimal = True


def _answer(program: PlcProgram, view: str) -> list[int]:
    return [program.gaps[view].answered, program.gaps[view].first]


def _cameras(ring: Any) -> list[int]:
    """Return ids and times: the encoder is the real one, which the demo PLC interpolates."""
    return [number for at, number in enumerate(ring) if at % 3 != 1]
