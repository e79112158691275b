"""Which state of OPC 40100-1 a station is in: pure, from what the line says of it."""

from __future__ import annotations

from enum import IntEnum

from inspector.domain.health import State
from inspector.scada.live import StationLive


class VisionState(IntEnum):
    """States of VisionStateMachineType; the names are theirs."""

    PREOPERATIONAL = 1
    HALTED = 2
    ERROR = 3
    OPERATIONAL = 4


class AutomaticState(IntEnum):
    """States of VisionAutomaticModeStateMachineType, within OPERATIONAL."""

    INITIALIZED = 5
    READY = 6
    SINGLE_EXECUTION = 7
    CONTINUOUS_EXECUTION = 8


class SystemState(IntEnum):
    """SEMI E10, as SystemStateDataType numbers it."""

    PRODUCTIVE = 1
    STANDBY = 2
    UNSCHEDULED_DOWN = 5


def name_of(state: VisionState | AutomaticState) -> str:
    """Return a state's browse name: "ContinuousExecution"."""
    return "".join(word.capitalize() for word in state.name.split("_"))


def vision_state(live: StationLive) -> tuple[VisionState, AutomaticState | None]:
    """Return the state, and within OPERATIONAL the state of the automatic mode.

    PREOPERATIONAL: the line does not answer. ERROR: no part can pass. INITIALIZED: views are being
    synced. READY: the PLC holds the line. SCADA cannot halt a station, so HALTED does not occur.
    """
    if not live.fresh:
        return VisionState.PREOPERATIONAL, None
    if live.state is State.FAILURE:
        return VisionState.ERROR, None
    if live.state is State.FUNCTION_CHECK:
        return VisionState.OPERATIONAL, AutomaticState.INITIALIZED
    if live.running:
        return VisionState.OPERATIONAL, AutomaticState.CONTINUOUS_EXECUTION
    return VisionState.OPERATIONAL, AutomaticState.READY


def system_state(live: StationLive) -> SystemState:
    """Return whether the station produces, stands by, or is down without a plan."""
    state, automatic = vision_state(live)
    if state is not VisionState.OPERATIONAL:
        return SystemState.UNSCHEDULED_DOWN
    produces = automatic is AutomaticState.CONTINUOUS_EXECUTION
    return SystemState.PRODUCTIVE if produces else SystemState.STANDBY
