"""A model that turns on us in one station of a running line: its own parts, and nothing else."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inspector.config.loading import load_site
from inspector.domain.verdict import Action, Verdict
from inspector.ipc import Runtime
from tests.faults.hostile_site import close_parts, hostile_site
from tests.faults.running import kill, run_demo
from tests.inspector.vision import hostile, tiny

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]  # whole runs of the demo

TURNS, PARTS = 16, 90
"""The model turns at this part, an empty belt; by the last one every worker is back."""


@dataclass(frozen=True)
class Case:
    """One way to turn."""

    onnx: Callable[[], bytes]
    cause: str
    at: Mapping[int, Callable[[Runtime], None]] = field(default_factory=dict)


CASES = {
    "looks for ever": Case(hostile.looks_for_minutes, "the model looked for more than"),
    "wants all memory": Case(hostile.wants_everything, "the model stopped: "),
    "gives no number": Case(hostile.answers_no_number, "values that are not numbers"),
    "gives another shape": Case(hostile.answers_in_another_shape, "in shape (1, 2, 7)"),
    "crashes": Case(
        tiny.end_to_end,
        "the vision worker is not running",
        {TURNS: kill("worker-board", signal.SIGSEGV)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_model_that(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    ran = run_demo(
        tmp_path,
        parts=PARTS,
        faults=(f"phantom@{TURNS}:board",),
        at=case.at,
        defect_rate=0,
        settings=load_site(hostile_site(tmp_path / "site", case.onnx())),
        changed=close_parts,
    )
    assert ran.sums.broken() == ()
    board, blister = ran.by_number("board"), ran.by_number("blister")
    assert set(board) == set(range(1, PARTS + 2))  # the empty belt was counted too
    hit = [one for one in board.values() if case.cause in one.not_inspected]
    assert TURNS in {one.number for one in hit} or case.at
    assert hit
    for one in hit:
        assert one.decision is not None
        assert one.decision.action is Action.FAIL_SAFE
    assert board[TURNS - 1].verdict is not Verdict.UNKNOWN
    assert board[PARTS].verdict is not Verdict.UNKNOWN
    assert all(blister[n].verdict is not Verdict.UNKNOWN for n in range(TURNS, PARTS + 1))
