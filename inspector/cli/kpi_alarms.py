"""What `inspector kpi` tells of alarms: those of the watches, and the rules that came most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from inspector.domain.fatigue import Raised, Rule, noisiest
from inspector.domain.kpi import Window
from inspector.domain.watching.words import Watch


def alarms_as_json(raised: Sequence[Raised], window: Window) -> dict[str, Any]:
    """Return what stands beside the figures in docs/schemas/kpi.json."""
    return {
        "watch_alarms": [_watch_as_json(one) for one in _of_watches(raised)],
        "noisiest_rules": [one.as_json() for one in noisiest(raised, window)],
    }


def alarm_lines(raised: Sequence[Raised], window: Window) -> Iterator[str]:
    """Yield the same for people."""
    watches, rules = _of_watches(raised), noisiest(raised, window)
    yield f"Alarms of the watches: {len(watches) or 'none'}"
    for one in watches:
        yield f"    {_place(one)}, {one.came.isoformat()}, {_state(one)}: {one.text}"
    yield f"Alarms: {len(raised) or 'none'}{'; the rules with the most:' if rules else ''}"
    for rule in rules:
        advice = f": {rule.advice}" if rule.advice else ""
        yield f"    {rule.alarms} × {_place(rule)}, an action after {rule.actions}{advice}"


def _of_watches(raised: Sequence[Raised]) -> list[Raised]:
    return [one for one in raised if one.rule in set(Watch)]


def _place(one: Raised | Rule) -> str:
    return f"{one.rule} at {one.station}" if one.station else one.rule


def _state(one: Raised) -> str:
    ended = "stands" if one.gone is None else f"until {one.gone.isoformat()}"
    return f"{ended}, {'answered' if one.answered else 'nobody has answered'}"


def _watch_as_json(one: Raised) -> dict[str, Any]:
    return {
        "station": one.station,
        "watch": one.rule,
        "text": one.text,
        "came": one.came.isoformat(),
        "gone": one.gone.isoformat() if one.gone else None,
        "answered": one.answered.isoformat() if one.answered else None,
    }
