"""The function blocks, translated once, and a bench for each."""

from __future__ import annotations

from inspector.domain.verdict import Verdict
from inspector.simulator.plc_memory import Policy
from tests.plc_blocks.bench import Bench, MinimalBench, Start, block

FULL = ("inspector_station.st", "inspector_station.scl", "inspector_station_logix.st")
MINIMAL = "inspector_minimal.st"
ALL = (*FULL, MINIMAL)
MADE = {name: block(name) for name in ALL}
PASS, REJECT, UNKNOWN = int(Verdict.PASS), int(Verdict.REJECT), int(Verdict.UNKNOWN)
NO_HOLD = Policy(hold_after_unknown=0, hold_after_silence_ms=0)


def bench_of(name: str, start: Start = Start(), policy: Policy = NO_HOLD) -> Bench:  # noqa: B008
    return (MinimalBench if name == MINIMAL else Bench)(MADE[name], start, policy)
