"""Limits of a site's stations: proposed from the records, and put in force once signed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from inspector.config.loading import load_site
from inspector.config.rewriting import with_limits
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.advice import LEAST_FINDS, MOST_CHANGE, STEP, Advice, Rails, advised
from inspector.domain.kpi import Window
from inspector.domain.limits import LimitsVersion
from inspector.errors import BadInput
from inspector.gateway.model_change import changed_model
from inspector.gateway.plc_access import station_of
from inspector.gateway.site_run import is_running, runtime_of
from inspector.gateway.store import server_of
from inspector.ipc import write_whole
from inspector.reports.costs import CostsFile
from inspector.storage.database import database_file
from inspector.storage.sql_advice import JudgedRecords, SqlAdvice
from inspector.vision.manifest import open_package
from inspector.vision.runtime import limits_of

TAKEN_S: Final = 60.0
"""The worker loads the package again; it is done in seconds."""
_FIGURES: Final = 6


@dataclass(frozen=True, slots=True)
class Proposing:
    """What the records say of one class's limit.

    Attributes:
        follows: The version of the station's limits in force.
        evidence: All that a proposal keeps.
    """

    station: str
    kind: str
    follows: LimitsVersion
    advice: Advice
    evidence: Mapping[str, Any]

    @property
    def as_asked(self) -> dict[str, Any] | None:
        """Return the proposal as the recorder takes it, or None where nothing is proposed."""
        if self.advice.proposed is None:
            return None
        return {
            **{"station": self.station, "kind": self.kind, "follows": self.follows.number},
            **{"now": self.follows.limits[self.kind], "proposed": self.advice.proposed.limit},
            "evidence": self.evidence,
        }


def advice_of(site: Site) -> SqlAdvice:
    """Return the read side of a site's records with its limits; raises as `server_of`."""
    return SqlAdvice(server_of(site) or database_file(Path(site.data)))


def costs_of(site: Site) -> CostsFile:
    """Return what errors cost at a site, with its target for escapes as the bound of a step.

    Raises:
        BadInput: The site does not say.
    """
    if site.costs is None:
        raise BadInput("site.toml has no [costs]: give them there, or with --costs FILE")
    told = site.costs.model_dump()
    return CostsFile(**told, most_escapes=site.targets.escape_rate)


def proposing(site: Site, station: str, kind: str, costs: CostsFile, window: Window) -> Proposing:
    """Return what the records of a window say of a limit.

    Raises:
        BadInput: There is nothing to make it of, or the records do not say what lies below the
            limit: why stands in the text.
        StoreRefused: The records cannot be read.
    """
    station_of(site, station)
    with closing(advice_of(site)) as records:
        versions = records.versions(station)
        standing = standing_of(versions, station)
        if kind not in standing.limits:
            known = ", ".join(sorted(standing.limits))
            raise BadInput(f"{station} has no limit for {kind!r} (there are: {known})")
        found = records.judged(station, kind, standing, window)
    changed_at = standing.at if len(versions) > 1 else None
    rails = Rails(costs.most_escapes, changed_at)
    advice = advised(found.judged, costs.costs, rails, now=found.newest)
    advice = replace(advice, now=replace(advice.now, limit=standing.limits[kind]))
    return Proposing(station, kind, standing, advice, evidence(advice, costs, rails, found, window))


def standing_of(versions: list[LimitsVersion], station: str) -> LimitsVersion:
    """Return the newest version; raises `BadInput` where no record has named any."""
    if not versions:
        raise BadInput(f"no part of {station} was judged yet, so its limits are not known")
    return versions[0]


def evidence(
    advice: Advice, costs: CostsFile, rails: Rails, found: JudgedRecords, window: Window
) -> dict[str, Any]:
    """Return all that a proposal rests on, as JSON."""
    curve = {name: _short(column.tolist()) for name, column in asdict(advice.curve).items()}
    proposed = advice.proposed
    change = proposed.rejects / advice.now.rejects - 1 if proposed else None
    return {
        "window": {"since": window.since.isoformat(), "until": window.until.isoformat()},
        **{"newest": found.newest.isoformat(), "data_sha256": found.data_sha256},
        **{"parts": found.parts, "audited": found.audited},
        "costs": {**asdict(costs.costs), "currency": costs.currency},
        "rails": {
            **{"rejects_change": change, "rejects_change_at_most": MOST_CHANGE},
            **{"finds": advice.finds, "finds_at_least": LEAST_FINDS},
            "changed_at": rails.changed_at.isoformat() if rails.changed_at else None,
            **{"days_between_steps": STEP.days, "escapes_at_most": rails.most_escapes},
        },
        **{"now": asdict(advice.now), "cheapest": asdict(advice.cheapest)},
        **{"proposed": asdict(proposed) if proposed else None, "curve": curve},
    }


def _short(column: list[float]) -> list[float]:
    return [float(f"{value:.{_FIGURES}g}") for value in column]


def check_as_judged(site: Site, station: str, standing: LimitsVersion) -> None:
    """Return when the station's files have the limits and the model of its newest version.

    Raises:
        BadInput: They were changed, and no part has been judged with them yet.
    """
    settings = station_of(site, station)
    if (_in_files(site, settings), _model(site, settings)) != (standing.limits, standing.model):
        raise BadInput(
            f"the files of {station} have other limits or another model than version "
            f"{standing.number}: let it judge parts with them first, or change them back"
        )


def put_in_force(folder: Path, station: str) -> str:
    """Let a station judge by the newest version of its limits; return what came of it, for people.

    A gateway that runs changes between two parts; then the station's file is written.

    Raises:
        BadInput: There is no version, or its model is no longer the station's.
        InspectorError: The running worker refused.
    """
    site = load_site(folder)
    settings = station_of(site, station)
    with closing(advice_of(site)) as records:
        standing = standing_of(records.versions(station), station)
    if _model(site, settings) != standing.model:
        raise BadInput(f"version {standing.number} of {station} is for another model than its own")
    now = _in_files(site, settings)
    differing = {kind: one for kind, one in standing.limits.items() if now.get(kind) != one}
    runtime, said = runtime_of(folder), f"station {station} begins with them at its next start"
    if is_running(runtime):
        limits = {**settings.limits, **differing}
        said = changed_model(runtime, station, settings.package, limits, within_s=TAKEN_S)
    file = folder / "stations" / f"{station}.toml"
    write_whole(file, with_limits(file.read_text("utf-8"), differing).encode(), durable=True)
    return f"version {standing.number} is in {file}; {said}"


def _in_files(site: Site, station: Station) -> dict[str, float]:
    return limits_of(open_package(site.package_folder(station)), station.limits)


def _model(site: Site, station: Station) -> str:
    return open_package(site.package_folder(station)).model_sha256
