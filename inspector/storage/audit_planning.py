"""The audit's plan of each station, cut anew each week from its passed parts. Recorder only.

It is a version of `strata`, so that the records which name it can be explained for ever. Until a
station has run for a day it has none: the line draws its start share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
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

LOOK_EACH: Final = timedelta(minutes=1)
WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
LEAST_SCORES: Final = 500
"""Fewer say nothing of where the highest hundredth begins."""
MOST_SCORES: Final = 50_000
"""Of a fast line's week, every so-manieth: enough for a quantile, read within a second."""
_FIRST_SETUP: Final = 1
"""Recipe and cameras when they were first noted: they may be older than that."""


@dataclass(frozen=True, slots=True)
class AuditedStation:
    """What the settings say of a station, as far as its audit goes.

    Attributes:
        per_day: How many of its parts people can look at.
        setup: Its recipe and its cameras: scores that others gave say nothing of theirs.
    """

    per_day: float
    setup: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """What judges a station's parts, and when the site first saw it."""

    sha256: str
    since: datetime


@dataclass(frozen=True, slots=True)
class _Judge:
    """What judges a station's parts, and since when all of it is there.

    Attributes:
        model: SHA-256.
        setup: Version of recipe and cameras.
    """

    model: str
    setup: int
    since: datetime


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plan that is due, not written yet."""

    station: str
    content: dict[str, Any]
    why: str


class AuditPlanning:
    """Makes the plans that are due; `step` is called again and again, and waits for nothing.

    Args:
        engine: Of `database.writing`.
        reading: Of `database.reading`: a week of scores is read on a connection of its own.
        pool: With a thread for that.
        log: A new plan is a change by a policy, and stands in the audit log.
        stations: By name.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        reading: Engine,
        pool: Executor,
        log: AuditLog,
        stations: Mapping[str, AuditedStation],
    ) -> None:
        self._engine, self._reading, self._pool, self._log = engine, reading, pool, log
        self._stations = dict(stations)
        self._drafts: Future[list[_Draft]] | None = None
        self._looked: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Note recipe and cameras of each station, where they are not those of the last start."""
        with self._engine.begin() as connection:
            for name, station in self._stations.items():
                content = dict(station.setup)
                why = "found at the start"
                add_version(connection, "recipe", name, content, person="", why=why, now=now)

    def standing(self) -> dict[str, AuditPlan]:
        """Return the plan in force of each station that has one."""
        with self._engine.connect() as connection:
            rows = {name: _newest(connection, "strata", name) for name in self._stations}
        return {name: _plan_of(row) for name, row in rows.items() if row}

    def step(self, now: datetime) -> bool:
        """Look for plans that are due, or write those that were found; return whether it wrote.

        Raises:
            StoreRefused: The database cannot be read or written now.
        """
        if self._drafts is None and self._is_time(now):
            self._looked = now
            self._drafts = self._pool.submit(self._due_plans, now)
        if self._drafts is None or not self._drafts.done():
            return False
        done, self._drafts = self._drafts, None
        try:
            return self._write(done.result(), now)
        except DBAPIError as error:
            raise StoreRefused(f"the database cannot be written now: {error.orig}") from error

    def _is_time(self, now: datetime) -> bool:
        return self._looked is None or abs(now - self._looked) >= LOOK_EACH  # a clock can be set

    def _write(self, drafts: Sequence[_Draft], now: datetime) -> bool:
        for one in drafts:
            with self._engine.begin() as connection:
                before = _newest(connection, "strata", one.station)
                what = "strata", one.station, one.content
                add_version(connection, *what, person="", why=one.why, now=now)
                row = _newest(connection, "strata", one.station)
                self._log.append(connection, [_change(one.station, before, row, now)])
        return bool(drafts)

    def _due_plans(self, now: datetime) -> list[_Draft]:
        """Return the plans that are due; in a thread of its own."""
        drafts = []
        for name, station in self._stations.items():
            with self._reading.connect() as connection:
                judge = _judge(connection, name)
                row = _newest(connection, "strata", name)
                why = judge and _due(station, judge, row, now)
                if judge and why and (content := _content(connection, name, station, judge, now)):
                    drafts.append(_Draft(name, content, why))
        return drafts


def _due(station: AuditedStation, judge: _Judge, row: Row[Any] | None, now: datetime) -> str:
    """Return why a station needs a new plan, or ""."""
    if row is None:
        return "the first day has passed"
    if row.content["model"] != judge.model:
        return "another model judges"
    if row.content.get("setup", _FIRST_SETUP) != judge.setup:
        return "another recipe or camera"
    if row.content["per_day"] != station.per_day:
        return "the budget was changed"
    return "a week has passed" if now - from_us(row.at) >= WEEK else ""


def _content(
    connection: Connection, name: str, station: AuditedStation, judge: _Judge, now: datetime
) -> dict[str, Any]:
    """Return the plan from the passed parts of up to a week; empty when they are too few."""
    first = select(func.min(parts.c.triggered_at)).where(parts.c.station == name)
    began = max(now - WEEK, from_us(connection.execute(first).scalar_one()))
    passed = counts_between(connection, name, began, now).passed
    if now - began < DAY or not passed:
        return {}
    known = {"model": judge.model, "setup": judge.setup, "per_day": station.per_day}
    known["at"] = now.isoformat()
    each_day = passed / ((now - began) / DAY)
    days = (now - judge.since) / DAY
    since = max(began, judge.since)
    few = days < NEW_DAYS
    scores = () if few else _scores(connection, name, judge.model, since, 1 + passed // MOST_SCORES)
    if len(scores) < LEAST_SCORES:
        rate = min(1.0, max(LEAST_PI, station.per_day / each_day))
        return {**known, "limits": [], "pis": [rate]}
    strata = cut(np.asarray(scores), version=0)
    places = np.searchsorted(strata.limits, scores, side="right")
    shares = np.bincount(places, minlength=len(PASSED_SHARES)) / len(scores)
    pis = audit_rates([*map(float, shares * each_day)], station.per_day, days_since_change=days)
    return {**known, "limits": [*strata.limits], "pis": [*pis]}


def _plan_of(row: Row[Any]) -> AuditPlan:
    return AuditPlan(
        Strata(int(row.version), tuple(row.content["limits"])), tuple(row.content["pis"])
    )


def _newest(connection: Connection, kind: str, station: str) -> Row[Any] | None:
    column = versions.c
    wanted = select(versions).where(column.kind == kind, column.name == station)
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


def _judge(connection: Connection, station: str) -> _Judge | None:
    model = newest_model(connection, station)
    if model is None:
        return None
    setup = _newest(connection, "recipe", station)
    if setup is None or setup.version == _FIRST_SETUP:
        return _Judge(model.sha256, _FIRST_SETUP, model.since)
    return _Judge(model.sha256, setup.version, max(model.since, from_us(setup.at)))


def _scores(
    connection: Connection, station: str, model: str, since: datetime, each: int
) -> NDArray[np.float64]:
    """Return the scores of the model's passed parts, of every so-manieth only."""
    part = parts.c
    wanted = select(part.score).where(
        *(part.station == station, part.triggered_at >= to_us(since), part.verdict == "pass"),
        *(part.model_sha256 == model, part.score.is_not(None), part.number % each == 0),
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
