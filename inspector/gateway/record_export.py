"""What an export reads of a site's records; its weights need the estimators, which take 30 MB."""

from __future__ import annotations

from pathlib import Path

from inspector.config.site import Site
from inspector.gateway.store import server_of
from inspector.storage.database import database_file
from inspector.storage.sql_export import SqlExport


def export_of(site: Site) -> SqlExport:
    """Return what an export reads of a site's records; raises as `server_of`."""
    return SqlExport(server_of(site) or database_file(Path(site.data)))
