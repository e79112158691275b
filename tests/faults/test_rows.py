"""Rows of `make faults`, cut short: real processes, marked parts, exact sums."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.faults.peers import DemoPeer
from benchmarks.faults.rows import ROWS, run_row

SHORT_S = 5.0


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name", ["none", "TCP cut", "line killed -9", "late PASS behind an operator's REJECT"]
)
def test_a_fault_breaks_no_promise(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)
    outcome = asyncio.run(run_row(row, DemoPeer, seconds=SHORT_S))
    assert not outcome.broken
    assert outcome.sums is not None
    assert outcome.sums.parts > 10
    assert (outcome.sums.by_person > 0) == ("operator" in name)
