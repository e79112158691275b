"""The belt of one station as a value: its parts, its cameras' tracks, and what a step asks for.

`tracking` has the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from inspector.domain.asking import Output
from inspector.domain.finding import ViewResult
from inspector.domain.judging import Decision
from inspector.domain.numbers import travelled
from inspector.domain.run_of_rejects import NO_RULE, RunRule
from inspector.domain.sync import Stand, ViewTrack
from inspector.domain.verdict import Action, Verdict

PLC_RESTARTED = "the PLC restarted"
Sync = Literal["request", "standstill", "software_trigger"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The fixed facts of a station: encoder counts from the eye, and its tables.

    Attributes:
        expects: The PLC's line policy as it should be; what is not named is not compared.
        epoch: The PLC keeps an epoch. Without one the heartbeat stops where the epoch would go
            up, until every part then on the belt is decided.
        operator_table: The PLC takes words of persons. Without it a person changes what the
            machine's word says, before it is first written.
        sync: How the zero point between frames and parts is found: "request" (a gap that the PLC
            makes), "standstill" (of the belt) or "software_trigger" (the gateway asks the cameras
            for each picture, and makes the gap itself).
        hold_rejects: Without an operator table: a REJECT is held back until shortly before its
            last moment, so that a person can still change it.
        cameras_at: Counts from the eye to each view's camera. There its picture is asked for, with
            software trigger; a standstill counts only where the outputs fire there.
        lens_counts: How far behind a camera a part may be for its picture to show it and no other.
        run_rule: When rejected parts one behind the other are an alarm.
    """

    station: str
    views: tuple[str, ...]
    reject_at_counts: int
    answer_by_counts: int
    last_word_counts: int
    smallest_spacing_us: float
    slots: int
    expects: Mapping[str, int | bool] = field(default_factory=dict)
    epoch: bool = True
    operator_table: bool = True
    sync: Sync = "request"
    hold_rejects: bool = False
    cameras_at: Mapping[str, int] = field(default_factory=dict)
    lens_counts: int = 0
    run_rule: RunRule = NO_RULE

    @property
    def asks(self) -> bool:
        """Return whether the gateway asks the cameras for each picture."""
        return self.sync == "software_trigger"

    @property
    def last_word_at_counts(self) -> int:
        """Return how far a part may have gone for a word to reach the PLC in time."""
        return self.reject_at_counts - self.last_word_counts

    @property
    def held_until_counts(self) -> int:
        """Return where a REJECT that was held back is sent: early enough to be said again."""
        margin = max(self.last_word_counts, self.reject_at_counts // 20)
        return self.last_word_at_counts - margin


@dataclass(frozen=True, slots=True)
class OperatorSaid:
    """A person's word on one part, as it stands in the journal."""

    press_id: str
    revision: int
    verdict: Verdict
    by: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part between the eye and the PLC's decision.

    Attributes:
        number: 64 bits; its low 32 are the PLC's id.
        encoder: Belt position at the eye.
        entered_s: Monotonic time of the read that showed it first.
        results: By view, what came.
        ready_s: Monotonic time of its newest frame.
        decision: Ours, once made; never changes.
        sent: The machine word has been handed to the PLC, under whatever epoch.
        said: The machine word was acknowledged under the current epoch.
        undone: Why its acknowledged word must be said again; empty otherwise.
        operator: The newest word of a person, if any.
        latched: The revision that the PLC has echoed.
        mute: Why nothing is sent for it (it was at the eye before the PLC's last restart), or "".
        withheld: The journal could not take its verdict: no PASS is sent.
        run: The count run it was counted in.
    """

    number: int
    encoder: int
    entered_s: float = 0.0
    results: Mapping[str, ViewResult] = field(default_factory=dict)
    ready_s: float = 0.0
    decision: Decision | None = None
    sent: bool = False
    said: bool = False
    undone: str = ""
    operator: OperatorSaid | None = None
    latched: int = 0
    mute: str = ""
    withheld: bool = False
    run: int = 1

    @property
    def stands(self) -> Verdict | None:
        """Return the verdict that stands: the operator's, else the machine's, else None."""
        if self.operator:
            return self.operator.verdict
        return self.decision.verdict if self.decision else None


@dataclass(frozen=True, slots=True)
class Judged:
    """Journal the decision on a part, then say it."""

    part: Part


@dataclass(frozen=True, slots=True)
class Decided:
    """The PLC has decided; `action` is None when its decision was overwritten unread."""

    part: Part
    action: Action | None


@dataclass(frozen=True, slots=True)
class Latched:
    """The PLC echoed the operator's word."""

    part: Part


@dataclass(frozen=True, slots=True)
class Gap:
    """Parts `first` to `last` passed the eye and left no trace that we can still read."""

    first: int
    last: int
    cause: str


@dataclass(frozen=True, slots=True)
class SyncLost:
    """A view's frames can no longer be given to parts; a new epoch is due."""

    view: str
    why: str


@dataclass(frozen=True, slots=True)
class AskGap:
    """Ask the PLC for a gap on a view's camera output."""

    view: str
    request: int


@dataclass(frozen=True, slots=True)
class AskPicture:
    """Ask a view's camera for a picture now."""

    view: str


Effect = Judged | Decided | Latched | Gap | SyncLost | AskGap | AskPicture


@dataclass(frozen=True, slots=True)
class Belt:
    """All undecided parts of a station, and its cameras' tracks.

    Attributes:
        layout: The station's fixed facts.
        run: Count run: goes up when the PLC's count falls back.
        newest: Every part up to this number is accounted for; None before the first read ever.
        recorded: Numbers above `newest` that the journal holds already; empty after the first read.
        encoder: Belt position at the last read.
        parts: Undecided parts by number, oldest first.
        tracks: By view.
        boot: The PLC's boot count at the last read, or in the journal; None before it.
        away: True until the first read of this process: what is met there was not watched.
        asked: Sync requests made so far.
        outputs: By view, those that the gateway plays; none without software trigger.
        stands_since_s: Time of the first read that showed this encoder.
        stand: The last time that the belt stood still for long.
    """

    layout: Layout
    run: int = 1
    newest: int | None = None
    recorded: frozenset[int] = frozenset()
    encoder: int = 0
    parts: Mapping[int, Part] = field(default_factory=dict)
    tracks: Mapping[str, ViewTrack] = field(default_factory=dict)
    boot: int | None = None
    away: bool = True
    asked: int = 0
    outputs: Mapping[str, Output] = field(default_factory=dict)
    stands_since_s: float | None = None
    stand: Stand | None = None

    @property
    def oldest_open(self) -> int:
        """Return the lowest number without a decision: all below it are in the journal."""
        open_parts = [n for n, part in self.parts.items() if not part.decision]
        return min(open_parts, default=(self.newest or 0) + 1)

    def distance(self, part: Part) -> int:
        """Return the counts from the eye that a part has gone, as of the last read."""
        return travelled(part.encoder, self.encoder)

    def in_time(self, part: Part) -> bool:
        """Return whether a word on a part still reaches the PLC before the reject station."""
        return not part.mute and self.distance(part) < self.layout.last_word_at_counts

    def takes_words(self, part: Part) -> bool:
        """Return whether a person's word can still change a part, as far as the PLC goes."""
        return self.in_time(part) and (self.layout.operator_table or not part.sent)

    def machine_word(self, part: Part) -> Verdict | None:
        """Return what the PLC is told of a part in the machine's name; None: not judged yet."""
        if part.decision is None or self.layout.operator_table:
            return part.decision.verdict if part.decision else None
        return part.stands

    def with_part(self, part: Part) -> Belt:
        """Return the belt with one part put in or replaced."""
        return replace(self, parts={**self.parts, part.number: part})

    def with_track(self, view: str, track: ViewTrack) -> Belt:
        """Return the belt with one view's track replaced."""
        return replace(self, tracks={**self.tracks, view: track})

    def with_output(self, view: str, output: Output) -> Belt:
        """Return the belt with one view's output replaced."""
        return replace(self, outputs={**self.outputs, view: output})


Step = tuple[Belt, tuple[Effect, ...]]


def empty_belt(layout: Layout) -> Belt:
    """Return the belt of a station nobody has read yet."""
    return Belt(layout, tracks={view: ViewTrack() for view in layout.views})
