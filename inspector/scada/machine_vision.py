"""OPC 40100-1 Machine Vision as a facade: a vision system for each station.

It shows and answers; it never starts or stops anything, because the PLC starts parts and the line
judges each. Methods that would are answered with an error code below zero (docs/scada.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asyncua import Node, Server, ua
from asyncua.server.event_generator import EventGenerator

from inspector.scada.live import Result
from inspector.scada.machine_vision_nodeset import (
    AUTOMATIC_MODE,
    RESULT_READY,
    STATE_MACHINE,
    VisionTypes,
    import_types,
    vision_system,
)
from inspector.scada.machine_vision_results import ResultValues, selected
from inspector.scada.machine_vision_state import (
    AutomaticState,
    SystemState,
    VisionState,
    name_of,
    system_state,
    vision_state,
)
from inspector.scada.nodes import Shown

KEPT_RESULTS = 256
"""Results that the methods find, by station."""
OK, NOT_FOR_SCADA, NOT_FOUND = 0, -1, -2
"""Error codes: 0 is the specification's, those below 0 are ours."""
_INT, _COUNT, _BOOL = ua.VariantType.Int32, ua.VariantType.UInt32, ua.VariantType.Boolean
_OBJECT, _TEXT = ua.VariantType.ExtensionObject, ua.VariantType.LocalizedText
_FIELD_TYPES = {
    "HasTransferableDataOnFile": _BOOL,
    "IsPartial": _BOOL,
    "IsSimulated": _BOOL,
    "ResultState": _INT,
    "CreationTime": ua.VariantType.DateTime,
    "ResultContent": ua.VariantType.Variant,
}
"""Of a result's fields; the others are structures."""
_NOT_IN_EVENT = {"HasTransferableDataOnFile"}
_NO_STATE = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadStateNotActive))


class VisionSystem:
    """One station's vision system."""

    def __init__(self, types: VisionTypes, shown: Shown) -> None:
        """Make nothing yet."""
        self._types, self._shown = types, shown
        self._values = ResultValues(types, shown.facts)
        self._results: deque[Result] = deque(maxlen=KEPT_RESULTS)
        self._states: dict[VisionState | AutomaticState, ua.NodeId] = {}
        self._last: object = None
        self._id = f"{shown.facts.name}.Vision"
        self._index = 0
        self._ready: EventGenerator | None = None

    async def make(self, parent: Node, index: int) -> None:
        """Make the nodes, with the id `<station>.Vision`."""
        self._index = index
        node = await vision_system(self._types, parent, self._id, index)
        for machine, states in ((STATE_MACHINE, VisionState), (AUTOMATIC_MODE, AutomaticState)):
            for state in states:
                found = await self._types.state_node(machine, name_of(state))
                self._states[state] = found
        await self._link()
        self._ready = EventGenerator(self._types.server.iserver.isession)
        await self._ready.init(self._types.type_node(RESULT_READY), emitting_node=node)
        await self.show()

    async def show(self) -> None:
        """Write the states, where they changed."""
        live = self._shown.live
        now = (*vision_state(live), system_state(live), live.state_why)
        if now == self._last:
            return
        self._last = now
        state, automatic, system, why = now
        await self._write_state("VisionStateMachine", state)
        await self._write_state("VisionStateMachine.AutomaticModeStateMachine", automatic)
        await self._write_system(system, why)

    async def ready(self, result: Result) -> None:
        """Keep a result, and tell whoever subscribed to this object or to the server."""
        self._results.append(result)
        generator = self._ready
        if generator is None:
            return
        event = generator.event
        for name, value in self._values.fields(result).items():
            if name not in _NOT_IN_EVENT:
                setattr(event, name, _variant(name, value))
        event.Severity = 100
        await generator.trigger(message=f"part {result.record.number}")
        own, event.emitting_node = event.emitting_node, ua.NodeId(ua.Int32(ua.ObjectIds.Server))
        isession = self._types.server.iserver.isession
        await isession.subscription_service.trigger_event(event)
        event.emitting_node = own

    def _node(self, path: str) -> Node:
        id_ = ua.NodeId(ua.String(f"{self._id}.{path}"), ua.Int16(self._index))
        return self._types.server.get_node(id_)

    async def _write_state(self, machine: str, state: VisionState | AutomaticState | None) -> None:
        shown, id_ = self._node(f"{machine}.CurrentState"), self._node(f"{machine}.CurrentState.Id")
        if state is None:
            await shown.write_value(ua.DataValue(ua.Variant(ua.LocalizedText("")), _NO_STATE))
            await id_.write_value(ua.DataValue(ua.Variant(ua.NodeId()), _NO_STATE))
            return
        await shown.write_value(ua.Variant(ua.LocalizedText(name_of(state)), _TEXT))
        await id_.write_value(ua.Variant(self._states[state], ua.VariantType.NodeId))

    async def _write_system(self, system: SystemState, why: str) -> None:
        state = self._types.make("SystemStateDataType", value=system)
        value = self._types.make(
            "SystemStateDescriptionDataType", State=state, StateDescription=why
        )
        await self._node("SystemState").write_value(ua.Variant(value, _OBJECT))

    # --- methods ---

    async def _link(self) -> None:
        machine, automatic = "VisionStateMachine", "VisionStateMachine.AutomaticModeStateMachine"
        methods = {
            f"{machine}.Halt": self._not_for_scada,
            f"{machine}.Reset": self._not_for_scada,
            f"{machine}.SelectModeAutomatic": self._select_automatic,
            f"{automatic}.Abort": self._not_for_scada,
            f"{automatic}.Stop": self._not_for_scada,
            f"{automatic}.StartSingleJob": self._start,
            f"{automatic}.StartContinuous": self._start,
            "RecipeManagement.GetRecipeListFiltered": self._recipes,
            "RecipeManagement.PrepareRecipe": self._prepare,
            "RecipeManagement.UnprepareRecipe": self._unprepare,
            "ResultManagement.GetResultById": self._by_id,
            "ResultManagement.GetResultComponentsById": self._components_by_id,
            "ResultManagement.GetResultListFiltered": self._listed,
        }
        for path, method in methods.items():
            self._types.server.link_method(self._node(path), method)

    async def _not_for_scada(self, _: ua.NodeId, *__: ua.Variant) -> list[ua.Variant]:
        return [_error(NOT_FOR_SCADA)]

    async def _select_automatic(self, _: ua.NodeId, *__: ua.Variant) -> list[ua.Variant]:
        state, _automatic = vision_state(self._shown.live)
        return [_error(OK if state is VisionState.OPERATIONAL else NOT_FOR_SCADA)]

    async def _start(self, _: ua.NodeId, *__: ua.Variant) -> list[ua.Variant]:
        job = self._types.make("JobIdDataType", Id="")
        return [ua.Variant(job, _OBJECT), _error(NOT_FOR_SCADA)]

    async def _recipes(self, _: ua.NodeId, *asked: ua.Variant) -> list[ua.Variant]:
        live = self._shown.live
        wanted = getattr(asked[0].Value, "Id", "") if asked else ""
        fits = live.package and wanted in ("", "*", None, live.package)
        found = [self._values.recipe(live.package, live.model_sha256)] if fits else []
        return [*_list_head(len(found)), _objects(found), _error(OK)]

    async def _prepare(self, _: ua.NodeId, *asked: ua.Variant) -> list[ua.Variant]:
        """Say that the recipe which runs is prepared; any other is the station file's to name."""
        names = [getattr(one.Value, "Id", "") for one in asked]
        known = bool(self._shown.live.package) and self._shown.live.package in names
        prepared = ua.Variant(known, _BOOL)
        return [self._running_recipe(), prepared, _error(OK if known else NOT_FOUND)]

    async def _unprepare(self, _: ua.NodeId, *__: ua.Variant) -> list[ua.Variant]:
        return [self._running_recipe(), _error(NOT_FOR_SCADA)]

    def _running_recipe(self) -> ua.Variant:
        live = self._shown.live
        return ua.Variant(self._values.recipe(live.package, live.model_sha256), _OBJECT)

    async def _by_id(self, _: ua.NodeId, *asked: ua.Variant) -> list[ua.Variant]:
        found = self._find(asked)
        if found is None:
            empty = self._types.make("ResultDataType")
            return [ua.Variant(0, _COUNT), ua.Variant(empty, _OBJECT), _error(NOT_FOUND)]
        return [ua.Variant(0, _COUNT), ua.Variant(self._values.whole(found), _OBJECT), _error(OK)]

    async def _components_by_id(self, _: ua.NodeId, *asked: ua.Variant) -> list[ua.Variant]:
        found = self._find(asked)
        if found is None:
            return [ua.Variant(None)] * 16 + [_error(NOT_FOUND)]
        fields = self._values.fields(found)
        del fields["ResultId"]
        first, *others = (_variant(name, value) for name, value in fields.items())
        return [first, ua.Variant(0, _COUNT), *others, _error(OK)]

    async def _listed(self, _: ua.NodeId, *asked: ua.Variant) -> list[ua.Variant]:
        found = [(one, self._values.fields(one)) for one in self._results]
        arguments = [one.Value for one in asked]
        fitting = selected(found, arguments)
        most, start = int(arguments[9] or 0), int(arguments[10] or 0)
        part = fitting[start : start + most] if most else fitting[start:]
        complete = start + len(part) >= len(fitting)
        results = _objects([self._values.whole(one) for one in part])
        return [*_list_head(len(part), complete=complete), results, _error(OK)]

    def _find(self, asked: Sequence[ua.Variant]) -> Result | None:
        wanted = getattr(asked[0].Value, "Id", "") if asked else ""
        return next((one for one in self._results if one.record.id == wanted), None)


async def vision_systems(
    server: Server, nodeset: Path, stations: Sequence[Shown], index: int
) -> list[VisionSystem]:
    """Return a vision system for each station, below Objects, with ids in namespace `index`."""
    types = await import_types(server, nodeset)
    systems = [VisionSystem(types, shown) for shown in stations]
    for system in systems:
        await system.make(server.nodes.objects, index)
    return systems


def _variant(name: str, value: Any) -> ua.Variant:
    return ua.Variant(value, _FIELD_TYPES.get(name, _OBJECT))


def _objects(values: list[Any]) -> ua.Variant:
    return ua.Variant(values, _OBJECT, is_array=True)


def _list_head(count: int, *, complete: bool = True) -> list[ua.Variant]:
    """Return what lists begin with: whether that is all, how many, and no handle to release."""
    return [ua.Variant(complete, _BOOL), ua.Variant(count, _COUNT), ua.Variant(0, _COUNT)]


def _error(code: int) -> ua.Variant:
    return ua.Variant(code, _INT)
