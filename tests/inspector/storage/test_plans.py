"""What is asked of a year of records goes by indexes: SQLite is asked what it would do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from inspector.domain.kpi import Window
from inspector.domain.record import RecordFilter
from inspector.domain.verdict import Verdict
from inspector.storage.database import database_file
from inspector.storage.sql_judgements import SqlFigures
from tests.databases import put_blank
from tests.journal_entries import START

YEAR = Window(START - timedelta(days=365), START)
Plans = Callable[[Callable[[], object]], dict[str, str]]


@pytest.fixture
def figures(tmp_path: Path) -> Iterator[SqlFigures]:
    put_blank(tmp_path)
    with closing(SqlFigures(database_file(tmp_path))) as figures:
        yield figures


@pytest.fixture
def plans(figures: SqlFigures, tmp_path: Path) -> Iterator[Plans]:
    """Give what returns, by statement, how SQLite goes about each that is asked."""
    asked: dict[str, Any] = {}

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        asked[statement] = values

    def plans_of(ask: Callable[[], object]) -> dict[str, str]:
        asked.clear()
        ask()
        with closing(sqlite3.connect(database_file(tmp_path))) as connection:
            return {
                statement: "; ".join(
                    row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
                )
                for statement, values in asked.items()
                if statement.startswith("SELECT")
            }

    event.listen(figures._engine, "before_cursor_execute", note)
    yield plans_of
    event.remove(figures._engine, "before_cursor_execute", note)


def test_presses_are_few_and_each_looks_up_its_part(figures: SqlFigures, plans: Plans) -> None:
    found = plans(lambda: figures.seen("ring", YEAR))
    of_presses = [plan for asked, plan in found.items() if "FROM verdict_events JOIN" in asked]
    assert len(of_presses) == 3
    for plan in of_presses:
        assert "SCAN verdict_events; SEARCH parts USING INDEX sqlite_autoindex" in plan


def test_the_cells_of_closed_hours_are_added_without_a_loop_over_hours(
    figures: SqlFigures, plans: Plans
) -> None:
    found = plans(lambda: figures.audit_cells("ring", YEAR.since, YEAR.until))
    (plan,) = [plan for asked, plan in found.items() if "FROM cell_counts" in asked]
    within = "SEARCH cell_counts USING PRIMARY KEY (station=? AND began_at>? AND began_at<?)"
    assert plan.startswith(within)
    assert "SEARCH period_counts" in plan.split("LIST SUBQUERY")[1]


def test_what_was_drawn_is_counted_from_its_index_and_its_reviews_alone(
    figures: SqlFigures, plans: Plans
) -> None:
    found = plans(lambda: figures.seen("ring", YEAR))
    (plan,) = [plan for asked, plan in found.items() if "anon_1" in asked]
    assert "SEARCH parts USING COVERING INDEX ix_parts_selected (triggered_at>? AND" in plan
    assert "SEARCH reviews USING INDEX ix_reviews_record (record=?) LEFT-JOIN" in plan
    (plan,) = [
        plan for asked, plan in found.items() if "SELECT reviews.id, reviews.seeded" in asked
    ]
    assert "SEARCH reviews USING INDEX ix_reviews_seeded (seeded=?)" in plan


@pytest.mark.parametrize("station", ["", "ring"])
def test_parts_that_did_not_pass_are_found_among_those_alone(
    figures: SqlFigures, plans: Plans, station: str
) -> None:
    rejects = RecordFilter(station, verdict=Verdict.REJECT, until=START)
    found = {
        **plans(lambda: figures.records(rejects)),
        **plans(lambda: figures.last_rejects(station, 12)),
    }
    of_parts = [plan for asked, plan in found.items() if "FROM parts" in asked]
    assert len(of_parts) == 2
    assert all("ix_parts_not_passed" in plan for plan in of_parts)
