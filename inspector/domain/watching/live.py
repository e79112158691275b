"""What the watches say of a station now, from the records of its last weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inspector.domain.watching.finds import AuditDay, finds_beyond
from inspector.domain.watching.rejects import LAST_GROUPS, Groups, joined, rejects_beyond
from inspector.domain.watching.scores import Scores, scores_beyond
from inspector.domain.watching.words import Watch

FINDS_SHOWN_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Watched:
    """A station's records as the watches take them.

    Attributes:
        hours: Closed hours in which parts were inspected.
        open_day: The day that is not over: of it no scores and no audits are here.
        scores: Of each day; None: they were not asked for.
        audits: The same.
    """

    hours: Groups
    open_day: int
    scores: Sequence[tuple[int, Scores]] | None = None
    audits: Sequence[AuditDay] | None = None


def beyond_now(seen: Watched, run_length_days: float) -> dict[Watch, str]:
    """Return for each watch that was asked what a person reads and can do; "": as usual."""
    said = {Watch.REJECTS: _rejects(seen, run_length_days)}
    if seen.scores is not None:
        differ = scores_beyond(seen.scores, run_length_days)
        said[Watch.SCORES] = _SCORES if differ else ""
    if seen.audits is not None:
        more = finds_beyond(seen.audits, run_length_days)
        said[Watch.FINDS] = _finds(seen.audits) if more else ""
    return said


_LOOK: Final = "Look at camera, lamp and lens first, then at what comes in"
_SCORES: Final = (
    "the model's scores of the last day are spread otherwise than on the days before. "
    f"{_LOOK}; judge some parts without the model's word"
)


def _rejects(seen: Watched, run_length_days: float) -> str:
    groups = joined(seen.hours, seen.open_day) if len(seen.hours.day) else seen.hours
    if not rejects_beyond(groups, run_length_days):
        return ""
    now, before = (
        f"{part.rejected.sum() / part.parts.sum():.2%} of {part.parts.sum()} parts"
        for part in (groups.since(-LAST_GROUPS), groups.until(-LAST_GROUPS))
    )
    return f"rejects: {now} in the last hours, {before} in the days before. {_LOOK}"


def _finds(audits: Sequence[AuditDay]) -> str:
    newest = audits[-FINDS_SHOWN_DAYS:]
    found, audited = (
        sum(int(one.sum()) for one in some)
        for some in ([day.found for day in newest], [day.audited for day in newest])
    )
    return (
        f"audits find more bad parts among the passed ones than before: {found} of {audited} on "
        f"the last {len(newest)} audited days. Confirm the finds, hold what was shipped since "
        "against them, then look at limits and model"
    )
