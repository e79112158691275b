"""What happens to a day's parts: passed, audited, overridden, shipped, found later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.audited_hours.drawing import Drawn, Draws, Lot, Planning
from benchmarks.audited_hours.factory import Day, Flags, Numbers, Parts, Plant, days_of, made
from benchmarks.audited_hours.people import (
    GOOD,
    Chain,
    People,
    Said,
    audited,
    found_later,
    reviewed,
)
from inspector.domain.audit_sampling import AuditPlan

SEEDS_STATION = "seeds"
"""Seeded defects draw their second looks beside the parts' sequence."""


@dataclass(frozen=True, slots=True)
class Audits:
    """The audit of some passed parts.

    Attributes:
        rows: Which of the day's parts could be drawn.
        drawn: One entry for each of them.
        looked: Which of the day's parts were drawn.
        chain: What was said, one entry for each that was drawn.
        bad: The truth of `rows`.
    """

    rows: Numbers
    drawn: Drawn
    looked: Numbers
    chain: Chain
    bad: Flags


@dataclass(frozen=True, slots=True)
class Shift:
    """A station's day with all that people said.

    Attributes:
        by_model: Audits of the parts that the model passed.
        by_operator: Of those that it rejected and an operator passed.
        rejected: Which of the day's parts the model rejected.
        review: The operator's word on each of them.
        later_days: For each part, days until it is found bad downstream; infinite: never.
    """

    parts: Parts
    by_model: Audits
    by_operator: Audits
    rejected: Numbers
    review: Said
    later_days: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactoryDay:
    """All stations' day, and the seeded defects of that day."""

    day: Day
    shifts: tuple[Shift, ...]
    seeds: Chain


@dataclass(frozen=True, slots=True)
class Chance:
    """Where parts, people's errors and draws come from; each its own stream."""

    parts: np.random.Generator
    people: np.random.Generator
    draws: Draws


def factory_days(plant: Plant, people: People, chance: Chance) -> Iterator[FactoryDay]:
    """Yield the days of the factory, in order."""
    planning: Mapping[str, Planning] = {name: Planning(plant, name) for name in plant.seen}
    for day in days_of(plant):
        shifts = []
        for station, plans in planning.items():
            parts = made(plant, station, day, chance.parts)
            shifts.append(_shift(parts, plans.plan_for(day), people, chance))
            plans.passed(parts.score[parts.passed])
        yield FactoryDay(day, tuple(shifts), _seeds(plant, day, people, chance))


def _shift(parts: Parts, plan: AuditPlan, people: People, chance: Chance) -> Shift:
    rejected = np.flatnonzero(~parts.passed)
    review = reviewed(people, chance.people, parts.bad[rejected])
    by_model = _audits(parts, np.flatnonzero(parts.passed), plan, people, chance)
    overridden = rejected[review == GOOD]
    by_operator = _audits(parts, overridden, plan, people, chance, by_operator=True)
    return Shift(
        *(parts, by_model, by_operator, rejected, review),
        later_days=_later(parts, by_model, by_operator, people, chance),
    )


def _audits(
    parts: Parts,
    rows: Numbers,
    plan: AuditPlan,
    people: People,
    chance: Chance,
    *,
    by_operator: bool = False,
) -> Audits:
    lot = Lot(parts.station, parts.day.begins, parts.numbers[rows])
    drawn = chance.draws.audit(plan, lot, parts.score[rows], by_operator=by_operator)
    looked = rows[drawn.selected]
    second = chance.draws.second(Lot(lot.station, lot.at, parts.numbers[looked]))
    chain = audited(people, chance.people, parts.bad[looked], second)
    return Audits(rows, drawn, looked, chain, parts.bad[rows])


def _later(
    parts: Parts, by_model: Audits, by_operator: Audits, people: People, chance: Chance
) -> NDArray[np.float64]:
    """Return when parts are found downstream: bad ones that went out, and no audit pulled."""
    out = np.zeros(len(parts.bad), np.bool_)
    for audits in (by_model, by_operator):
        out[audits.rows] = audits.bad
        out[audits.looked[audits.chain.found]] = False
    return found_later(people, chance.people, out)


def _seeds(plant: Plant, day: Day, people: People, chance: Chance) -> Chain:
    """Return what the same chain says of the day's seeded defects."""
    first = 1 + day.number * plant.seeds_per_day
    numbers = np.arange(first, first + plant.seeds_per_day)
    second = chance.draws.second(Lot(SEEDS_STATION, day.begins, numbers))
    return audited(people, chance.people, np.ones(len(numbers), np.bool_), second)
