"""What an export reads: every record once, in both databases, with what holds of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from inspector.domain.detection import Marked
from inspector.domain.labels import LabelFile, PictureLabels
from inspector.domain.selection import Population, Selection
from inspector.storage import sql_export
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.sql_export import SqlExport
from inspector.storage.sql_feedback import Review, add_review
from inspector.storage.sql_labels import add_labels
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import DIGEST, START, decided, judged, numbered

DENT = PictureLabels(DIGEST, (Marked("dent", (1.0, 2.0, 3.0, 4.0)),))
DRAWN: dict[str, Any] = {"stratum": 0, "audit_pi": 0.25, "strata_version": 1, "score": 0.1}


@pytest.fixture
def export(data: Path, server: Server | None) -> Iterator[SqlExport]:
    opened = SqlExport(server or database_file(data))
    yield opened
    opened.close()


@pytest.fixture
def filled(engine: Engine, store: SqlStore) -> Engine:
    """Give five parts of one moment and one later, whose first was audited, said twice."""
    some = [judged(n, triggered_at=START.isoformat(), selected=n < 3, **DRAWN) for n in range(1, 6)]
    some += [judged(6), decided(1)]
    store.apply("ring-1", numbered(some), offset=1, now=START)
    with engine.begin() as connection:
        first = Review("a", "audit", "OK", "quin", record="ring-000001")
        number = add_review(connection, first, START)
        again = Review("b", "audit", "NOK", "quin", record="ring-000001", supersedes=number)
        add_review(connection, again, START + timedelta(seconds=9))
    return engine


def test_pages_hold_every_record_once_even_of_one_moment(
    filled: Engine, export: SqlExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_export, "PAGE", 2)
    pages = list(export.pages(Selection()))
    assert [len(page.records) for page in pages] == [2, 2, 2]
    ids = [one.id for page in pages for one in page.records]
    assert ids == [f"ring-{n:06d}" for n in range(1, 7)]
    assert [look.verdict for look in pages[0].said["ring-000001"]] == ["NOK"]


def test_the_population_counts_the_audited_and_names_what_has_no_chance(
    filled: Engine, export: SqlExport
) -> None:
    window = Selection(station="ring").window
    assert export.population(window) == Population({(0, 0.25): (5, 1)}, without=1)


def test_the_newest_label_of_a_picture_holds_and_is_found_by_its_class(
    filled: Engine, export: SqlExport
) -> None:
    for number, one in enumerate((DENT, PictureLabels(DIGEST), DENT)):
        file = LabelFile("l.json", f"{number:064}", "coco", (one,))
        with filled.begin() as connection:
            assert add_labels(connection, file, person="quin", now=START)
            assert not add_labels(connection, file, person="quin", now=START)
        (page,) = export.pages(Selection(kind="scratch"))
        assert page.labels == {DIGEST: one}
        assert bool(list(export.pages(Selection(kind="dent")))) == bool(one.marked)
    assert export.kinds_labelled() == {"dent"}
    assert export.picture_sizes([DIGEST, "f" * 64]) == {DIGEST: (400, 300)}


@pytest.mark.parametrize(("reviewed", "count"), [(True, 1), (False, 5), (None, 6)])
def test_reviewed_or_not(
    filled: Engine, export: SqlExport, reviewed: bool | None, count: int
) -> None:
    found = [one for page in export.pages(Selection(reviewed=reviewed)) for one in page.records]
    assert len(found) == count
