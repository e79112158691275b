"""`stream.csv`: the parts, what was decided of each, and with which probability it was audited."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.streams.csv_file import Block, CsvFile

CANNOT = "the escape rate cannot be estimated"
WANTED = {
    **dict.fromkeys(("part_id", "ts", "day", "station", "score", "ai_decision"), ""),
    **dict.fromkeys(("audit_stratum", "audit_pi", "audited"), CANNOT),
}
SEED = "SEED"
"""How the id of a seeded defect begins: neither a part nor an escape."""
DECISIONS = {"PASS": True, "REJECT": False}


@dataclass(frozen=True, slots=True)
class Stream:
    """The parts in the order of the file, without seeded defects.

    Attributes:
        ts: Unix seconds.
        station: Index into `stations`.
        passed: What the model decided.
        stratum: 0 = lowest scores; of passed parts alone.
        pi: The probability of its audit; of passed parts alone.
        audited: Drawn and judged; of passed parts alone.
        rows: By id, the index of each part that was audited or of which there is a verdict.
    """

    ts: NDArray[np.float64]
    day: NDArray[np.int64]
    station: NDArray[np.int64]
    stations: tuple[str, ...]
    score: NDArray[np.float64]
    passed: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    pi: NDArray[np.float64]
    audited: NDArray[np.bool_]
    rows: dict[str, int]


@dataclass(slots=True)
class _Read:
    """What has been read so far, block by block; seeds included."""

    columns: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    stations: dict[str, int] = field(default_factory=dict)
    hashes: list[NDArray[np.int64]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def whole(self, name: str) -> NDArray[np.float64]:
        return np.concatenate(self.columns[name])


def read_stream(path: Path, judged: Container[str]) -> Stream:
    """Return the parts of a file; `judged` are the ids of which there is a verdict.

    Raises:
        RowRefused: Something in it cannot be used.
    """
    file, read = CsvFile(path, WANTED), _Read()
    for block in file.blocks():
        _take(file, block, read, judged)
    if not read.columns:
        raise file.refused(0, "the window is empty: there is no part in it")
    _refuse_twice(file, read)
    _refuse_backwards(file, read)
    return _without_seeds(read)


def _take(file: CsvFile, block: Block, read: _Read, judged: Container[str]) -> None:
    ids = block.columns["part_id"]
    file.check(block, "part_id", np.array([bool(one.strip()) for one in ids]), "there")
    codes = read.stations
    for name in dict.fromkeys(block.columns["station"]):
        codes.setdefault(name, len(codes))
    passed = np.array(file.words(block, "ai_decision", DECISIONS))
    columns = {
        "ts": file.times(block),
        "day": file.whole_numbers(block, "day"),
        "station": np.array([codes[name] for name in block.columns["station"]]),
        "score": file.numbers(block, "score"),
        "passed": passed,
        "seed": np.array([one.startswith(SEED) for one in ids]),
        **_audits(file, block, passed=passed),
    }
    for name, column in columns.items():
        read.columns.setdefault(name, []).append(column)
    read.hashes.append(np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids)))
    audited = columns["audited"].tolist()
    for row, (one, drawn) in enumerate(zip(ids, audited, strict=True), start=block.first):
        if drawn or one in judged:
            read.rows[one] = row


def _audits(
    file: CsvFile, block: Block, *, passed: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Return stratum, probability and whether it was judged; rejected parts may have none."""
    stratum = file.whole_numbers(block, "audit_stratum", empty=np.nan)
    pi = file.numbers(block, "audit_pi", empty=np.nan)
    audited = file.whole_numbers(block, "audited", empty=0)
    file.check(block, "audit_pi", ~((pi < 0) | (pi > 1)), "a probability from 0 to 1")
    file.check(block, "audit_pi", ~(passed & np.isnan(pi)), f"there, or {CANNOT}")
    file.check(block, "audit_stratum", ~passed | (stratum >= 0), "0 or more for a passed part")
    file.check(block, "audited", (audited == 0) | (audited == 1), "0 or 1")
    drawn = passed & (audited == 1)
    file.check(block, "audit_pi", ~(drawn & (pi == 0)), "above 0 for a part that was audited")
    return {"stratum": stratum, "pi": pi, "audited": drawn}


def _refuse_twice(file: CsvFile, read: _Read) -> None:
    """Refuse a second part with an id; a seed may be shown again."""
    seeds = np.concatenate(read.columns["seed"]).astype(bool)
    hashes = np.concatenate(read.hashes)[~seeds]
    hashes.sort()
    twice = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    if not twice:
        return
    seen = set()
    for block in file.blocks():
        for row, one in enumerate(block.columns["part_id"], start=block.first):
            if hash(one) in twice and not one.startswith(SEED):
                if one in seen:
                    raise file.refused(row, f"part {one} was there before")
                seen.add(one)


def _refuse_backwards(file: CsvFile, read: _Read) -> None:
    """Refuse parts whose times go backwards; seeds are shown at any time.

    They may only where a station's day begins, because a file may have one station after the other.
    """
    rows = np.flatnonzero(~read.whole("seed").astype(bool))
    ts, station, day = (read.whole(name)[rows] for name in ("ts", "station", "day"))
    back = 1 + np.flatnonzero(ts[1:] < ts[:-1])
    if back.size:
        pairs = np.stack([station, day], axis=1)
        begins = np.unique(pairs, axis=0, return_index=True)[1]
        wrong = [*np.setdiff1d(back, begins), *_backwards_within(ts, station)]
        if wrong:
            row = int(rows[min(wrong)])
            raise file.refused(row, "ts goes backwards: it is before that of an earlier row")


def _backwards_within(ts: NDArray[np.float64], station: NDArray[np.float64]) -> list[np.intp]:
    order = np.argsort(station, kind="stable")
    of, at = station[order], ts[order]
    return list(order[1:][(of[1:] == of[:-1]) & (at[1:] < at[:-1])])


def _without_seeds(read: _Read) -> Stream:
    parts = ~read.whole("seed").astype(bool)
    moved = parts.cumsum() - 1
    passed = read.whole("passed").astype(bool)[parts]

    def column(name: str) -> NDArray[np.float64]:
        found: NDArray[np.float64] = read.whole(name)[parts]
        return found

    return Stream(
        ts=column("ts"),
        day=column("day").astype(np.int64),
        station=column("station").astype(np.int64),
        stations=tuple(read.stations),
        score=column("score"),
        passed=passed,
        stratum=np.where(passed, column("stratum"), 0).astype(np.int64),
        pi=np.where(passed, column("pi"), 0.0),
        audited=column("audited").astype(bool),
        rows={one: int(moved[row]) for one, row in read.rows.items() if parts[row]},
    )
