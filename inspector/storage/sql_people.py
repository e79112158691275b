"""People, their sessions and wrong sign-ins in the database: the write side. Recorder only.

A PIN is kept as scrypt (werkzeug), a session's token as its SHA-256. Six digits are few: whoever
has the database file can try them all, so the file is as secret as a key.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from inspector.audit.entry import Change, Who
from inspector.domain.people import ABSOLUTE_LIMIT, Person, Role, wait_after
from inspector.errors import BadInput, StoreRefused
from inspector.storage.schema import from_us, people, sessions, sign_in_attempts, to_us
from inspector.storage.sql_audit import AuditLog
from inspector.storage.sql_store import person_of, token_digest

PIN_DIGITS: Final = 6
LONGEST_NAME: Final = 64
_FORGET_AFTER: Final = timedelta(hours=24)
_NOBODY: Final = "scrypt:32768:8:1$nobody-has-this$" + "0" * 128
"""A hash that no PIN has: checked for an unknown badge, so that it takes as long as a known one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who wants to sign in and may try.

    Attributes:
        person: Id; empty when nobody active has this badge.
        pin_hash: To check the PIN against, in any thread.
    """

    person: str
    pin_hash: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session; the token is known to nobody else."""

    token: str
    csrf: str
    person: Person


def new_pin() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def hash_of(pin: str) -> str:
    """Return what is kept of a PIN; takes about 50 ms and 32 MB, in any thread."""
    return generate_password_hash(pin, method="scrypt")


def pin_is_right(pin_hash: str, pin: str) -> bool:
    """Return whether this is the PIN; takes as long as `hash_of`."""
    return check_password_hash(pin_hash, pin)


class SqlPeople:
    """Changes people and sessions; every method is one commit."""

    def __init__(self, engine: Engine, log: AuditLog) -> None:
        """Use an engine of `database.writing`."""
        self._engine, self._log = engine, log

    def add(
        self, name: str, role: Role, badge: str, pin_hash: str, *, now: datetime, by: Who
    ) -> Person:
        """Return the new person, whom `by` has added.

        Raises:
            BadInput: The name or the badge is taken, empty or too long.
        """
        name = _proper("name", name)
        badge = _proper("badge", badge) if badge else f"{secrets.randbelow(10**6):06d}"
        row = {
            "id": uuid.uuid4().hex,
            "name": name,
            "role": role.value,
            "badge": badge,
            "pin_hash": pin_hash,
            "active": True,
            "created_at": to_us(now),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(people).values(row))
                after = {key: row[key] for key in ("name", "role", "badge", "active")}
                what = f"person {row['id']}"
                change = Change(now.isoformat(), by, "person added", what, after=after)
                self._log.append(connection, [change])
        except IntegrityError as error:
            taken = "badge" if "badge" in str(error.orig) else "name"
            raise BadInput(f"there is somebody with this {taken} already: {row[taken]}") from error
        return Person(str(row["id"]), name, role, badge, active=True, created_at=now)

    def all(self) -> tuple[Person, ...]:
        """Return everybody, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(people).order_by(people.c.name)).all()
        return tuple(person_of(row) for row in rows)

    def set_active(self, badge: str, *, active: bool, now: datetime, by: Who) -> Person:
        """Let somebody sign in or not any more; the latter ends their sessions.

        Raises:
            BadInput: Nobody has this badge.
        """
        with self._engine.begin() as connection:
            row = _by_badge(connection, badge)
            if row is None:
                raise BadInput(f"nobody has the badge {badge}")
            one = people.c.id == row.id
            connection.execute(update(people).where(one).values(active=active))
            if not active:
                theirs = sessions.c.person == row.id, sessions.c.ended_at.is_(None)
                connection.execute(update(sessions).where(*theirs).values(ended_at=to_us(now)))
            if active != row.active:
                action = "person enabled" if active else "person disabled"
                before, after = {"active": row.active}, {"active": active, "name": row.name}
                what = f"person {row.id}"
                change = Change(now.isoformat(), by, action, what, before=before, after=after)
                self._log.append(connection, [change])
            return person_of(connection.execute(select(people).where(one)).one())

    def try_to_sign_in(self, badge: str, address: str, now: datetime) -> Candidate | timedelta:
        """Return whom to check the PIN of, or how long nobody may try with this badge or address.

        The try counts as wrong until `open_session` takes it back: killed or guessed at in
        parallel, none is forgotten.
        """
        keys = (("badge", badge[:128]), ("address", address[:128]))
        with self._engine.begin() as connection:
            if (wait := _wait(connection, keys, now)) > timedelta():
                return wait
            for kind, key in keys:
                _count_wrong(connection, kind, key, now)
            row = _by_badge(connection, badge)
        if row is None or not row.active:
            return Candidate("", _NOBODY)
        return Candidate(row.id, row.pin_hash)

    def open_session(self, person: str, badge: str, address: str, now: datetime) -> Opened:
        """Return a new session of somebody whose PIN was right."""
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        row = {
            "token_sha256": token_digest(token),
            "person": person,
            "csrf": csrf,
            "created_at": to_us(now),
            "last_seen_at": to_us(now),
        }
        with self._engine.begin() as connection:
            _forget_wrong(connection, badge, address)
            connection.execute(insert(sessions).values(row))
            found = connection.execute(select(people).where(people.c.id == person)).one()
        return Opened(token, csrf, person_of(found))

    def recognised(self, person: str, badge: str, address: str) -> Person:
        """Return somebody whose PIN was right and who signs one thing, without a session."""
        with self._engine.begin() as connection:
            _forget_wrong(connection, badge, address)
            found = connection.execute(select(people).where(people.c.id == person)).one()
        return person_of(found)

    def end_session(self, token: str, now: datetime) -> None:
        """Sign out; a session that is over already stays as it is."""
        self._change_session(token, ended_at=to_us(now))

    def touch_session(self, token: str, now: datetime) -> None:
        """Note that the person did something now."""
        self._change_session(token, last_seen_at=to_us(now))

    def tidy(self, now: datetime) -> None:
        """Forget wrong tries of yesterday and sessions that ended a day ago."""
        attempts = sign_in_attempts.c.last_at < to_us(now - _FORGET_AFTER)
        over = sessions.c.created_at < to_us(now - ABSOLUTE_LIMIT - _FORGET_AFTER)
        with self._engine.begin() as connection:
            connection.execute(delete(sign_in_attempts).where(attempts))
            connection.execute(delete(sessions).where(over))

    def _change_session(self, token: str, **values: int) -> None:
        one = sessions.c.token_sha256 == token_digest(token), sessions.c.ended_at.is_(None)
        try:
            with self._engine.begin() as connection:
                connection.execute(update(sessions).where(*one).values(values))
        except DBAPIError as error:
            raise StoreRefused(f"the database cannot be written now: {error.orig}") from error


def _by_badge(connection: Connection, badge: str) -> Row[Any] | None:
    return connection.execute(select(people).where(people.c.badge == badge)).one_or_none()


def _wait(connection: Connection, keys: tuple[tuple[str, str], ...], now: datetime) -> timedelta:
    attempts = sign_in_attempts.c
    blocked = [
        connection.execute(
            select(attempts.blocked_until).where(attempts.kind == kind, attempts.key == key)
        ).scalar()
        for kind, key in keys
    ]
    until = max((microseconds for microseconds in blocked if microseconds), default=0)
    return max(from_us(until) - now, timedelta())


def _forget_wrong(connection: Connection, badge: str, address: str) -> None:
    attempts = sign_in_attempts.c
    right = or_(
        (attempts.kind == "badge") & (attempts.key == badge[:128]),
        (attempts.kind == "address") & (attempts.key == address[:128]),
    )
    connection.execute(delete(sign_in_attempts).where(right))


def _count_wrong(connection: Connection, kind: str, key: str, now: datetime) -> None:
    attempts = sign_in_attempts.c
    one = attempts.kind == kind, attempts.key == key
    before = connection.execute(select(attempts.wrong, attempts.last_at).where(*one)).one_or_none()
    fresh = before is not None and from_us(before.last_at) > now - _FORGET_AFTER
    wrong = (before.wrong if before and fresh else 0) + 1
    wait = wait_after(wrong)
    values = {
        "wrong": wrong,
        "last_at": to_us(now),
        "blocked_until": to_us(now + wait) if wait else None,
    }
    if before is None:
        connection.execute(insert(sign_in_attempts).values(kind=kind, key=key, **values))
    else:
        connection.execute(update(sign_in_attempts).where(*one).values(values))


def _proper(what: str, text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise BadInput(f"a {what} has 1 to {LONGEST_NAME} printable characters")
    return text
