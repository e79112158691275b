"""What `recorder.sock` answers: signing in and out, and people.

One JSON object a line, one answer each: `{"ok": true, ...}`, or `{"ok": false, "why": text}` with
the reason in words for a person ("error" is the same text).

    {"do": "sign_in", "badge", "pin", "address" or "panel"}    token, csrf, person {id, name, role}
    {"do": "sign_out", "token"}
    {"do": "touch_session", "token"}                           the person did something now
    {"do": "add_person", "name", "role", "badge"?, "by"}       person, badge, pin: shown once
    {"do": "list_people"}                                      people
    {"do": "set_active", "badge", "active", "by"}              person
    {"do": "note_change", "by", "action", "what", "station", "before", "after", "reason"}
    {"do": "change_audit_key", "by"}                           key: the new one's public half
    {"do": "begin_audit_anew", "by", "reason"}                 key: the new log's
    {"do": "import_labels", "file", "by"}                      added; see `label_taking`
    {"do": "propose_limit", "proposal", "by"}                  proposal: its number
    {"do": "sign_limits", "proposal", "badge", "pin", "reason", "by"}      version, name: who signed
    {"do": "take_back_limits", "station", "badge", "pin", "reason", "by"}  the same
    {"do": "claim_reviews", "count", "candidates", "by"}       claims: pictures that are theirs now
    {"do": "add_review", "request", "claim", "verdict", "kind"?, "reason"?, "shown_ms"?,
     "decided_ms"?, "by"}                                      review, missed_seed
    {"do": "add_review", "request", "record", "source", ...}   review; "flagged" or "downstream"
    {"do": "undo_review", "request", "review", "by"}           review: the superseding row; claim
    {"do": "answer_alarm", "alarm", "did"?, "by"}
    {"do": "begin_lot", "station", "name", "by"}               begun
    {"do": "add_seeded_defect", "station", "kind", "picture", "made_from", "by"}      seed

"by" is {"name", "role", "panel"}, and the "id" of a person who has signed in: who asks, for the
audit log. The orders from `claim_reviews` on need a person whose role may do it (`domain.people`).
A refusal has a "kind": "bad", "missing", "overtaken", "forbidden" or "later".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from math import ceil
from typing import Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from inspector.audit.entry import Change, body_of
from inspector.domain.people import Person, Role
from inspector.errors import BadInput, InspectorError, NotAllowed, NotThere, Overtaken
from inspector.gateway.audit import Auditing
from inspector.gateway.desk_values import text_of, who_of
from inspector.gateway.label_taking import LabelTaking
from inspector.gateway.limit_desk import LimitDesk
from inspector.gateway.order_desk import OrderDesk
from inspector.gateway.recorder_socket import Answer, Later
from inspector.gateway.review_desk import ReviewDesk
from inspector.ports import Clock
from inspector.storage.sql_people import SqlPeople, hash_of, new_pin, pin_is_right

WRONG: Final = "This badge and PIN do not belong together."
_NOT_NOW: Final = "The records cannot be written just now; try again."

_Result = TypeVar("_Result")
log = logging.getLogger(__name__)


class Desk:
    """Answers; what it changes goes through the recorder's own connection, in its own thread."""

    def __init__(self, people: SqlPeople, auditing: Auditing, clock: Clock) -> None:
        """Use the recorder's connection."""
        self._people, self._auditing, self._clock = people, auditing, clock
        self._labels = LabelTaking(auditing, clock)
        self._limits = LimitDesk(auditing, clock)
        self._deeds: dict[str, Callable[[Mapping[str, Any]], Answer | Later]] = {
            "sign_in": self._sign_in,
            "sign_out": self._sign_out,
            "touch_session": self._touch_session,
            "add_person": self._add_person,
            "list_people": self._list_people,
            "set_active": self._set_active,
            "note_change": self._note_change,
            "change_audit_key": self._change_audit_key,
            "begin_audit_anew": self._begin_audit_anew,
            "import_labels": self._import_labels,
            "propose_limit": self._limits.propose,
            "sign_limits": lambda ask: self._signed(ask, self._limits.sign),
            "take_back_limits": lambda ask: self._signed(ask, self._limits.take_back),
        }
        self._reviewing, ordering = ReviewDesk(auditing, clock), OrderDesk(auditing, clock)
        self._orders = {
            "claim_reviews": self._reviewing.claim,
            "add_review": self._reviewing.add,
            "undo_review": self._reviewing.undo,
            "answer_alarm": ordering.answer_alarm,
            "begin_lot": ordering.begin_lot,
            "add_seeded_defect": ordering.add_seeded_defect,
        }

    def answer(self, ask: Mapping[str, Any]) -> Answer | Later:
        """Return the answer to one request; a bad one is refused in words."""
        if order := self._orders.get(str(ask.get("do"))):
            return _answered(lambda: order(ask, who_of(ask.get("by"))))
        deed = self._deeds.get(str(ask.get("do")))
        if deed is None:
            return refusal(f"nothing is known by the name {ask.get('do')!r}")
        return _answered(lambda: deed(ask))

    def tidy(self) -> None:
        """Forget old wrong tries, sessions and claims; not now is no harm."""
        self._reviewing.tidy()
        try:
            self._people.tidy(self._clock.now())
        except SQLAlchemyError as error:
            log.warning("old sessions were not removed: %s", error)

    def _sign_in(self, ask: Mapping[str, Any]) -> Later:
        badge = text_of(ask["badge"])
        address = text_of(ask.get("address") or ask.get("panel") or "")

        def open_session(person: str) -> Answer:
            opened = self._people.open_session(person, badge, address, self._clock.now())
            shown_of = shown(opened.person)
            return {"ok": True, "token": opened.token, "csrf": opened.csrf, "person": shown_of}

        return self._with_pin(ask, address, open_session)

    def _signed(
        self, ask: Mapping[str, Any], deed: Callable[[Mapping[str, Any], Person], Answer]
    ) -> Later:
        """Do one thing as the person whose badge and PIN come with it, without a session."""
        badge, address = text_of(ask["badge"]), who_of(ask["by"]).panel
        people = self._people

        def sign(person: str) -> Answer:
            return deed(ask, people.recognised(person, badge, address))

        return self._with_pin(ask, address, sign)

    def _with_pin(
        self, ask: Mapping[str, Any], address: str, deed: Callable[[str], Answer]
    ) -> Later:
        """Do something as the person of a badge, once the PIN has been found right."""
        badge, pin = text_of(ask["badge"]), text_of(ask["pin"])
        candidate = self._people.try_to_sign_in(badge, address, self._clock.now())
        if isinstance(candidate, timedelta):
            raise NotAllowed(f"Too many wrong PINs: try again in {_spoken(candidate)}.")

        def then(right: object) -> Answer:
            if not right or not candidate.person:
                return refusal(WRONG)
            return _answered(lambda: deed(candidate.person))

        return Later(lambda: pin_is_right(candidate.pin_hash, pin), then)

    def _sign_out(self, ask: Mapping[str, Any]) -> Answer:
        self._people.end_session(text_of(ask["token"]), self._clock.now())
        return {"ok": True}

    def _touch_session(self, ask: Mapping[str, Any]) -> Answer:
        self._people.touch_session(text_of(ask["token"]), self._clock.now())
        return {"ok": True}

    def _add_person(self, ask: Mapping[str, Any]) -> Later:
        name, role = text_of(ask["name"]), role_of(text_of(ask["role"]))
        badge, by = text_of(ask.get("badge") or ""), who_of(ask["by"])
        pin = new_pin()

        def add(pin_hash: str) -> Answer:
            person = self._people.add(name, role, badge, pin_hash, now=self._clock.now(), by=by)
            return {"ok": True, "person": shown(person), "badge": person.badge, "pin": pin}

        return Later(lambda: hash_of(pin), lambda pin_hash: _answered(lambda: add(pin_hash)))

    def _list_people(self, _: Mapping[str, Any]) -> Answer:
        return {"ok": True, "people": [shown(person) for person in self._people.all()]}

    def _set_active(self, ask: Mapping[str, Any]) -> Answer:
        badge, active = text_of(ask["badge"]), bool(ask["active"])
        now, by = self._clock.now(), who_of(ask["by"])
        person = self._people.set_active(badge, active=active, now=now, by=by)
        return {"ok": True, "person": shown(person)}

    def _note_change(self, ask: Mapping[str, Any]) -> Answer:
        names = "action", "what", "station", "reason"
        texts = {name: text_of(ask.get(name) or "") for name in names}
        now, by = self._clock.now().isoformat(), who_of(ask["by"])
        change = Change(now, by, before=ask["before"], after=ask["after"], **texts)
        try:
            body_of(change, 1)
        except ValueError as error:
            raise BadInput(f"this cannot be kept: {error}") from error
        self._auditing.note(change)
        return {"ok": True}

    def _change_audit_key(self, ask: Mapping[str, Any]) -> Answer:
        key = self._auditing.change_key(who_of(ask["by"]), self._clock.now())
        return {"ok": True, "key": key}

    def _begin_audit_anew(self, ask: Mapping[str, Any]) -> Answer:
        by, reason = who_of(ask["by"]), text_of(ask["reason"])
        return {"ok": True, "key": self._auditing.begin_anew(by, reason, self._clock.now())}

    def _import_labels(self, ask: Mapping[str, Any]) -> Later:
        later = self._labels.take(text_of(ask["file"]), who_of(ask["by"]))
        return Later(later.work, lambda read: _answered(lambda: later.then(read)))


def refusal(why: str, kind: str = "bad") -> Answer:
    """Return the answer that something was not done."""
    return {"ok": False, "why": why, "error": why, "kind": kind}


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


def _answered(deed: Callable[[], _Result]) -> _Result | Answer:
    """Return what the deed returns, or the refusal that its error stands for."""
    try:
        return deed()
    except InspectorError as error:
        return refusal(str(error), _kind_of(error))
    except SQLAlchemyError as error:
        log.warning("not done: %s", error)
        return refusal(_NOT_NOW, "later")
    except KeyError as error:
        return refusal(f"{error.args[0]!r} is missing")


def _kind_of(error: InspectorError) -> str:
    kinds = {NotThere: "missing", Overtaken: "overtaken", NotAllowed: "forbidden"}
    return kinds.get(type(error), "bad")


def _spoken(wait: timedelta) -> str:
    seconds = ceil(wait.total_seconds())
    return f"{seconds} s" if seconds <= 60 else f"{ceil(seconds / 60)} min"
