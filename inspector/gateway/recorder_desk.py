"""What `recorder.sock` answers: signing in and out, and people.

One JSON object a line, one answer each: `{"ok": true, ...}`, or `{"ok": false, "error": text}`
with the reason in words for a person ("why" is the same text).

    {"do": "sign_in", "badge", "pin", "address" or "panel"}    token, csrf, person {id, name, role}
    {"do": "sign_out", "token"}
    {"do": "touch_session", "token"}                           the person did something now
    {"do": "add_person", "name", "role", "badge"?}             person, badge, pin: shown once
    {"do": "list_people"}                                      people
    {"do": "set_active", "badge", "active"}                    person
"""

from __future__ import annotations

import json
import logging
import selectors
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy.exc import SQLAlchemyError

from inspector.domain.people import Person, Role
from inspector.errors import BadInput, InspectorError, NotAllowed
from inspector.ports import Clock
from inspector.storage.sql_people import (
    Candidate,
    Opened,
    SqlPeople,
    hash_of,
    new_pin,
    pin_is_right,
)

LONGEST_LINE_BYTES: Final = 64 * 1024
MOST_CONNECTIONS: Final = 64
CHECKS_AT_ONCE: Final = 2
MOST_WAITING: Final = 16
"""Sign-ins that wait for their check; more are told to come again."""
WRONG: Final = "This badge and PIN do not belong together."

log = logging.getLogger(__name__)
Answer = dict[str, object]


@dataclass(slots=True, eq=False)
class _Caller:
    """One connection; it is answered in the order in which it asked, one at a time."""

    socket: socket.socket
    rest: bytes = b""
    waits: bool = False
    """An answer to it is being worked out in another thread."""


class Desk:
    """Serves the socket from the recorder's own loop."""

    def __init__(self, path: Path, people: SqlPeople, clock: Clock) -> None:
        """Listen at `path`, mode 0600, in the place of whoever listened there before."""
        self._people, self._clock = people, clock
        self._selector = selectors.DefaultSelector()
        self._callers: set[_Caller] = set()
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="pin")
        self._checks: list[tuple[Future[Any], Callable[[Any], Answer], _Caller]] = []
        self._done, self._tell_done = socket.socketpair()
        self._tell_done.setblocking(False)
        self._path = path
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(MOST_CONNECTIONS)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._done, selectors.EVENT_READ)

    def serve(self, timeout_s: float) -> None:
        """Answer what was asked; wait at most `timeout_s` for somebody to ask."""
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._done:
                self._done.recv(4096)
            else:
                self._read(key.data)
        self._finish_checks()

    def tidy(self) -> None:
        """Forget old wrong tries and sessions; not now is no harm."""
        try:
            self._people.tidy(self._clock.now())
        except SQLAlchemyError as error:
            log.warning("old sessions were not removed: %s", error)

    def close(self) -> None:
        """Hang up; checks that are under way are not waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for caller in list(self._callers):
            self._hang_up(caller)
        self._selector.close()
        for one in (self._listener, self._done, self._tell_done):
            one.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return the open desk."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # gone again already
        if len(self._callers) >= MOST_CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        caller = _Caller(connection)
        self._callers.add(caller)
        self._selector.register(connection, selectors.EVENT_READ, caller)

    def _read(self, caller: _Caller) -> None:
        try:
            more = caller.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        caller.rest += more
        if not more or len(caller.rest) > LONGEST_LINE_BYTES:
            self._hang_up(caller)
        else:
            self._answer_next(caller)

    def _answer_next(self, caller: _Caller) -> None:
        while not caller.waits and b"\n" in caller.rest and caller in self._callers:
            line, _, caller.rest = caller.rest.partition(b"\n")
            if answer := self._answer(line, caller):
                self._send(caller, answer)

    def _answer(self, line: bytes, caller: _Caller) -> Answer | None:
        """Return the answer, or None when it comes later."""
        try:
            ask = json.loads(line)
            return _DEEDS[ask["do"]](self, ask, caller)
        except InspectorError as error:
            return refusal(str(error))
        except SQLAlchemyError as error:
            log.warning("not done: %s", error)
            return refusal("The records cannot be written just now; try again.")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return refusal(f"not understood: {type(error).__name__} {error}")

    def _later(
        self, caller: _Caller, work: Callable[[], Any], then: Callable[[Any], Answer]
    ) -> None:
        """Do `work` in a thread of its own, then `then` here with what it returned."""
        if len(self._checks) >= MOST_WAITING:
            raise NotAllowed("Too many people sign in at this moment; try again.")
        caller.waits = True
        future = self._pool.submit(work)
        self._checks.append((future, then, caller))
        future.add_done_callback(lambda _: self._tell_done.send(b"."))

    def _finish_checks(self) -> None:
        for check in [check for check in self._checks if check[0].done()]:
            self._checks.remove(check)
            future, then, caller = check
            caller.waits = False
            try:
                answer = then(future.result())
            except InspectorError as error:
                answer = refusal(str(error))
            except SQLAlchemyError as error:
                log.warning("not done: %s", error)
                answer = refusal("The records cannot be written just now; try again.")
            if caller in self._callers:
                self._send(caller, answer)
                self._answer_next(caller)

    def _send(self, caller: _Caller, answer: Answer) -> None:
        try:
            caller.socket.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:  # gone, or does not read: an answer is far smaller than its buffer
            self._hang_up(caller)

    def _hang_up(self, caller: _Caller) -> None:
        if caller in self._callers:
            self._callers.discard(caller)
            self._selector.unregister(caller.socket)
            caller.socket.close()

    def _sign_in(self, ask: Mapping[str, Any], caller: _Caller) -> Answer | None:
        badge, pin = str(ask["badge"]), str(ask["pin"])
        address = str(ask.get("address") or ask.get("panel") or "")
        tried = self._people.try_to_sign_in(badge, address, self._clock.now())
        if isinstance(tried, timedelta):
            raise NotAllowed(f"Too many wrong PINs: try again in {_spoken(tried)}.")
        candidate: Candidate = tried

        def check() -> bool:
            return pin_is_right(candidate.pin_hash, pin[:64]) and bool(candidate.person)

        def open_session(right: bool) -> Answer:  # noqa: FBT001 - what `check` returned
            if not right:
                raise NotAllowed(WRONG)
            now = self._clock.now()
            return _signed_in(self._people.open_session(candidate.person, badge, address, now))

        self._later(caller, check, open_session)
        return None

    def _sign_out(self, ask: Mapping[str, Any], _: _Caller) -> Answer:
        self._people.end_session(str(ask["token"]), self._clock.now())
        return {"ok": True}

    def _touch_session(self, ask: Mapping[str, Any], _: _Caller) -> Answer:
        self._people.touch_session(str(ask["token"]), self._clock.now())
        return {"ok": True}

    def _add_person(self, ask: Mapping[str, Any], caller: _Caller) -> Answer | None:
        name, role, badge = str(ask["name"]), role_of(str(ask["role"])), str(ask.get("badge") or "")
        pin = new_pin()

        def add(pin_hash: str) -> Answer:
            person = self._people.add(name, role, badge, pin_hash, self._clock.now())
            return {"ok": True, "person": shown(person), "badge": person.badge, "pin": pin}

        self._later(caller, lambda: hash_of(pin), add)
        return None

    def _list_people(self, _ask: Mapping[str, Any], _: _Caller) -> Answer:
        return {"ok": True, "people": [shown(person) for person in self._people.all()]}

    def _set_active(self, ask: Mapping[str, Any], _: _Caller) -> Answer:
        badge, active = str(ask["badge"]), bool(ask["active"])
        person = self._people.set_active(badge, active=active, now=self._clock.now())
        return {"ok": True, "person": shown(person)}


_DEEDS: Final[dict[str, Callable[[Desk, Mapping[str, Any], _Caller], Answer | None]]] = {
    "sign_in": Desk._sign_in,
    "sign_out": Desk._sign_out,
    "touch_session": Desk._touch_session,
    "add_person": Desk._add_person,
    "list_people": Desk._list_people,
    "set_active": Desk._set_active,
}


def refusal(why: str) -> Answer:
    """Return the answer that something was not done."""
    return {"ok": False, "why": why, "error": why}


def shown(person: Person) -> dict[str, object]:
    """Return a person as JSON."""
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role.value,
        "badge": person.badge,
        "active": person.active,
        "created_at": person.created_at.isoformat(),
    }


def role_of(text: str) -> Role:
    """Return a role by its name; raises `BadInput` that lists them."""
    try:
        return Role(text)
    except ValueError as error:
        raise BadInput(f"no role {text!r}: choose from {', '.join(Role)}") from error


def _signed_in(opened: Opened) -> Answer:
    return {
        "ok": True,
        "token": opened.token,
        "csrf": opened.csrf,
        "person": shown(opened.person),
    }


def _spoken(wait: timedelta) -> str:
    seconds = ceil(wait.total_seconds())
    return f"{seconds} s" if seconds <= 60 else f"{ceil(seconds / 60)} min"
