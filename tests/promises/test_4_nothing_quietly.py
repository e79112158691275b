"""Nothing falls back or is dropped quietly.

Device and precision that really ran, and every late or lost frame, are on the record.
"""

from __future__ import annotations

import pytest

from inspector.errors import ProviderUnavailable
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from tests.factory import Factory
from tests.faults.running import ROOT


@pytest.mark.parametrize("device", ["GPU", "NPU"])
def test_a_device_that_is_not_there_is_not_replaced(device: str) -> None:
    with pytest.raises(ProviderUnavailable, match=device):
        open_model(open_package(ROOT / "models" / "board"), device=device)


def test_the_device_and_precision_that_ran_are_what_is_said() -> None:
    model = open_model(open_package(ROOT / "models" / "board"), precision="FP32")
    assert (model.ran.device, model.ran.precision) == ("CPU", "FP32")


def test_a_lost_frame_is_a_cause_on_the_record() -> None:
    factory = Factory()
    factory.cameras["top"].faults = {30: "drop"}
    factory.run(35)
    factory.run_until_empty()
    record = next(e for e in factory.journal.of("judged") if e["number"] == 30)
    assert record["not_inspected"] == "view top missing"


def test_a_verdict_too_late_to_be_sent_is_on_the_record() -> None:
    factory = Factory()
    factory.run(20)
    factory.cut()
    factory.run(9)
    factory.connect()
    factory.run(5)
    late = [entry for entry in factory.journal.of("acked") if entry["late"]]
    assert late
    assert factory.line.decisions.late == len(late)
