"""Signed limits for a running line: taken over between two parts, and records say from which."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from inspector.config.loading import load_site
from inspector.domain.people import Role
from inspector.domain.verdict import Verdict
from inspector.gateway.people import People
from inspector.gateway.recorder_ask import RecorderAsk
from inspector.ipc import Runtime
from inspector.storage.database import database_file
from inspector.storage.sql_advice import SqlAdvice
from tests.faults.running import copied_site, run_demo

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]  # a whole run of the demo

ASKED, PARTS, RATE_HZ, KIND, LIMIT = 5, 110, 2.0, "dent", 0.9


def sign(data: Path, runtime: Runtime) -> None:
    """Do what `limits propose` and `limits sign` ask of the recorder."""
    recorder = RecorderAsk(data, runtime.recorder_socket)
    quinn = People(data, runtime.recorder_socket).add("Quinn", Role.QUALITY)
    with closing(SqlAdvice(database_file(data))) as records:
        while not (versions := records.versions("ring")):
            time.sleep(0.2)
    now = versions[0].limits[KIND]
    step = {"station": "ring", "kind": KIND, "follows": 1, "now": now, "proposed": LIMIT}
    made = recorder.ask({"do": "propose_limit", "proposal": {**step, "evidence": {}}})
    who = {"badge": quinn.badge, "pin": quinn.pin, "reason": "a test"}
    done = recorder.ask({"do": "sign_limits", "proposal": made["proposal"], **who})
    assert (done["version"], done["name"]) == (2, "Quinn")


def test_signed_limits_are_taken_over_between_two_parts(tmp_path: Path) -> None:
    copied_site(tmp_path)
    for name in ("board", "blister"):
        (tmp_path / "stations" / f"{name}.toml").unlink()
    settings, commands = load_site(tmp_path), []

    def ask(runtime: Runtime) -> None:
        sign(Path(settings.data), runtime)
        command = [sys.executable, "-m", "inspector", "limits", "apply", "--station", "ring"]
        commands.append(subprocess.Popen([*command, "--site", str(tmp_path)]))

    ran = run_demo(tmp_path, parts=PARTS, rate_hz=RATE_HZ, at={ASKED: ask}, settings=settings)
    assert [command.wait() for command in commands] == [0]
    assert ran.sums.broken() == ()
    records = ran.by_number("ring")
    assert set(records) == set(range(1, PARTS + 1))
    versions = [records[n].limits_version for n in sorted(records)]
    assert [one for one, _ in groupby(versions)] == [1, 2]
    turn = versions.index(2) + 1
    assert all(records[n].verdict is not Verdict.UNKNOWN for n in range(turn - 5, turn + 5))
    found = [f for n in range(turn, PARTS) for v in records[n].views for f in v.findings]
    assert all(one.score >= LIMIT for one in found if one.kind == KIND)
    assert f"{KIND} = {LIMIT}" in (tmp_path / "stations" / "ring.toml").read_text("utf-8")
