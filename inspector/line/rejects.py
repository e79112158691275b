"""The alarm for parts that are rejected one behind the other."""

from __future__ import annotations

from inspector.domain.belt import Part
from inspector.domain.run_of_rejects import RejectRun
from inspector.line.alarms import RUN_OF_REJECTS, Alarms


class RejectWatch:
    """Comes with the part that completes a run, and goes with the one that ends it."""

    def __init__(self, run: RejectRun, alarms: Alarms) -> None:
        self._run, self._alarms = run, alarms

    def restore(self, run: RejectRun) -> None:
        """Take up the run that an earlier process was in."""
        self._run = run
        self._tell()

    def judged(self, part: Part) -> None:
        """Take in the verdict on a part."""
        self._run = with_part(self._run, part)
        self._tell()

    def _tell(self) -> None:
        text, stands = self._run.text, self._alarms.text(RUN_OF_REJECTS)
        if stands and text != stands:
            self._alarms.went(RUN_OF_REJECTS)
        if text and text != stands:
            self._alarms.came(RUN_OF_REJECTS, text)


def with_part(run: RejectRun, part: Part) -> RejectRun:
    """Return a run after the verdict on a part."""
    kinds = {finding.kind for result in part.results.values() for finding in result.findings}
    verdict = part.decision.verdict if part.decision else None
    return run.after((part.run, part.number), verdict, frozenset(kinds))
