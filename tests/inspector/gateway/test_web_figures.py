"""The page of figures over a site's own records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inspector.config.loading import load_site
from inspector.domain.dashboard import Defect
from inspector.gateway.web_figures import SiteFigures
from inspector.storage.database import writing
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import put_blank
from tests.faults.running import copied_site
from tests.journal_entries import START, Entry, at, decided, judged, numbered, view
from tests.web.fakes import FakeClock

UNTIL = START + timedelta(hours=8)
REJECTS = {1: ("scratch", "dent"), 2: ("scratch",), 3: ("dent",), 4: ("scratch",)}


def rejected(n: int, kinds: tuple[str, ...]) -> list[Entry]:
    found = [[kind, 0.9 - 0.1 * i, [1.0, 2.0, 3.0, 4.0]] for i, kind in enumerate(kinds)]
    return [judged(n, "reject", views=[view(findings=found)]), decided(n, 2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    copied_site(folder)
    put_blank(folder / "data")
    entries = [entry for n, kinds in REJECTS.items() for entry in rejected(n, kinds)]
    for hour in range(1, 5):
        late = {"at": at(3600 * hour), "triggered_at": at(3600 * hour)}
        entries += [judged(10 + hour, **late, views=[view(findings=[])]), decided(10 + hour)]
    with writing(folder / "data") as engine:
        SqlStore(engine, a_log()).apply("ring-1", numbered(entries), offset=1, now=UNTIL)
    return folder


@pytest.fixture
def figures(folder: Path) -> Iterator[SiteFigures]:
    clock = FakeClock()
    clock.passed_s = (UNTIL - clock.now()).total_seconds()
    opened = SiteFigures(load_site(folder), clock)
    yield opened
    opened.close()


def test_the_page_has_every_figure_and_its_value_in_each_eighth(figures: SiteFigures) -> None:
    board = figures.dashboard("", START, UNTIL)
    values = {one.kpi.definition.id: one.kpi.value for one in board.figures}
    assert values["first_pass_yield"] == 0.5
    assert board.trends["first_pass_yield"] == [0.0, 1.0, 1.0, 1.0, 1.0, None, None, None]
    assert board.trends.keys() == values.keys()
    assert not board.figures[0].kpi.stale
    assert (board.empty, board.priced, board.zone) == ("", False, "UTC")


def test_rejects_count_by_their_strongest_finding_and_lead_to_their_records(
    figures: SiteFigures,
) -> None:
    board = figures.dashboard("ring", START, UNTIL)
    assert board.defects.kinds == (Defect("scratch", 3), Defect("dent", 1))
    assert (board.defects.of, board.defects.rejected) == (4, 4)
    records = figures.rejects("ring", START, UNTIL, "scratch")
    assert [one.number for one in records] == [4, 2, 1]
    assert figures.rejects("board", START, UNTIL, "scratch") == ()


def test_a_window_without_parts_is_a_sentence(figures: SiteFigures) -> None:
    board = figures.dashboard("ring", START - timedelta(days=9), START - timedelta(days=8))
    assert board.empty.startswith("no part came between")
    assert board.figures == ()


def test_the_web_process_loads_no_statistics_before_somebody_looks_at_figures() -> None:
    asked = "import sys, inspector.gateway.web_process; print('scipy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    assert answer.stdout == b"False\n"
