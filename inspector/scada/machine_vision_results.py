"""Results and recipes as the structures of OPC 40100-1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncua import ua

from inspector.domain.record import Record
from inspector.domain.words import verdict_name
from inspector.scada.live import Result, StationFacts
from inspector.scada.machine_vision_nodeset import VisionTypes
from inspector.scada.nodes import action_name

COMPLETED, FAILED = 1, 4
"""ResultState; failed: the part was not inspected."""
HASH_ALGORITHM = "SHA-256"
_ANY = ("", "*", None)
_FILTERS = {
    "MeasId": 1,
    "PartId": 2,
    "ExternalRecipeId": 3,
    "InternalRecipeId": 4,
    "ExternalConfigurationId": 5,
    "InternalConfigurationId": 6,
    "ProductId": 7,
    "JobId": 8,
}
"""Where GetResultListFiltered has its filters; 0 is the result's state."""


class ResultValues:
    """Makes the structures of one station."""

    def __init__(self, types: VisionTypes, facts: StationFacts) -> None:
        """Take the types and what the settings say of the station."""
        self._types, self._facts = types, facts

    def fields(self, result: Result) -> dict[str, Any]:
        """Return a result's fields by the names of ResultDataType."""
        record, make = result.record, self._types.make
        configuration = self.configuration(record)
        return {
            "ResultId": make("ResultIdDataType", Id=record.id),
            "HasTransferableDataOnFile": False,
            "IsPartial": False,
            "IsSimulated": self._facts.simulated,
            "ResultState": FAILED if record.not_inspected else COMPLETED,
            "MeasId": make("MeasIdDataType", Id=""),
            "PartId": make("PartIdDataType", Id=str(record.number)),
            "ExternalRecipeId": self.recipe(record.package, record.model_sha256, external=True),
            "InternalRecipeId": self.recipe(record.package, record.model_sha256),
            "ProductId": make("ProductIdDataType", Id=""),
            "ExternalConfigurationId": configuration,
            "InternalConfigurationId": configuration,
            "JobId": make("JobIdDataType", Id=f"{record.station}-{record.run}"),
            "CreationTime": result.decided_at,
            "ProcessingTimes": self._times(record),
            "ResultContent": content(result),
        }

    def whole(self, result: Result) -> Any:
        """Return a result as one structure."""
        return self._types.make("ResultDataType", **self.fields(result))

    def recipe(self, package: str, sha256: str, *, external: bool = False) -> Any:
        """Return a package as a recipe: its name, and the SHA-256 of the model that runs."""
        name = "RecipeIdExternalDataType" if external else "RecipeIdInternalDataType"
        return self._types.make(
            name,
            Id=package,
            Version="",
            Hash=bytes.fromhex(sha256),
            HashAlgorithm=HASH_ALGORITHM,
            Description=ua.LocalizedText(f"package {package}"),
        )

    def configuration(self, record: Record) -> Any:
        """Return views and limits, which the station's settings call the recipe."""
        return self._types.make(
            "ConfigurationIdDataType",
            Id=record.recipe,
            Version="",
            Hash=b"",
            HashAlgorithm="",
            Description=ua.LocalizedText(f"{record.device} {record.precision}"),
        )

    def _times(self, record: Record) -> Any:
        return self._types.make(
            "ProcessingTimesDataType",
            StartTime=record.triggered_at,
            EndTime=record.judged_at,
            AcquisitionDuration=0.0,
            ProcessingDuration=record.ready_to_judged_ms or 0.0,
        )


def content(result: Result) -> list[ua.Variant]:
    """Return what the specification leaves to us: verdict, action, reasons, record id."""
    record = result.record
    texts = (
        verdict_name(record.verdict),
        action_name(result.action),
        "; ".join(record.reasons),
        record.id,
    )
    return [ua.Variant(text, ua.VariantType.String) for text in texts]


def selected(
    found: Sequence[tuple[Result, dict[str, Any]]], arguments: Sequence[Any]
) -> list[Result]:
    """Return the results that fit the filters of GetResultListFiltered, newest first.

    Args:
        found: Results with their fields, oldest first.
        arguments: The call's, in its order; an empty id and "*" mean any, state 0 too.
    """
    state = arguments[0] or 0
    wanted = {name: getattr(arguments[at], "Id", "") for name, at in _FILTERS.items()}
    ids = {name: id_ for name, id_ in wanted.items() if id_ not in _ANY}
    return [
        result
        for result, fields in reversed(found)
        if state in (0, fields["ResultState"])
        and all(fields[name].Id == id_ for name, id_ in ids.items())
    ]
