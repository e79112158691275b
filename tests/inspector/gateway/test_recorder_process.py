"""The recorder records on while shared memory is full, and tells what stands when it fits."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from inspector.domain.audit_sampling import AuditPlan, Strata
from inspector.gateway.audit_plans import PlansFile
from inspector.gateway.recorder_process import Upkeep, _run
from inspector.ipc import Runtime

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAN = AuditPlan(Strata(3, (0.25,)), (0.01, 0.5))


def upkeep(data: Path, plans: Path) -> Upkeep:
    """Give the upkeep of a recorder that has one plan and nothing else to do."""
    planning: Any = SimpleNamespace(standing=lambda: {"ring": PLAN}, step=lambda _: False)
    closing: Any = SimpleNamespace(step=lambda _: False)
    quiet: Any = SimpleNamespace(step=lambda *_, **__: None, why="")
    return Upkeep(closing, quiet, planning, quiet, data, plans)


def test_plans_that_do_not_fit_are_told_when_they_do(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    one = upkeep(tmp_path, folder / "plans.json")
    one.tell_plans()
    one.step(NOW)
    folder.mkdir()
    one.step(NOW)
    file = PlansFile(folder / "plans.json")
    assert file.news() == {"ring": PLAN}
    one.step(NOW)
    assert file.news() == {}, "they are told once"


def test_a_state_that_cannot_be_written_ends_no_recorder(tmp_path: Path) -> None:
    runtime, stopping = Runtime(tmp_path / "runtime").make(), threading.Event()
    shutil.rmtree(runtime.status)
    steps: list[bool] = []
    recorder: Any = SimpleNamespace(
        step=lambda: steps.append(True), status=lambda: {"state": "good"}, behind_bytes=0
    )
    watch: Any = SimpleNamespace(step=lambda: None, over=lambda said: said)
    callers: Any = SimpleNamespace(serve=lambda _: stopping.set())
    desk: Any = SimpleNamespace(tidy=lambda: None)
    kept = upkeep(tmp_path, tmp_path / "plans.json")
    _run(recorder, runtime, stopping, watch=watch, desk=desk, callers=callers, upkeep=kept)
    assert len(steps) == 2, "the last of the journal too"
