"""What is wrong with the recorder stands on every station, with what to do about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from inspector.domain.health import Condition, State
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_watch import AuditWatch
from inspector.gateway.recorder_notices import LOOK_EACH_S, SILENT, SILENT_S, RecorderNotices
from inspector.ipc import Runtime, write_status
from inspector.line.status import station_status
from inspector.storage.sql_writing import SqlStore
from tests.factory import Factory
from tests.inspector.gateway.audited_site import NOW, AuditedSite, write_twenty


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 100.0


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(tmp_path / "runtime").make()


def standing(runtime: Runtime) -> tuple[Condition, ...]:
    now_s = time.monotonic()
    return RecorderNotices(runtime, now_s).standing(now_s)


@pytest.mark.parametrize(
    ("of_recorder", "of_station"),
    [
        ("failure", "out_of_specification"),
        ("out_of_specification", "out_of_specification"),
        ("maintenance", "maintenance"),
    ],
)
def test_a_trouble_of_the_recorder_is_on_the_station_whose_verdicts_hold(
    runtime: Runtime, of_recorder: str, of_station: str
) -> None:
    write_status(runtime, "recorder", {"state": of_recorder, "why": "the database is locked"})
    factory = Factory()
    factory.run(10)
    shown = station_status(factory.line, now_s=factory.clock.s, standing=standing(runtime))
    assert (shown["state"], shown["state_why"]) == (of_station, "the database is locked")
    assert shown["running"]


def test_a_recorder_without_trouble_leaves_the_station_as_it_is(runtime: Runtime) -> None:
    write_status(runtime, "recorder", {"state": "good", "why": ""})
    assert standing(runtime) == ()


def test_a_recorder_that_is_away_is_said_once_it_had_its_time_to_start(runtime: Runtime) -> None:
    write_status(runtime, "recorder", {"state": "good", "why": ""})
    (runtime.status / "recorder.json").write_text('{"beat_s": -1000.0}')
    notices = RecorderNotices(runtime, 0.0)
    assert notices.standing(SILENT_S - 1) == ()
    assert notices.standing(SILENT_S + 1) == (SILENT,)
    (runtime.status / "recorder.json").write_text(json.dumps({"beat_s": SILENT_S + 1}))
    assert notices.standing(SILENT_S + 1 + LOOK_EACH_S) == ()


def key_missing(site: AuditedSite) -> None:
    (site.data / "audit" / "key").unlink()


def entries_cut(site: AuditedSite) -> None:
    site.attack("DELETE FROM audit WHERE seq > 17")


def file_ahead(site: AuditedSite) -> None:
    site.attack("DELETE FROM audit WHERE seq > 17")
    site.attack("DELETE FROM audit_checkpoints WHERE size > 17")


@pytest.mark.parametrize("trouble", [key_missing, entries_cut, file_ahead])
def test_a_log_that_is_not_as_it_was_signed_is_on_every_station_with_what_to_do(
    tmp_path: Path, runtime: Runtime, trouble: Callable[[AuditedSite], None]
) -> None:
    site = AuditedSite.blank(tmp_path / "data", None)
    write_twenty(site)
    trouble(site)
    with site.writing() as engine:
        auditing = Auditing(engine, site.data)
        watch = AuditWatch(auditing, SqlStore(engine, auditing.log), Clock())
        watch.begin({})
        slow: dict[str, object] = {
            "state": "out_of_specification",
            "why": "the disk took 5.0 s to store records",
        }
        said = watch.over(slow)
    assert said["state"] == "failure", "no slower disk hides it"
    write_status(runtime, "recorder", said)
    (shown,) = standing(runtime)
    assert shown.state is State.OUT_OF_SPECIFICATION
    assert shown.text.startswith("the audit log is not as it was signed: ")
    assert "`inspector audit verify` says which entries" in shown.text
