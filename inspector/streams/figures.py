"""The figures of a recorded stream (docs/kpi.md, docs/schemas/kpi-from-files.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.auditing import Conclusion, Looks, Source, Word, concluded
from inspector.domain.escapes import Cells, EscapeEstimate, Seeds, escape_estimate, tallied
from inspector.domain.intervals import clopper_pearson
from inspector.domain.kpi import COMPLETE_SHARE
from inspector.domain.quality import Rejects
from inspector.streams.stream_file import SEED, Stream, read_stream
from inspector.streams.verdicts_file import Said, read_verdicts
from inspector.streams.watches import drift_days


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is printed of a stream.

    Attributes:
        unconfirmed: Audits that count as bad on one person's word.
        downstream_found: Parts that were found bad later on, audited or not.
        drift_days: On which days an alarm of a watch began.
        notes: What a reader has to know beside the figures.
    """

    escapes: EscapeEstimate
    parts: int
    rejects: Rejects
    seeds: Seeds
    unconfirmed: int
    downstream_found: int
    drift_days: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def false_calls(self) -> float | None:
        """Return the share of reviewed rejects that are good, None when none was reviewed."""
        return self.rejects.good / self.rejects.reviewed if self.rejects.reviewed else None

    def as_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        escapes, rejects = self.escapes, self.rejects
        low, high = escapes.interval
        bounds = {"upper95": escapes.upper95, "upper95_corrected": escapes.upper95_corrected}
        return {
            "escape_rate": {"estimate": escapes.estimate, "lo": low, "hi": high, **bounds},
            **{"parts": self.parts, "passed": escapes.passed, "rejected": rejects.rejected},
            **{"audited": escapes.audited, "overrides": rejects.called_good},
            **{"reviewed_rejects": rejects.reviewed},
            **{"seeds": self.seeds.judged, "seeds_found": self.seeds.found},
            "downstream_found": self.downstream_found,
            "false_call_share": self.false_calls,
            "false_call_share_interval": list(clopper_pearson(rejects.good, rejects.reviewed)),
            "unconfirmed": self.unconfirmed,
            "drift_alarms": list(self.drift_days),
        }


def figures(folder: Path) -> Figures:
    """Return the figures of `stream.csv` and `verdicts.csv` in a folder; raises `RowRefused`."""
    verdicts = read_verdicts(folder / "verdicts.csv")
    stream = read_stream(folder / "stream.csv", verdicts)
    found, opened, unconfirmed = _audits(stream, verdicts)
    return Figures(
        escapes=escape_estimate(cells(stream, found, opened), seeds_of(verdicts)),
        parts=len(stream.ts),
        rejects=_rejects(stream, verdicts),
        seeds=seeds_of(verdicts),
        unconfirmed=unconfirmed,
        downstream_found=_downstream(stream, verdicts),
        drift_days=drift_days(stream, found),
        notes=_notes(stream, verdicts, opened),
    )


def _parts(stream: Stream, verdicts: Mapping[str, Said]) -> list[str]:
    """Return the ids of the stream's parts of which something was said."""
    return [one for one in stream.rows if one in verdicts]


def _audits(
    stream: Stream, verdicts: Mapping[str, Said]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Return which parts an audit found bad, which are open, and how many are unconfirmed."""
    found, opened = np.zeros(len(stream.ts), bool), np.zeros(len(stream.ts), bool)
    unconfirmed = 0
    for one, row in stream.rows.items():
        if stream.audited[row]:
            end = end_of(verdicts.get(one, {}))
            found[row], opened[row] = end.bad, end.open
            unconfirmed += end.unconfirmed
    return found, opened, unconfirmed


def end_of(said: Said) -> Conclusion:
    """Return what the looks at an audited part or a seeded defect come to."""
    first = said.get(Source.AUDIT, said.get(Source.SEED))
    return concluded(Looks(first, said.get(Source.SECOND), said.get(Source.CONFIRM)))


def _downstream(stream: Stream, verdicts: Mapping[str, Said]) -> int:
    """Return how many parts were found bad later on, each counted once."""
    words = [verdicts[one].get(Source.DOWNSTREAM) for one in _parts(stream, verdicts)]
    return words.count(Word.BAD)


def seeds_of(verdicts: Mapping[str, Said]) -> Seeds:
    """Return how many seeded defects an auditor judged, and how many the chain found."""
    looks = {Source.AUDIT, Source.SEED, Source.SECOND, Source.CONFIRM}
    ends = [
        end_of(said)
        for one, said in verdicts.items()
        if one.startswith(SEED) and looks & said.keys()
    ]
    return Seeds(found=sum(end.bad for end in ends), judged=len(ends))


def _rejects(stream: Stream, verdicts: Mapping[str, Said]) -> Rejects:
    """Return the rejected parts and what people said of them; a confirmation is the last word."""
    flagged = [
        verdicts[one]
        for one in _parts(stream, verdicts)
        if not stream.passed[stream.rows[one]] and Source.FLAGGED in verdicts[one]
    ]
    last = [said.get(Source.CONFIRM, said[Source.FLAGGED]) for said in flagged]
    return Rejects(
        rejected=int((~stream.passed).sum()),
        reviewed=len(flagged),
        called_good=sum(said[Source.FLAGGED] is Word.GOOD for said in flagged),
        good=sum(word is Word.GOOD for word in last),
    )


def cells(stream: Stream, found: NDArray[np.bool_], opened: NDArray[np.bool_]) -> Cells:
    """Return the passed parts by stratum and audit probability."""
    of = stream.passed
    drawn = {"audited": stream.audited[of], "found": found[of], "opened": opened[of]}
    return tallied(stream.stratum[of], stream.pi[of], **drawn)[0]


def _notes(
    stream: Stream, verdicts: Mapping[str, Said], opened: NDArray[np.bool_]
) -> tuple[str, ...]:
    strangers = sum(one not in stream.rows and not one.startswith(SEED) for one in verdicts)
    loose = sum(
        Source.AUDIT in verdicts[one] and not stream.audited[stream.rows[one]]
        for one in _parts(stream, verdicts)
    )
    unreachable = int((stream.passed & (stream.pi == 0)).sum())
    judged, drawn = int((stream.audited & ~opened).sum()), float(stream.pi.sum())
    spread = 3 * float(np.sqrt((stream.pi * (1 - stream.pi)).sum()))
    late = judged < COMPLETE_SHARE * drawn - spread
    told = {
        f"{strangers} parts with verdicts are not in the stream: not counted": strangers,
        f"{loose} parts with an audit verdict have audited = 0: not counted": loose,
        f"{int(opened.sum())} audits are open: bad in the upper bounds alone": opened.any(),
        f"{unreachable} passed parts have audit_pi = 0: taken for their neighbours": unreachable,
        f"provisional: {judged} audits are judged, of about {drawn:.0f} drawn": late,
    }
    return tuple(text for text, holds in told.items() if holds)
