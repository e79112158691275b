"""A site's settings: its stations, its PLCs, and `site.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from inspector.config.audit_log import AuditLogSettings
from inspector.config.figures import CostSettings, TargetSettings
from inspector.config.plc_profile import PlcProfile
from inspector.config.retention import RetentionSettings
from inspector.config.scada import ScadaSettings
from inspector.config.shifts import ShiftSettings
from inspector.config.station import Station
from inspector.config.store import StoreSettings
from inspector.config.watching import WatchingSettings
from inspector.settings import Settings


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
    store: StoreSettings | None = Field(
        default=None, description="Where records lie; absent: in a SQLite file of the data folder."
    )
    shifts: ShiftSettings | None = Field(
        default=None, description="When the shifts begin; absent: none are counted."
    )
    retention: RetentionSettings | None = Field(
        default=None, description="How long what is kept stays; absent: the defaults hold."
    )
    audit: AuditLogSettings | None = Field(
        default=None, description="The log of all changes; absent: it has no second copy."
    )
    watching: WatchingSettings | None = Field(
        default=None, description="False alarms that the watches may raise; absent: the default."
    )
    targets: TargetSettings | None = Field(
        default=None, description="What the figures shall reach; absent: the defaults hold."
    )
    costs: CostSettings | None = Field(
        default=None, description="What errors cost; absent: figures are without money."
    )


class Site(Settings):
    """All settings of one gateway, resolved."""

    folder: str = Field(description="The site folder, absolute.")
    data: str = Field(description="Database, pictures, keys; absolute.")
    stations: tuple[Station, ...] = Field(min_length=1)
    plcs: tuple[PlcProfile, ...] = Field(min_length=1)
    port: int = Field(default=8080, ge=0, le=65535, description="Of the screens; 0: none.")
    host: str = Field(default="127.0.0.1", description="Address the screens listen on.")
    scada: ScadaSettings | None = None
    store: StoreSettings | None = None
    shifts: ShiftSettings | None = None
    retention: RetentionSettings = RetentionSettings()
    audit: AuditLogSettings = AuditLogSettings()
    watching: WatchingSettings = WatchingSettings()
    targets: TargetSettings = TargetSettings()
    costs: CostSettings | None = None
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


def save_site(site: Site, file: Path) -> None:
    """Write the resolved settings for the child processes."""
    file.write_text(site.model_dump_json(indent=1))


def saved_site(file: Path) -> Site:
    """Return what `save_site` wrote."""
    return Site.model_validate_json(file.read_text())
