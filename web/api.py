"""The HTTP API, version 1: JSON in and out, one clear sentence when something is wrong."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized, UnsupportedMediaType

from inspector.domain.people import Right, may
from inspector.errors import BadInput, NotAllowed, StoreRefused
from web.forms import ID, PressForm, SignInForm, record_query
from web.live import person_here, state_now
from web.record_json import as_json
from web.security import (
    CSRF_HEADER,
    address,
    forget,
    panel,
    remember,
    require_csrf,
    require_panel,
    session_of,
)
from web.services import Json, LineAway, Press, RecorderAway, Services, Session
from web.snapshot import STALE_S, station_of

Answer = Response | tuple[Response, int]


class Api:
    """Everything under `/api/v1`, one method for each address."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def sign_in(self) -> Answer:
        """Open a session: the cookie goes to the browser, the CSRF token to the caller."""
        values = SignInForm(body())
        try:
            session = self._services.people.sign_in(values.badge, values.pin, address())
        except NotAllowed as error:
            return refused(str(error), 401)
        except RecorderAway:
            return refused("Nobody can sign in just now: the recorder does not answer.", 503)
        response = jsonify(csrf=session.csrf, person=person_of(session))
        remember(response, session)
        return response

    def who(self) -> Answer:
        """Return who is signed in."""
        session = session_of(self._services)
        if session is None:
            raise Unauthorized("Nobody is signed in.")
        return jsonify(csrf=session.csrf, person=person_of(session))

    def sign_out(self) -> Answer:
        """End the session, if there is one."""
        session = session_of(self._services)
        if session is not None:
            require_csrf(session, request.headers.get(CSRF_HEADER))
            try:
                self._services.people.sign_out(session.token)
            except RecorderAway:
                return refused("Nobody can sign out just now: the recorder does not answer.", 503)
        response = jsonify(signed_out=True)
        forget(response)
        return response

    def override(self, record: str) -> Answer:
        """Take an operator's answer on a part to the line."""
        known_id(record)
        session = session_of(self._services)
        if session is not None:
            require_csrf(session, request.headers.get(CSRF_HEADER))
            self._services.people.used(session.token)
        else:
            require_panel()
        press = self._press(PressForm(body()), record, session)
        require_right(press)
        try:
            answer = self._services.line.override(press)
        except LineAway:
            return refused("The line does not answer; the part stays as it is.", 503)
        if answer.state == "refused" and not press.station:
            raise NotFound("There is no such record.")
        if answer.state == "refused":
            return refused(answer.why or "The line refused this.", 409)
        said = {"state": answer.state, "revision": answer.revision, "by": answer.by}
        return jsonify(said | {"why": answer.why})

    def _press(self, form: PressForm, record: str, session: Session | None) -> Press:
        return Press(
            press_id=form.press_id,
            record=record,
            station=self._station_of(record),
            verdict=form.verdict,
            seen_revision=form.seen_revision,
            painted_at=form.painted_at,
            person=session.person if session else None,
            panel=panel(),
        )

    def _station_of(self, record: str) -> str:
        """Return where a part was inspected; empty when neither line nor records know it."""
        station = station_of(record, self._services.live.line())
        if station:
            return station
        try:
            found = self._services.records.record(record)
        except StoreRefused:
            return ""
        return found.station if found else ""

    def records(self) -> Answer:
        """Return the records that the query asks for, newest first."""
        found = self._services.records.records(record_query(request.args.to_dict()))
        return jsonify(records=[as_json(record) for record in found])

    def record(self, record: str) -> Answer:
        """Return one record."""
        known_id(record)
        found = self._services.records.record(record)
        if found is None:
            raise NotFound("There is no such record.")
        return jsonify(as_json(found))

    def stations(self) -> Answer:
        """Return what the operator screen shows of every station."""
        services = self._services
        return jsonify(state_now(services, services.live.stations(), person_here(services)))

    def health(self) -> Answer:
        """Return 200 while the line speaks, else 503."""
        now = state_now(self._services, (), None)
        age_s = now["age_s"]
        is_up = isinstance(age_s, float) and age_s <= STALE_S
        said = jsonify(line="up" if is_up else "silent", line_age_s=age_s, at=now["at"])
        return said, 200 if is_up else 503


def blueprint(services: Services) -> Blueprint:
    """Return everything under `/api/v1`."""
    pages, api = Blueprint("api", __name__, url_prefix="/api/v1"), Api(services)
    pages.post("/session")(api.sign_in)
    pages.get("/session")(api.who)
    pages.delete("/session")(api.sign_out)
    pages.post("/records/<record>/override")(api.override)
    pages.get("/records")(api.records)
    pages.get("/records/<record>")(api.record)
    pages.get("/stations")(api.stations)
    pages.get("/health")(api.health)
    return pages


def body() -> Json:
    """Return the request's JSON object."""
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON (Content-Type: application/json).")
    values = request.get_json(silent=True)
    if not isinstance(values, dict):
        raise BadInput("The body must be one JSON object.")
    return values


def known_id(record: str) -> None:
    """Refuse what cannot be the id of a record."""
    if not ID.fullmatch(record):
        raise NotFound("There is no such record.")


def require_right(press: Press) -> None:
    """Refuse what the person may not do; without one, only the safe direction is open."""
    right = Right.PASS_PART if press.verdict == "pass" else Right.REJECT_PART
    if may(press.person.role if press.person else None, right):
        return
    if press.person is None:
        raise Unauthorized("Sign in to say that a part is good.")
    raise Forbidden(f"A {press.person.role.value} may not change what happens to a part.")


def person_of(session: Session) -> Json:
    """Return a person as the API shows one."""
    return {"name": session.person.name, "role": session.person.role.value}


def refused(why: str, status: int) -> tuple[Response, int]:
    """Return an error as the API says it."""
    return jsonify(error=why), status
