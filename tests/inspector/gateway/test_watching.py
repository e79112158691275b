"""The watches look once an hour, in a process of their own, and the line shows what they say."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, insert

from inspector.config.loading import load_site
from inspector.config.site import Site, save_site
from inspector.domain.health import Condition, State
from inspector.domain.watching.words import Watch
from inspector.errors import StoreRefused
from inspector.gateway.watch_file import WatchFile, write_watched
from inspector.gateway.watches_process import watched
from inspector.gateway.watching import LookFailed, ProcessLook, Watching
from inspector.ipc import Runtime
from inspector.storage.closing import GRACE
from inspector.storage.database import writing
from inspector.storage.feedback_schema import COUNTED, period_counts
from inspector.storage.schema import to_us
from inspector.storage.sql_writing import SqlStore
from inspector.storage.watch_alarms import Key, WatchAlarms
from tests.auditing import a_log
from tests.databases import put_blank
from tests.faults.running import copied_site
from tests.journal_entries import judged, numbered

START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
REJECTS = ("ring", Watch.REJECTS)
SAID = {"ring": (Condition(State.MAINTENANCE, "rejects rise"),)}


class FakeLook:
    def __init__(self) -> None:
        self.result: Mapping[Key, str] | Exception | None = None

    def found(self) -> Mapping[Key, str] | None:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Bench:
    """A `Watching` at the recorder's clock, whose looks end when a test says so."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self.alarms = WatchAlarms(engine, ("ring",))
        self.looks: list[FakeLook] = []
        self.whole_days: list[bool] = []
        self.refuses = False
        self.watching = Watching(self.alarms, self._look, file)
        self.shown = WatchFile(file)

    def _look(self, whole_days: bool) -> FakeLook:
        if self.refuses:
            raise BlockingIOError("no process")
        self.whole_days.append(whole_days)
        self.looks.append(FakeLook())
        return self.looks[-1]

    def step(self, hours: float, *, counted: bool = True) -> None:
        self.watching.step(START + hours * HOUR + GRACE, counted=counted)

    def hour(self, hour: int, found: Mapping[Key, str] | Exception) -> None:
        """Let an hour end, and the look at it."""
        self.step(hour)
        self.looks[-1].result = found
        self.step(hour + 0.01)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    put_blank(tmp_path)
    with writing(tmp_path) as engine:
        return Bench(engine, tmp_path / "watched.json")


def test_a_look_comes_with_each_hour_that_has_closed_and_been_counted(bench: Bench) -> None:
    for minutes in range(0, 60, 10):
        bench.step(minutes / 60)
    assert bench.looks == [], "what stood at the start stands in the database"
    bench.step(1, counted=False)
    assert bench.looks == []
    bench.step(1.01)
    bench.step(1.5)
    assert len(bench.looks) == 1
    bench.step(2)
    assert len(bench.looks) == 1, "the one before still looks"
    bench.looks[0].result = {}
    bench.step(2.1)
    assert len(bench.looks) == 2


def test_scores_and_audits_are_looked_at_once_a_day(bench: Bench) -> None:
    bench.step(20)
    for hour in range(21, 27):
        bench.hour(hour, {})
    assert bench.whole_days == [True, False, False, True, False, False]


def test_what_a_watch_says_reaches_the_line_and_leaves_it(bench: Bench) -> None:
    bench.step(0)
    assert bench.shown.news() == {}
    bench.hour(1, {REJECTS: "rejects rise"})
    assert bench.shown.news() == SAID
    bench.hour(2, {REJECTS: "rejects rise"})
    assert bench.shown.news() is None
    bench.hour(3, {REJECTS: ""})
    assert bench.shown.news() == {}


def test_a_look_that_fails_is_said_and_the_days_are_looked_at_with_the_next(bench: Bench) -> None:
    bench.step(0)
    bench.hour(1, LookFailed("its process ended (1)"))
    assert bench.watching.why == "the watches did not look at the last hour: its process ended (1)"
    bench.hour(2, {})
    assert bench.watching.why == ""
    bench.refuses = True
    bench.step(3)
    assert bench.watching.why.endswith("no process")
    assert bench.whole_days == [True, True]


def test_what_the_database_refuses_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.step(0)

    def refuse(*_: object) -> None:
        raise StoreRefused("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(bench.alarms, "take", refuse)
        with pytest.raises(StoreRefused):
            bench.hour(1, {REJECTS: "rejects rise"})
    bench.step(1.1)
    assert bench.shown.news() == SAID


def test_a_full_shared_memory_ends_no_recorder_and_what_stands_comes_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("inspector.gateway.watch_file.write_whole", full)
        bench.step(0)
        bench.hour(1, {REJECTS: "rejects rise"})
    assert bench.shown.news() is None
    bench.step(1.1)
    assert bench.shown.news() == SAID


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("said", ["", '[["ring"', "7", '[["ring", "no watch", ""]]'])
def test_what_a_looks_process_says_in_part_is_a_look_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    process = tmp_path / "process"
    process.write_text(f"#!/bin/sh\nprintf '%s' '{said}'\n")
    process.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(process))
    look = ProcessLook(Runtime(tmp_path), whole_days=False)
    with pytest.raises(LookFailed, match="cannot be read"):
        ended(look)


def test_a_clock_that_is_set_looks_again(bench: Bench) -> None:
    bench.step(100)
    bench.hour(20, {})
    bench.hour(9000, {})
    assert bench.whole_days == [True, True]


def test_a_damaged_file_is_no_news(tmp_path: Path) -> None:
    for content in (b"", b"[1]", b'{"ring": [{"state": "well", "text": ""}]}', b'{"ring": 7}'):
        path = tmp_path / f"{content.hex()}.json"
        path.write_bytes(content)
        assert WatchFile(path).news() is None
    write_watched(tmp_path / "good.json", SAID)
    assert WatchFile(tmp_path / "good.json").news() == SAID


def site_with(folder: Path, now: datetime, rejected: int) -> Site:
    """Make the demo's site with two weeks of hours; in the last ones came so many rejects."""
    copied_site(folder)
    site = load_site(folder)
    put_blank(Path(site.data))
    hours = [now.replace(minute=0, second=0, microsecond=0) - n * HOUR for n in range(337, 0, -1)]
    random = np.random.default_rng(4)
    with writing(Path(site.data)) as engine:
        first = hours[0].isoformat()
        seen = judged(1, triggered_at=first, at=first)
        SqlStore(engine, a_log()).apply("r", numbered([seen]), offset=1, now=hours[0])
        with engine.begin() as connection:
            rows = [hour_row(at, int(random.binomial(1000, 0.01))) for at in hours[1:-8]]
            connection.execute(
                insert(period_counts), rows + [hour_row(at, rejected) for at in hours[-8:-1]]
            )
    return site


@pytest.fixture
def risen(tmp_path: Path) -> Runtime:
    """Give a site whose rejects are five times what they were."""
    site = site_with(tmp_path, datetime.now(UTC), 50)
    runtime = Runtime(tmp_path / "runtime").make()
    save_site(site, runtime.site_file)
    return runtime


def hour_row(began: datetime, rejected: int) -> dict[str, object]:
    key = {"kind": "hour", "station": "ring", "name": "", "stale": False}
    times = {"began_at": to_us(began), "ended_at": to_us(began + HOUR)}
    counts = {"records": 1000, "passed": 1000 - rejected, "rejected": rejected}
    return {**dict.fromkeys(COUNTED, 0), **key, **times, **counts}


def ended(look: ProcessLook) -> Mapping[Key, str]:
    while (found := look.found()) is None:
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_a_process_of_its_own_finds_the_rise_and_ends(risen: Runtime) -> None:
    look = ProcessLook(risen, whole_days=True)
    found = ended(look)
    assert found[REJECTS].startswith("rejects: 5.00% of")
    assert {station for station, _ in found} == {"blister", "board", "ring"}
    assert {text for key, text in found.items() if key != REJECTS} == {""}


@pytest.mark.slow
def test_a_process_that_ends_early_is_a_look_that_failed(risen: Runtime) -> None:
    risen.site_file.unlink()
    look = ProcessLook(risen, whole_days=False)
    with pytest.raises(LookFailed, match="its process ended"):
        ended(look)


def test_the_sites_budget_decides_how_much_is_told(tmp_path: Path) -> None:
    now = START + 20.5 * HOUR
    site_with(tmp_path, now, 16)
    for budget, told in ((30, True), (0.01, False)):
        toml = f"[watching]\nfalse_alarms_per_30_days = {budget}\n"
        (tmp_path / "site.toml").write_text(toml)
        said = {row[:2]: row[2] for row in watched(load_site(tmp_path), now, whole_days=False)}
        assert bool(said["ring", Watch.REJECTS.value]) is told
