"""Where a site's records lie: the file in its data folder, or the server that it names."""

from __future__ import annotations

from pathlib import Path

from inspector.config.site import Site
from inspector.gateway.keys import store_password
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.review_queues import SqlReviewQueues
from inspector.storage.sql_store import SqlRecords


def server_of(site: Site) -> Server | None:
    """Return the PostgreSQL database of a site, or None: it has a SQLite file.

    Raises:
        SettingsWrong: Its password is not to be had.
    """
    if site.store is None:
        return None
    return Server(site.store.url, store_password(site.store, Path(site.folder)))


def records_of(site: Site) -> SqlRecords:
    """Return the read side of a site's records; raises as `server_of`."""
    return SqlRecords(server_of(site) or database_file(Path(site.data)))


def review_queues_of(site: Site) -> SqlReviewQueues:
    """Return records, and what of them waits for people's looks; raises as `server_of`."""
    return SqlReviewQueues(server_of(site) or database_file(Path(site.data)))
