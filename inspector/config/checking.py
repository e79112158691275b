"""What must hold between the settings files of one site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.config.plc_profile import PlcProfile, node_clashes, node_of
from inspector.config.scada import ScadaSettings
from inspector.config.station import FolderCamera, Station, VideoCamera, View, most_in_flight
from inspector.errors import SettingsWrong

PLC_TABLE_MARGIN = 1.5
"""Slots per part in flight that a table must have at least (DESIGN, "The PLC handshake")."""


def problems_between(
    folder: Path,
    stations: list[Station],
    plcs: list[PlcProfile],
    *,
    scada: ScadaSettings | None,
    screens: int,
) -> Iterator[SettingsWrong]:
    """Yield what does not fit together, though each file for itself is in order.

    Args:
        folder: Of the site.
        stations: Those that could be read.
        plcs: Those that could be read.
        scada: Our OPC UA server's settings, if there is one.
        screens: TCP port of the screens; 0: none.
    """
    for station in stations:
        yield from _cross_check(folder, station, plcs)
    yield from _shared_prefixes(stations)
    for plc in plcs:
        yield from _plc_check(plc, stations)
    yield from _shared_ports(plcs, scada, screens)


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
    return problems + list(_missing_pictures(folder, station))


def _missing_pictures(folder: Path, station: Station) -> Iterator[SettingsWrong]:
    file = f"stations/{station.name}.toml"
    for number, view in enumerate(station.views):
        camera = view.camera
        if isinstance(camera, FolderCamera) and not (folder / camera.path).is_dir():
            why = f"there is no folder {camera.path}"
            yield SettingsWrong(file, f"views.{number}.camera.path", why)
        if isinstance(camera, VideoCamera) and not (folder / camera.file).is_file():
            why = f"there is no file {camera.file}"
            yield SettingsWrong(file, f"views.{number}.camera.file", why)


def _plc_check(plc: PlcProfile, stations: list[Station]) -> list[SettingsWrong]:
    behind = [one for one in stations if one.plc == plc.name]
    views = [(one.prefix, [view.name for view in one.views]) for one in behind]
    wrong = list(node_clashes(plc, views))
    wrong += [('nodes."Camera.Ring".id', why) for one in behind for why in _one_ring(plc, one)]
    return [SettingsWrong(f"stations/plc/{plc.name}.toml", key, why) for key, why in wrong]


def _one_ring(plc: PlcProfile, station: Station) -> Iterator[str]:
    """Yield why two views cannot read one ring: it tells when one place's output fired."""
    if plc.asks_cameras:  # there is no ring
        return
    names = [view.name for view in station.views]
    owners: dict[str, View] = {}
    for view in station.views:
        ring = node_of(plc, f"Camera.{view.name}.Ring", prefix=station.prefix, views=names)
        owner = owners.setdefault(ring, view)
        if owner.at_counts != view.at_counts:
            told = f"views {owner.name} and {view.name} of {station.name} stand at two places"
            yield f"{told}: each has a ring of its own, put {{view}} or {{number}} into the id"
