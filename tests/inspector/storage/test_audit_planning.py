"""The audit's plans follow what passed, and each is a version that stands in the audit log."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from inspector.domain.audit_sampling import BUDGET_SHARES
from inspector.storage.audit_planning import AuditPlanning
from inspector.storage.schema import audit
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import Entry, judged, numbered

DAY = timedelta(days=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
PER_DAY = 50


@pytest.fixture
def planning(engine: Engine) -> AuditPlanning:
    return AuditPlanning(engine, a_log(), {"ring": PER_DAY, "board": PER_DAY})


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
    assert not planning.step(START + 2 * DAY), "it holds for a week"


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
    told = [entry for entry in entries if entry["action"] == "audit plan"]
    assert [entry["after"]["version"] for entry in told] == [1, 2]
    assert [entry["reason"] for entry in told] == ["the first day has passed", "a week has passed"]
    assert told[1]["before"]["version"] == 1


def test_another_model_or_budget_has_a_plan_of_its_own_at_once(
    planning: AuditPlanning, store: SqlStore, engine: Engine
) -> None:
    days(store, 0, 9)
    planning.step(START + 9 * DAY)
    before = planning.standing()["ring"].pis
    assert len(before) == 4
    more = AuditPlanning(engine, a_log(), {"ring": 2 * PER_DAY})
    assert more.step(START + 9 * DAY)
    assert more.standing()["ring"].pis[0] == pytest.approx(2 * before[0], rel=0.2)
    days(store, 9, 10, model="c")
    assert more.step(START + 10 * DAY)
    assert more.standing()["ring"].strata.limits == ()
    assert more.standing()["ring"].strata.version == 3
