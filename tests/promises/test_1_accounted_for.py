"""Every part is accounted for.

Triggered = decided + on the belt, and triggered = records + parts in gap records, at any time.
"""

from __future__ import annotations

import pytest

from tests.factory import Factory


def holds(factory: Factory) -> None:
    counts = factory.memory.counts
    assert counts.triggered == counts.decided + factory.program.on_belt
    recorded = {entry["number"] for entry in factory.journal.of("judged")}
    in_gap = sum(
        int(str(gap["last"])) - int(str(gap["first"])) + 1 for gap in factory.journal.of("gap")
    )
    open_parts = len([p for p in factory.line.belt.parts.values() if not p.decision])
    not_read_yet = factory.memory.part_id - (factory.line.belt.newest or 0)
    assert counts.triggered == len(recorded) + in_gap + open_parts + not_read_yet


@pytest.mark.parametrize("seed", range(4))
def test_through_outages_short_and_long(seed: int) -> None:
    factory = Factory(seed=seed, spacing_s=0.3)
    for outage_s in (0.5, 3.0, 40.0):
        factory.run(12)
        factory.cut()
        factory.run(outage_s)
        factory.connect()
        factory.run(0.2)
        holds(factory)
    factory.restart_line()
    factory.run(5)
    holds(factory)
    factory.restart_plc()
    factory.run(5)
    holds(factory)
    factory.run_until_empty()
    holds(factory)
    factory.check_promises()
