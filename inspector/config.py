"""The settings: `site.toml` and TOML under `stations/`, read once into frozen, closed models.

Loading opens nothing and needs no hardware. An unknown key stops the start and is named.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from inspector.errors import SettingsWrong
from inspector.plc_profile import PlcProfile, node_clashes, node_of, not_available
from inspector.scada_settings import ScadaSettings
from inspector.settings import Name, Settings

Score = Annotated[float, Field(ge=0, le=1)]
PLC_TABLE_MARGIN = 1.5
"""Slots per part in flight that a table must have at least (DESIGN, "The PLC handshake")."""


class SimulatedCamera(Settings):
    """A camera of the demo factory."""

    kind: Literal["simulated"] = Field(description="A camera of the demo factory.")


class FolderCamera(Settings):
    """Pictures from a folder, in the order of their names."""

    kind: Literal["folder"] = Field(description="Pictures from a folder.")
    path: str = Field(description="Folder with pictures, relative to the site.")
    rate_hz: float = Field(default=1.0, gt=0, le=1000, description="Pictures a second.")
    loop: bool = Field(default=True, description="Start again after the last picture.")


CameraSettings = Annotated[SimulatedCamera | FolderCamera, Field(discriminator="kind")]


class PictureLimits(Settings):
    """What a picture must be before the model may look at it; grey values 0 to 255."""

    darkest_mean: float = Field(default=15, ge=0, le=255, description="Mean grey below: too dark.")
    brightest_mean: float = Field(
        default=240, ge=0, le=255, description="Mean grey above: too bright."
    )
    least_contrast: float = Field(
        default=4, ge=0, le=255, description="Standard deviation of grey below: flat."
    )
    width_px: int = Field(default=0, ge=0, description="Width it must have; 0: not checked.")
    height_px: int = Field(default=0, ge=0, description="Height it must have; 0: not checked.")
    least_part_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the picture that must differ from an empty belt; 0: not checked.",
    )


class View(Settings):
    """One camera's look at the part."""

    name: Name = Field(description="Of this view; part of the PLC's node names.")
    at_counts: int = Field(ge=0, description="Encoder counts from the eye to this camera.")
    camera: CameraSettings = Field(description="Where its pictures come from.")
    check: PictureLimits = Field(
        default=PictureLimits(), description="What a picture must be before the model looks."
    )


class Belt(Settings):
    """Where things happen, in encoder counts from the eye, and how close parts are."""

    reject_at_counts: int = Field(gt=0, description="Eye to reject station.")
    answer_by_counts: int = Field(
        gt=0, description="A view that has not answered when the part is here is missing: UNKNOWN."
    )
    last_word_counts: int = Field(
        default=200, ge=0, description="No word is sent for a part closer than this to the reject."
    )
    smallest_spacing_ms: float = Field(gt=0, description="Shortest time between two parts.")
    counts_per_s: float = Field(gt=0, description="Belt speed in normal running.")

    @property
    def travel_s(self) -> float:
        """Return the time from eye to reject station in normal running."""
        return self.reject_at_counts / self.counts_per_s

    @model_validator(mode="after")
    def _in_order(self) -> Belt:
        if self.answer_by_counts >= self.reject_at_counts - self.last_word_counts:
            msg = "answer_by_counts must lie before reject_at_counts - last_word_counts"
            raise ValueError(msg)
        return self


class Device(Settings):
    """Where the model runs."""

    name: Literal["CPU", "GPU", "NPU"] = Field(default="CPU", description="OpenVINO device.")
    precision: Literal["auto", "FP32", "BF16"] = Field(
        default="auto",
        description="auto: the faster of those that give the golden pictures' verdicts.",
    )
    threads: int = Field(
        default=1, ge=1, le=64, description="CPU threads for this station's model."
    )


class Expects(Settings):
    """The PLC's line policy as this station expects it: a difference is shown, never written."""

    hold_after_unknown: int | None = Field(
        default=None, ge=0, description="Fail-safe rejects in a row that hold the line."
    )
    hold_after_silence_ms: int | None = Field(
        default=None, ge=0, description="Silence of the gateway that holds the line."
    )
    pass_all: bool | None = Field(default=None, description="The pass-all key.")
    allow_operator_pass: bool | None = Field(
        default=None, description="An operator may pass a part that the machine rejects."
    )
    auto_resume: bool | None = Field(
        default=None, description="The line starts again by itself after a hold."
    )


class Station(Settings):
    """One inspection point: `stations/<name>.toml`."""

    name: Name = Field(description="As the file; in records and addresses.")
    title: str = Field(min_length=1, max_length=40, description="What people call it.")
    package: Name = Field(description="Folder under models/.")
    recipe: str = Field(
        default="standard", min_length=1, max_length=64, description="Written on each record."
    )
    plc: Name = Field(description="File under stations/plc/, without .toml.")
    prefix: str = Field(min_length=1, max_length=64, description="Of this station's nodes.")
    override: bool = Field(
        default=True,
        description="Operators may change a verdict in time; needs a travel time of 6 s.",
    )
    limits: dict[str, Score] = Field(
        default_factory=dict,
        description="Score limits by class that replace the package's; 0 to 1.",
    )
    sample_share: float = Field(
        default=0.01, ge=0, le=1, description="Share of passed parts whose pictures are kept."
    )
    belt: Belt = Field(description="Distances, speed and spacing.")
    hold_rejects: bool = Field(
        default=False,
        description="Without an operator table: a reject is held back until shortly before its "
        "last moment, so that an operator can still change it.",
    )
    expects: Expects = Field(
        default=Expects(), description="The PLC's line policy as it should be."
    )
    device: Device = Field(default=Device(), description="Where the model runs.")
    views: tuple[View, ...] = Field(
        min_length=1, max_length=8, description="The cameras' looks at a part."
    )

    @model_validator(mode="after")
    def _views_fit(self) -> Station:
        names = [view.name for view in self.views]
        if len(set(names)) != len(names):
            msg = "views must have different names"
            raise ValueError(msg)
        late = [view.name for view in self.views if view.at_counts >= self.belt.answer_by_counts]
        if late:
            msg = f"view {late[0]} stands behind answer_by_counts"
            raise ValueError(msg)
        return self


class DemoSettings(Settings):
    """The demo factory's pace; absent in a real site."""

    seed: int = Field(default=1, ge=0, description="Of parts, defects and spacing.")
    rate_hz: float = Field(default=1.0, gt=0, le=50, description="Parts a second per station.")
    defect_rate: float = Field(default=0.02, ge=0, le=1, description="Share of bad parts.")
    parts: int = Field(default=0, ge=0, description="Parts per station; 0: until stopped.")
    faults: tuple[str, ...] = Field(default=(), description="KIND@PART[:STATION[.VIEW]].")
    plc_port: int = Field(default=48410, ge=1, le=65535, description="Of the demo's PLC.")
    evidence: str = Field(default="", description="Folder for truth.jsonl; empty: none.")
    recorded_truth: bool = Field(default=True, description="Write truth.jsonl.")
    order: str = Field(
        default="", description="Another order: parts and faults are counted anew on the old belt."
    )


class SiteFile(Settings):
    """What concerns the site as a whole: `site.toml`, which may be absent."""

    scada: ScadaSettings | None = Field(
        default=None, description="Our OPC UA server for SCADA and MES; absent: none."
    )


Named = TypeVar("Named", Station, PlcProfile)
Read = TypeVar("Read", Station, PlcProfile, SiteFile)


class Site(Settings):
    """All settings of one gateway, resolved."""

    folder: str = Field(description="The site folder, absolute.")
    data: str = Field(description="Database, pictures, keys; absolute.")
    stations: tuple[Station, ...] = Field(min_length=1)
    plcs: tuple[PlcProfile, ...] = Field(min_length=1)
    port: int = Field(default=8080, ge=0, le=65535, description="Of the screens; 0: none.")
    host: str = Field(default="127.0.0.1", description="Address the screens listen on.")
    scada: ScadaSettings | None = None
    demo: DemoSettings | None = None

    def station(self, name: str) -> Station:
        """Return a station by name; raises `KeyError`."""
        return {station.name: station for station in self.stations}[name]

    def plc_of(self, station: Station) -> PlcProfile:
        """Return the profile of a station's PLC."""
        return next(plc for plc in self.plcs if plc.name == station.plc)

    def package_folder(self, station: Station) -> Path:
        """Return the folder of a station's model package."""
        return Path(self.folder) / "models" / station.package


def load_site(folder: Path, *, data: Path | None = None, port: int = 8080) -> Site:
    """Return the settings under `folder`; opens no device and no socket.

    Raises:
        SettingsWrong: With file and key, for the first thing that is wrong.
    """
    problems: list[SettingsWrong] = []
    site = check_site(folder, problems, data=data, port=port)
    if site is None or problems:
        raise problems[0]
    return site


def check_site(
    folder: Path, problems: list[SettingsWrong], *, data: Path | None = None, port: int = 8080
) -> Site | None:
    """Return the settings under `folder` and add whatever is wrong to `problems`, all of it."""
    if not folder.is_dir():
        problems.append(SettingsWrong(str(folder), "", "there is no such folder"))
        return None
    stations = _read_all(folder, "stations", Station, problems)
    plcs = _read_all(folder, "stations/plc", PlcProfile, problems)
    whole = _site_file(folder, problems)
    if not stations and not problems:
        problems.append(SettingsWrong("stations", "", "no station file (stations/<name>.toml)"))
    for station in stations:
        problems.extend(_cross_check(folder, station, plcs))
    problems.extend(_shared_prefixes(stations))
    for plc in plcs:
        problems.extend(_plc_check(plc, stations))
    problems.extend(_shared_ports(plcs, whole.scada, port))
    if problems:
        return None
    return Site(
        folder=str(folder.resolve()),
        data=str((data or folder / "data").resolve()),
        stations=tuple(stations),
        plcs=tuple(plcs),
        port=port,
        scada=whole.scada,
    )


def save_site(site: Site, file: Path) -> None:
    """Write the resolved settings for the child processes."""
    file.write_text(site.model_dump_json(indent=1))


def saved_site(file: Path) -> Site:
    """Return what `save_site` wrote."""
    return Site.model_validate_json(file.read_text())


def _shared_prefixes(stations: list[Station]) -> list[SettingsWrong]:
    """Two stations with one prefix at one PLC would write each other's tables."""
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for station in stations:
        owner = owners.setdefault((station.plc, station.prefix), station.name)
        if owner != station.name:
            file, why = f"stations/{station.name}.toml", f"is station {owner}'s already"
            problems.append(SettingsWrong(file, "prefix", why))
    return problems


def _shared_ports(
    plcs: list[PlcProfile], scada: ScadaSettings | None, screens: int
) -> list[SettingsWrong]:
    """Two servers cannot listen on one port."""
    owners = {screens: "that of the screens (--port)"} if screens else {}
    if scada:
        owners.setdefault(scada.port, "scada.port of site.toml")
    problems = []
    for plc in plcs:
        if plc.pull is None:
            continue
        file = f"stations/plc/{plc.name}.toml"
        if plc.pull.port in owners:
            why = f"{plc.pull.port} is {owners[plc.pull.port]} already"
            problems.append(SettingsWrong(file, "pull.port", why))
        owners.setdefault(plc.pull.port, f"pull.port of {file}")
    return problems


def _site_file(folder: Path, problems: list[SettingsWrong]) -> SiteFile:
    """Return what `site.toml` says; without the file, what holds when nothing is said."""
    if not (folder / "site.toml").exists():
        return SiteFile()
    try:
        whole = _read(folder / "site.toml", "site.toml", SiteFile)
    except SettingsWrong as problem:
        problems.append(problem)
        return SiteFile()
    nodeset = whole.scada.machine_vision_nodeset if whole.scada else ""
    if nodeset and not (folder / nodeset).is_file():
        why = f"there is no file {nodeset}"
        problems.append(SettingsWrong("site.toml", "scada.machine_vision_nodeset", why))
    return whole


def _read_all(
    folder: Path, under: str, model: type[Named], problems: list[SettingsWrong]
) -> list[Named]:
    values = []
    for file in sorted((folder / under).glob("*.toml")):
        shown = f"{under}/{file.name}"
        try:
            value = _read(file, shown, model)
        except SettingsWrong as problem:
            problems.append(problem)
            continue
        if value.name != file.stem:
            problems.append(SettingsWrong(shown, "name", f"must be {file.stem!r}, as the file"))
        values.append(value)
    return values


def _read(file: Path, shown: str, model: type[Read]) -> Read:
    try:
        return model.model_validate(tomllib.loads(file.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(shown, "", f"not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise SettingsWrong(shown, "", "not UTF-8 text") from error
    except OSError as error:
        raise SettingsWrong(shown, "", f"cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise SettingsWrong(shown, *_first(error)) from error


def _first(error: ValidationError) -> tuple[str, str]:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in problem["loc"])
    words = {"extra_forbidden": "unknown setting", "missing": "is missing"}
    text = words.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if problem["type"] not in words and not isinstance(problem["input"], dict | list):
        text += f", not {problem['input']!r}"
    return key, text


def _cross_check(folder: Path, station: Station, plcs: list[PlcProfile]) -> list[SettingsWrong]:
    file = f"stations/{station.name}.toml"
    problems = []
    if not (folder / "models" / station.package / "manifest.toml").is_file():
        why = f"there is no package models/{station.package}"
        problems.append(SettingsWrong(file, "package", why))
    plc = next((plc for plc in plcs if plc.name == station.plc), None)
    if plc is None:
        if not (folder / "stations" / "plc" / f"{station.plc}.toml").is_file():
            why = f"there is no stations/plc/{station.plc}.toml"
            problems.append(SettingsWrong(file, "plc", why))
    elif (in_flight := most_in_flight(station)) * PLC_TABLE_MARGIN > plc.slot_count:
        why = f"up to {in_flight} parts in flight need {PLC_TABLE_MARGIN} times as many slots"
        problems.append(SettingsWrong(f"stations/plc/{plc.name}.toml", "slot_count", why))
    if plc and plc.operator_table and station.hold_rejects:
        why = f"stations/plc/{plc.name}.toml has an operator table: a word needs no holding back"
        problems.append(SettingsWrong(file, "hold_rejects", why))
    for number, view in enumerate(station.views):
        camera = view.camera
        if isinstance(camera, FolderCamera) and not (folder / camera.path).is_dir():
            why = f"there is no folder {camera.path}"
            problems.append(SettingsWrong(file, f"views.{number}.camera.path", why))
    return problems


def _plc_check(plc: PlcProfile, stations: list[Station]) -> list[SettingsWrong]:
    behind = [one for one in stations if one.plc == plc.name]
    views = [(one.prefix, [view.name for view in one.views]) for one in behind]
    wrong = [*not_available(plc), *node_clashes(plc, views)]
    wrong += [('nodes."Camera.Ring".id', why) for one in behind for why in _one_ring(plc, one)]
    return [SettingsWrong(f"stations/plc/{plc.name}.toml", key, why) for key, why in wrong]


def _one_ring(plc: PlcProfile, station: Station) -> Iterator[str]:
    """Yield why two views cannot read one ring: it tells when one place's output fired."""
    names = [view.name for view in station.views]
    owners: dict[str, View] = {}
    for view in station.views:
        ring = node_of(plc, f"Camera.{view.name}.Ring", prefix=station.prefix, views=names)
        owner = owners.setdefault(ring, view)
        if owner.at_counts != view.at_counts:
            told = f"views {owner.name} and {view.name} of {station.name} stand at two places"
            yield f"{told}: each has a ring of its own, put {{view}} or {{number}} into the id"


def most_in_flight(station: Station) -> int:
    """Return how many parts can be between eye and reject station at the smallest spacing."""
    return int(station.belt.travel_s * 1000 / station.belt.smallest_spacing_ms) + 1
