"""The page of figures: tiles with their evidence, a trend, the defects, how far audits have come.

It needs no script: a form chooses station and window, and the charts are drawn by the server.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, render_template, request

from inspector.errors import BadInput
from web import scales, tiles
from web.forms import FigureQuery, figure_query
from web.live import stations_on
from web.security import session_of
from web.services import Services

if TYPE_CHECKING:
    from inspector.domain.dashboard import Dashboard

WINDOWS: Final = {1: "a day", 7: "7 days", 28: "28 days", 90: "90 days", 365: "a year"}
LONGEST_KIND: Final = 64


class Figures:
    """The page, the same as CSV and as JSON, and the rejects behind a bar."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def page(self) -> str:
        """Return the page of a station and a window."""
        query = self._asked()
        board = self._found(query)
        return self._shown(
            "kpi.html",
            query,
            board=board,
            groups=tiles.grouped_tiles(board.figures, board.trends),
            trend=scales.trend_of(board.rejects, board.marks),
            windows=WINDOWS,
            cards=self._services.live.stations(),
            time=WallClock(board.zone),
            now=self._services.clock.now(),
        )

    def as_csv(self) -> Response:
        """Return the same figures as a file: the words of the tiles and every number in full."""
        board = self._with_parts(self._asked())
        text = io.StringIO(newline="")
        rows = csv.DictWriter(text, tiles.COLUMNS, restval="")
        rows.writeheader()
        rows.writerows(tiles.row(one) for one in board.figures)
        response = Response(text.getvalue(), mimetype="text/csv")
        response.headers["Content-Disposition"] = 'attachment; filename="figures.csv"'
        return response

    def as_json(self) -> Response:
        """Return the same figures as `inspector kpi --json` prints them."""
        query = self._asked()
        board = self._with_parts(query)
        kpis = [one.as_json() for one in board.figures]
        return jsonify(station=query.station, kpis=kpis, **board.alarms_as_json())

    def rejects(self) -> str:
        """Return the pictures of the rejects with one kind of strongest finding."""
        query, kind = self._asked("kind"), request.args.get("kind", "")
        if not 0 < len(kind) <= LONGEST_KIND or not kind.isprintable():
            raise BadInput(f"kind must be a kind of finding, of 1 to {LONGEST_KIND} characters.")
        records = self._services.figures.rejects(query.station, query.since, query.until, kind)
        titles = {card.name: card.title for card in self._services.live.stations()}
        return self._shown("kpi_rejects.html", query, kind=kind, records=records, titles=titles)

    def _asked(self, *also: str) -> FigureQuery:
        query = figure_query(request.args.to_dict(), self._services.clock.now(), also=also)
        stations_on(self._services, query.station)
        return query

    def _found(self, query: FigureQuery) -> Dashboard:
        return self._services.figures.dashboard(query.station, query.since, query.until)

    def _with_parts(self, query: FigureQuery) -> Dashboard:
        """Refuse a window in which no part came: a file without rows would read as zero."""
        board = self._found(query)
        if board.empty:
            raise BadInput(f"{board.empty}.")
        return board

    def _shown(self, template: str, query: FigureQuery, **values: object) -> str:
        session = session_of(self._services)
        if session is not None:
            self._services.people.used(session.token)
        person = session.person if session else None
        link = urlencode(_again(query))
        return render_template(template, query=query, person=person, link=link, **values)


def blueprint(services: Services) -> Blueprint:
    """Return `/kpi` and what belongs to it."""
    pages, figures = Blueprint("kpi", __name__), Figures(services)
    pages.get("/kpi")(figures.page)
    pages.get("/kpi.csv")(figures.as_csv)
    pages.get("/kpi/rejects")(figures.rejects)
    pages.get("/api/v1/kpis")(figures.as_json)
    return pages


def _again(query: FigureQuery) -> dict[str, str]:
    """Return the query of another page of the same station and window."""
    station = {"station": query.station} if query.station else {}
    if query.days:
        return {**station, "days": str(query.days)}
    return {**station, "since": query.since.isoformat(), "until": query.until.isoformat()}


class WallClock:
    """Writes moments as the clock on the site's wall shows them."""

    def __init__(self, zone: str) -> None:
        self._zone, self.name = ZoneInfo(zone), zone

    def __call__(self, moment: datetime) -> str:
        """Return date and time to the minute."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")

    def day(self, moment: datetime) -> str:
        """Return the date."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d")
