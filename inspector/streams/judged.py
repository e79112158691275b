"""One station's parts of a recorded stream, as advice on its limit takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.domain.auditing import Source, Word
from inspector.domain.threshold_cost import Judged
from inspector.errors import RowRefused
from inspector.streams.figures import end_of, seeds_of
from inspector.streams.stream_file import Stream, read_stream
from inspector.streams.verdicts_file import Said, read_verdicts


@dataclass(frozen=True, slots=True)
class JudgedStation:
    """A station's parts and when the newest of them was decided, UTC."""

    station: str
    judged: Judged
    newest: datetime


def judged_station(folder: Path, station: str | None) -> JudgedStation:
    """Return the parts of `stream.csv` and `verdicts.csv` in a folder.

    Args:
        folder: Where the two files lie.
        station: May be None where the stream has one alone.

    Raises:
        RowRefused: Something in the files cannot be used.
    """
    verdicts = read_verdicts(folder / "verdicts.csv")
    stream = read_stream(folder / "stream.csv", verdicts)
    name = _chosen(folder / "stream.csv", stream, station)
    of = stream.station == stream.stations.index(name)
    newest = datetime.fromtimestamp(float(stream.ts[of].max()), UTC)
    return JudgedStation(name, _judged(stream, verdicts, of=of), newest)


def _chosen(file: Path, stream: Stream, station: str | None) -> str:
    used: set[str] = {stream.stations[number] for number in np.unique(stream.station)}
    names = ", ".join(sorted(used))
    if station is None and len(used) == 1:
        return used.pop()
    if station is None:
        raise RowRefused(file, 1, f"a limit is a station's: choose one with --station: {names}")
    if station not in used:
        raise RowRefused(file, 1, f"no part of station {station!r}; there are {names}")
    return station


def _judged(stream: Stream, verdicts: Mapping[str, Said], *, of: NDArray[np.bool_]) -> Judged:
    looked, bad, opened, confirmed = (np.zeros(len(stream.ts), bool) for _ in range(4))
    for one, row in stream.rows.items():
        said = verdicts.get(one, {})
        if stream.audited[row]:
            end = end_of(said)
            looked[row], bad[row], opened[row] = True, end.bad, end.open
            confirmed[row] = end.bad and not end.unconfirmed
        elif not stream.passed[row] and Source.FLAGGED in said:
            word = said.get(Source.CONFIRM, said[Source.FLAGGED])
            looked[row], bad[row] = True, word is not Word.GOOD  # unsure is no false call
    return Judged(
        *(stream.score[of], stream.passed[of], stream.stratum[of], stream.pi[of]),
        *(looked[of], bad[of], opened[of], confirmed[of]),
        hours=float(len(np.unique(stream.ts[of] // 3600))),
        seeds=seeds_of(verdicts) if seeds_of(verdicts).judged else None,
    )
