"""Which passed parts of a station are audited, drawn when the verdict stands."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.domain.audit_sampling import (
    AuditKey,
    AuditPlan,
    PartKey,
    key_of_month,
    select,
    site_name,
    start_plan,
)
from inspector.domain.belt import Part
from inspector.domain.entries import Entry
from inspector.domain.finding import part_score
from inspector.domain.verdict import Verdict
from inspector.ports import Clock


class AuditDraw:
    """Draws by the plan in force and the key of the month; knows what was drawn on the belt.

    Attributes:
        plan: What holds; the process takes a new one in when the recorder has made it.
    """

    def __init__(self, station: str, *, start_share: float, site_key: bytes, clock: Clock) -> None:
        """Draw `start_share` of the parts until there is a plan."""
        self.plan: AuditPlan = start_plan(start_share)
        self._station, self._site_key, self._clock = station, site_key, clock
        self._site = site_name(site_key)
        self._key = key_of_month(site_key, clock.now())
        self._drawn: set[str] = set()

    def restore(self, records: Iterable[str]) -> None:
        """Take up what an earlier process drew and the PLC has not decided."""
        self._drawn |= set(records)

    def of(self, part: Part, record: str) -> Entry:
        """Return what a part's record says of its score and, where it passed, of the draw."""
        if part.decision is None or part.decision.not_inspected:
            return {}
        score = part_score(part.results.values())
        if part.decision.verdict is not Verdict.PASS:
            return {"score": score}
        who = PartKey(self._site, self._station, part.run, part.number)
        one = select(self.plan, self._key_now(), who, score)
        if one.selected:
            self._drawn.add(record)
        return {
            "score": score,
            "stratum": one.stratum,
            "audit_pi": one.audit_pi,
            "selected": one.selected,
            "strata_version": one.strata_version,
            "audit_key": one.key_id,
        }

    def settled(self, record: str) -> bool:
        """Return whether a decided part was drawn; it has left the belt."""
        drawn = record in self._drawn
        self._drawn.discard(record)
        return drawn

    def _key_now(self) -> AuditKey:
        now = self._clock.now()
        if (now.year, now.month) != (self._key.since.year, self._key.since.month):
            self._key = key_of_month(self._site_key, now)
        return self._key
