"""The figures as the screens ask for them.

What they are made with takes a process 30 MB: it is loaded when somebody looks at them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from inspector.config.site import Site
from inspector.domain.record import Record
from inspector.ports import Clock

if TYPE_CHECKING:
    from inspector.domain.dashboard import Dashboard
    from inspector.storage.sql_judgements import SqlFigures


class SiteFigures:
    """Reads the records of a site on connections of its own, made at the first question."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site, self._clock = site, clock
        self._lock = threading.Lock()
        self._opened: SqlFigures | None = None

    def dashboard(self, station: str, since: datetime, until: datetime) -> Dashboard:
        """Return everything on the page of figures."""
        from inspector.domain.kpi import Window  # noqa: PLC0415 - as above
        from inspector.gateway.figures import dashboard_of  # noqa: PLC0415

        window, now = Window(since, until), self._clock.now()
        return dashboard_of(self._site, self._records(), station, window, now)

    def rejects(
        self, station: str, since: datetime, until: datetime, kind: str
    ) -> Sequence[Record]:
        """Return the newest rejects with this strongest finding."""
        from inspector.domain.kpi import Window  # noqa: PLC0415 - as above
        from inspector.gateway.figures import rejects_of  # noqa: PLC0415

        return rejects_of(self._records(), station, Window(since, until), kind)

    def _records(self) -> SqlFigures:
        from inspector.gateway.figures import opened  # noqa: PLC0415 - as above

        with self._lock:
            if self._opened is None:
                self._opened = opened(self._site)
            return self._opened

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
