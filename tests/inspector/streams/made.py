"""Recorded streams whose truth is known: every part's, the auditors', and the day of a drift."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STREAM = ("part_id", "ts", "day", "station", "score", "ai_decision", "audit_stratum", "audit_pi")
VERDICTS = ("part_id", "ts", "source", "reviewer", "verdict")
CUTS = (0.80, 0.95, 0.99)
SHARES = (0.65, 0.17, 0.10, 0.08)
DAY_S = 86_400


@dataclass(frozen=True)
class Made:
    """What a stream is made of.

    Attributes:
        bad: Share of bad parts.
        apart: By how many standard deviations bad parts score higher; 0: the score says nothing.
        limit: Parts above this score are rejected.
        sensitivity: Of auditors, for bad parts.
        false_alarms: Of auditors, for good parts; a confirmation finds all of them.
        unsure: Of audits.
        pi_changes: From the middle on, the audit rates are three times as high.
        drift_day: From this day on, `drift` is added to every score and `bad` times `more_bad`.
    """

    days: int = 28
    per_day: int = 2000
    stations: int = 1
    bad: float = 0.02
    apart: float = 2.5
    limit: float = 2.6
    audits_per_day: int = 200
    sensitivity: float = 1.0
    false_alarms: float = 0.0
    unsure: float = 0.0
    seeds: int = 0
    pi_changes: bool = False
    drift_day: int | None = None
    drift: float = 0.0
    more_bad: float = 1.0
    seed: int = 1


@dataclass(frozen=True)
class Truth:
    """What the maker knows."""

    parts: int
    passed: int
    escapes: int
    audited: int
    overrides: int
    seeds_found: int
    downstream: int

    @property
    def escape_rate(self) -> float:
        return self.escapes / self.passed


def make(folder: Path, made: Made) -> Truth:
    """Write a stream and its verdicts; return its truth."""
    random = np.random.default_rng(made.seed)
    count = made.days * made.per_day
    day = np.repeat(np.arange(made.days), made.per_day)
    ts = np.arange(count, dtype=np.float64) * (DAY_S / made.per_day) + 1.79e9
    drifted = day >= (made.days if made.drift_day is None else made.drift_day)
    bad = random.random(count) < made.bad * np.where(drifted, made.more_bad, 1.0)
    score = random.standard_normal(count) + made.apart * bad + made.drift * drifted
    passed = score < made.limit
    limits = np.quantile(score[passed & (day < 7)], CUTS)
    stratum = np.searchsorted(limits, score, side="right")
    pi = rates(made, stratum, passed)[stratum]
    pi = np.minimum(1.0, pi * np.where(made.pi_changes & (day >= made.days // 2), 3.0, 1.0))
    audited = passed & (random.random(count) < pi)
    rows = zip(
        (f"P{number:07d}" for number in range(count)),
        (f"{one:.3f}" for one in ts),
        day.tolist(),
        (f"S{number}" for number in (np.arange(count) % made.stations).tolist()),
        (f"{one:.6f}" for one in score),
        np.where(passed, "PASS", "REJECT").tolist(),
        stratum.tolist(),
        (f"{one:.8f}" for one in pi),
        audited.astype(int).tolist(),
        strict=True,
    )
    write(folder / "stream.csv", (*STREAM, "audited", "operator"), ((*row, "x") for row in rows))
    said = Said(random, made)
    said.judge(ts, bad=bad, passed=passed, audited=audited)
    write(folder / "verdicts.csv", VERDICTS, said.rows)
    return Truth(
        parts=count,
        passed=int(passed.sum()),
        escapes=int((bad & passed).sum()),
        audited=int(audited.sum()),
        overrides=said.overrides,
        seeds_found=said.seeds_found,
        downstream=said.downstream,
    )


def rates(made: Made, stratum: NDArray[np.intp], passed: NDArray[np.bool_]) -> NDArray[np.float64]:
    sizes = np.bincount(stratum[passed], minlength=4) / made.days
    return np.minimum(1.0, made.audits_per_day * np.array(SHARES) / np.maximum(1, sizes))


def write(file: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


class Said:
    """What people say of the parts."""

    def __init__(self, random: np.random.Generator, made: Made) -> None:
        self.random, self.made = random, made
        self.rows: list[tuple[str, str, str, str, str]] = []
        self.overrides = self.seeds_found = self.downstream = 0

    def judge(
        self,
        ts: NDArray[np.float64],
        *,
        bad: NDArray[np.bool_],
        passed: NDArray[np.bool_],
        audited: NDArray[np.bool_],
    ) -> None:
        for number in np.flatnonzero(~passed):
            self.say(f"P{number:07d}", ts[number], "flagged", good=not bad[number])
            self.overrides += 0 if bad[number] else 1
        for number in np.flatnonzero(audited):
            self.audit(f"P{number:07d}", ts[number], "audit", bad=bool(bad[number]))
        for number in np.flatnonzero(bad & passed & (self.random.random(len(ts)) < 0.3)):
            self.say(f"P{number:07d}", ts[number] + 20 * DAY_S, "downstream", good=False)
            self.downstream += 1
        for seed in range(self.made.seeds):
            self.seeds_found += self.audit(f"SEED{seed:04d}", ts[-1], "seed", bad=True)

    def audit(self, part: str, at: float, source: str, *, bad: bool) -> bool:
        """Say what an auditor makes of a part; return whether the chain finds it bad."""
        found = self.random.random() < (self.made.sensitivity if bad else self.made.false_alarms)
        if self.random.random() < self.made.unsure:
            self.rows.append((part, f"{at + 60:.3f}", source, "Anna", "UNSURE"))
            return False
        self.say(part, at + 60, source, good=not found)
        if found:
            self.say(part, at + 3600, "confirm", good=not bad)
        return found and bad

    def say(self, part: str, at: float, source: str, *, good: bool) -> None:
        self.rows.append((part, f"{at:.3f}", source, "Anna", "OK" if good else "NOK"))
