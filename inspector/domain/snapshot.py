"""One read of a station's nodes at the PLC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EXECUTE = 6
"""PackML: the line is in production. In every other state it stands, or is about to."""

POLICY_NODES = {
    "hold_after_unknown": "Config.HoldAfterUnknown",
    "hold_after_silence_ms": "Config.HoldAfterSilence_ms",
    "pass_all": "Config.PassAll",
    "allow_operator_pass": "Config.AllowOperatorPass",
    "auto_resume": "Config.AutoResume",
}
"""Key of `PlcSnapshot.policy` → its node's usual name, as people know it."""


@dataclass(frozen=True, slots=True)
class PlcSnapshot:
    """One read of a station's nodes.

    Attributes:
        station: The station.
        read_s: Monotonic clock before the read was sent, seconds: the values are at least so new.
        part_id: Last id at the eye.
        encoder: Belt position now, counts (32 bits).
        triggers: id → (encoder counts, time µs) at the eye, for the ring's valid entries.
        fired: view → id → (encoder, time µs) when that camera's output fired.
        sync: view → (request, first id).
        decisions: The decision words by slot.
        latched: The latched operator words by slot.
        epoch: In force at the PLC.
        boot_count: Of the PLC's program, or where it counts none, when its server started.
        heartbeat: Of the PLC's program.
        alive: The PLC holds the gateway for alive; None where the PLC does not say.
        state: PackML number.
        counts: triggered, decided, passed, rejected, fail_safe, on_belt; those that the PLC has.
        policy: The line policy as the PLC shows it; what it does not show is not in it.
    """

    station: str
    read_s: float
    part_id: int
    encoder: int
    triggers: Mapping[int, tuple[int, int]]
    fired: Mapping[str, Mapping[int, tuple[int, int]]]
    sync: Mapping[str, tuple[int, int]]
    decisions: Sequence[int]
    latched: Sequence[int]
    epoch: int
    boot_count: int
    heartbeat: int
    alive: bool | None
    state: int
    counts: Mapping[str, int]
    policy: Mapping[str, int | bool]

    @property
    def executes(self) -> bool:
        """True in production: pictures and answers are due."""
        return self.state == EXECUTE
