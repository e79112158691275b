"""The audit's plan of each station, cut anew each week from its passed parts. Recorder only.

It is a version of `strata`, so that the records which name it can be explained for ever. Until a
station has run for a day it has none: the line draws its start share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row, and_, func, select
from sqlalchemy.exc import DBAPIError

from inspector.audit.entry import Change
from inspector.domain.audit_sampling import (
    LEAST_PI,
    NEW_DAYS,
    PASSED_SHARES,
    AuditPlan,
    Strata,
    audit_rates,
    cut,
)
from inspector.errors import StoreRefused
from inspector.storage.audit_changes import RECORDER
from inspector.storage.counting import counts_between
from inspector.storage.feedback_schema import packages, versions
from inspector.storage.schema import from_us, parts, to_us
from inspector.storage.sql_audit import AuditLog
from inspector.storage.sql_feedback import add_version

WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
LEAST_SCORES: Final = 500
"""Fewer say nothing of where the highest hundredth begins."""
MOST_SCORES: Final = 50_000
"""Of a fast line's week, every so-manieth: enough for a quantile, read within a second."""


@dataclass(frozen=True, slots=True)
class Model:
    """What judges a station's parts, and when the site first saw it."""

    sha256: str
    since: datetime


class AuditPlanning:
    """Makes the plans that are due; `step` is called again and again.

    Args:
        engine: Of `database.writing`.
        log: A new plan is a change by a policy, and stands in the audit log.
        per_day: How many parts people can look at, by station.
    """

    def __init__(self, engine: Engine, log: AuditLog, per_day: Mapping[str, float]) -> None:
        self._engine, self._log, self._per_day = engine, log, dict(per_day)

    def standing(self) -> dict[str, AuditPlan]:
        """Return the plan in force of each station that has one."""
        with self._engine.connect() as connection:
            rows = {name: _newest(connection, name) for name in self._per_day}
        return {name: _plan_of(row) for name, row in rows.items() if row}

    def step(self, now: datetime) -> bool:
        """Make the plans that are due, and return whether there were any.

        Raises:
            StoreRefused: The database cannot be written now.
        """
        try:
            return sum(self._step(name, now) for name in self._per_day) > 0
        except DBAPIError as error:
            raise StoreRefused(f"the database cannot be written now: {error.orig}") from error

    def _step(self, station: str, now: datetime) -> bool:
        with self._engine.begin() as connection:
            model, before = newest_model(connection, station), _newest(connection, station)
            if model is None:
                return False
            why = self._due(station, model, before, now)
            content = why and self._content(connection, station, model, now)
            if not content:
                return False
            add_version(connection, "strata", station, content, person="", why=why, now=now)
            row = _newest(connection, station)
            self._log.append(connection, [_change(station, before, row, now)])
        return True

    def _due(self, station: str, model: Model, row: Row[Any] | None, now: datetime) -> str:
        """Return why a station needs a new plan, or ""."""
        if row is None:
            return "the first day has passed"
        if row.content["model"] != model.sha256:
            return "another model judges"
        if row.content["per_day"] != self._per_day[station]:
            return "the budget was changed"
        return "a week has passed" if now - from_us(row.at) >= WEEK else ""

    def _content(
        self, connection: Connection, station: str, model: Model, now: datetime
    ) -> dict[str, Any]:
        """Return the plan from the passed parts of up to a week; empty when they are too few."""
        first = select(func.min(parts.c.triggered_at)).where(parts.c.station == station)
        began = max(now - WEEK, from_us(connection.execute(first).scalar_one()))
        passed = counts_between(connection, station, began, now).passed
        if now - began < DAY or not passed:
            return {}
        known = {"model": model.sha256, "per_day": self._per_day[station], "at": now.isoformat()}
        each_day = passed / ((now - began) / DAY)
        days = (now - model.since) / DAY
        scores = _scores(connection, station, model, began, each=1 + passed // MOST_SCORES)
        if days < NEW_DAYS or len(scores) < LEAST_SCORES:
            rate = min(1.0, max(LEAST_PI, self._per_day[station] / each_day))
            return {**known, "limits": [], "pis": [rate]}
        strata = cut(scores, version=0)
        places = np.searchsorted(strata.limits, scores, side="right")
        shares = np.bincount(places, minlength=len(PASSED_SHARES)) / len(scores)
        budget = self._per_day[station]
        pis = audit_rates([*map(float, shares * each_day)], budget, days_since_change=days)
        return {**known, "limits": [*strata.limits], "pis": [*pis]}


def _plan_of(row: Row[Any]) -> AuditPlan:
    return AuditPlan(
        Strata(int(row.version), tuple(row.content["limits"])), tuple(row.content["pis"])
    )


def _newest(connection: Connection, station: str) -> Row[Any] | None:
    column = versions.c
    wanted = select(versions).where(column.kind == "strata", column.name == station)
    return connection.execute(wanted.order_by(column.version.desc()).limit(1)).first()


def newest_model(connection: Connection, station: str) -> Model | None:
    """Return what judged the newest part that was inspected."""
    part, known = parts.c, packages.c
    both = and_(known.name == part.package, known.model_sha256 == part.model_sha256)
    wanted = (
        select(known.model_sha256, known.first_seen_at)
        .join_from(parts, packages, both)
        .where(part.station == station, part.not_inspected == "")
        .order_by(part.triggered_at.desc())
    )
    row = connection.execute(wanted.limit(1)).first()
    return Model(row.model_sha256, from_us(row.first_seen_at)) if row else None


def _scores(
    connection: Connection, station: str, model: Model, since: datetime, *, each: int
) -> NDArray[np.float64]:
    """Return the scores of the model's passed parts, of every so-manieth only."""
    part = parts.c
    wanted = select(part.score).where(
        *(part.station == station, part.triggered_at >= to_us(since), part.verdict == "pass"),
        *(part.model_sha256 == model.sha256, part.score.is_not(None), part.number % each == 0),
    )
    return np.array(connection.execute(wanted).scalars().all(), np.float64)


def _change(station: str, before: Row[Any] | None, row: Row[Any] | None, now: datetime) -> Change:
    told = [{"version": one.version, **one.content} if one else None for one in (before, row)]
    return Change(
        now.isoformat(),
        RECORDER,
        "audit plan",
        f"station {station}",
        station=station,
        before=told[0],
        after=told[1],
        reason=row.why if row else "",
    )
