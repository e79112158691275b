"""What a hang costs the other station is read from the records, each part in its own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from benchmarks.hostile import pairs_of
from inspector.domain.record import Record

T0 = datetime(2026, 11, 27, tzinfo=UTC)


class Row:
    """The columns that are read."""

    def __init__(self, station: str, number: int, at_s: float, took_s: float, cause: str) -> None:
        self.station, self.number, self.not_inspected = station, number, cause
        self.triggered_at = T0 + timedelta(seconds=at_s)
        self.judged_at = self.triggered_at + timedelta(seconds=took_s)
        self.latency_ms = None if cause else took_s * 1000


def test_each_part_of_the_other_station_lies_before_during_or_after_the_hang() -> None:
    hang = "view top: the model looked for more than 0.9 s, the vision worker was ended"
    board = [Row("board", n, n, 0.01, "") for n in range(30)]
    board += [Row("board", 30, 30, 1.0, hang), Row("board", 31, 30.5, 0.5, hang)]
    board += [Row("board", n, n, 0.01, "no sync" if n < 40 else "") for n in range(32, 60)]
    other = [Row("blister", n, n + 0.25, 0.005, "") for n in range(60)]
    (pair,) = pairs_of(cast(list[Record], [*board, *other]))
    sizes = [len(one) for one in (pair.before, pair.during, pair.after, pair.restart)]
    assert sizes == [30, 1, 29, 9]
    assert pair.looked_s == 1.0
    assert pair.difference_ms == 0
