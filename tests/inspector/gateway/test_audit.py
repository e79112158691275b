"""The audit log of a site: what is written into it, and what `inspector audit` finds.

The attacks are those of a person who owns the files: they change the database with SQLite itself.
docs/audit.md lists them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import Engine, select, text

from inspector.audit.entry import Change
from inspector.audit.merkle import leaf_hash
from inspector.audit.note import Signer
from inspector.cli import audit as cli
from inspector.domain.people import Role
from inspector.errors import BadInput, StoreRefused
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_checking import checked, first_key
from inspector.gateway.audit_watch import AuditWatch
from inspector.storage.database import database_file
from inspector.storage.feedback_schema import versions
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from tests.auditing import BY
from tests.databases import Postgres
from tests.inspector.gateway.audited_site import NOW, AuditedSite, apply, audit, write_twenty
from tests.journal_entries import judged, pressed

ROOT = Path(__file__).parents[3]
ONLY_A_FILE = pytest.mark.parametrize("servers", ["sqlite"], indirect=True, scope="session")
"""For what a server does not let be done: another type in a column, a size set to its database."""
LATER = datetime(2099, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.wall, self.running_s = NOW, 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.running_s

    def goes_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.running_s += seconds


@pytest.fixture(scope="module")
def once(servers: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> AuditedSite:
    site = AuditedSite.blank(tmp_path_factory.mktemp("once") / "data", servers)
    write_twenty(site)
    return site


@pytest.fixture
def site(once: AuditedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditedSite:
    """A site with the 20 entries; `inspector audit` speaks of it."""
    copy = once.copied_to(tmp_path / "data")
    monkeypatch.setattr(cli, "load_site", lambda _: copy.settings)
    return copy


@pytest.fixture
def fresh(servers: Postgres | None, tmp_path: Path) -> Iterator[tuple[Engine, Auditing]]:
    site = AuditedSite.blank(tmp_path, servers)
    with site.writing() as engine:
        yield engine, Auditing(engine, site.data)


def found(*words: str) -> list[tuple[str, int, int]]:
    """Return what `audit verify` finds in the log, its exit code and its schema being right."""
    ran = audit("verify", "--json", *words)
    said = json.loads(ran.stdout)
    schema = json.loads((ROOT / "docs" / "schemas" / "audit-verify.json").read_text("utf-8"))
    jsonschema.validate(said, schema)
    assert ran.exit_code == (0 if said["clean"] else 1)
    of_log = [one for one in said["findings"] if not one["kind"].startswith("row ")]
    return [(one["kind"], one["first"], one["last"]) for one in of_log]


def bodies(engine: Engine) -> list[dict[str, Any]]:
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT body FROM audit ORDER BY seq")).scalars()
        return [json.loads(body) for body in rows]


def edited(site: AuditedSite, seq: int) -> bytes:
    return site.body(seq).replace(b"Olga Operator", b"Bob Bystander")


# --- what is written ---


def test_a_clean_log_is_one_line_with_its_count_and_its_last_checkpoint(site: AuditedSite) -> None:
    ran = audit("verify")
    assert ran.exit_code == 0
    assert re.fullmatch(
        r"audit log clean: 20 entries, last checkpoint over 20, root [0-9a-f]{16}, "
        r"3 copies of checkpoints agree\n",
        ran.stdout,
    )
    assert found() == []


def test_a_persons_word_has_who_what_from_what_to_what_and_with_which_model(
    fresh: tuple[Engine, Auditing],
) -> None:
    engine, auditing = fresh
    store = SqlStore(engine, auditing.log)
    apply(store, [judged(1, "reject")], 0)
    first = pressed(1, press="a")
    late = pressed(1, "correction", press="b", verdict="reject")
    apply(store, [first, late], 10)
    _, one, other = bodies(engine)
    assert one["who"]["name"] == "Olga Operator"
    assert (one["who"]["role"], one["who"]["panel"]) == ("operator", "line side")
    assert (one["action"], one["what"]) == ("override", "record ring-000001")
    assert (one["station"], one["at"]) == ("ring", first["at"])
    assert one["before"] == {"recipe": "standard", "verdict": "reject"}
    assert (one["after"]["verdict"], one["after"]["revision"]) == ("pass", 1)
    assert (one["model"], one["seq"]) == ("b" * 64, 2)
    assert (other["action"], other["reason"]) == ("correction", "too late")
    assert other["before"]["verdict"] == "pass"


def test_the_model_that_looks_is_written_when_it_is_another_one(
    fresh: tuple[Engine, Auditing],
) -> None:
    engine, auditing = fresh
    store = SqlStore(engine, auditing.log)
    apply(store, [judged(1), judged(2), judged(3, model_sha256="c" * 64)], 0)
    apply(store, [judged(4, model_sha256="c" * 64), judged(5, model_sha256="")], 10)
    first, second = bodies(engine)
    assert first["before"] is None
    assert (second["before"]["sha256"], second["after"]["sha256"]) == ("b" * 64, "c" * 64)
    assert second["after"]["first_record"] == "ring-000003"


def test_people_are_written_without_their_pin(fresh: tuple[Engine, Auditing]) -> None:
    engine, auditing = fresh
    people = SqlPeople(engine, auditing.log)
    people.add("Olga", Role.OPERATOR, "12", "hash of a PIN", now=NOW, by=BY)
    people.set_active("12", active=False, now=NOW, by=BY)
    people.set_active("12", active=False, now=NOW, by=BY)
    added, disabled = bodies(engine)
    assert (added["action"], added["who"]["name"]) == ("person added", "ada")
    assert added["after"] == {"name": "Olga", "role": "operator", "badge": "12", "active": True}
    assert (disabled["before"], disabled["action"]) == ({"active": True}, "person disabled")
    assert "hash of a PIN" not in str(bodies(engine))


def test_a_change_that_is_refused_leaves_no_entry(fresh: tuple[Engine, Auditing]) -> None:
    engine, auditing = fresh
    people = SqlPeople(engine, auditing.log)
    people.add("Olga", Role.OPERATOR, "12", "hash", now=NOW, by=BY)
    with pytest.raises(BadInput):
        people.add("Bob", Role.OPERATOR, "12", "hash", now=NOW, by=BY)
    assert len(bodies(engine)) == 1


def test_the_same_press_twice_is_one_entry(fresh: tuple[Engine, Auditing]) -> None:
    engine, auditing = fresh
    store = SqlStore(engine, auditing.log)
    apply(store, [judged(1, "reject"), pressed(1), pressed(1)], 0)
    apply(store, [pressed(1)], 10)
    assert [body["action"] for body in bodies(engine)] == ["model changed", "override"]


def test_what_the_command_line_changes_is_written_with_the_computers_user(
    site: AuditedSite,
) -> None:
    recorder = site.recorder
    recorder.note("models use", "package of ring", station="ring", before="a", after="b")
    assert found() == []
    written = site.entry(21)
    assert written["who"]["role"] == "user of the computer"
    assert (written["before"], written["after"]) == ("a", "b")


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_what_cannot_be_kept_is_refused_in_words(site: AuditedSite, value: object) -> None:
    recorder = site.recorder
    with pytest.raises(BadInput, match="cannot be kept"):
        recorder.note("models use", "package of ring", after=value)
    assert found() == []


def test_settings_that_were_edited_are_written_at_the_next_start(
    fresh: tuple[Engine, Auditing],
) -> None:
    """A42: whoever loosens a policy in a file leaves it in the log, with both values."""
    engine, auditing = fresh
    settings: dict[str, Any] = {
        "data": "here",
        "stations": [{"name": "ring", "retention_days": 365, "override": True}],
    }
    auditing.note_settings(settings, NOW)
    auditing.note_settings({**settings, "data": "there"}, NOW)
    assert len(bodies(engine)) == 1
    settings["stations"][0]["retention_days"] = 1
    auditing.note_settings(settings, NOW)
    first, second = bodies(engine)
    assert first["before"] == {}
    assert second["before"] == {"stations.ring.retention_days": 365}
    assert second["after"] == {"stations.ring.retention_days": 1}
    assert first["policy"] != second["policy"]


def test_each_version_of_the_settings_is_kept_whole(fresh: tuple[Engine, Auditing]) -> None:
    engine, auditing = fresh
    for money in (5, 5, 7, 5):
        auditing.note_settings({"data": "here", "costs": {"escape": money}}, NOW)
    kept = select(versions.c.version, versions.c.content).where(versions.c.kind == "settings")
    with engine.connect() as connection:
        rows = connection.execute(kept.order_by(versions.c.version)).all()
    assert [(row.version, row.content) for row in rows] == [
        (1, {"costs.escape": 5}),
        (2, {"costs.escape": 7}),
        (3, {"costs.escape": 5}),
    ]


def test_a_clock_that_is_set_is_written_and_order_is_by_number(
    fresh: tuple[Engine, Auditing],
) -> None:
    """A40: forward, back, and back while nothing ran."""
    engine, auditing = fresh
    clock = Clock()
    watch = AuditWatch(auditing, SqlStore(engine, auditing.log), clock)
    clock.goes_on(3600)
    watch.step()
    assert bodies(engine) == []
    clock.wall += timedelta(hours=1)
    watch.step()
    clock.wall -= timedelta(days=2)
    watch.step()
    watch.step()
    auditing.note_clock(NOW - timedelta(days=30))
    forward, back, at_start = bodies(engine)
    assert (forward["action"], forward["reason"]) == ("clock set forward", "by 3600.0 s")
    assert (back["action"], back["reason"]) == ("clock set back", "by 172800.0 s")
    assert back["before"]["at"] > back["after"]["at"]
    assert at_start["action"] == "clock set back"
    assert [one["seq"] for one in (forward, back, at_start)] == [1, 2, 3]


@ONLY_A_FILE
def test_a_full_disk_takes_neither_the_change_nor_its_entry(
    fresh: tuple[Engine, Auditing], tmp_path: Path
) -> None:
    """A41: what is written is written together; the journal keeps what is owed."""
    engine, auditing = fresh
    store = SqlStore(engine, auditing.log)
    apply(store, [judged(1, "reject")], 0)
    with engine.connect() as connection:
        (pages,) = connection.execute(text("PRAGMA page_count")).one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    words = [pressed(1, press=f"press {n}", why="x" * 3000) for n in range(10)]
    with pytest.raises(StoreRefused, match="full"):
        apply(store, words, 10)
    assert len(bodies(engine)) == 1
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    apply(store, words, 10)
    assert len(bodies(engine)) == 11
    auditing.publish()
    assert auditing.why == ""


# --- the key, and the file outside the database ---


def test_the_key_is_its_owners_alone_and_made_once(site: AuditedSite) -> None:
    key = site.data / "audit" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    with site.writing() as engine:
        Auditing(engine, site.data)
    assert key.read_bytes() == before


def test_a_file_that_cannot_be_written_is_said_and_made_up_for(
    fresh: tuple[Engine, Auditing], tmp_path: Path
) -> None:
    engine, auditing = fresh
    watch = AuditWatch(auditing, SqlStore(engine, auditing.log), Clock())
    (tmp_path / "audit" / "checkpoints").mkdir()
    SqlPeople(engine, auditing.log).add("Olga", Role.LEAD, "1", "hash", now=NOW, by=BY)
    watch.step()
    assert watch.over({"state": "good", "why": ""})["state"] == "maintenance"
    (tmp_path / "audit" / "checkpoints").rmdir()
    watch.step()
    assert watch.over({"state": "good", "why": ""})["state"] == "good"
    assert (tmp_path / "audit" / "checkpoints").read_text().count("— ") == 1


def test_what_a_power_cut_left_of_a_checkpoint_is_written_whole(site: AuditedSite) -> None:
    file = site.data / "audit" / "checkpoints"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    assert found() == []
    with site.writing() as engine:
        Auditing(engine, site.data).publish()
    assert file.read_bytes() == whole


def test_another_file_in_its_place_is_refused_and_not_touched(site: AuditedSite) -> None:
    file = site.data / "audit" / "checkpoints"
    file.write_bytes(b"something else\n" * 1000)
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        auditing.publish()
        assert "not a file of checkpoints" in auditing.why
    assert file.read_bytes() == b"something else\n" * 1000


def test_after_a_change_of_key_the_first_key_still_opens_all(site: AuditedSite) -> None:
    first = audit("key").stdout.strip()
    changed = audit("key", "--change")
    assert changed.exit_code == 0, changed.output
    old, new = changed.stdout.split()
    assert old == first
    recorder = site.recorder
    recorder.note("models use", "package of ring")
    assert found("--key", first) == []
    assert json.loads(audit("verify", "--json").stdout)["key"] == new
    assert found("--key", new)


@pytest.mark.parametrize("committed", [True, False])
def test_a_change_of_key_that_a_kill_cut_in_two_is_finished_or_undone(
    site: AuditedSite, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        with monkeypatch.context() as broken:
            if committed:
                broken.setattr(Path, "replace", _replace_unless(site.data / "audit" / "key", die))
            else:
                broken.setattr(auditing.log, "append", die)
            with pytest.raises(Killed):
                auditing.change_key(BY, NOW)
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        SqlPeople(engine, auditing.log).add("Olga", Role.LEAD, "1", "hash", now=NOW, by=BY)
        auditing.publish()
        assert auditing.why == ""
    assert not (site.data / "audit" / "key.next").exists()
    assert found() == []


def _replace_unless(target: Path, die: Callable[..., None]) -> Callable[[Path, Path], Path]:
    really = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if Path(to) == target:
            die()
        return really(self, to)

    return replace


# --- the attacks of reliability_and_security.md 2.2, A39 ---


def test_attack_edited_body(site: AuditedSite) -> None:
    site.attack("UPDATE audit SET body = :body WHERE seq = 5", body=edited(site, 5))
    assert found() == [("edited", 5, 5)]
    ran = audit("verify")
    assert ran.exit_code == 1
    assert "entry 5 was edited: its hash is another one.\n" in ran.stdout


def test_attack_edited_body_and_hash(site: AuditedSite) -> None:
    body = edited(site, 5)
    change = "UPDATE audit SET body = :body, hashes = :leaf WHERE seq = 5"
    site.attack(change, body=body, leaf=leaf_hash(body))
    assert found() == [("edited", 5, 6)]


def test_attack_edited_and_signed_anew_with_the_stolen_key(site: AuditedSite) -> None:
    site.attack("UPDATE audit SET body = :body WHERE seq = 12", body=edited(site, 12))
    site.made_anew(at=(10, 17, 20))
    assert found() == [("changed", 11, 17)]


def test_attack_removed_entry(site: AuditedSite) -> None:
    site.attack("DELETE FROM audit WHERE seq = 5")
    assert found() == [("missing", 5, 5)]


def test_attack_swapped_entries(site: AuditedSite) -> None:
    site.attack(
        "UPDATE audit SET seq = -3 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 9",
        "UPDATE audit SET seq = 9 WHERE seq = -3",
    )
    assert {one for one in found() if one[0] == "moved"} == {("moved", 3, 3), ("moved", 9, 9)}


def test_attack_inserted_entry(site: AuditedSite) -> None:
    site.attack("INSERT INTO audit VALUES (21, :body, :body)", body=b'{"seq":21}')
    assert ("unsigned", 21, 21) in found()


def test_attack_cut_tail_with_its_checkpoints(site: AuditedSite) -> None:
    cut = "DELETE FROM audit WHERE seq > 15", "DELETE FROM audit_checkpoints WHERE size > 15"
    site.attack(*cut)
    assert found() == [("missing", 16, 20)]
    assert "older copy" in audit("verify").stdout


def test_attack_cut_tail_and_the_checkpoints_stay(site: AuditedSite) -> None:
    site.attack("DELETE FROM audit WHERE seq > 17")
    assert set(found()) == {("missing", 18, 20)}


def test_attack_cut_and_written_anew_with_the_stolen_key(site: AuditedSite) -> None:
    site.made_anew(cut=17, forge=4, at=(10, 17, 21))
    assert set(found()) == {("changed", 18, 20)}


def test_attack_set_back_to_an_older_copy(site: AuditedSite, tmp_path: Path) -> None:
    """A39: verify finds it, and so does the recorder's start: it signs nothing any more."""
    older = site.copied_to(tmp_path / "older")
    site.recorder.note("models use", "package of ring")
    site.set_back_to(older)
    assert found() == [("missing", 21, 21)]
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        watch = AuditWatch(auditing, SqlStore(engine, auditing.log), Clock())
        watch.begin({"stations": []})
        watch.step()
        status = watch.over({"state": "good", "why": ""})
        assert status["state"] == "failure"
        assert "set back to an older copy" in str(status["why"])
        assert len(bodies(engine)) > 20
        with engine.connect() as connection:
            names = connection.execute(text("SELECT name FROM alarms")).scalars().all()
        assert names == ["audit log"]
        with pytest.raises(BadInput, match="not as it was signed"):
            auditing.change_key(BY, NOW)
    assert found() == [("changed", 21, 21)]


def test_after_a_restore_a_new_log_begins_with_the_reason_and_the_old_copies_still_tell(
    site: AuditedSite, tmp_path: Path
) -> None:
    recorder = site.recorder
    with pytest.raises(BadInput, match="as it was signed"):
        recorder.ask({"do": "begin_audit_anew", "reason": "the disk broke"})
    cut = "DELETE FROM audit WHERE seq > 17", "DELETE FROM audit_checkpoints WHERE size > 17"
    site.attack_kept("verdict_events", "DELETE FROM verdict_events WHERE id > 16")
    site.attack(*cut)
    with pytest.raises(BadInput, match="needs a reason"):
        recorder.ask({"do": "begin_audit_anew", "reason": " "})
    recorder.note("models use", "package of ring")
    noted = audit("key").stdout.split()[0]
    recorder.ask({"do": "begin_audit_anew", "reason": "the disk broke"})
    recorder.note("models use", "package of board")
    assert found("--key", noted) == []
    assert audit("verify").stdout.endswith("; a new log begins at entry 19\n")
    assert "the disk broke (20 entries were signed" in site.entry(19)["reason"]
    (old,) = (site.data / "audit").glob("checkpoints.*")
    assert found("--checkpoints", str(old))


def test_a_new_database_begins_a_new_log(site: AuditedSite) -> None:
    """As after a damaged one was put aside."""
    site.empty()
    recorder = site.recorder
    recorder.ask({"do": "begin_audit_anew", "reason": "the database was damaged"})
    recorder.note("models use", "package of ring")
    assert found() == []


def test_attack_all_copies_cut_is_the_stated_limit(site: AuditedSite, tmp_path: Path) -> None:
    """Who owns the computer and every copy can cut what nobody else has seen; see docs/audit.md."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copy(site.data / "audit" / "checkpoints", elsewhere)
    site.attack("DELETE FROM audit WHERE seq > 17", "DELETE FROM audit_checkpoints WHERE size > 17")
    own = site.data / "audit" / "checkpoints"
    notes = own.read_text().split("\n\n")
    own.write_text("\n\n".join(notes[:4]) + "\n\n")
    assert "written past the recorder" in audit("verify").stdout
    site.attack_kept("verdict_events", "DELETE FROM verdict_events WHERE id > 16")
    assert audit("verify").exit_code == 0
    assert found("--checkpoints", str(elsewhere)) == [("missing", 18, 20)]


def test_attack_all_signed_anew_with_an_own_key(site: AuditedSite) -> None:
    """Found by the key that the auditor has noted; without it, the stated limit."""
    noted = audit("key").stdout.strip()
    signer = Signer("inspector/forged", hashlib.sha256(b"forged").digest())
    (site.data / "audit" / "key").write_text(signer.text)
    (site.data / "audit" / "keys").write_text(f"{signer.verifier.text}\n")
    site.made_anew(at=(20,))
    ((note,),) = site.asked("SELECT note FROM audit_checkpoints")
    (site.data / "audit" / "checkpoints").write_text(f"{note}\n")
    assert found() == []
    assert {kind for kind, _, _ in found("--key", noted)} == {"signature", "unsigned"}


def test_attack_removed_checkpoint_file(site: AuditedSite) -> None:
    (site.data / "audit" / "checkpoints").unlink()
    assert found() == [("missing", 0, 0)]


@ONLY_A_FILE
@pytest.mark.parametrize("body", ["text", None, 7])
def test_attack_something_else_than_bytes(site: AuditedSite, body: object) -> None:
    site.attack(
        "ALTER TABLE audit RENAME TO old",
        "CREATE TABLE audit (seq INTEGER PRIMARY KEY, body, hashes)",
        "INSERT INTO audit SELECT * FROM old",
        "UPDATE audit SET body = :body WHERE seq = 5",
        body=body,
    )
    assert {(first, last) for _, first, last in found()} == {(5, 5)}


def test_the_docs_list_the_attacks_that_are_tested_here() -> None:
    told = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "audit.md").read_text("utf-8"))
    files = sorted(Path(__file__).parent.glob("test_audit*.py"))
    here = {
        name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    assert set(told) <= here
    assert {name for name in here if name.startswith("test_attack_")} <= set(told)


@pytest.mark.slow
def test_a_check_needs_no_more_memory_for_a_longer_log(
    servers: Postgres | None, tmp_path: Path
) -> None:
    sites = [AuditedSite.blank(tmp_path / str(size), servers) for size in (2000, 10000)]
    peaks = [peak_bytes_of_a_check(site, int(site.data.name)) for site in sites]
    assert peaks[1] < 1.2 * peaks[0], peaks


def peak_bytes_of_a_check(site: AuditedSite, size: int) -> int:
    """Return what a check takes at the most, of a log with a checkpoint behind each tenth entry."""
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        change = Change(NOW.isoformat(), BY, "models use", "package of ring")
        with engine.begin() as connection:
            for _ in range(size // 10):
                auditing.log.append(connection, [change] * 10)
        auditing.publish()
    tracemalloc.start()
    result = checked(site.data, site.server, copies=[], key=first_key(site.data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (result.count, result.walk.entries, result.walk.copies) == (0, size, size // 10)
    return peak


# --- what cannot be checked ---


def test_a_log_without_a_key_or_a_database_cannot_be_checked(site: AuditedSite) -> None:
    (site.data / "audit" / "keys").rename(site.data / "audit" / "gone")
    assert isinstance(audit("verify").exception, StoreRefused)
    (site.data / "audit" / "gone").rename(site.data / "audit" / "keys")
    if site.server and site.postgres:
        site.server = site.postgres.address("nobody_made_this")
    else:
        database_file(site.data).write_bytes(b"damaged" * 1000)
        assert isinstance(audit("verify").exception, StoreRefused)
        database_file(site.data).unlink()
    assert isinstance(audit("verify").exception, StoreRefused)


def test_a_file_that_holds_no_checkpoints_cannot_be_checked_against(
    site: AuditedSite, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"\xff\xfe\n")
    assert isinstance(audit("verify", "--checkpoints", str(other)).exception, StoreRefused)
    other.write_text("a\nb\nc\n\n— x y\n\n")
    assert isinstance(audit("verify", "--checkpoints", str(other)).exception, StoreRefused)


# --- the export ---


def script(tmp_path: Path) -> Path:
    """Return the script of docs/audit.md, for whoever does not have our program."""
    found_script = re.search(
        r"```python\n(.*?)```", (ROOT / "docs" / "audit.md").read_text("utf-8"), re.DOTALL
    )
    assert found_script
    file = tmp_path / "check_export.py"
    file.write_text(found_script[1])
    return file


def checks(file: Path, key: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script(tmp_path)), str(file), key]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_an_export_is_checked_by_the_script_in_the_docs(site: AuditedSite, tmp_path: Path) -> None:
    out, key = tmp_path / "out.jsonl", audit("key").stdout.strip()
    assert audit("export", "--first", "3", "--last", "9", "--out", str(out)).exit_code == 0
    said = checks(out, key, tmp_path)
    assert (said.returncode, said.stdout) == (
        0,
        "7 entries are under the signed checkpoint over 20\n",
    )
    text = out.read_text()
    out.write_text(text.replace("Olga", "Bob", 1))
    changed = checks(out, key, tmp_path)
    assert changed.returncode == 1
    assert "entry 3 is not what was signed" in changed.stdout
    out.write_text(text)
    stranger = Signer("inspector/x", b"x" * 32).verifier.text
    assert checks(out, stranger, tmp_path).returncode == 1


def test_an_export_of_a_log_that_was_tampered_with_says_so(
    site: AuditedSite, tmp_path: Path
) -> None:
    site.attack("UPDATE audit SET body = :body WHERE seq = 5", body=edited(site, 5))
    ran = audit("export")
    assert ran.exit_code == 1
    head, *lines = map(json.loads, ran.stdout.splitlines())
    assert not head["clean"]
    assert [one["seq"] for one in lines if one["proof"] is None] == [5]
