"""The second place of the checkpoints follows by itself, and tells what was cut everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspector.cli import audit as cli
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_copy import EACH_S, HANGS_S, AuditCopy, Work, copy_file
from inspector.gateway.audit_watch import AuditWatch
from inspector.storage.sql_writing import SqlStore
from tests.auditing import BY
from tests.inspector.gateway.audited_site import NOW, AuditedSite, audit, write_twenty

GOOD: dict[str, object] = {"state": "good", "why": ""}


class Clock:
    """Goes on by hand."""

    def __init__(self) -> None:
        self.s = 100.0

    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return self.s


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditedSite:
    site = AuditedSite.blank(tmp_path / "data", None)
    write_twenty(site)
    site.copy_to = "share/line1"
    monkeypatch.setattr(cli, "load_site", lambda _: site.settings)
    return site


@pytest.fixture
def engine(site: AuditedSite) -> Iterator[Engine]:
    with site.writing() as engine:
        yield engine


def at_once(work: Work) -> None:
    work()


class Recorder:
    """As much of it as looks after the log."""

    def __init__(
        self, site: AuditedSite, engine: Engine, run: Callable[[Work], None] = at_once
    ) -> None:
        self.clock, self.auditing = Clock(), Auditing(engine, site.data)
        self.share = site.data.parent / site.copy_to
        self.file = copy_file(self.share, self.auditing.log.signer.name)
        copy = AuditCopy(self.auditing, self.share, self.clock.s, run)
        store = SqlStore(engine, self.auditing.log)
        self.watch = AuditWatch(self.auditing, store, self.clock, copy)

    def goes_on(self, seconds: float = EACH_S) -> dict[str, object]:
        self.clock.s += seconds
        self.watch._zero = self.watch._zero_now()
        self.watch.step()
        return self.watch.over(GOOD)


def test_the_second_place_follows_the_file(site: AuditedSite, engine: Engine) -> None:
    recorder = Recorder(site, engine)
    recorder.share.mkdir(parents=True)
    own = site.data / "audit" / "checkpoints"
    assert recorder.goes_on() == GOOD
    assert recorder.file.read_bytes() == own.read_bytes()
    recorder.auditing.change_key(BY, NOW)
    recorder.goes_on(0)
    assert recorder.goes_on() == GOOD
    assert recorder.file.read_bytes() == own.read_bytes()
    assert "8 copies of checkpoints agree" in audit("verify").stdout


def test_a_share_that_is_away_is_maintenance_and_made_up_for(
    site: AuditedSite, engine: Engine
) -> None:
    recorder = Recorder(site, engine)
    said = recorder.goes_on()
    assert said["state"] == "maintenance"
    assert "Connect it again" in str(said["why"])
    assert not recorder.share.exists(), "what lies below the mount is no second place"
    assert "was not held against it" in audit("verify").stderr
    recorder.share.mkdir(parents=True)
    assert recorder.goes_on() == GOOD
    assert recorder.file.exists()


def test_a_share_that_hangs_is_said_and_nothing_waits_for_it(
    site: AuditedSite, engine: Engine
) -> None:
    works: list[Work] = []
    recorder = Recorder(site, engine, works.append)
    recorder.share.mkdir(parents=True)
    assert recorder.goes_on() == GOOD
    said = recorder.goes_on(HANGS_S + 1)
    assert (said["state"], len(works)) == ("maintenance", 1)
    assert "does not answer" in str(said["why"])
    works[0]()
    assert recorder.goes_on(0) == GOOD


def test_attack_cut_everywhere_but_in_the_second_place(site: AuditedSite) -> None:
    with site.writing() as engine:
        recorder = Recorder(site, engine)
        recorder.share.mkdir(parents=True)
        recorder.goes_on()
    cut = "DELETE FROM audit WHERE seq > 17", "DELETE FROM audit_checkpoints WHERE size > 17"
    site.attack(*cut)
    site.attack_kept("verdict_events", "DELETE FROM verdict_events WHERE id > 16")
    own = site.data / "audit" / "checkpoints"
    notes = own.read_text().split("\n\n")
    own.write_text("\n\n".join(notes[:4]) + "\n\n")
    ran = audit("verify")
    assert ran.exit_code == 1
    assert f"entries 18 to 20 were cut off: {recorder.file}" in ran.stdout
    with site.writing() as engine:
        said = Recorder(site, engine).goes_on()
    assert said["state"] == "failure"
    assert "has checkpoints that our own file lacks" in str(said["why"])
