"""A picture to be judged as the API shows it: blind or with all that was said."""

from __future__ import annotations

from typing import Final

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.record import Record, VerdictEvent
from web.services import Claimed, Json, StationCard

BLIND_WAIT_MS: Final = 800
"""A blind picture cannot be answered earlier: a forced look halves what is missed."""
MOST_KINDS: Final = 7


def item(claimed: Claimed, record: Record, card: StationCard | None) -> Json:
    """Return what a screen may know of a picture before it is answered.

    A blind one has its pictures and the words to choose from, and nothing that was ever said of
    it, nor anything that would find that elsewhere: no record, number, time or kind of look.
    """
    queue = claimed.queue
    blind: Json = {
        "claim": claimed.id,
        "queue": queue.value,
        "blind": queue.is_blind,
        "wait_ms": BLIND_WAIT_MS if queue.is_blind else 0,
        "title": card.title if card else record.station,
        "kinds": sorted(card.limits)[:MOST_KINDS] if card else [],
        "views": [_view(view) for view in record.views if view.picture],
    }
    return blind if queue.is_blind else blind | _told(record, card)


def _told(record: Record, card: StationCard | None) -> Json:
    limits = card.limits if card else {}
    return {
        "record": record.id,
        "number": record.number,
        "triggered_at": record.triggered_at.isoformat(),
        "verdict": record.verdict.name.lower(),
        "outcome": record.outcome,
        "findings": [
            _finding(view, finding, limits.get(finding.kind))
            for view in record.views
            for finding in view.findings
        ],
        "words": [_word(event) for event in record.events if event.kind != "latched"],
    }


def _view(view: ViewResult) -> Json:
    return {
        "view": view.view,
        "picture": f"/pictures/{view.picture}",
        "width_px": view.width_px,
        "height_px": view.height_px,
    }


def _finding(view: ViewResult, finding: Finding, limit: float | None) -> Json:
    return {
        "view": view.view,
        "kind": finding.kind,
        "score": finding.score,
        "limit": limit,
        "box": list(finding.box),
        "outline": [list(corner) for corner in finding.outline] or None,
    }


def _word(event: VerdictEvent) -> Json:
    return {
        "verdict": event.verdict.name.lower(),
        "by": event.person_name,
        "at": event.at.isoformat(),
        "late": event.kind == "correction",
    }
