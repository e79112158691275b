"""A model that turns on us in one station of a running line: its own parts, and nothing else."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inspector.config.site import Site
from inspector.domain.verdict import Action, Verdict
from inspector.ipc import Runtime
from tests.faults.running import ROOT, kill, run_demo
from tests.inspector.vision import hostile, tiny

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]  # whole runs of the demo

TURNS, PARTS = 16, 90
"""The model turns at this part, an empty belt; by the last one every worker is back."""
CLOSEST_MS = 80
"""The empty belt's trigger comes half a spacing before the next part's."""


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


def hostile_site(folder: Path, onnx: bytes) -> Path:
    """Return a site with the demo's blisters, and boards that a hostile model looks at."""
    (folder / "stations").mkdir(parents=True)
    shutil.copytree(ROOT / "stations" / "plc", folder / "stations" / "plc")
    shutil.copy(ROOT / "stations" / "blister.toml", folder / "stations")
    shutil.copytree(ROOT / "models" / "blister", folder / "models" / "blister")
    text = (ROOT / "stations" / "board.toml").read_text("utf-8")
    text = text.replace('precision = "auto"', 'precision = "FP32"')
    text = text.replace("check = ", "# ")  # an empty belt must reach the model
    (folder / "stations" / "board.toml").write_text(text, "utf-8")
    tiny.write_package(folder / "models" / "board", onnx=onnx)
    return folder


def close_parts(site: Site) -> Site:
    stations = tuple(
        one.model_copy(
            update={"belt": one.belt.model_copy(update={"smallest_spacing_ms": CLOSEST_MS})}
        )
        for one in site.stations
    )
    return site.model_copy(update={"stations": stations})


@pytest.mark.parametrize("name", CASES)
def test_a_model_that(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    ran = run_demo(
        tmp_path,
        parts=PARTS,
        faults=(f"phantom@{TURNS}:board",),
        at=case.at,
        defect_rate=0,
        root=hostile_site(tmp_path / "site", case.onnx()),
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
