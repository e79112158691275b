"""Which state of OPC 40100-1 a station is in, and what is done to the NodeSet before its import."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.domain.health import State
from inspector.errors import BadInput
from inspector.scada.live import AWAY, StationLive
from inspector.scada.machine_vision_nodeset import import_types, mended
from inspector.scada.machine_vision_state import (
    AutomaticState,
    SystemState,
    VisionState,
    name_of,
    system_state,
    vision_state,
)

LIVE = StationLive(State.GOOD, "", fresh=True, running=True)


@pytest.mark.parametrize(
    ("live", "state", "automatic", "system"),
    [
        (LIVE, 4, AutomaticState.CONTINUOUS_EXECUTION, SystemState.PRODUCTIVE),
        (replace(LIVE, running=False), 4, AutomaticState.READY, SystemState.STANDBY),
        (
            replace(LIVE, state=State.FUNCTION_CHECK),
            4,
            AutomaticState.INITIALIZED,
            SystemState.STANDBY,
        ),
        (
            replace(LIVE, state=State.OUT_OF_SPECIFICATION),
            4,
            AutomaticState.CONTINUOUS_EXECUTION,
            SystemState.PRODUCTIVE,
        ),
        (replace(LIVE, state=State.FAILURE), 3, None, SystemState.UNSCHEDULED_DOWN),
        (AWAY, 1, None, SystemState.UNSCHEDULED_DOWN),
    ],
)
def test_a_stations_state_is_one_of_the_specifications(
    live: StationLive, state: int, automatic: AutomaticState | None, system: SystemState
) -> None:
    assert vision_state(live) == (VisionState(state), automatic)
    assert system_state(live) is system


def test_a_definition_that_a_type_leaves_to_its_base_is_filled_in() -> None:
    base = '<Definition Name="1:BinaryIdBaseDataType"><Field Name="Id" /></Definition>'
    empty = '<Definition Name="1:RecipeIdExternalDataType" />'
    assert mended(base + empty).count('<Field Name="Id" />') == 2


def test_another_file_than_the_nodeset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_text("<UANodeSet/>")
    with pytest.raises(BadInput, match="not the NodeSet of"):
        asyncio.run(import_types(None, tmp_path / "other.xml"))  # type: ignore[arg-type]


def test_states_have_the_specifications_names() -> None:
    assert name_of(AutomaticState.CONTINUOUS_EXECUTION) == "ContinuousExecution"
    assert name_of(VisionState.PREOPERATIONAL) == "Preoperational"
