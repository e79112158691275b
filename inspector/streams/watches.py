"""The watches over a recorded stream, one of each kind for each station."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inspector.domain.watching.budget import run_length_days
from inspector.domain.watching.finds import AuditDay, find_alarms
from inspector.domain.watching.rejects import Groups, joined, reject_alarms
from inspector.domain.watching.scores import Scores, score_alarms
from inspector.streams.stream_file import Stream


def drift_days(stream: Stream, found: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the days on which an alarm of any watch began."""
    run_length = run_length_days(len(np.unique(stream.station)))
    begun: set[int] = set()
    for station in np.unique(stream.station):
        of = np.flatnonzero(stream.station == station)
        of = of[np.argsort(stream.day[of], kind="stable")]
        begun.update(reject_alarms(joined(_hours(stream, of)), run_length))
        begun.update(score_alarms(_days_of_scores(stream, of), run_length))
        begun.update(find_alarms(_days_of_audits(stream, of, found), run_length))
    return tuple(sorted(begun))


def _hours(stream: Stream, of: NDArray[np.intp]) -> Groups:
    """Return a station's parts by the hours of its days."""
    hour = (stream.ts[of] // 3600).astype(np.int64)
    span = int(np.ptp(hour)) + 1
    keys = stream.day[of] * span + (hour - hour.min())
    at, where = np.unique(keys, return_inverse=True)
    rejected = np.bincount(where, weights=~stream.passed[of]).astype(np.int64)
    return Groups(at // span, np.bincount(where), rejected)


def _days(stream: Stream, of: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    days, starts = np.unique(stream.day[of], return_index=True)
    yield from zip(days.tolist(), np.split(of, starts[1:]), strict=True)


def _days_of_scores(stream: Stream, of: NDArray[np.intp]) -> Iterator[tuple[int, Scores]]:
    for day, rows in _days(stream, of):
        yield day, stream.score[rows]


def _days_of_audits(
    stream: Stream, of: NDArray[np.intp], found: NDArray[np.bool_]
) -> list[AuditDay]:
    strata, stratum = np.unique(stream.stratum, return_inverse=True)

    def count(rows: NDArray[np.intp]) -> NDArray[np.int64]:
        counted: NDArray[np.int64] = np.bincount(stratum[rows], minlength=len(strata))
        return counted

    return [
        AuditDay(day, count(rows[stream.audited[rows]]), count(rows[found[rows]]))
        for day, rows in _days(stream, of)
    ]
