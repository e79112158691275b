"""A person's word over HTTP changes what the PLC does with that very part, or says why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from inspector.cli.audit import audit_command
from inspector.domain.verdict import Action
from tests.faults.live import LiveDemo, forget, live_demo

pytestmark = pytest.mark.timeout(300)  # whole runs of the demo, at its own pace

LATE_FROM = 30


@pytest.mark.slow
def test_overrides_in_time_too_late_and_behind_late_writes(tmp_path: Path) -> None:
    fault = f"late-writes@{LATE_FROM}:blister"
    words = ("--rate", "1", "--defect-rate", "0.5", "--fault", fault)
    with live_demo(tmp_path, *words) as demo:
        demo.sign_in("operator")
        passed = _changed_in_time(demo)
        too_late = _pressed_after_the_decision(demo)
        kept = _rejected_while_passes_are_late(demo)
        demo.wait_for("decision", lambda: passed in demo.truth("board"), 30)
        demo.wait_for("decision", lambda: kept in demo.truth("blister"), 30)
        assert demo.truth("board")[passed]["action"] == Action.PASSED_BY_OPERATOR
        assert demo.truth("board")[passed]["actuations"] == 0
        assert demo.truth("board")[too_late]["action"] == Action.REJECTED
        assert demo.truth("blister")[kept]["action"] == Action.REJECTED_BY_OPERATOR
    ran = CliRunner().invoke(audit_command, ["verify", "--site", str(tmp_path)])
    assert (ran.exit_code, ran.stdout[:16]) == (0, "audit log clean:"), ran.output
    ran = CliRunner().invoke(audit_command, ["export", "--site", str(tmp_path)])
    said = [json.loads(json.loads(line)["body"]) for line in ran.stdout.splitlines()[1:]]
    actions = [entry["action"] for entry in said]
    assert actions.count("override") >= 2
    assert "correction" in actions
    assert {"settings changed", "person added", "model changed"} <= set(actions)
    forget(tmp_path)


def _changed_in_time(demo: LiveDemo) -> int:
    part = demo.wait_for("waiting reject", _young(demo, "board", "waiting", "reject"), 60)
    answer = demo.override(part, "pass", "press-1")
    assert answer["state"] == "sent"
    again = demo.wait_for(
        "echo", lambda: demo.override(part, "pass", "press-1")["state"] == "changed", 5
    )
    assert again
    return int(part["number"])


def _pressed_after_the_decision(demo: LiveDemo) -> int:
    def gone() -> Any:
        recent = demo.line("board").get("recent", [])
        return next((one for one in recent if one["action"] == Action.REJECTED), None)

    part = demo.wait_for("decided reject", gone, 60)
    assert demo.override(part, "pass", "press-2")["state"] == "too_late"
    record = demo.ask(f"/api/v1/records/{part['record']}")
    demo.wait_for(
        "correction",
        lambda: [
            event
            for event in demo.ask(f"/api/v1/records/{part['record']}")["events"]
            if event["kind"] == "correction"
        ],
        5,
    )
    assert record["outcome"] == "rejected"
    return int(part["number"])


def _rejected_while_passes_are_late(demo: LiveDemo) -> int:
    def passing() -> Any:
        flying = demo.line("blister").get("in_flight", [])
        return next((one for one in flying if one["number"] >= LATE_FROM), None)

    part = demo.wait_for("passing part", passing, 90)
    assert demo.override(part, "reject", "press-3")["state"] in ("sent", "changed")
    return int(part["number"])


def _young(demo: LiveDemo, station: str, where: str, verdict: str) -> Callable[[], Any]:
    def found() -> Any:
        parts = demo.line(station).get(where, [])
        return next((one for one in reversed(parts) if one["verdict"] == verdict), None)

    return found
