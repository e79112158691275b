"""The operator screen: what the cameras see, what waits for an answer, and the two big buttons."""

from __future__ import annotations

from typing import Final, TypedDict

from flask import Blueprint, Response, make_response, render_template, request

from web.forms import panel_name
from web.live import person_here, state_now, stations_on
from web.security import (
    PANEL_COOKIE,
    WIDTH_COOKIE,
    panel,
    remember_panel,
    session_of,
)
from web.services import Services

NARROWEST_MM: Final = 80
WIDEST_MM: Final = 2000


class PanelSettings(TypedDict):
    """What a page must know of the panel it is shown on."""

    width_mm: str
    panel: str


def panel_settings() -> PanelSettings:
    """Return the panel's width and name, from this request's address or its cookies."""
    width = request.args.get("mm") or request.cookies.get(WIDTH_COOKIE) or ""
    return {
        "width_mm": _width(width),
        "panel": panel_name(request.args.get("panel", "")) or panel(),
    }


def blueprint(services: Services) -> Blueprint:
    """Return `/`: all stations, or one with `?station=`."""
    pages = Blueprint("operator", __name__)

    @pages.get("/")
    def screen() -> Response:
        station = request.args.get("station", "")
        cards = stations_on(services, station)
        session = session_of(services)
        settings = panel_settings()
        if session is not None:
            services.people.used(session.token)
        page = render_template(
            "operator.html",
            cards=cards,
            station=station,
            others=len(services.live.stations()) > 1,
            state=state_now(services, cards, person_here(services)),
            csrf=session.csrf if session else "",
            person=session.person if session else None,
            here=f"/?station={station}" if station else "/",
            **settings,
        )
        response = make_response(page)
        if request.args.get("mm") and settings["width_mm"]:
            remember_panel(response, WIDTH_COOKIE, settings["width_mm"])
        if panel_name(request.args.get("panel", "")):
            remember_panel(response, PANEL_COOKIE, settings["panel"])
        return response

    return pages


def _width(given: str) -> str:
    """Return a panel's width in mm as text, or empty when it cannot be one."""
    if not (given.isascii() and given.replace(".", "", 1).isdigit() and len(given) <= 6):
        return ""
    return given if NARROWEST_MM <= float(given) <= WIDEST_MM else ""
