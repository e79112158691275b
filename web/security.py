"""Who asks: sessions, panels, protection of every change, and what the browser may do.

A change needs either a session and its CSRF token, or, without a session, proof that our own
page (or a program, which has no cookies to steal) asks.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, Forbidden, Unauthorized

from inspector.domain.people import Person, Right, may
from web.forms import panel_name
from web.services import By, Services, Session

SESSION_COOKIE: Final = "inspector_session"
PANEL_COOKIE: Final = "inspector_panel"
WIDTH_COOKIE: Final = "inspector_panel_mm"
CSRF_HEADER: Final = "X-CSRF-Token"
PANEL_HEADER: Final = "X-Inspector-Panel"
LONGEST_TOKEN: Final = 256
YEAR_S: Final = 365 * 24 * 3600

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def protect(app: Flask, services: Services) -> None:
    """Check every request and mark every answer of `app`."""

    @app.before_request
    def check() -> None:
        check_host(request.host, services.hosts)
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            refuse_other_sites()

    @app.after_request
    def mark(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def check_host(host: str, known: tuple[str, ...]) -> None:
    """Refuse a host name that is not ours (DNS rebinding); IP addresses cannot be rebound."""
    name = (urlsplit(f"//{host}").hostname or "").lower()
    if name == "localhost" or name in {host.lower() for host in known}:
        return
    try:
        ipaddress.ip_address(name)
    except ValueError as error:
        raise BadRequest("This server does not answer to that host name.") from error


def refuse_other_sites() -> None:
    """Refuse a change that a page of another site asks for."""
    if came_from_elsewhere():
        raise Forbidden("This came from another site.")


def came_from_elsewhere() -> bool:
    """Return whether the browser says that another site's page asks."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url.rstrip("/")


def came_from_our_page() -> bool:
    """Return whether the browser vouches that our own page asks."""
    says = {"Origin", "Sec-Fetch-Site"} & set(request.headers.keys())
    return bool(says) and not came_from_elsewhere()


def session_of(services: Services) -> Session | None:
    """Return the session of this request, looked up once."""
    if "session" not in g:
        token = request.cookies.get(SESSION_COOKIE, "")
        known = services.people.session(token) if 0 < len(token) <= LONGEST_TOKEN else None
        g.session = known
    session: Session | None = g.session
    return session


def person_with(services: Services, right: Right) -> Person:
    """Return who is signed in and may do this; refuse anybody else."""
    session = session_of(services)
    if session is None:
        raise Unauthorized("Sign in first.")
    if not may(session.person.role, right):
        raise Forbidden(f"A person with the role {session.person.role.value} may not do this.")
    return session.person


def changing(services: Services, right: Right) -> By:
    """Return who asks for a change and may have it, by their session and its token."""
    session = session_of(services)
    if session is not None:
        require_csrf(session, request.headers.get(CSRF_HEADER))
    person = person_with(services, right)
    services.people.used(session.token if session else "")
    return By(person, panel())


def require_csrf(session: Session, given: str | None) -> None:
    """Refuse a change without the session's token: whoever has it has read our page."""
    if not hmac.compare_digest(session.csrf.encode(), (given or "").encode()):
        raise Forbidden(f"The {CSRF_HEADER} of this session is missing or wrong.")


def require_panel() -> None:
    """Refuse an unsigned change that neither our page nor a program with a panel name asks for."""
    if not (request.headers.get(PANEL_HEADER) or came_from_our_page()):
        raise Forbidden(f"Without a session, {PANEL_HEADER} must name the panel.")


def address() -> str:
    """Return the network address of who asks, which nobody can choose freely."""
    return request.remote_addr or "unknown"


def panel() -> str:
    """Return the name of the panel that asks."""
    named = request.headers.get(PANEL_HEADER) or request.cookies.get(PANEL_COOKIE) or ""
    return panel_name(named) or f"at {address()}"


def remember(response: Response, session: Session) -> None:
    """Give the session to the browser: to no script, to no other site."""
    _set(response, SESSION_COOKIE, session.token, None)


def forget(response: Response) -> None:
    """Take the session from the browser."""
    _set(response, SESSION_COOKIE, "", 0)


def remember_panel(response: Response, cookie: str, value: str) -> None:
    """Keep a panel's name or width on the panel."""
    _set(response, cookie, value, YEAR_S)


def _set(response: Response, name: str, value: str, max_age_s: int | None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        httponly=True,
        secure=request.is_secure,
        samesite="Strict",
        path="/",
    )
