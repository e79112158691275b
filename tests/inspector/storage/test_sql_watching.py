"""What the watches read: whole hours with late parts, a part each half minute, judged audits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from inspector.domain.periods import Shifts
from inspector.domain.watching.live import Watched, beyond_now
from inspector.storage.closing import GRACE, Closing
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.sql_feedback import Review, add_review, add_version
from inspector.storage.sql_watching import DAY_US, SqlWatching
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import Entry, decided, judged, numbered

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def watching(data: Path, server: Server | None) -> Iterator[SqlWatching]:
    opened = SqlWatching(server or database_file(data))
    yield opened
    opened.close()


class Site:
    """Records parts and counts their hours, as the recorder does."""

    def __init__(self, store: SqlStore, engine: Engine) -> None:
        self.store, self.engine, self.number = store, engine, 0

    def parts(self, at: datetime, *verdicts: str, **changes: Any) -> list[str]:
        """Record parts a second apart; return their records."""
        entries: list[Entry] = []
        first = self.number
        for n, verdict in enumerate(verdicts):
            self.number += 1
            when = (at + n * timedelta(seconds=1)).isoformat()
            known = {"triggered_at": when, "at": when, "score": 0.25, **changes}
            entries += [judged(self.number, verdict, **known), decided(self.number, at=when)]
        self.store.apply("ring-1", numbered(entries, 2 * first), offset=self.number, now=at)
        return [f"ring-{n:06d}" for n in range(first + 1, self.number + 1)]

    def close(self, now: datetime) -> None:
        """Count what has closed by then."""
        closing = Closing(self.engine, Shifts(ZoneInfo("UTC")))
        while closing.step(now + GRACE):
            pass

    def judge(self, record: str, word: str, at: datetime) -> None:
        with self.engine.begin() as connection:
            review = Review(record, "audit", word, "quin", record=record)
            add_review(connection, review, at)


@pytest.fixture
def site(store: SqlStore, engine: Engine) -> Site:
    return Site(store, engine)


def rows(seen: Watched) -> list[tuple[int, int, int]]:
    hours = seen.hours
    first = int(START.timestamp()) * 1_000_000 // DAY_US
    return [
        (int(day) - first, int(parts), int(rejected))
        for day, parts, rejected in zip(hours.day, hours.parts, hours.rejected, strict=True)
    ]


def asked(watching: SqlWatching, now: datetime, *, whole_days: bool = False) -> Watched:
    return watching.seen("ring", now + GRACE, whole_days=whole_days)


def test_an_empty_site_has_nothing_to_watch(watching: SqlWatching) -> None:
    seen = asked(watching, START, whole_days=True)
    assert (rows(seen), seen.scores, seen.audits) == ([], [], [])
    assert set(beyond_now(seen, 135.0).values()) == {""}


def test_an_hour_counts_what_was_inspected_and_the_one_that_runs_is_not_there(
    site: Site, watching: SqlWatching
) -> None:
    site.parts(START, "pass", "reject", "unknown", "pass")
    site.parts(START + DAY + HOUR, "pass", "pass")
    site.parts(START + DAY + 2 * HOUR, "reject")
    now = START + DAY + 2.5 * HOUR
    site.close(now)
    assert rows(asked(watching, now)) == [(0, 3, 1), (1, 2, 0)]
    assert asked(watching, now).open_day == int((START + DAY).timestamp()) * 1_000_000 // DAY_US


def test_parts_that_come_late_are_in_their_hour_before_and_after_it_is_counted_again(
    site: Site, watching: SqlWatching
) -> None:
    site.parts(START, "pass", "pass")
    now = START + 2 * HOUR
    site.close(now)
    assert rows(asked(watching, now)) == [(0, 2, 0)]
    site.parts(START + 0.5 * HOUR, "reject")
    assert rows(asked(watching, now)) == [(0, 3, 1)]
    site.close(now)
    assert rows(asked(watching, now)) == [(0, 3, 1)]


def test_hours_behind_a_clock_that_was_set_back_are_not_of_the_last_weeks(
    site: Site, watching: SqlWatching
) -> None:
    site.parts(START, "pass")
    site.parts(START + 300 * DAY, "reject")
    site.close(START + 301 * DAY)
    assert rows(asked(watching, START + DAY)) == [(0, 1, 0)]
    assert rows(asked(watching, START + 301 * DAY)) == [(300, 1, 1)]


def test_another_model_is_watched_from_its_first_whole_hour(
    site: Site, watching: SqlWatching
) -> None:
    site.parts(START, "pass")
    site.parts(START + 1.5 * HOUR, "reject", model_sha256="c" * 64)
    site.parts(START + 2 * HOUR, "pass", "pass", model_sha256="c" * 64)
    now = START + 3 * HOUR
    site.close(now)
    assert rows(asked(watching, now)) == [(0, 2, 0)]


def test_hours_that_another_model_judged_here_are_not_of_the_last_weeks(
    site: Site, watching: SqlWatching
) -> None:
    new = {"model_sha256": "c" * 64}
    site.parts(START, "pass", **new)  # the site has seen it, and goes on with the other one
    site.parts(START + HOUR, "reject")
    site.parts(START + 2 * HOUR, "reject")
    site.parts(START + 2.5 * HOUR, "pass", **new)
    site.parts(START + 3 * HOUR, "pass", "pass", **new)
    now = START + 4 * HOUR
    site.close(now)
    assert rows(asked(watching, now)) == [(0, 1, 0), (0, 2, 0)]


def test_scores_are_one_of_each_half_minute_of_the_days_that_are_over(
    site: Site, watching: SqlWatching
) -> None:
    site.parts(START, *["unknown"] * 2, score=None)
    site.parts(START + timedelta(seconds=2), *["pass"] * 40, score=0.5)
    site.parts(START + timedelta(seconds=90), "reject", score=0.75)
    site.parts(START + 5 * HOUR, "pass", station="board", score=0.9)
    site.parts(START + DAY, "pass", score=0.1)
    now = START + DAY + 3 * HOUR
    site.close(now)
    assert asked(watching, now).scores is None
    ((day, scores),) = asked(watching, now, whole_days=True).scores or ()
    assert day == int(START.timestamp()) * 1_000_000 // DAY_US
    assert scores.tolist() == [0.5, 0.5, 0.75]


DRAWN = {"selected": True, "audit_pi": 0.5, "strata_version": 1, "audit_key": "k"}


def test_audits_are_those_that_were_drawn_and_judged_by_day_and_stratum(
    site: Site, watching: SqlWatching, engine: Engine
) -> None:
    plan = {"limits": [0.2], "pis": [0.1, 0.1]}
    with engine.begin() as connection:
        add_version(connection, "strata", "ring", plan, person="", why="w", now=START)
    low = site.parts(START, *["pass"] * 3, stratum=0, **DRAWN)
    high = site.parts(START + HOUR, *["pass"] * 2, stratum=1, **DRAWN)
    (other,) = site.parts(START + HOUR, "pass", stratum=1, **{**DRAWN, "selected": False})
    (second,) = site.parts(START + DAY, "pass", stratum=0, **DRAWN)
    for record, word in ((low[0], "OK"), (low[1], "NOK"), (high[0], "OK"), (other, "NOK")):
        site.judge(record, word, START + 3 * HOUR)
    site.judge(second, "OK", START + 2 * DAY)
    now = START + 2 * DAY + HOUR
    site.close(now)
    found = asked(watching, now, whole_days=True).audits or ()
    assert [(one.audited.tolist(), one.found.tolist()) for one in found] == [
        ([2, 1], [1, 0]),
        ([1, 0], [0, 0]),
    ]
    before = asked(watching, START + DAY + HOUR, whole_days=True).audits or ()
    assert len(before) == 1, "of a day that is not over nothing is taken"


def test_audits_from_other_strata_say_nothing_of_these(
    site: Site, watching: SqlWatching, engine: Engine
) -> None:
    with engine.begin() as connection:
        for limits in ([], [0.2, 0.4]):
            plan = {"limits": limits, "pis": [0.1] * (len(limits) + 1)}
            add_version(connection, "strata", "ring", plan, person="", why="w", now=START)
    for day, version in enumerate((0, 1, 2, 2)):
        drawn = {**DRAWN, "strata_version": version}
        (record,) = site.parts(START + day * DAY, "pass", stratum=0, **drawn)
        site.judge(record, "OK", START + day * DAY + HOUR)
    found = asked(watching, START + 5 * DAY, whole_days=True).audits or ()
    assert [one.audited.tolist() for one in found] == [[1, 0, 0], [1, 0, 0]]


def test_scores_are_those_of_the_model_that_judges_now(site: Site, watching: SqlWatching) -> None:
    site.parts(START, "pass", model_sha256="c" * 64)
    site.parts(START + DAY, "pass", score=0.75, model_sha256="d" * 64)
    now = START + 3 * DAY
    site.parts(START + 2 * DAY, "pass", score=0.5, model_sha256="c" * 64)
    site.close(now)
    found = asked(watching, now, whole_days=True).scores or ()
    assert [scores.tolist() for _, scores in found] == [[0.25], [0.5]]
