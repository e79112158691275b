"""What alarms ask of people: how many come, which are acted on, and which never end.

An alarm needs somebody's response, otherwise it is none (ISA-18.2). The marks for an operator are
those of EEMUA 191: less than one in ten minutes on average, less than ten at the worst.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from inspector.domain.incidents import Running
from inspector.domain.kpi import Definition, Kpi, Window
from inspector.domain.watching.words import Watch

SLOT: Final = timedelta(minutes=10)
SLOTS_A_DAY: Final = timedelta(days=1) // SLOT
_EPOCH: Final = date(1970, 1, 1).toordinal()
FLOOD: Final = 10
"""Alarms for an operator in ten minutes, from which on nobody keeps up."""
STANDING: Final = timedelta(hours=24)
"""An alarm that stands for so long tells nobody what to do."""
NOISIEST: Final = 10
JUDGED_AFTER: Final = timedelta(days=28)
LEAST_ALARMS: Final = 5
"""A rule with fewer says nothing of itself."""
RARELY, MOSTLY = 0.2, 0.8

ALARM_RATE = Definition(
    "alarm_rate",
    1,
    "Alarms per operator in 10 minutes",
    "alarms / (10 minutes in which parts came or an alarm did × operators)",
    unit="alarms",
)
ALARM_PEAK = Definition(
    "alarm_peak",
    1,
    "Most alarms per operator in 10 minutes",
    "alarms of the worst 10 minutes / operators on that day",
    unit="alarms",
)
ALARM_FLOOD_SHARE = Definition(
    "alarm_flood_share",
    1,
    "Time in alarm flood",
    "10 minutes with 10 alarms or more for an operator / those of `alarm_rate`",
)
ALARM_ACTION_RATE = Definition(
    "alarm_action_rate", 1, "Action rate", "alarms after which somebody noted an action / alarms"
)
STANDING_ALARM_SHARE = Definition(
    "standing_alarm_share", 1, "Standing alarms", "alarms that stood for 24 h or more / alarms"
)
DEFINITIONS = (
    *(ALARM_RATE, ALARM_PEAK, ALARM_FLOOD_SHARE),
    *(ALARM_ACTION_RATE, STANDING_ALARM_SHARE),
)


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that came.

    Attributes:
        station: Empty: of the whole gateway.
        rule: The alarm's name.
        gone: None: it still stands, or it is one that only comes.
        answered: When somebody answered it first.
        acted: Somebody noted what they did.
    """

    station: str
    rule: str
    text: str
    came: datetime
    gone: datetime | None = None
    answered: datetime | None = None
    acted: bool = False

    def stood(self, until: datetime) -> timedelta:
        """Return how long nobody and nothing had ended it, up to a time."""
        return min(filter(None, (self.gone, self.answered, until))) - self.came

    def as_json(self) -> dict[str, Any]:
        """Return it for the API and people's own programs."""
        return {
            "station": self.station,
            "watch": self.rule,
            "text": self.text,
            "came": self.came.isoformat(),
            "gone": self.gone.isoformat() if self.gone else None,
            "answered": self.answered.isoformat() if self.answered else None,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one station, and what its alarms came to.

    Attributes:
        advice: What to do about the rule itself; empty: nothing, or it is too early to say.
    """

    station: str
    rule: str
    alarms: int
    actions: int
    advice: str

    def as_json(self) -> dict[str, Any]:
        """Return it for the API and people's own programs."""
        what = {"station": self.station, "rule": self.rule, "advice": self.advice or None}
        rate = self.actions / self.alarms
        return {**what, "alarms": self.alarms, "actions": self.actions, "action_rate": rate}


def of_watches(raised: Sequence[Raised]) -> tuple[Raised, ...]:
    """Return the alarms of the watches."""
    return tuple(one for one in raised if one.rule in set(Watch))


def alarms_as_json(raised: Sequence[Raised], window: Window) -> dict[str, Any]:
    """Return what stands beside the figures in docs/schemas/kpi.json."""
    return {
        "watch_alarms": [one.as_json() for one in of_watches(raised)],
        "noisiest_rules": [one.as_json() for one in noisiest(raised, window)],
    }


def noisiest(raised: Sequence[Raised], window: Window) -> tuple[Rule, ...]:
    """Return the ten rules with the most alarms, most first."""
    of: dict[tuple[str, str], list[Raised]] = defaultdict(list)
    for one in raised:
        of[one.station, one.rule].append(one)
    ranked = sorted(of.items(), key=lambda item: (-len(item[1]), item[0]))[:NOISIEST]
    long_enough = window.until - window.since >= JUDGED_AFTER
    return tuple(_rule(*key, some, judged=long_enough) for key, some in ranked)


def _rule(station: str, rule: str, some: Sequence[Raised], *, judged: bool) -> Rule:
    actions, advice = sum(one.acted for one in some), ""
    if judged and len(some) >= LEAST_ALARMS:
        if actions < RARELY * len(some):
            advice = "retune or remove it: hardly anybody has to do anything"
        elif actions > MOSTLY * len(some):
            advice = "consider to automate what people do then"
    return Rule(station, rule, len(some), actions, advice)


def alarm_figures(
    raised: Sequence[Raised],
    running: Sequence[Running],
    operators: Mapping[date, int],
    window: Window,
) -> tuple[Kpi, ...]:
    """Return what the alarms of a window asked of people.

    Args:
        raised: Those that came in the window.
        running: When parts came.
        operators: How many people answered alarms, by day (UTC); a day without counts as one.
        window: Of the figures.
    """
    by_slot = Counter(_slot(one.came) for one in raised)
    slots = _slots(running) | by_slot.keys()
    by_day = {day.toordinal() - _EPOCH: people for day, people in operators.items()}
    at_work = {slot: max(1, by_day.get(slot // SLOTS_A_DAY, 0)) for slot in slots}
    flooded = sum(count >= FLOOD * at_work[slot] for slot, count in by_slot.items())
    worst = max(by_slot, key=lambda slot: by_slot[slot] / at_work[slot], default=None)
    peak = (0, 1) if worst is None else (by_slot[worst], at_work[worst])
    method = "operators: who answered an alarm that day, one at least"
    if window.until - window.since < JUDGED_AFTER:
        method += "; to be judged on 30 days"
    stood = sum(one.stood(window.until) >= STANDING for one in raised)
    acted = sum(one.acted for one in raised)
    return (
        Kpi(ALARM_RATE, window, len(raised), sum(at_work.values()), method=method),
        Kpi(ALARM_PEAK, window, *peak, method=method),
        Kpi(ALARM_FLOOD_SHARE, window, flooded, len(slots), method=method),
        Kpi(ALARM_ACTION_RATE, window, acted, len(raised), missing=_none(raised)),
        Kpi(STANDING_ALARM_SHARE, window, stood, len(raised), missing=_none(raised)),
    )


def _none(raised: Collection[Raised]) -> str:
    return "" if raised else "no alarm came in the window"


def _slot(at: datetime) -> int:
    return int(at.timestamp() // SLOT.total_seconds())


def _slots(running: Sequence[Running]) -> set[int]:
    """Return the ten minutes in which parts came at any station."""
    found: set[int] = set()
    for one in running:
        last = _slot(one.stretch.until - timedelta(microseconds=1))
        found.update(range(_slot(one.stretch.since), last + 1))
    return found
