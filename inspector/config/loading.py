"""Reads `site.toml` and the TOML under `stations/`, once, into frozen, closed models.

Loading opens nothing and needs no hardware. An unknown key stops the start and is named.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from inspector.config.audit_log import AuditLogSettings
from inspector.config.checking import problems_between
from inspector.config.figures import TargetSettings
from inspector.config.plc_profile import PlcProfile
from inspector.config.retention import RetentionSettings
from inspector.config.site import Site, SiteFile
from inspector.config.station import Station
from inspector.config.watching import WatchingSettings
from inspector.errors import SettingsWrong

Named = TypeVar("Named", Station, PlcProfile)
Read = TypeVar("Read", Station, PlcProfile, SiteFile)


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
    problems.extend(problems_between(folder, stations, plcs, scada=whole.scada, screens=port))
    if problems:
        return None
    return Site(
        folder=str(folder.resolve()),
        data=str((data or folder / "data").resolve()),
        stations=tuple(stations),
        plcs=tuple(plcs),
        port=port,
        scada=whole.scada,
        store=whole.store,
        shifts=whole.shifts,
        retention=whole.retention or RetentionSettings(),
        audit=whole.audit or AuditLogSettings(),
        watching=whole.watching or WatchingSettings(),
        targets=whole.targets or TargetSettings(),
        costs=whole.costs,
    )


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
    except RecursionError as error:
        raise SettingsWrong(shown, "", "nested too deeply") from error
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
