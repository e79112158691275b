"""Which parts are audited: by the product's plans and its keyed hash, or quicker by chance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from benchmarks.audited_hours.factory import DAYS_A_WEEK, Day, Flags, Numbers, Plant, Shares
from benchmarks.audited_hours.scores import REJECTS_FROM
from inspector.domain.audit_sampling import (
    SECOND_LOOKS,
    AuditPlan,
    PartKey,
    audit_rates,
    cut,
    gets_second_look,
    key_of_month,
    select,
)
from inspector.domain.auditing import OPERATOR_STRATUM

SITE = "demo"


@dataclass(frozen=True, slots=True)
class Lot:
    """Parts that one plan and one key draw from."""

    station: str
    at: datetime
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Drawn:
    """What stands on the record of each part of a lot."""

    stratum: Numbers
    pi: Shares
    selected: Flags


class Draws(Protocol):
    """A way to draw."""

    def audit(self, plan: AuditPlan, lot: Lot, score: Shares, *, by_operator: bool) -> Drawn:
        """Return which of a lot's passed parts are audited."""

    def second(self, lot: Lot) -> Flags:
        """Return which get a second look, should the audit say OK."""


class KeyedDraws:
    """As the product draws: the keyed hash of each part, a new key each month."""

    def __init__(self, seed: int) -> None:
        self._site_key = hashlib.sha256(f"{seed}".encode()).digest()

    def audit(self, plan: AuditPlan, lot: Lot, score: Shares, *, by_operator: bool) -> Drawn:
        """Return what `select` says of each part."""
        key = key_of_month(self._site_key, lot.at)
        each = [
            select(plan, key, part, one, operator_passed=by_operator)
            for part, one in zip(_keys_of(lot), score.tolist(), strict=True)
        ]
        return Drawn(
            np.array([one.stratum for one in each], np.int64),
            np.array([one.audit_pi for one in each], np.float64),
            np.array([one.selected for one in each], np.bool_),
        )

    def second(self, lot: Lot) -> Flags:
        """Return what `gets_second_look` says of each part."""
        key = key_of_month(self._site_key, lot.at)
        return np.array([gets_second_look(key, part) for part in _keys_of(lot)], np.bool_)


class ChanceDraws:
    """With the same probabilities, but drawn at once: for hundreds of runs."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def audit(self, plan: AuditPlan, lot: Lot, score: Shares, *, by_operator: bool) -> Drawn:
        """Return a draw with the plan's probabilities."""
        count = len(lot.numbers)
        if by_operator:
            stratum, pi = np.full(count, OPERATOR_STRATUM), np.full(count, plan.operator_pi)
        else:
            stratum = np.searchsorted(plan.strata.limits, score, side="right")
            pi = np.array(plan.pis)[stratum]
        return Drawn(stratum.astype(np.int64), pi, self._random.random(count) < pi)

    def second(self, lot: Lot) -> Flags:
        """Return a draw with the product's share of second looks."""
        return self._random.random(len(lot.numbers)) < SECOND_LOOKS


def _keys_of(lot: Lot) -> list[PartKey]:
    return [PartKey(SITE, lot.station, 1, number) for number in lot.numbers.tolist()]


class Planning:
    """One station's plan: cut anew each week by the scores of the parts passed the week before."""

    def __init__(self, plant: Plant, station: str) -> None:
        """Cut the first week by the good parts that the model was measured on."""
        self._plant = plant
        self._plan = self._planned(plant.seen[station].good, week=0)
        self._scores: list[Shares] = []

    def plan_for(self, day: Day) -> AuditPlan:
        """Return what holds on a day; a week's first day cuts anew."""
        week, weekday = divmod(day.number, DAYS_A_WEEK)
        if week and not weekday:
            self._plan = self._planned(np.concatenate(self._scores), week=week)
            self._scores = []
        return self._plan

    def passed(self, score: Shares) -> None:
        """Keep the scores of a day's passed parts for the next cut."""
        self._scores.append(score)

    def _planned(self, scores: Shares, *, week: int) -> AuditPlan:
        known = scores[scores < REJECTS_FROM]
        strata = cut(known, version=1 + week)
        stratum = np.searchsorted(strata.limits, known, side="right")
        shares = np.bincount(stratum, minlength=len(strata.limits) + 1) / len(known)
        passed = self._plant.parts_per_day * (1 - self._plant.defect_rate) * shares
        audits = self._plant.audits_per_day
        return AuditPlan(strata, audit_rates(passed.tolist(), audits, days_since_change=7 * week))
