"""What is kept of a part, as the screens and the command line read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inspector.domain.finding import ViewResult
from inspector.domain.verdict import Action, Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What the PLC did with the part.

    Attributes:
        action: None when the evidence was lost: the PLC decided, and we do not know how.
        agrees: Whether that follows from what we had said, or a known cause explains it.
        why: That cause, or what differs with both sides; empty when there is nothing to explain.
        at: When we read it, UTC.
    """

    action: Action | None
    agrees: bool
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VerdictEvent:
    """What a person said of the part, or that the PLC took it; never edited.

    Attributes:
        kind: "override" (sent in time), "latched" (the PLC took it), "correction" (too late).
        press_id: The browser's id of the press; empty for "latched".
        revision: 1 to 3; 0 for a correction.
        verdict: What was said.
        person: Id; empty when nobody was signed in, and for "latched".
        person_name: As it was then.
        role: As it was then; empty when nobody was signed in.
        signed_in: False: the panel alone stands for it.
        panel: Name of the screen.
        painted_at: When the screen that was pressed had been drawn, UTC; None when not known.
        at: UTC.
        why: Why a correction was too late; empty otherwise.
    """

    kind: str
    press_id: str
    revision: int
    verdict: Verdict
    person: str
    person_name: str
    role: str
    signed_in: bool
    panel: str
    painted_at: datetime | None
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """One part: exactly one for each part that entered.

    Attributes:
        id: Opaque; URLs and the audit log use it, never the PLC's number.
        number: The part's number in its count run, 64 bits.
        not_inspected: Why the part was not inspected; empty when it was.
        model_sha256: Of the model that ran; empty when none did.
        device: What ran.
        device_asked: The station's wish, another one than `device` after a fallback; empty on
            records from before it was kept.
        encoder: Counts at the eye, 32 bits.
        ready_to_judged_ms: Last frame ready to verdict; None when no frame came.
        latency_ms: Last frame ready to the PLC's acknowledgement; None before that.
        late: The verdict was acknowledged after its deadline; None while not known.
        stratum, audit_pi, selected, strata_version, audit_key: How a passed part was drawn for the
            audit: with which probability, by which strata and key; None where nothing is drawn.
        score: What its stratum was found by.
        limits_version: Which version of the station's limits it was judged by; None on records
            from before that was kept, and where no model looked.
        views: In the recipe's order.
        decision: None while the PLC has not decided.
        events: Oldest first.
    """

    id: str
    station: str
    run: int
    number: int
    triggered_at: datetime
    judged_at: datetime
    verdict: Verdict
    reasons: tuple[str, ...]
    not_inspected: str
    recipe: str
    package: str
    model_sha256: str
    device_asked: str
    device: str
    precision: str
    epoch: int
    encoder: int
    ready_to_judged_ms: float | None
    latency_ms: float | None
    late: bool | None
    stratum: int | None
    audit_pi: float | None
    selected: bool | None
    views: tuple[ViewResult, ...]
    decision: Decision | None
    events: tuple[VerdictEvent, ...]
    score: float | None = None
    strata_version: int | None = None
    audit_key: str | None = None
    limits_version: int | None = None

    @property
    def outcome(self) -> str:
        """Return where the part went: "passed", "rejected", "lost" or, not decided yet, ""."""
        if self.decision is None:
            return ""
        if self.decision.action is None:
            return "lost"
        return "passed" if self.decision.action.is_pass else "rejected"

    @property
    def standing_verdict(self) -> Verdict:
        """Return what is held of the part now: the last thing said of it, by model or person."""
        said = [event for event in self.events if event.kind != "latched"]
        return said[-1].verdict if said else self.verdict

    @property
    def revision(self) -> int:
        """Return the highest revision an operator's word has reached; 0: none was sent."""
        return max((event.revision for event in self.events), default=0)


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records; None and empty mean all.

    Attributes:
        verdict: What the gateway said.
        outcome: "passed", "rejected", "lost", or "undecided".
        since, until: Of the trigger, UTC; until is exclusive.
        before: The id of the last record of the page before; newest come first.
        limit: At most so many; 1 to 1000.
    """

    station: str = ""
    verdict: Verdict | None = None
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over the records of a station (or of all) since a time.

    Attributes:
        records: Parts with a record.
        passed, rejected, unknown: By verdict of the gateway; together they are `records`.
        not_inspected: Records with a cause.
        decided: Records that the PLC has decided.
        actions: Records by the PLC's action.
        lost: Decided, but how is not known.
        disagreeing: The PLC's action does not follow from what we said.
        late: Verdicts acknowledged after their deadline.
        in_gap: Parts in gap records.
        overrides, corrections: Presses of people.
    """

    records: int
    passed: int
    rejected: int
    unknown: int
    not_inspected: int
    decided: int
    actions: dict[Action, int]
    lost: int
    disagreeing: int
    late: int
    in_gap: int
    overrides: int
    corrections: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition that came or went.

    Attributes:
        station: Empty when it concerns the whole gateway.
        on: True: came; False: went.
    """

    station: str
    name: str
    text: str
    on: bool
    at: datetime
