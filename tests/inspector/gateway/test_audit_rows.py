"""Rows that were changed past the recorder, held against the log's entries about them."""

# ruff: noqa: S608 - the statements are an attacker's, and written here

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inspector.audit.entry import Change, Who
from inspector.cli import audit as cli
from inspector.domain.people import Role
from inspector.domain.periods import Shifts
from inspector.domain.retention import RetentionPolicy
from inspector.gateway.audit import Auditing
from inspector.gateway.review_desk import ReviewDesk
from inspector.storage import retention as retention_module
from inspector.storage.closing import Closing
from inspector.storage.image_files import KeptPictures
from inspector.storage.retention import Retention
from inspector.storage.sql_feedback import add_version
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from tests.auditing import BY
from tests.databases import Postgres
from tests.inspector.gateway.audited_site import NOW, AuditedSite, apply, audit
from tests.journal_entries import START, decided, judged, pressed

QUIN = Who("Quin", "quin", "quality", signed_in=True, panel="office")


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 100.0


@pytest.fixture(scope="module")
def once(servers: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> AuditedSite:
    """A site with presses, reviews and people."""
    site = AuditedSite.blank(tmp_path_factory.mktemp("rows") / "data", servers)
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        people = SqlPeople(engine, auditing.log)
        people.add("Olga", Role.OPERATOR, "12", "hash", now=NOW, by=BY)
        people.add("Bob", Role.OPERATOR, "13", "hash", now=NOW, by=BY)
        people.set_active("13", active=False, now=NOW, by=BY)
        store = SqlStore(engine, auditing.log)
        parts = [judged(n, "reject") for n in range(1, 5)]
        apply(store, [*parts, *(pressed(n, press=f"press {n}") for n in range(1, 4))], 0)
        desk = ReviewDesk(auditing, Clock())
        for n in range(1, 5):
            said = {"request": f"r{n}", "source": "flagged", "verdict": "NOK", "kind": "dent"}
            desk.add({**said, "record": f"ring-{n:06d}", "reason": "seen"}, QUIN)
        content = {"limits": {"dent": 0.4}, "model": "b" * 64, "proposal": 1}
        with engine.begin() as connection:
            number = add_version(
                connection, "thresholds", "ring", content, person=QUIN.id, why="seen", now=NOW
            )
            after = {"version": number, **content}
            change = Change(NOW.isoformat(), QUIN, "limits signed", "station ring", "ring")
            change = replace(change, after=after, reason="seen")
            auditing.log.append(connection, [change])
        auditing.publish()
    return site


@pytest.fixture
def site(once: AuditedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditedSite:
    copy = once.copied_to(tmp_path / "data")
    monkeypatch.setattr(cli, "load_site", lambda _: copy.settings)
    return copy


def found() -> list[tuple[str, str]]:
    said = json.loads(audit("verify", "--json").stdout)
    return [(one["kind"], one["text"]) for one in said["findings"]]


def test_what_was_written_by_the_recorder_agrees_with_its_entries(site: AuditedSite) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("reviews", "verdict = 'OK', kind = '' WHERE id = 2", "verdict is 'OK', entry"),
        ("reviews", "reviewer = 'olga' WHERE id = 2", "reviewer is 'olga', entry"),
        ("verdict_events", "verdict = 'reject' WHERE press_id = 'press 2'", "verdict is 'reject'"),
        ("verdict_events", "at = at + 1 WHERE press_id = 'press 2'", "at is "),
        ("versions", "person = 'olga' WHERE kind = 'thresholds'", "person is 'olga', entry"),
        ("versions", "content = '{}' WHERE kind = 'thresholds'", "content is {}, entry"),
        ("people", "role = 'admin' WHERE name = 'Olga'", "role is 'admin', entry"),
        ("people", "active = true WHERE name = 'Bob'", "active is "),
    ],
)
def test_attack_edited_row(site: AuditedSite, table: str, change: str, said: str) -> None:
    site.attack_kept(table, f"UPDATE {table} SET {change}")
    ((kind, text),) = found()
    assert kind == "row edited"
    assert text.startswith(f"{table}: a row was edited: {said}")


@pytest.mark.parametrize(
    ("table", "which"),
    [("reviews", "id = 2"), ("verdict_events", "press_id = 'press 3'"), ("people", "name = 'Bob'")],
)
def test_attack_removed_row(site: AuditedSite, table: str, which: str) -> None:
    site.attack_kept(table, f"DELETE FROM {table} WHERE {which}")
    ((kind, text),) = found()
    assert kind == "row removed"
    assert text.startswith(f"{table}: the row of ")


@pytest.mark.parametrize("place", ["id", "1000", "-5"])
def test_attack_inserted_row(site: AuditedSite, place: str) -> None:
    columns = "request, record, source, reviewer, verdict, kind, reason, at"
    values = "'forged', record, source, reviewer, 'OK', '', '', at"
    where = "WHERE id = 2"
    if place == "id":
        site.attack_kept("reviews", "UPDATE reviews SET id = 900 + id WHERE id > 2")
        place = "3"
        expected = {"row edited", "row removed", "row added"}
    else:
        expected = {"row added"}
    forged = f"INSERT INTO reviews (id, {columns}) SELECT {place}, {values} FROM reviews {where}"
    site.attack(forged)
    assert {kind for kind, _ in found()} == expected


def test_attack_inserted_person(site: AuditedSite) -> None:
    columns = "name, role, badge, pin_hash, active, created_at"
    values = "'Eve', role, '99', pin_hash, active, created_at"
    row = f"INSERT INTO people (id, {columns}) SELECT 'eve', {values} FROM people"
    site.attack(f"{row} WHERE name = 'Olga'")
    ((kind, text),) = found()
    assert (kind, text.partition(":")[0]) == ("row added", "people")
    assert "Eve" in text


def test_what_the_retention_policy_deleted_is_in_the_log_and_not_missed(
    servers: Postgres | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_module, "LOOKED_BACK", 2)
    site = AuditedSite.blank(tmp_path / "data", servers)
    monkeypatch.setattr(cli, "load_site", lambda _: site.settings)
    later = NOW + timedelta(days=40)
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        store = SqlStore(engine, auditing.log)
        parts = [judged(n, "reject") for n in range(1, 9)]
        words = [pressed(n, press=f"press {n}") for n in range(1, 9)]
        apply(store, [*parts, *words, *(decided(n, 2) for n in range(1, 9))], 0)
        closing = Closing(engine, Shifts(ZoneInfo("UTC")))
        while closing.step(later):
            pass
        policy = RetentionPolicy(records_days=30)
        retention = Retention(engine, KeptPictures(site.data), policy, auditing.log)
        assert retention.step(later, free_percent=50) > 0
        auditing.publish()
    last = site.entry(site.asked("SELECT max(seq) FROM audit")[0][0])
    assert (last["action"], last["what"]) == ("deleted", "records")
    assert last["after"]["policy"]["records_days"] == 30
    assert found() == []
    site.attack_kept(
        "verdict_events",
        "DELETE FROM verdict_events WHERE id = (SELECT max(id) FROM verdict_events)",
    )
    assert [kind for kind, _ in found()] == ["row removed"], "its record is there"


def test_a_deletion_that_no_entry_speaks_of_is_named(site: AuditedSite) -> None:
    """It would excuse rows that are gone."""
    version = "INSERT INTO versions (id, kind, name, version, content, person, why, at)"
    site.attack(f"{version} VALUES (7, 'retention', '', 1, '{{}}', '', '', 0)")
    before = (START + timedelta(days=1)).timestamp() * 1e6
    deletion = "INSERT INTO deletions (id, policy, kind, why, before, rows, at, ended_at)"
    site.attack(f"{deletion} VALUES (7, 7, 'records', '', {before:.0f}, 1, 1, 1)")
    ((kind, text),) = found()
    assert (kind, text.partition(":")[0]) == ("row added", "deletions")
