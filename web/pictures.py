"""Pictures of parts by what they show, and the newest of each view."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from web.forms import DIGEST
from web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return `/pictures/<digest>` and `/pictures/live/<station>/<view>`."""
    pages = Blueprint("pictures", __name__)

    @pages.get("/pictures/<digest>")
    def picture(digest: str) -> Response:
        found = services.pictures.picture(digest) if DIGEST.fullmatch(digest) else None
        response = _jpeg(found)
        response.headers["Cache-Control"] = "private, max-age=86400, immutable"
        return response

    @pages.get("/pictures/live/<station>/<view>")
    def latest(station: str, view: str) -> Response:
        known = any(
            card.name == station and view in card.views for card in services.live.stations()
        )
        return _jpeg(services.pictures.latest(station, view) if known else None)

    return pages


def _jpeg(content: bytes | None) -> Response:
    if content is None:
        raise NotFound("There is no such picture.")
    return Response(content, mimetype="image/jpeg")
