"""What our OPC UA server is made of and fed from: settings, status file, database."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from inspector.config.site import Site
from inspector.domain.record import Record, RecordFilter
from inspector.errors import BadInput, StoreRefused
from inspector.gateway.demo_world import until_sigterm
from inspector.gateway.keys import scada_password
from inspector.gateway.store import records_of
from inspector.ipc import Runtime, read_status, write_status
from inspector.plc.certificates import days_left, ensure_certificate
from inspector.scada.live import StationFacts
from inspector.scada.server import ScadaPlan, ScadaServer
from inspector.storage.sql_store import SqlRecords

SCADA_URI = "urn:inspector:gateway:scada"
WARN_DAYS = 90
"""So long before our certificate ends: clients must trust the next one by then."""
STALE_S = 3.0
"""A line whose own status is older does not answer."""
FIRST_RESULTS = 100
"""So many records are looked at when the server starts: those in flight and 32 decided ones."""
OPEN_AT_MOST = timedelta(minutes=2)
"""A part that is not decided so long after the newest one is waited for no more."""

log = logging.getLogger(__name__)


class Records(Protocol):
    """The database, as far as results go."""

    def records(self, wanted: RecordFilter) -> Sequence[Record]:
        """Return records, newest first; raises `StoreRefused`."""
        ...


class DecidedRecords:
    """The decided parts of one station, each once, from the database.

    Parts are decided in the order of their triggers, but for a few whose decision was lost; so
    what is asked again each time begins at the oldest part that is still open.
    """

    def __init__(self, records: Records, station: str) -> None:
        """Ask nothing yet."""
        self._records, self._station = records, station
        self._since: datetime | None = None
        self._known: set[str] = set()

    def new(self) -> list[Record]:
        """Return what was decided since the last call, oldest first; none while it cannot be read.

        The first call gives the newest that there are.
        """
        limit = FIRST_RESULTS if self._since is None else 1000
        wanted = RecordFilter(station=self._station, since=self._since, limit=limit)
        try:
            found = self._records.records(wanted)
        except StoreRefused:
            return []
        decided = [record for record in found if record.decision]
        new = [record for record in reversed(decided) if record.id not in self._known]
        self._known = {record.id for record in decided}
        if found:
            newest = found[0].triggered_at
            opened = [record.triggered_at for record in found if not record.decision]
            self._since = max(min(opened, default=newest), newest - OPEN_AT_MOST)
        return new


class GatewaySource:
    """What the line published and what the recorder stored."""

    def __init__(self, site: Site, runtime: Runtime, records: SqlRecords) -> None:
        """Take where they stand."""
        self._runtime = runtime
        self._decided = {one.name: DecidedRecords(records, one.name) for one in site.stations}

    def line(self) -> Mapping[str, Any] | None:
        """Return what the line has published, or None while it does not answer."""
        said = read_status(self._runtime, "line")
        if said is None or time.monotonic() - float(str(said["beat_s"])) > STALE_S:
            return None
        return said

    def decided(self, station: str) -> Sequence[Record]:
        """Return records that the PLC has decided since the last call, oldest first."""
        return self._decided[station].new()


def serve(site: Site, runtime: Runtime) -> None:
    """Serve until SIGTERM.

    Raises:
        BadInput: The port is taken, or the password or the certificate cannot be read.
    """
    plan = scada_plan(site)
    with closing(records_of(site)) as records:
        server = ScadaServer(
            plan,
            GatewaySource(site, runtime, records),
            publish=lambda state: write_status(runtime, "scada", state),
        )
        try:
            until_sigterm(server.run)
        except OSError as error:
            msg = f"site.toml: scada.port: {plan.endpoint} cannot be had: {error.strerror}"
            raise BadInput(msg) from error


def scada_plan(site: Site) -> ScadaPlan:
    """Return what the server needs; its certificate is made at the first start."""
    if site.scada is None:
        msg = "site.toml has no table [scada]"
        raise BadInput(msg)
    settings, folder = site.scada, Path(site.folder)
    trusted = folder / settings.trust_dir
    trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate = ensure_certificate(
        Path(site.data) / "scada",
        name="Inspector SCADA server",
        uri=SCADA_URI,
        hosts=["localhost", "127.0.0.1", socket.gethostname()],
    )
    if (left := days_left(certificate)) < WARN_DAYS:
        log.warning("our certificate %s ends in %d days", certificate.cert_der, left)
    return ScadaPlan(
        host=settings.host,
        port=settings.port,
        uri=SCADA_URI,
        certificate=certificate.cert_der,
        key=certificate.key_pem,
        user=settings.user,
        password=scada_password(settings, folder),
        trust_dir=trusted,
        max_sessions=settings.max_sessions,
        stations=tuple(
            StationFacts(one.name, one.title, one.recipe, simulated=site.demo is not None)
            for one in site.stations
        ),
        nodeset=folder / settings.machine_vision_nodeset
        if settings.machine_vision_nodeset
        else None,
    )
