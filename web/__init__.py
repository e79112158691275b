"""Screens and the HTTP API: what people see of the line and how they answer it."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from inspector.errors import BadInput, NotAllowed, NotThere, Overtaken, StoreRefused
from web import api, kpi, live, operator, orders, pictures, review, reviews, sign_in
from web.security import protect
from web.services import RecorderAway, Services

LARGEST_BODY_BYTES: Final = 16 * 1024


def create_app(services: Services) -> Flask:
    """Return the web application over these services; opens nothing and starts nothing."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY_BYTES
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # DefaultJSONProvider's, not declared
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, services)
    for module in (operator, sign_in, live, pictures, kpi, api, review, reviews, orders):
        app.register_blueprint(module.blueprint(services))
    app.register_error_handler(
        StoreRefused, lambda error: _problem(f"The records cannot be read just now: {error}", 503)
    )
    app.register_error_handler(
        RecorderAway, lambda _: _problem("The recorder does not answer; nothing was written.", 503)
    )
    statuses = {BadInput: 400, NotAllowed: 403, NotThere: 404, Overtaken: 409}
    for kind, status in statuses.items():
        app.register_error_handler(kind, partial(_refused, status))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, lambda error: _broken(app, error))
    return app


def _refused(status: int, error: Exception) -> Response:
    return _problem(str(error), status)


def _http_problem(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    response = _problem(error.description or error.name, error.code or 500)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers.setdefault(name, value)
    return response


def _broken(app: Flask, error: Exception) -> Response:
    app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _problem("This server made a mistake; its log says which.", 500)


def _problem(why: str, status: int) -> Response:
    """Return what is wrong: JSON for programs, a page for people."""
    if request.path.startswith(("/api/", "/live", "/pictures/")):
        return make_response(jsonify(error=why), status)
    return make_response(render_template("problem.html", why=why, status=status), status)
