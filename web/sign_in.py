"""The sign-in page: badge and PIN, by scanner, keyboard or the keys on the screen."""

from __future__ import annotations

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from inspector.errors import BadInput, NotAllowed
from web.forms import SignInForm
from web.operator import panel_settings
from web.security import (
    address,
    came_from_our_page,
    forget,
    remember,
    require_csrf,
    session_of,
)
from web.services import RecorderAway, Services

OUR_SCREENS = re.compile(
    r"/(\?station=[a-z][a-z0-9_]{0,31})?|/review(\?queue=(audit|disagreement|second))?|/kpi"
)


def blueprint(services: Services) -> Blueprint:
    """Return `/sign-in` and `/sign-out`."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    def form() -> Response:
        return _page("", 200)

    @pages.post("/sign-in")
    def sign_in() -> AnyResponse:
        if not came_from_our_page():
            raise Forbidden("Sign in on this server's own page.")
        try:
            values = SignInForm(request.form.to_dict())
            session = services.people.sign_in(values.badge, values.pin, address())
        except (BadInput, NotAllowed) as error:
            return _page(str(error), 400 if isinstance(error, BadInput) else 401)
        except RecorderAway:
            return _page("Nobody can sign in just now: the recorder does not answer.", 503)
        response = redirect(back_to(request.form.get("next", "/")), code=303)
        remember(_response(response), session)
        return response

    @pages.post("/sign-out")
    def sign_out() -> AnyResponse:
        session = session_of(services)
        if session is not None:
            require_csrf(session, request.form.get("csrf"))
            services.people.sign_out(session.token)
        response = redirect(back_to(request.form.get("next", "/")), code=303)
        forget(_response(response))
        return response

    return pages


def back_to(wanted: str) -> str:
    """Return one of our own screens to go to; anything else becomes the first one."""
    return wanted if OUR_SCREENS.fullmatch(wanted) else "/"


def _page(problem: str, status: int) -> Response:
    given = request.form if request.method == "POST" else request.args
    page = render_template(
        "sign_in.html",
        problem=problem,
        badge=given.get("badge", "")[:64],
        next=back_to(given.get("next", "/")),
        **panel_settings(),
    )
    return make_response(page, status)


def _response(response: AnyResponse) -> Response:
    assert isinstance(response, Response)  # noqa: S101  flask.redirect makes the app's own class
    return response
