"""Every part accounted for: what the PLC and the cameras wrote against what was recorded.

The truth comes from the processes that stand outside the inspector (docs/checks.md has the same
sums as a ten-line script that needs nothing of ours).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from inspector.domain.verdict import Action

BROKEN_UNLESS_ZERO = (
    "bad_passed_without_pass",
    "bad_rejected_twice",
    "wrong_actuation",
    "wrong_picture",
    "duplicate_records",
    "unaccounted",
)
"""Figures that are 0, or a promise is broken."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the database holds of one part.

    Attributes:
        part: (count run, part number).
        verdict: "pass", "reject" or "unknown".
        pictures: View → picture digest, for the views that were seen.
    """

    part: tuple[int, int]
    verdict: str
    pictures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sums:
    """The figures of one station, or of all; docs/schemas/demo.json explains each."""

    triggered: int = 0
    records: int = 0
    plc_decided: int = 0
    on_belt: int = 0
    in_gap: int = 0
    good: int = 0
    bad: int = 0
    phantom: int = 0
    good_passed: int = 0
    good_rejected_by_verdict: int = 0
    good_rejected_fail_safe: int = 0
    bad_passed: int = 0
    bad_passed_without_pass: int = 0
    bad_rejected_once: int = 0
    bad_rejected_twice: int = 0
    bad_rejected_fail_safe: int = 0
    passed_by_operator: int = 0
    rejected_by_operator: int = 0
    wrong_actuation: int = 0
    wrong_picture: int = 0
    duplicate_records: int = 0
    unaccounted: int = 0
    late: int = 0
    frames_dropped: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Return the sums of both."""
        return Sums(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def broken(self) -> tuple[str, ...]:
        """Return the promises that these figures break."""
        zeros = tuple(name for name in BROKEN_UNLESS_ZERO if getattr(self, name))
        kept = self.triggered == self.records + self.in_gap == self.plc_decided + self.on_belt
        return zeros if kept else (*zeros, "triggered = records + in_gap = plc_decided + on_belt")

    def as_json(self) -> dict[str, int]:
        """Return the figures by name."""
        return asdict(self)


def account(
    truth: Iterable[Mapping[str, Any]],
    recorded: Sequence[Recorded],
    *,
    in_gap: int = 0,
    late: int = 0,
    frames_dropped: int = 0,
) -> Sums:
    """Return the sums of one station.

    Args:
        truth: The station's lines of truth.jsonl, of both writers.
        recorded: All of the station's records.
        in_gap: Parts in gap records.
        late: Verdicts that came too late.
        frames_dropped: Frames the gateway had to drop.
    """
    lines = list(truth)
    triggered = {
        _part(line) for line in lines if line["who"] == "plc" and line["event"] == "trigger"
    }
    decisions = [line for line in lines if line["who"] == "plc" and line["event"] == "decided"]
    pictures = _pictures(lines)
    by_part = {record.part: record for record in recorded}
    sums = Sums(
        triggered=len(triggered),
        records=len(by_part),
        plc_decided=len(decisions),
        on_belt=len(triggered - {_part(line) for line in decisions}),
        in_gap=in_gap,
        wrong_picture=sum(_wrong_pictures(record, pictures) for record in recorded),
        duplicate_records=len(recorded) - len(by_part),
        unaccounted=max(0, len(triggered - by_part.keys()) - in_gap)
        + len(by_part.keys() - triggered),
        late=late,
        frames_dropped=frames_dropped,
    )
    for line in decisions:
        sums += _decision(line, by_part.get(_part(line)))
    return sums


def _decision(line: Mapping[str, Any], record: Recorded | None) -> Sums:
    """Return the figures of one decided part; where it went is what the actuator did."""
    action, hits = Action(line["action"]), int(line["actuations"])
    truth = str(line["truth"])
    went_on = hits == 0
    counted = Counter({truth: 1})
    if truth == "good":
        counted["good_passed" if went_on else _good_rejected(action)] = 1
    if truth == "bad":
        counted["bad_passed" if went_on else _bad_rejected(hits)] = 1
        counted["bad_rejected_fail_safe"] = int(not went_on and action is Action.FAIL_SAFE)
        counted["bad_passed_without_pass"] = int(went_on and not _passed_by_word(action, record))
    counted["passed_by_operator"] = int(action is Action.PASSED_BY_OPERATOR)
    counted["rejected_by_operator"] = int(action is Action.REJECTED_BY_OPERATOR)
    counted["wrong_actuation"] = int(hits != (0 if action.is_pass else 1))
    return Sums(**counted)


def _good_rejected(action: Action) -> str:
    fail_safe = action is Action.FAIL_SAFE
    return "good_rejected_fail_safe" if fail_safe else "good_rejected_by_verdict"


def _bad_rejected(hits: int) -> str:
    return "bad_rejected_once" if hits == 1 else "bad_rejected_twice"


def _passed_by_word(action: Action, record: Recorded | None) -> bool:
    """Return whether a part went on because of a PASS: on its record, or an operator's."""
    said = record is not None and record.verdict == "pass"
    return action is Action.PASSED_BY_OPERATOR or (action is Action.PASSED and said)


def _pictures(lines: Iterable[Mapping[str, Any]]) -> Mapping[tuple[int, int, str], set[str]]:
    taken: dict[tuple[int, int, str], set[str]] = {}
    for line in lines:
        if line["who"] == "camera":
            taken.setdefault((*_part(line), line["view"]), set()).add(line["picture"])
    return taken


def _wrong_pictures(record: Recorded, taken: Mapping[tuple[int, int, str], set[str]]) -> int:
    return sum(
        digest not in taken.get((*record.part, view), set())
        for view, digest in record.pictures.items()
    )


def _part(line: Mapping[str, Any]) -> tuple[int, int]:
    return int(line["run"]), int(line["part"])
