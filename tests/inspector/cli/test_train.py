"""The chain of `inspector train`: every station gets its own run after the joint one."""

from __future__ import annotations

import pytest

from inspector.cli.train import steps
from inspector.simulator.parts import STATIONS


def test_the_chain_trains_every_station_before_it_packages_any() -> None:
    names = [step.name for step in steps(2.0)]
    assert names[:3] == ["environment", "joint-pictures", "joint-training"]
    for station in STATIONS:
        own = [f"{station}-{what}" for what in ("start", "pictures", "training", "package")]
        assert [name for name in names if name in own] == own
    assert names[-1] == "samples"
    assert len(set(names)) == len(names), "a stamp belongs to one step"


def test_the_hours_are_shared_out() -> None:
    hours = [
        float(step.command[step.command.index("--hours") + 1])
        for step in steps(3.0)
        if "--hours" in step.command
    ]
    assert sum(hours) == pytest.approx(3.0, abs=0.01)
