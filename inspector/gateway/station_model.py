"""A station's model: its package on the device that its settings name, proven."""

from __future__ import annotations

from pathlib import Path

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.errors import PackageRefused, SettingsWrong
from inspector.gateway.approvals import KeptApproval
from inspector.vision.manifest import Package, open_package
from inspector.vision.runtime import Model
from inspector.vision.starting import Wish, first_that_runs, started_model


def station_model(site: Site, station: Station) -> Model:
    """Return a station's model on its device, or on the first of its list that runs, proven.

    Raises:
        SettingsWrong: The station's limits name a class that the package does not have.
        PackageRefused: The package is not in order, or is another one.
        ProviderUnavailable: No device of the list, or not in the precision asked for.
    """
    package = open_package(site.package_folder(station))
    check_station_fits(station, package)
    device = station.device

    def opened(name: str) -> Model:
        wish = Wish(name, device.precision, device.threads, station.limits)
        kept = KeptApproval(Path(site.data), package.name, wish)
        return started_model(package, wish, kept=kept.read(), keep=kept.write)

    return first_that_runs(device.in_order, opened)


def check_station_fits(station: Station, package: Package) -> None:
    """Return when a station's settings and its package belong together."""
    if package.name != station.package:
        why = f"the package calls itself {package.name!r}, not {station.package!r}"
        raise PackageRefused(f"{package.folder / 'manifest.toml'}: name: {why}")
    for kind in station.limits:
        if kind not in package.manifest.classes:
            why = f"no class of package {package.name}"
            raise SettingsWrong(f"stations/{station.name}.toml", f"limits.{kind}", why)
