"""What the PLC program works on: its inputs, what comes of a scan, and its memory."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.domain.verdict import Action


@dataclass(frozen=True, slots=True)
class Layout:
    """The fixed facts of a station.

    Attributes:
        slots: Length of the tables, a power of two.
        reject_at_counts: Eye to reject station.
        outputs: View → counts from the eye to its camera.
    """

    slots: int
    reject_at_counts: int
    outputs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """The line policy: set at the PLC, shown to the gateway, never written by it.

    Attributes:
        hold_after_unknown: So many fail-safe rejects in a row hold the line; 0: never.
        hold_after_silence_ms: So long without the gateway holds the line; 0: never.
        pass_all: The key: parts without a verdict pass, and the line is not held.
        allow_operator_pass: A person may pass a part that the machine rejects.
        auto_resume: The line starts again by itself, off everywhere but in the demo.
        resume_after_ms: With auto_resume: so long after the gateway is back.
    """

    hold_after_unknown: int = 5
    hold_after_silence_ms: int = 5000
    pass_all: bool = False
    allow_operator_pass: bool = True
    auto_resume: bool = False
    resume_after_ms: int = 2000


@dataclass(frozen=True, slots=True)
class Edge:
    """The eye saw something: encoder (32 bits) and time, latched by the input."""

    encoder: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one scan sees.

    Attributes:
        now_us: The PLC's clock, 64 bits; the rings keep the low 32.
        encoder: Belt position, 32 bits.
        us_per_count: Of the running belt: times the outputs between two scans.
        edges: Of the eye since the last scan, oldest first.
    """

    now_us: int
    encoder: int
    us_per_count: float = 0.0
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Triggered:
    """A part was counted at the eye."""

    part_id: int
    edge: Edge


@dataclass(frozen=True, slots=True)
class Fired:
    """A camera output fired for a part."""

    view: str
    part_id: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A part was decided, once."""

    part_id: int
    action: Action


@dataclass(frozen=True, slots=True)
class Actuated:
    """The reject actuator fired once, when the belt was at `encoder` (32 bits)."""

    encoder: int
    at_us: int


Event = Triggered | Fired | Decided | Actuated


@dataclass(slots=True)
class Part:
    """A part between eye and reject station.

    Attributes:
        part_id: Its number, 32 bits.
        encoder: At the eye.
        unseen: A camera output was withheld for it (sync gap): it cannot pass.
        stale: It was on the belt when the program started: it is decided fail-safe.
    """

    part_id: int
    encoder: int
    unseen: bool = False
    stale: bool = False


@dataclass(slots=True)
class Gap:
    """A sync gap of one camera output.

    Attributes:
        request: The number that asked for it; 0: none was asked for.
        open: The output is withheld.
        withheld: So many parts.
        since_us: Time of the first of them.
        answered: The last request whose gap has ended; 0: none yet.
        first: The first id fired for again after it.
    """

    request: int = 0
    open: bool = False
    withheld: int = 0
    since_us: int = 0
    answered: int = 0
    first: int = 0


@dataclass(slots=True)
class Counts:
    """Retentive counters: triggered = decided + parts on the belt."""

    triggered: int = 0
    decided: int = 0
    passed: int = 0
    rejected: int = 0
    fail_safe: int = 0

    def add(self, action: Action) -> None:
        """Count one decision."""
        self.decided += 1
        if action.is_pass:
            self.passed += 1
        elif action == Action.FAIL_SAFE:
            self.fail_safe += 1
        else:
            self.rejected += 1


@dataclass(slots=True)
class Retentive:
    """What survives a stop of the program; the tables of words do not.

    Attributes:
        part_id: Of the last part at the eye; never reset.
        decided_id: Of the newest decided part.
        epoch: The highest that the gateway ever wrote.
        boot_count: Starts of the program.
        counts: Of parts.
        belt: Parts between eye and reject station, oldest first.
        ring: [id, encoder, time µs] by slot, at the eye.
        fired: View → the same, when its output fired.
        decisions: Decision words by slot.
    """

    part_id: int
    decided_id: int
    epoch: int
    boot_count: int
    counts: Counts
    belt: deque[Part]
    ring: array[int]
    fired: dict[str, array[int]]
    decisions: array[int]

    @staticmethod
    def fresh(layout: Layout) -> Retentive:
        """Return the memory of a PLC that has never run."""
        return Retentive(
            part_id=0,
            decided_id=0,
            epoch=0,
            boot_count=0,
            counts=Counts(),
            belt=deque(),
            ring=zeros(3 * layout.slots),
            fired={view: zeros(3 * layout.slots) for view in layout.outputs},
            decisions=zeros(layout.slots),
        )


@dataclass(slots=True)
class Tables:
    """The words, cleared at each start of the program; a client writes the first two."""

    verdict: array[int]
    operator: array[int]
    latched: array[int]
    spoken: set[int] = field(default_factory=set)
    """Slots with an operator word: only these are looked at in a scan."""


def zeros(length: int) -> array[int]:
    """Return an array of 32-bit numbers, all 0."""
    return array("I", bytes(4 * length))
