"""OPC 40100-1 as a client meets it: state machine, methods, results, ResultReady events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from asyncua import Client, ua

from inspector.domain.verdict import Verdict
from inspector.scada.machine_vision_nodeset import URI
from tests.inspector.scada.plant import (
    SHA,
    STATIONS,
    Plant,
    decided_record,
    opened_plant,
    station_said,
)
from tests.needs import require_nodeset

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    nodeset = require_nodeset("Opc.Ua.MachineVision.NodeSet2.xml")
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # two of its own types share a name
    opened = opened_plant(tmp_path_factory.mktemp("vision"), nodeset=nodeset)
    yield opened
    opened.running.end()
    logging.getLogger("asyncua").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def all_is_well(request: pytest.FixtureRequest) -> None:
    if "plant" in request.fixturenames:
        source = request.getfixturevalue("plant").source
        source.stations = {name: station_said() for name in STATIONS}


class Vision:
    """The vision system of the station `ring` in a client's hands."""

    def __init__(self, plant: Plant, client: Client) -> None:
        self._plant, self._client = plant, client

    async def node(self, path: str = "") -> Any:
        id_ = await self._plant.id_of(self._client, f"ring.Vision{path and '.' + path}")
        return self._client.get_node(id_)

    async def state(self, machine: str) -> tuple[str, str]:
        """Return name and status of a state machine's current state."""
        node = await self.node(f"{machine}.CurrentState")
        value = await node.read_data_value(raise_on_bad_status=False)
        text = value.Value.Value.Text if value.Value.Value else ""
        return text, value.StatusCode.name

    async def call(self, path: str, *arguments: Any) -> Any:
        """Call a method and return what it gives; a single output is not in a list."""
        parent, _, _ = path.rpartition(".")
        return await (await self.node(parent)).call_method(await self.node(path), *arguments)


def with_vision(plant: Plant, test: Callable[[Vision, Client], Awaitable[None]]) -> None:
    """Run a test's body with a client that knows the specification's structures."""

    async def run() -> None:
        async with plant.client() as client:
            await client.load_data_type_definitions()
            await test(Vision(plant, client), client)

    asyncio.run(run())


MACHINE, AUTOMATIC = "VisionStateMachine", "VisionStateMachine.AutomaticModeStateMachine"


def test_the_state_machine_follows_the_line(plant: Plant) -> None:
    async def test(vision: Vision, _: Client) -> None:
        assert await vision.state(MACHINE) == ("Operational", "Good")
        assert await vision.state(AUTOMATIC) == ("ContinuousExecution", "Good")
        plant.source.stations = {name: station_said(state="failure") for name in STATIONS}
        await asyncio.to_thread(plant.running.wait_for_looks)
        assert await vision.state(MACHINE) == ("Error", "Good")
        assert (await vision.state(AUTOMATIC))[1] == "BadStateNotActive"

    plant.running.wait_for_looks()
    with_vision(plant, test)


def structure(name: str, **fields: Any) -> Any:
    return getattr(ua, name)(**fields)


def no_filters() -> list[Any]:
    """Return arguments of GetResultListFiltered that ask for everything."""
    kinds = (
        "MeasId", "PartId", "RecipeIdExternal", "RecipeIdInternal", "ConfigurationId",
        "ConfigurationId", "ProductId", "JobId",
    )  # fmt: skip
    empty = [structure(f"{kind}DataType", Id="") for kind in kinds]
    counts = [ua.Variant(0, ua.VariantType.UInt32) for _ in range(2)]
    return [ua.Variant(0, ua.VariantType.Int32), *empty, *counts, timeout()]


def timeout() -> ua.Variant:
    return ua.Variant(1000, ua.VariantType.Int32)


def because() -> list[ua.Variant]:
    return [ua.Variant(7, ua.VariantType.Int32), ua.Variant("shift ends", ua.VariantType.String)]


@pytest.mark.parametrize(
    "method", [f"{MACHINE}.Halt", f"{MACHINE}.Reset", f"{AUTOMATIC}.Stop", f"{AUTOMATIC}.Abort"]
)
def test_nothing_can_be_stopped_from_here(plant: Plant, method: str) -> None:
    async def test(vision: Vision, _: Client) -> None:
        assert await vision.call(method, *because()) == -1

    with_vision(plant, test)


@pytest.mark.parametrize("method", ["StartSingleJob", "StartContinuous"])
def test_nothing_can_be_started_from_here(plant: Plant, method: str) -> None:
    async def test(vision: Vision, _: Client) -> None:
        kinds = ("MeasId", "PartId", "RecipeIdExternal", "ProductId")
        ids = [structure(f"{kind}DataType", Id="7") for kind in kinds]
        none = ua.Variant([], ua.VariantType.Variant, is_array=True)
        job, error = await vision.call(f"{AUTOMATIC}.{method}", *ids, none)
        assert (job.Id or "", error) == ("", -1)

    with_vision(plant, test)


def test_automatic_mode_is_selected_already_while_the_station_works(plant: Plant) -> None:
    async def test(vision: Vision, _: Client) -> None:
        assert await vision.call(f"{MACHINE}.SelectModeAutomatic") == 0

    with_vision(plant, test)


def test_the_running_package_is_the_recipe_with_the_hash_of_its_model(plant: Plant) -> None:
    async def test(vision: Vision, _: Client) -> None:
        anything = structure("RecipeIdExternalDataType", Id="*")
        product = structure("ProductIdDataType", Id="")
        both = ua.Variant(2, ua.VariantType.Int32)
        counts = [ua.Variant(0, ua.VariantType.UInt32) for _ in range(2)]
        complete, count, handle, recipes, error = await vision.call(
            "RecipeManagement.GetRecipeListFiltered", anything, product, both, *counts, timeout()
        )
        assert (complete, count, handle, error) == (True, 1, 0, 0)
        assert (recipes[0].Id, recipes[0].Hash.hex()) == ("ring", SHA)
        assert recipes[0].HashAlgorithm == "SHA-256"

    with_vision(plant, test)


def test_only_the_recipe_that_runs_is_prepared(plant: Plant) -> None:
    async def test(vision: Vision, _: Client) -> None:
        nothing = structure("RecipeIdInternalDataType", Id="")
        for name, prepared, expected in (("ring", True, 0), ("other", False, -2)):
            recipe = structure("RecipeIdExternalDataType", Id=name)
            runs, is_prepared, error = await vision.call(
                "RecipeManagement.PrepareRecipe", recipe, nothing
            )
            assert (runs.Id, is_prepared, error) == ("ring", prepared, expected)

    with_vision(plant, test)


def test_a_result_is_found_by_its_record_id(plant: Plant) -> None:
    plant.source.waiting.append(decided_record(900, Verdict.REJECT))
    plant.running.wait_for_looks()

    async def test(vision: Vision, _: Client) -> None:
        wanted = structure("ResultIdDataType", Id="rec-900")
        _handle, result, error = await vision.call(
            "ResultManagement.GetResultById", wanted, timeout()
        )
        assert (result.PartId.Id, result.IsSimulated, result.ResultState) == ("900", True, 1)
        assert result.InternalRecipeId.Hash.hex() == SHA
        assert [one.Value for one in result.ResultContent][:2] == ["reject", "rejected"]
        assert error == 0
        *fields, error = await vision.call(
            "ResultManagement.GetResultComponentsById", wanted, timeout()
        )
        assert (fields[6].Id, len(fields), error) == ("900", 16, 0)
        gone = structure("ResultIdDataType", Id="rec-0")
        assert (await vision.call("ResultManagement.GetResultById", gone, timeout()))[-1] == -2

    with_vision(plant, test)


def test_results_are_listed_newest_first_and_filtered_by_part(plant: Plant) -> None:
    plant.source.waiting += [decided_record(number) for number in (910, 911, 912)]
    plant.running.wait_for_looks()

    async def test(vision: Vision, _: Client) -> None:
        method = "ResultManagement.GetResultListFiltered"
        asked = no_filters()
        asked[9] = ua.Variant(2, ua.VariantType.UInt32)
        complete, count, _handle, results, error = await vision.call(method, *asked)
        assert [one.PartId.Id for one in results] == ["912", "911"]
        assert (complete, count, error) == (False, 2, 0)
        asked = no_filters()
        asked[2] = structure("PartIdDataType", Id="910")
        complete, count, _handle, results, error = await vision.call(method, *asked)
        assert (complete, count, results[0].ResultId.Id) == (True, 1, "rec-910")

    with_vision(plant, test)


class Events:
    """What a subscription to events told."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    def event_notification(self, event: Any) -> None:
        self.heard.put_nowait(event)


@pytest.mark.parametrize("of_server", [False, True], ids=["of the vision system", "of the server"])
def test_a_decided_part_is_a_result_ready_event(plant: Plant, of_server: bool) -> None:
    async def test(vision: Vision, client: Client) -> None:
        events = Events()
        subscription = await client.create_subscription(50, events)
        source = client.nodes.server if of_server else await vision.node()
        index = await client.get_namespace_index(URI)
        await subscription.subscribe_events(source, ua.NodeId(ua.Int32(1024), ua.Int16(index)))
        plant.source.waiting.append(decided_record(920, Verdict.UNKNOWN, not_inspected="late"))
        event = await asyncio.wait_for(events.heard.get(), 5)
        assert (event.PartId.Id, event.ResultId.Id) == ("920", "rec-920")
        assert (event.IsSimulated, event.ResultState) == (True, 4)
        assert [one.Value for one in event.ResultContent][:2] == ["unknown", "fail_safe"]
        assert (event.InternalRecipeId.Id, event.InternalRecipeId.Hash.hex()) == ("ring", SHA)
        assert event.InternalConfigurationId.Id == "standard"

    with_vision(plant, test)


def test_no_method_and_no_optional_node_is_offered_that_does_nothing(plant: Plant) -> None:
    async def methods(node: Any) -> list[Any]:
        found = []
        for child in await node.get_children():
            if await child.read_node_class() == ua.NodeClass.Method:
                found.append(child)
            else:
                found += await methods(child)
        return found

    async def test(vision: Vision, client: Client) -> None:
        offered = await methods(await vision.node())
        assert len(offered) == 13
        for method in offered:
            asked = ua.CallMethodRequest(ObjectId=(await vision.node()).nodeid)
            asked.MethodId = method.nodeid
            (answer,) = await client.uaclient.call([asked])
            assert answer.StatusCode.name != "BadNothingToDo", method

    with_vision(plant, test)
