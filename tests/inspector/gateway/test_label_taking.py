"""The recorder takes a file of labels that lies under its own hash, or says why it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.audit.entry import canonical
from inspector.clock import SystemClock
from inspector.gateway.audit import Auditing
from inspector.gateway.label_taking import imports_folder
from inspector.gateway.recorder_desk import Desk
from inspector.gateway.recorder_socket import Later
from inspector.storage.database import writing
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from tests.databases import put_blank
from tests.journal_entries import DIGEST, START, judged, numbered

GOOD = [[DIGEST, [["dent", 1, 2, 3, 4]]]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    put_blank(tmp_path)
    with writing(tmp_path) as engine:
        auditing = Auditing(engine, tmp_path)
        SqlStore(engine, auditing.log).apply("r", numbered([judged(1)]), offset=1, now=START)
        yield Desk(SqlPeople(engine, auditing.log), auditing, SystemClock())


def answered(desk: Desk, file: str) -> dict[str, object]:
    ask = {"do": "import_labels", "file": file, "by": {"name": "ada"}}
    answer = desk.answer(ask)
    return answer.then(answer.work()) if isinstance(answer, Later) else answer


def put_down(data: Path, pictures: object, name: str = "") -> str:
    said = {"name": "l.json", "sha256": "d" * 64, "format": "coco", "pictures": pictures}
    content = canonical(said).encode()
    digest = name or hashlib.sha256(content).hexdigest()
    imports_folder(data).mkdir(exist_ok=True)
    (imports_folder(data) / f"{digest}.json").write_bytes(content)
    return digest


def test_labels_are_added_once(desk: Desk, tmp_path: Path) -> None:
    file = put_down(tmp_path, GOOD)
    assert answered(desk, file) == {"ok": True, "added": True}
    assert answered(desk, file) == {"ok": True, "added": False}


@pytest.mark.parametrize(
    ("pictures", "why"),
    [
        ([["f" * 64, []]], "no record has the picture"),
        ([[DIGEST, [["dent", 390, 0, 20, 5]]]], "the box reaches outside"),
        ([[DIGEST, [["dent", 1]]]], "the file of labels is none"),
        ({"a": 1}, "the file of labels is none"),
    ],
)
def test_what_no_record_knows_is_refused_by_the_recorder_too(
    desk: Desk, tmp_path: Path, pictures: object, why: str
) -> None:
    answer = answered(desk, put_down(tmp_path, pictures))
    assert answer["ok"] is False
    assert why in str(answer["why"])


@pytest.mark.parametrize("name", ["../people", "a" * 63, ""])
def test_no_other_file_is_read(desk: Desk, name: str) -> None:
    assert "64 hexadecimal digits" in str(answered(desk, name)["why"])


def test_a_file_that_was_changed_or_is_gone_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = put_down(tmp_path, GOOD, "e" * 64)
    assert "not the one that was put down" in str(answered(desk, file)["why"])
    assert "cannot be read" in str(answered(desk, "f" * 64)["why"])
