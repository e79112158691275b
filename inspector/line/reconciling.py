"""Every decided part of one station: what is counted, shown and journaled of its decision."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from inspector.domain import entries
from inspector.domain.belt import Part
from inspector.domain.entries import Entry
from inspector.domain.overriding import Answer
from inspector.domain.reconciling import Reconciled
from inspector.domain.verdict import Action


@dataclass(frozen=True, slots=True)
class Closed:
    """A part the PLC has decided, kept for the screen and for corrections.

    Attributes:
        said: What became of a person's word on it, for good; None without one.
    """

    record: str
    part: Part
    action: Action | None
    at: str
    said: Answer | None


class Decisions:
    """Counts what the PLC did.

    Attributes:
        recent: The last decided parts, newest first.
        late: Inspected parts whose verdict came too late.
        disagreements: Parts with which the PLC did what nothing explains.
    """

    def __init__(self) -> None:
        self.recent: deque[Closed] = deque(maxlen=24)
        self.late = 0
        self.disagreements = 0

    def close(
        self, one: Reconciled, *, record: str, override: Entry | None, at: str
    ) -> list[Entry]:
        """Count and keep a decided part; return its entries, the decision last."""
        written: list[Entry] = []
        if one.late or one.executed:
            written.append(entries.acked(record, latency_ms=None, late=one.late))
        if one.person and one.person.echoed and one.part.operator:
            written.append(entries.latched(record, one.part.operator))
        if override and one.person and one.person.state is Answer.TOO_LATE:
            written.append(entries.unheard(override, why=one.person.why))
        written.append(entries.decided(one, record=record))
        self.late += one.late
        self.disagreements += one.differs
        said = one.person.state if one.person else None
        self.recent.appendleft(Closed(record, one.part, one.action, at, said))
        return written
