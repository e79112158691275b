"""Rows of `make faults`, cut short: real processes, marked parts, exact sums."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.faults.peers import DemoPeer, NodePeerThatPulls, Peer
from benchmarks.faults.rows import ROWS, run_row
from tests.needs import require_npm

SHORT_S = 5.0
LATE_PASS = "late PASS behind an operator's REJECT"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["none", "TCP cut", "line killed -9", LATE_PASS])
def test_a_fault_breaks_no_promise(name: str) -> None:
    breaks_none(name, DemoPeer)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["TCP cut", LATE_PASS])
def test_nor_does_it_where_the_plc_reads_from_us(name: str) -> None:
    require_npm("node-opcua")
    breaks_none(name, NodePeerThatPulls)


def breaks_none(name: str, peer: type[Peer]) -> None:
    row = next(row for row in ROWS if row.name == name)
    outcome = asyncio.run(run_row(row, peer, seconds=SHORT_S))
    assert not outcome.broken
    assert outcome.sums is not None
    assert outcome.sums.parts > 10
    assert (outcome.sums.by_person > 0) == ("operator" in name)
