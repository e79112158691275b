"""Two cameras in each other's place: no part passes on their pictures, and the station says which.

Each view of the ring has the other one's record of what its good pictures look like, which is to
the worker as if their cameras had been exchanged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inspector.config.site import Site
from inspector.domain.verdict import Action, Verdict
from inspector.ipc import Runtime, read_status
from tests.faults.running import run_demo

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]  # a whole run of the demo

PARTS = 30


def exchanged(site: Site) -> Site:
    """Return the ring's station alone, with its views' records exchanged."""
    ring = site.station("ring")
    top, side = ring.views
    views = (
        top.model_copy(update={"check": side.check}),
        side.model_copy(update={"check": top.check}),
    )
    return site.model_copy(update={"stations": (ring.model_copy(update={"views": views}),)})


def test_exchanged_cameras_pass_no_part_and_are_named(tmp_path: Path) -> None:
    said: set[tuple[str, str]] = set()

    def look(runtime: Runtime) -> None:
        stations: Any = (read_status(runtime, "line") or {}).get("stations") or {}
        for one in stations.values():
            said.update((one["state"], text) for text in one["state_why"].split("; "))

    ran = run_demo(tmp_path, parts=PARTS, rate_hz=2, changed=exchanged, each_poll=look)
    assert ran.sums.broken() == ()
    records = ran.by_number("ring")
    assert set(records) == set(range(1, PARTS + 1))
    for record in records.values():
        assert record.verdict is Verdict.UNKNOWN
        assert record.decision is not None
        assert record.decision.action is Action.FAIL_SAFE
    causes = [record.not_inspected for record in records.values()]
    assert sum("swapped camera: it shows what view" in cause for cause in causes) > PARTS / 2
    why = "view side and view top show each other: their cameras are exchanged"
    assert ("failure", why) in said
