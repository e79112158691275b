"""What `inspector kpi` tells of alarms: those of the watches, and the rules that came most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.domain.fatigue import Raised, Rule, noisiest, of_watches
from inspector.domain.kpi import Window


def alarm_lines(raised: Sequence[Raised], window: Window) -> Iterator[str]:
    """Yield, for people, what `fatigue.alarms_as_json` returns."""
    watches, rules = of_watches(raised), noisiest(raised, window)
    yield f"Alarms of the watches: {len(watches) or 'none'}"
    for one in watches:
        yield f"    {_place(one)}, {one.came.isoformat()}, {_state(one)}: {one.text}"
    yield f"Alarms: {len(raised) or 'none'}{'; the rules with the most:' if rules else ''}"
    for rule in rules:
        advice = f": {rule.advice}" if rule.advice else ""
        yield f"    {rule.alarms} × {_place(rule)}, an action after {rule.actions}{advice}"


def _place(one: Raised | Rule) -> str:
    return f"{one.rule} at {one.station}" if one.station else one.rule


def _state(one: Raised) -> str:
    ended = "stands" if one.gone is None else f"until {one.gone.isoformat()}"
    return f"{ended}, {'answered' if one.answered else 'nobody has answered'}"
