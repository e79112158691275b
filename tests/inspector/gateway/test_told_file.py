"""What stands reaches its reader, also after a write or a read that failed for a while."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from inspector.domain.audit_sampling import AuditPlan, Strata
from inspector.domain.health import Condition, State
from inspector.gateway.audit_plans import PlansFile, write_plans
from inspector.gateway.told_file import Telling, ToldFile
from inspector.gateway.watch_file import WatchFile, write_watched

PLAN = AuditPlan(Strata(3, (0.25,)), (0.01, 0.5))
SAID = {"ring": (Condition(State.MAINTENANCE, "rejects rise"),)}


def fails(*_: object) -> bytes:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_write_that_fails_is_told_once_and_may_come_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    telling, written = Telling("the state"), list[int]()
    assert not telling.wrote(lambda: void(fails()))
    assert not telling.wrote(lambda: void(fails()))
    assert telling.wrote(lambda: written.append(1))
    assert written == [1]
    assert [one.getMessage() for one in caplog.records] == [
        "the state cannot be told: [Errno 24] Too many open files"
    ]


def void(_: object) -> None:
    return None


def test_a_read_that_fails_once_loses_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_watched(tmp_path / "watched.json", SAID)
    write_plans(tmp_path / "plans.json", {"ring": PLAN})
    watched, plans = WatchFile(tmp_path / "watched.json"), PlansFile(tmp_path / "plans.json")
    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(Path, "read_bytes", fails)
        for _ in range(3):
            assert (watched.news(), plans.news()) == (None, {})
    assert len(caplog.records) == 2, "once for each file"
    assert (watched.news(), plans.news()) == (SAID, {"ring": PLAN})


def test_a_file_is_fresh_once(tmp_path: Path) -> None:
    path = tmp_path / "told"
    file = ToldFile(path)
    assert file.fresh() is None
    path.write_bytes(b"one")
    assert (file.fresh(), file.fresh()) == (b"one", None)
    path.write_bytes(b"two")
    os.utime(path, ns=(7, 7))
    assert file.fresh() == b"two"
