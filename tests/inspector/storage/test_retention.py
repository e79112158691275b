"""What has had its time goes, with the policy that says so; pictures go before records ever do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import DatabaseError

from inspector.domain.periods import Shifts
from inspector.domain.record import RecordFilter
from inspector.domain.retention import RetentionPolicy
from inspector.storage import retention as retention_module
from inspector.storage.closing import Closing
from inspector.storage.feedback_schema import deletions, versions
from inspector.storage.image_files import KeptPictures
from inspector.storage.retention import Retention
from inspector.storage.sql_feedback import add_seeded_defect
from inspector.storage.sql_store import SqlRecords
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.journal_entries import alarm, decided, judged, numbered, pressed, view

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


@pytest.fixture
def pictures(data: Path) -> KeptPictures:
    return KeptPictures(data)


@pytest.fixture
def ten_days(store: SqlStore, pictures: KeptPictures) -> list[str]:
    """One part a day, the newest first; odd ones rejected, each with a picture on the disk."""
    digests = [f"{n:064x}" for n in range(10)]
    entries = []
    for n, digest in enumerate(digests):
        at = (NOW - n * DAY).isoformat()
        verdict, action = ("reject", 2) if n % 2 else ("pass", 1)
        views = [view(picture=digest)]
        entries += [
            judged(n, verdict, triggered_at=at, at=at, views=views),
            decided(n, action, at=at),
        ]
        pictures.file(digest).parent.mkdir(parents=True, exist_ok=True)
        pictures.file(digest).write_bytes(b"jpeg")
    entries += [pressed(3), alarm(4, at=(NOW - 9 * DAY).isoformat()), alarm(5, at=NOW.isoformat())]
    store.apply("ring-1", numbered(entries), offset=1, now=NOW)
    return digests


def kept(pictures: KeptPictures, digests: list[str]) -> list[int]:
    return [n for n, digest in enumerate(digests) if pictures.file(digest).exists()]


def run(
    engine: Engine, pictures: KeptPictures, policy: RetentionPolicy, free_percent: float = 50
) -> int:
    retention, gone = Retention(engine, pictures, policy, a_log()), 0
    while n := retention.step(NOW, free_percent=free_percent):
        gone += n
    return gone


def test_pictures_go_by_age_and_each_deletion_names_its_policy(
    engine: Engine, pictures: KeptPictures, records: SqlRecords, ten_days: list[str]
) -> None:
    policy = RetentionPolicy(passed_pictures_days=3, pictures_days=7)
    assert run(engine, pictures, policy) == 4
    assert kept(pictures, ten_days) == [0, 1, 2, 3, 5, 7]
    assert len(records.records(RecordFilter())) == 10
    with engine.connect() as connection:
        said = connection.execute(
            select(
                deletions.c.kind, deletions.c.rows, deletions.c.why, versions.c.content
            ).join_from(deletions, versions)
        ).all()
        assert {(row.kind, row.rows, row.why) for row in said} == {
            ("passed_pictures", 3, "older than 3 days"),
            ("pictures", 1, "older than 7 days"),
        }
        assert {row.content["pictures_days"] for row in said} == {7}
    assert run(engine, pictures, policy) == 0


def test_another_policy_is_another_version(
    engine: Engine, pictures: KeptPictures, ten_days: list[str]
) -> None:
    run(engine, pictures, RetentionPolicy(passed_pictures_days=7))
    run(engine, pictures, RetentionPolicy(passed_pictures_days=3))
    with engine.connect() as connection:
        assert connection.execute(select(versions.c.version)).scalars().all() == [1, 2]
        assert connection.execute(select(deletions.c.policy)).scalars().all() == [1, 2]


def test_a_disk_that_fills_sheds_pictures_of_passed_parts_first_and_records_never(
    engine: Engine,
    pictures: KeptPictures,
    records: SqlRecords,
    ten_days: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention_module, "AT_ONCE", 2)
    for_ever = RetentionPolicy(passed_pictures_days=0, pictures_days=0)
    retention = Retention(engine, pictures, for_ever, a_log())
    assert retention.step(NOW, free_percent=10.0) == 0
    assert retention.step(NOW, free_percent=9.9) == 2
    assert kept(pictures, ten_days) == [0, 1, 2, 3, 4, 5, 7, 9]
    while retention.step(NOW, free_percent=9.9):
        pass
    assert kept(pictures, ten_days) == [0]  # of this very moment
    assert records.counts().records == 10


def test_a_picture_that_a_younger_part_shows_as_well_stays(
    engine: Engine, store: SqlStore, pictures: KeptPictures, ten_days: list[str]
) -> None:
    again = judged(99, triggered_at=NOW.isoformat(), views=[view(picture=ten_days[8])])
    store.apply("ring-1", numbered([again], 90), offset=999, now=NOW)
    run(engine, pictures, RetentionPolicy(passed_pictures_days=7))
    assert 8 in kept(pictures, ten_days)


def test_a_picture_that_a_seeded_defect_is_shown_with_stays(
    engine: Engine, pictures: KeptPictures, ten_days: list[str]
) -> None:
    fields = {"station": "ring", "kind": "dent", "made_from": "", "person": "quinn"}
    with engine.begin() as connection:
        add_seeded_defect(connection, NOW, id="SEED1", picture=ten_days[9], **fields)
    assert run(engine, pictures, RetentionPolicy(pictures_days=3, passed_pictures_days=3)) == 5
    assert kept(pictures, ten_days) == [0, 1, 2, 3, 9]


def test_a_crash_before_the_files_are_gone_is_made_good_by_the_next_start(
    engine: Engine, pictures: KeptPictures, ten_days: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(self: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    policy = RetentionPolicy(passed_pictures_days=3)
    with monkeypatch.context() as during:
        during.setattr(Path, "unlink", power_cut)
        with pytest.raises(KeyboardInterrupt):
            run(engine, pictures, policy)
    with engine.connect() as connection:
        assert connection.execute(select(deletions.c.rows)).scalars().all() == [3]
    run(engine, pictures, policy)
    assert kept(pictures, ten_days) == [0, 1, 2, 3, 5, 7, 9]


def test_parts_go_with_all_that_was_said_of_them_and_their_sums_stay(
    engine: Engine,
    pictures: KeptPictures,
    records: SqlRecords,
    ten_days: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = RetentionPolicy(0, 0, records_days=5)
    monkeypatch.setattr(retention_module, "LOOKED_BACK", 2)
    assert run(engine, pictures, policy) == 0  # their hours are not counted yet
    closing = Closing(engine, Shifts(ZoneInfo("UTC")))
    while closing.step(NOW):
        pass
    before = records.counts()
    assert run(engine, pictures, policy) == 4
    assert [record.number for record in records.records(RecordFilter())] == [0, 1, 2, 3, 4, 5]
    assert records.counts() == before
    monkeypatch.setattr(retention_module, "LOOKED_BACK", 1024)
    assert run(engine, pictures, RetentionPolicy(0, 0, records_days=1)) == 0


def test_alarms_go_by_age(
    engine: Engine, pictures: KeptPictures, records: SqlRecords, ten_days: list[str]
) -> None:
    assert run(engine, pictures, RetentionPolicy(0, 0, alarms_days=5)) == 1
    assert [one.at for one in records.alarms()] == [NOW]


def test_nothing_else_is_deleted_beside_it(engine: Engine, ten_days: list[str]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM findings")


def test_pictures_of_parts_that_are_audited_stay_longer_than_those_that_simply_passed(
    engine: Engine, store: SqlStore, pictures: KeptPictures
) -> None:
    digests = [f"{n:064x}" for n in range(2)]
    at = (NOW - 5 * DAY).isoformat()
    entries = []
    for n, digest in enumerate(digests):
        views = [view(picture=digest)]
        entries += [
            judged(n, triggered_at=at, at=at, selected=n == 1, views=views),
            decided(n, at=at),
        ]
        pictures.file(digest).parent.mkdir(parents=True, exist_ok=True)
        pictures.file(digest).write_bytes(b"jpeg")
    store.apply("ring-1", numbered(entries), offset=1, now=NOW)
    run(engine, pictures, RetentionPolicy(passed_pictures_days=3, pictures_days=7))
    assert kept(pictures, digests) == [1]
