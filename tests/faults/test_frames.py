"""Dropped, doubled, delayed, frozen and missed frames, phantom triggers: UNKNOWN, none shifted."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.domain.verdict import Action, Verdict
from tests.faults.running import run_demo

pytestmark = pytest.mark.timeout(300)  # whole runs of the demo, at its own pace

DROPPED, DELAYED, FROZEN, PHANTOM, DOUBLED = 20, 24, 28, 32, 40
FAULTS = (
    f"drop@{DROPPED}:board",
    f"delay@{DELAYED}:board",
    f"freeze@{FROZEN}:board",
    f"phantom@{PHANTOM}:board",
    f"double@{DOUBLED}:board",
    f"drop@{DROPPED}:ring.side",
    f"miss@{DOUBLED}:ring.side",
    f"phantom@{PHANTOM}:blister",
)


def test_frame_faults_make_their_parts_unknown_and_shift_none(tmp_path: Path) -> None:
    ran = run_demo(tmp_path, parts=70, faults=FAULTS)
    assert ran.sums.broken() == ()
    assert ran.sums.wrong_picture == 0
    board, ring, blister = (ran.by_number(name) for name in ("board", "ring", "blister"))
    hit = [board[n] for n in (DROPPED, DELAYED, FROZEN, PHANTOM, DOUBLED + 1)]
    hit += [ring[DROPPED], ring[DOUBLED], blister[PHANTOM]]
    for record in hit:
        assert record.verdict is Verdict.UNKNOWN, (record.number, record.reasons)
        assert record.not_inspected
        assert record.decision is not None
        assert record.decision.action is Action.FAIL_SAFE
    # A phantom comes half a spacing before the next part: the two cannot be told apart for sure.
    for record in (board[DROPPED + 1], board[DELAYED + 1], board[PHANTOM + 2], ring[DROPPED + 1]):
        assert record.verdict is not Verdict.UNKNOWN, (record.number, record.reasons)
    assert board[65].verdict is not Verdict.UNKNOWN
    assert ring[65].verdict is not Verdict.UNKNOWN
