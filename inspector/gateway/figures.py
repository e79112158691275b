"""The figures of a site from its records, whether it runs or not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from inspector.config.site import Site
from inspector.domain.kpi import Kpi, Window
from inspector.domain.site_figures import site_figures
from inspector.errors import BadInput
from inspector.gateway.store import server_of
from inspector.storage.database import database_file
from inspector.storage.sql_judgements import SqlFigures


def figures_of(site: Site, station: str, window: Window) -> tuple[Kpi, ...]:
    """Return the figures of a station, or with "" of all of them.

    Raises:
        BadInput: No such station, or no part came in the window: that is no zero.
        StoreRefused: The records cannot be read.
    """
    known = [one.name for one in site.stations]
    if station and station not in known:
        raise BadInput(f"no station {station!r}; this site has {', '.join(known)}")
    if window.since >= window.until:
        raise BadInput("the window is empty: --since must lie before --until")
    with closing(SqlFigures(server_of(site) or database_file(Path(site.data)))) as records:
        seen = records.seen(station, window)
    if not seen.counts.records + seen.counts.in_gap:
        where = f"at station {station}" if station else "at any station"
        between = f"{window.since.isoformat()} and {window.until.isoformat()}"
        raise BadInput(f"no part came between {between} {where}: there is nothing to count")
    return site_figures(seen, window, targets=site.targets.by_id())
