"""The audit's plans follow what passed, and each is a version that stands in the audit log."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from inspector.domain.audit_sampling import BUDGET_SHARES
from inspector.storage.audit_planning import AuditedStation, AuditPlanning
from inspector.storage.audit_rows import RowCheck
from inspector.storage.database import database_file, reading
from inspector.storage.postgres import Server
from inspector.storage.schema import audit
from inspector.storage.sql_audit import entries as log_entries
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import Entry, judged, numbered

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
PER_DAY = 50


class AtOnce(Executor):
    """Works in the thread that asks."""

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*args, **kwargs))
        return done


class Later(AtOnce):
    """Has not worked yet when it is asked first."""

    def __init__(self) -> None:
        self.works: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.works.append((Future(), lambda: work(*args, **kwargs)))
        return self.works[-1][0]

    def do(self) -> None:
        for future, work in self.works:
            future.set_result(work())


Make = Callable[..., AuditPlanning]


@pytest.fixture
def make(engine: Engine, data: Path, server: Server | None) -> Iterator[Make]:
    """Plan as after a start of the recorder with these settings."""
    beside = reading(server or database_file(data))

    def made(
        now: datetime = START, pool: Executor | None = None, per_day: float = PER_DAY, **setup: str
    ) -> AuditPlanning:
        station = AuditedStation(per_day, {"recipe": "standard", "camera": "A", **setup})
        stations = {"ring": station, "board": station}
        planning = AuditPlanning(
            engine, reading=beside, pool=pool or AtOnce(), log=a_log(), stations=stations
        )
        planning.begin(now)
        return planning

    yield made
    beside.dispose()


@pytest.fixture
def planning(make: Make) -> AuditPlanning:
    return make()


def days(store: SqlStore, first: int, last: int, *, model: str = "b", each: int = 500) -> None:
    """Record so many passed parts a day at one station."""
    dice, step = random.Random(first), DAY / each
    entries: list[Entry] = []
    for n in range(first * each, last * each):
        at = (START + n * step).isoformat()
        seen: dict[str, Any] = {"model_sha256": model * 64, "score": round(dice.random() ** 4, 4)}
        entries.append(judged(n, triggered_at=at, at=at, **seen))
    store.apply("ring-1", numbered(entries, first * each), offset=last, now=START + last * DAY)


def test_in_its_first_day_a_station_has_no_plan(planning: AuditPlanning, store: SqlStore) -> None:
    assert not planning.step(START)
    days(store, 0, 1)
    assert not planning.step(START + 0.9 * DAY)
    assert planning.standing() == {}


def test_a_new_model_has_one_stratum_at_the_rate_that_spends_the_budget(
    planning: AuditPlanning, store: SqlStore
) -> None:
    days(store, 0, 2)
    assert planning.step(START + 2 * DAY)
    plan = planning.standing()["ring"]
    assert (plan.strata.version, plan.strata.limits) == (1, ())
    assert list(plan.pis) == pytest.approx([PER_DAY / 500], rel=0.01)
    assert not planning.step(START + 3 * DAY), "it holds for a week"


def test_strata_are_cut_each_week_and_stand_in_the_audit_log(
    planning: AuditPlanning, store: SqlStore, engine: Engine
) -> None:
    days(store, 0, 2)
    planning.step(START + 2 * DAY)
    days(store, 2, 9)
    assert planning.step(START + 9 * DAY)
    plan = planning.standing()["ring"]
    assert plan.strata.version == 2
    assert plan.strata.limits == pytest.approx((0.8**4, 0.95**4, 0.99**4), rel=0.1)
    passed = [0.8 * 500, 0.15 * 500, 0.04 * 500, 0.01 * 500]
    spent = [pi * n for pi, n in zip(plan.pis, passed, strict=True)]
    assert spent == pytest.approx([share * PER_DAY for share in BUDGET_SHARES], rel=0.1)
    with engine.connect() as connection:
        entries = [json.loads(body) for body in connection.execute(select(audit.c.body)).scalars()]
        wrong: list[object] = []
        assert list(RowCheck(connection, wrong.append).along(log_entries(connection)))
    assert wrong == [], "each entry says what its version does"
    told = [entry for entry in entries if entry["action"] == "audit plan"]
    assert [entry["after"]["version"] for entry in told] == [1, 2]
    assert [entry["reason"] for entry in told] == ["the first day has passed", "a week has passed"]
    assert told[1]["before"]["version"] == 1


def test_another_model_or_budget_has_a_plan_of_its_own_at_once(
    planning: AuditPlanning, store: SqlStore, make: Make
) -> None:
    days(store, 0, 9)
    planning.step(START + 9 * DAY)
    before = planning.standing()["ring"].pis
    assert len(before) == 4
    more = make(START + 9 * DAY, per_day=2 * PER_DAY)
    assert more.step(START + 9 * DAY)
    assert more.standing()["ring"].pis[0] == pytest.approx(2 * before[0], rel=0.2)
    days(store, 9, 10, model="c")
    assert more.step(START + 10 * DAY)
    assert more.standing()["ring"].strata.limits == ()
    assert more.standing()["ring"].strata.version == 3


@pytest.mark.parametrize("other", [{"recipe": "new cap"}, {"camera": "B"}])
def test_another_recipe_or_camera_begins_the_week_of_one_stratum_anew(
    make: Make, store: SqlStore, other: dict[str, str]
) -> None:
    days(store, 0, 9)
    assert make().step(START + 9 * DAY)
    assert not make().step(START + 10 * DAY), "a restart alone is no change"
    changed = make(START + 10 * DAY, **other)
    assert changed.step(START + 10 * DAY)
    plan = changed.standing()["ring"]
    assert (plan.strata.version, plan.strata.limits) == (2, ())
    days(store, 9, 17)
    assert changed.step(START + 17.5 * DAY)
    assert len(changed.standing()["ring"].strata.limits) == 3, "then its score is known"


def test_nothing_waits_for_a_week_of_scores(make: Make, store: SqlStore) -> None:
    days(store, 0, 9)
    pool = Later()
    planning = make(pool=pool)
    assert not planning.step(START + 9 * DAY)
    assert not planning.step(START + 9 * DAY + MINUTE), "one look at a time"
    pool.do()
    assert len(pool.works) == 1
    assert planning.step(START + 9 * DAY + MINUTE)
    assert "ring" in planning.standing()


def test_while_no_plan_is_due_nothing_is_written(
    planning: AuditPlanning, store: SqlStore, engine: Engine
) -> None:
    days(store, 0, 2)
    assert planning.step(START + 2 * DAY)
    began: list[object] = []
    event.listen(engine, "begin", began.append)
    for minutes in range(10):
        assert not planning.step(START + 2 * DAY + minutes * MINUTE)
    assert began == []
