"""A factory whose PLC fires no camera: the gateway asks for each picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.domain.verdict import Verdict
from tests.faults.running import kill, run_demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a whole run of the demo
IN_SYNC_AGAIN = 20


def test_each_part_is_judged_by_the_picture_that_was_asked_for_it(tmp_path: Path) -> None:
    killed = 25
    ran = run_demo(
        tmp_path, parts=60, rate_hz=2, sync="software_trigger", at={killed: kill("worker-ring")}
    )
    assert ran.sums.broken() == ()
    assert ran.sums.wrong_picture == 0
    for station in ("board", "blister", "ring"):
        late = {n: r for n, r in ran.by_number(station).items() if n > killed + IN_SYNC_AGAIN}
        assert sum(record.verdict is not Verdict.UNKNOWN for record in late.values()) >= 10
