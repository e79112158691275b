"""The journal's entries (docs/architecture.md, "The journal"): built here, read back here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from math import isfinite
from typing import Any

from inspector.domain.belt import PLC_RESTARTED, Gap, OperatorSaid, Part
from inspector.domain.finding import (
    LEAST_CORNERS,
    MOST_CORNERS,
    MOST_OUTLINES,
    Finding,
    Outline,
    RanOn,
    ViewResult,
)
from inspector.domain.judging import Decision
from inspector.domain.overriding import Press
from inspector.domain.reconciling import Reconciled
from inspector.domain.verdict import Verdict
from inspector.domain.words import verdict_name

Entry = dict[str, Any]
MOST_FINDINGS = 200
"""More in one view is no look at a part, and would not fit into the journal."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a part's record says beside the part itself.

    Attributes:
        record: The record's id.
        run: Count run.
        epoch: Ours when it was judged.
        oldest_open: Lowest part number without a verdict: all below it are in the journal.
        triggered_at: UTC, ISO 8601; when the line first read the part at the eye.
        ready_to_judged_ms: Newest frame to verdict; None when no frame came.
        plc_boot: The PLC's boot count then: after its next start nothing is sent for this part.
    """

    record: str
    run: int
    epoch: int
    oldest_open: int
    triggered_at: str
    ready_to_judged_ms: float | None
    plc_boot: int | None = None


def judged(part: Part, *, ran_on: RanOn, around: Circumstances) -> Entry:
    """Return the entry that makes a part's record; it stands before the verdict is sent."""
    assert part.decision is not None  # noqa: S101 - only judged parts come here
    return {
        "kind": "judged",
        **asdict(around),
        "number": part.number,
        "encoder": part.encoder,
        "verdict": verdict_name(part.decision.verdict),
        "reasons": list(part.decision.reasons),
        "not_inspected": part.decision.not_inspected,
        "views": [_view(result) for result in part.results.values()],
        **asdict(ran_on),
    }


def acked(record: str, *, latency_ms: float | None, late: bool) -> Entry:
    """Return the entry for a verdict the PLC has, or that came too late to be sent."""
    return {"kind": "acked", "record": record, "latency_ms": latency_ms, "late": late}


def override(record: str, press: Press, *, revision: int, who: Mapping[str, object]) -> Entry:
    """Return the entry for a person's word that goes to the PLC."""
    return {"kind": "override", "revision": revision, **_press(record, press, who)}


def correction(record: str, press: Press, *, why: str, who: Mapping[str, object]) -> Entry:
    """Return the entry for a person's word that came too late to change the part."""
    return {"kind": "correction", "why": why, **_press(record, press, who)}


def latched(record: str, said: OperatorSaid) -> Entry:
    """Return the entry for the PLC's echo of an operator's word."""
    return {
        "kind": "latched",
        "record": record,
        "revision": said.revision,
        "verdict": verdict_name(said.verdict),
    }


def unheard(said: Entry, *, why: str) -> Entry:
    """Return the correction that an override's entry becomes when the PLC did not use it.

    The press stays in its place, as it was sent: what became of it stands beside it.
    """
    kept = {key: value for key, value in said.items() if key != "revision"}
    return {**kept, "kind": "correction", "press_id": f"{said['press_id']}:unheard", "why": why}


def decided(one: Reconciled, *, record: str) -> Entry:
    """Return the entry for what the PLC did, and how that stands to what was said."""
    return {
        "kind": "decided",
        "record": record,
        "run": one.part.run,
        "number": one.part.number,
        "action": None if one.action is None else int(one.action),
        "agrees": one.agrees,
        "why": one.why,
    }


def gap(one: Gap, *, run: int, totals: Mapping[str, int]) -> Entry:
    """Return the entry for parts that left no other trace."""
    return {
        "kind": "gap",
        "run": run,
        "first": one.first,
        "last": one.last,
        "cause": one.cause,
        "totals": dict(totals),
    }


def part_from(entry: Mapping[str, Any]) -> Part:
    """Return the part that a `judged` entry is about, as it stood when it was written."""
    decision = Decision(
        Verdict[str(entry["verdict"]).upper()], tuple(entry["reasons"]), entry["not_inspected"]
    )
    results = {view["view"]: result_from(view) for view in entry["views"]}
    return Part(
        entry["number"],
        entry["encoder"],
        results=results,
        decision=decision,
        sent=True,  # perhaps: the journal stands before the word
        mute=PLC_RESTARTED if decision.not_inspected == PLC_RESTARTED else "",
        run=entry["run"],
    )


def said_from(entry: Mapping[str, Any]) -> OperatorSaid:
    """Return the operator's word in an `override` entry."""
    verdict = Verdict[str(entry["verdict"]).upper()]
    return OperatorSaid(entry["press_id"], entry["revision"], verdict, entry["person"])


def _press(record: str, press: Press, who: Mapping[str, object]) -> Entry:
    return {
        "record": record,
        "press_id": press.press_id,
        "verdict": verdict_name(press.verdict),
        "person": press.by,
        "painted_at": press.painted_at,
        "seen_revision": press.seen_revision,
        "signed_in": press.signed_in,
        "role": who.get("role", ""),
        "panel": who.get("panel", ""),
    }


def _view(result: ViewResult) -> Entry:
    return {
        "view": result.view,
        "missed": result.missed,
        "picture": result.picture,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "model_ms": round(result.model_ms, 2),
        "top_scores": {kind: round(score, 4) for kind, score in result.top_scores.items()},
        "findings": [finding_row(one) for one in result.findings],
    }


def finding_row(finding: Finding) -> list[object]:
    """Return a finding as journal entries and workers' messages have it.

    The outline comes last, and only where there is one.
    """
    row: list[object] = [finding.kind, round(finding.score, 4), list(finding.box)]
    return [*row, [*map(list, finding.outline)]] if finding.outline else row


def result_from(view: Mapping[str, Any]) -> ViewResult:
    """Return a view's result from its object in a journal entry or a worker's message.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: It is none.
    """
    findings = tuple(_finding(*one) for one in view["findings"])
    scores = {str(kind): float(score) for kind, score in view["top_scores"].items()}
    return ViewResult(
        view["view"],
        findings=_bounded(tuple(one for one in findings if _is_finite(one))),
        top_scores={kind: score for kind, score in scores.items() if isfinite(score)},
        missed=str(view["missed"]) or _not_credible(findings, scores),
        picture=str(view["picture"]),
        width_px=int(view["width_px"]),
        height_px=int(view["height_px"]),
        model_ms=float(view["model_ms"]),
    )


def _bounded(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return what fits into the journal of what a worker said."""
    if sum(bool(one.outline) for one in findings) > MOST_OUTLINES:
        findings = tuple(replace(one, outline=()) for one in findings)
    return findings[:MOST_FINDINGS]


def _finding(
    kind: str, score: float, box: Sequence[float], outline: Sequence[Sequence[float]] = ()
) -> Finding:
    x, y, width, height = (float(value) for value in box)
    return Finding(str(kind), float(score), (x, y, width, height), outline_from(outline))


def outline_from(said: Sequence[Sequence[float]]) -> Outline:
    """Return an outline from its corners as entries, messages and records have them.

    Raises:
        TypeError, ValueError: It is none, or has too few or too many corners.
    """
    if said and not LEAST_CORNERS <= len(said) <= MOST_CORNERS:
        raise ValueError(f"an outline of {len(said)} corners")
    return tuple((float(x), float(y)) for x, y in said)


def _is_finite(one: Finding) -> bool:
    return all(map(isfinite, (one.score, *one.box, *chain(*one.outline))))


def _not_credible(findings: Sequence[Finding], scores: Mapping[str, float]) -> str:
    """Return why what the model is said to have seen is no look at the part; empty if it is."""
    if not all(map(_is_finite, findings)) or not all(map(isfinite, scores.values())):
        return "the model's answer is no number"
    if sum(bool(one.outline) for one in findings) > MOST_OUTLINES:
        return f"more than {MOST_OUTLINES} outlines"
    return f"more than {MOST_FINDINGS} findings" if len(findings) > MOST_FINDINGS else ""
