"""The stream of a run as files: `stream.csv` and `verdicts.csv`, for `inspector kpi from-files`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from benchmarks.audited_hours.people import BAD, NONE, Chain
from benchmarks.audited_hours.shifts import Audits, FactoryDay, Shift
from inspector.domain.auditing import Source, Word

STREAM = ("part_id", "ts", "day", "station", "score", "ai_decision")
AUDIT = ("audit_stratum", "audit_pi", "audited")
VERDICTS = ("part_id", "ts", "source", "reviewer", "verdict")
_REVIEW_S, _AUDIT_S = 10.0, 1800.0
"""After the part: the operator's word, and the auditor's; each further look takes as long again."""

Line = tuple[object, ...]


class StreamFiles:
    """Both files, written day by day."""

    def __init__(self, folder: Path) -> None:
        """Make the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._files = [
            (folder / name).open("w", encoding="utf-8", newline="")
            for name in ("stream.csv", "verdicts.csv")
        ]
        self._stream, self._verdicts = (csv.writer(one) for one in self._files)

    def __enter__(self) -> Self:
        """Write the headers."""
        self._stream.writerow((*STREAM, *AUDIT))
        self._verdicts.writerow(VERDICTS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        for one in self._files:
            one.close()

    def add(self, day: FactoryDay) -> None:
        """Write a day: the parts of all stations in the order of their times."""
        parts: list[Line] = [line for shift in day.shifts for line in _parts(shift)]
        parts.sort(key=_ts)
        self._stream.writerows(parts)
        for shift in day.shifts:
            self._verdicts.writerows(_verdicts(shift))
        begins = day.day.begins.timestamp()
        ids = [f"SEED-{day.day.number}-{number}" for number in range(len(day.seeds.found))]
        at = [begins] * len(ids)
        self._verdicts.writerows(_said(ids, at, day.seeds, first=Source.SEED))


def _ts(line: Line) -> float:
    ts = line[1]
    assert isinstance(ts, float)
    return ts


def _ids(shift: Shift) -> list[str]:
    station = shift.parts.station
    return [f"{station}-{number}" for number in shift.parts.numbers.tolist()]


def _parts(shift: Shift) -> Iterator[Line]:
    """Yield a line for each part; one that nobody passed has no place in an audit."""
    parts = shift.parts
    places = _places(shift.by_model) | _places(shift.by_operator)
    lines = zip(_ids(shift), parts.ts.tolist(), parts.score, parts.passed.tolist(), strict=True)
    for row, (one, ts, score, passed) in enumerate(lines):
        about = (parts.day.number, parts.station, f"{score:.5f}")
        yield one, ts, *about, "PASS" if passed else "REJECT", *places.get(row, ("", "", 0))


def _places(audits: Audits) -> dict[int, Line]:
    """Return stratum, probability and whether it was audited, by row."""
    drawn = audits.drawn
    each = zip(drawn.stratum.tolist(), drawn.pi.tolist(), drawn.selected.tolist(), strict=True)
    return {
        row: (stratum, pi, int(selected))
        for row, (stratum, pi, selected) in zip(audits.rows.tolist(), each, strict=True)
    }


def _verdicts(shift: Shift) -> Iterator[Line]:
    ids, ts = _ids(shift), shift.parts.ts
    for row, word in zip(shift.rejected.tolist(), shift.review.tolist(), strict=True):
        if word != NONE:
            yield _line(ids[row], ts[row] + _REVIEW_S, Source.FLAGGED, "operator", word)
    for audits in (shift.by_model, shift.by_operator):
        yield from _audited(ids, ts.tolist(), audits)
    for row in np.flatnonzero(np.isfinite(shift.later_days)).tolist():
        at = ts[row] + shift.later_days[row] * 86400
        yield _line(ids[row], at, Source.DOWNSTREAM, "customer", BAD)


def _audited(ids: list[str], ts: list[float], audits: Audits) -> Iterator[Line]:
    looked = audits.looked.tolist()
    return _said(
        [ids[row] for row in looked], [ts[row] for row in looked], audits.chain, first=Source.AUDIT
    )


def _said(
    ids: Iterable[str], ts: Iterable[float], chain: Chain, *, first: Source
) -> Iterator[Line]:
    """Yield what the chain said, a line for each look."""
    looks = zip(chain.audit.tolist(), chain.second.tolist(), chain.confirm.tolist(), strict=True)
    kinds = ((first, "auditor"), (Source.SECOND, "second auditor"), (Source.CONFIRM, "inspector"))
    for one, at, words in zip(ids, ts, looks, strict=True):
        for step, (word, (source, who)) in enumerate(zip(words, kinds, strict=True), start=1):
            if word != NONE:
                yield _line(one, at + step * _AUDIT_S, source, who, word)


def _line(one: str, at: float, source: Source, who: str, word: int) -> Line:
    return one, f"{at:.3f}", source, who, Word.BAD if word == BAD else Word.GOOD
