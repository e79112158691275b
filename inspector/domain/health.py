"""States by NAMUR NE 107, worst first, and what a station's state is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

FAILED_AFTER_S = 10.0
"""A station has failed once it was in failure for so long: an orderly stop takes less."""


class State(StrEnum):
    """NE 107 states."""

    FAILURE = "failure"
    """The output is not valid: no part can pass."""
    FUNCTION_CHECK = "function_check"
    """The output is not valid for the moment, by intention: a resync, a golden part."""
    OUT_OF_SPECIFICATION = "out_of_specification"
    """The output is doubtful."""
    MAINTENANCE = "maintenance"
    """Valid; somebody has to act soon."""
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is not as it should be, and what a person can do about it."""

    state: State
    text: str


def worst(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that decides the state; GOOD without text when there is none."""
    order = list(State)
    ranked = sorted(conditions, key=lambda condition: order.index(condition.state))
    return ranked[0] if ranked else Condition(State.GOOD, "")
