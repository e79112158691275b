"""The live state: as a stream of snapshots (server-sent events), and once for who polls.

A stream holds a thread of the server, so there is a cap; who gets none polls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound, ServiceUnavailable

from inspector.domain.people import Person
from web.security import session_of
from web.services import Json, Services, StationCard
from web.snapshot import snapshot, waiting_parts

MOST_STREAMS: Final = 12
LOOK_EVERY_S: Final = 0.05
LEAST_GAP_S: Final = 0.2
"""At most 5 snapshots a second, but at once when another part waits or an answer came."""
LONGEST_GAP_S: Final = 1.0
"""A silent stream cannot be told from a dead one."""
SESSION_EVERY_S: Final = 2.0


def stations_on(services: Services, station: str) -> Sequence[StationCard]:
    """Return the stations of a screen: one, or all for an empty name; 404 for an unknown one."""
    cards = services.live.stations()
    if not station:
        return cards
    found = [card for card in cards if card.name == station]
    if not found:
        raise NotFound("There is no such station.")
    return found


def state_now(services: Services, cards: Sequence[StationCard], person: Person | None) -> Json:
    """Return the snapshot of this moment."""
    return snapshot(
        cards,
        services.live.line(),
        now=services.clock.now(),
        monotonic_s=services.clock.monotonic_s(),
        person=person,
    )


def person_here(services: Services) -> Person | None:
    """Return who is signed in on the panel that asks."""
    session = session_of(services)
    return session.person if session else None


def blueprint(services: Services) -> Blueprint:
    """Return `/live` and `/live/state`."""
    pages = Blueprint("live", __name__)
    free = threading.BoundedSemaphore(MOST_STREAMS)

    @pages.get("/live/state")
    def state() -> Response:
        cards = stations_on(services, request.args.get("station", ""))
        return jsonify(state_now(services, cards, person_here(services)))

    @pages.get("/live")
    def stream() -> Response:
        cards = stations_on(services, request.args.get("station", ""))
        session = session_of(services)
        if not free.acquire(blocking=False):
            raise ServiceUnavailable("Too many live screens are open; this one asks now and then.")
        token = session.token if session else ""
        response = Response(_events(services, cards, token), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(free.release)
        return response

    return pages


def _events(services: Services, cards: Sequence[StationCard], token: str) -> Iterator[bytes]:
    """Give a snapshot at once and then on each change, until the panel or the server goes."""
    yield b"retry: 1000\n\n"
    now_s = services.clock.monotonic_s
    person, asked_s = None, -SESSION_EVERY_S
    sent_s, mark, parts = -LONGEST_GAP_S, object(), object()
    while not services.stopping.is_set():
        at_s, new_mark = now_s(), services.live.mark()
        if at_s - asked_s >= SESSION_EVERY_S and token:
            session = services.people.session(token)
            person, asked_s = session.person if session else None, at_s
        new_parts = waiting_parts(services.live.line()) if new_mark != mark else parts
        due_s = LEAST_GAP_S if new_mark != mark else LONGEST_GAP_S
        if new_parts != parts or at_s - sent_s >= due_s:
            sent_s, mark, parts = at_s, new_mark, new_parts
            yield b"data: " + json.dumps(state_now(services, cards, person)).encode() + b"\n\n"
        services.stopping.wait(LOOK_EVERY_S)
