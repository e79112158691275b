"""The audit log of a site, as the one process holds it that writes the database."""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select

from inspector.audit.checkpoint import opened_checkpoint
from inspector.audit.entry import BEGUN_ANEW, KEY_CHANGED, Change, Who, canonical, read_body
from inspector.audit.note import Signer
from inspector.errors import BadInput
from inspector.gateway.keys import (
    audit_folder,
    audit_key,
    new_audit_key,
    new_origin,
    put_audit_key,
)
from inspector.storage.audit_changes import RECORDER
from inspector.storage.audit_publishing import Publishing
from inspector.storage.schema import meta
from inspector.storage.sql_audit import AuditLog, newest_body, newest_checkpoint
from inspector.storage.sql_feedback import add_version

CHECKPOINTS: Final = "checkpoints"
"""The file beside the keys."""
WHAT_TO_DO: Final = (
    "`inspector audit verify` says which entries; "
    "after a restore from a backup, `inspector audit begin-anew` goes on"
)
_SETTINGS: Final = "audited_settings"
_NOT_POLICY: Final = frozenset({"folder", "data", "demo"})
Done = TypeVar("Done")


class Auditing:
    """What the recorder does for the log beside the changes that go through its stores.

    Args:
        engine: Of `database.writing`.
        data: The site's data folder.
    """

    def __init__(self, engine: Engine, data: Path) -> None:
        self._engine, self._folder = engine, audit_folder(data)
        self.data = data
        signer = audit_key(data)
        with engine.begin() as connection:
            signer = self._finish_key_change(connection, signer)
            self.log = AuditLog(signer, policy=_policy(_noted_settings(connection)))
        self._publishing = Publishing(self.log, engine, self._checkpoints)

    @property
    def engine(self) -> Engine:
        """Return the recorder's connection, for what it changes together with this log."""
        return self._engine

    @property
    def why(self) -> str:
        """Return what is wrong with the log or with its file outside the database, or ""."""
        if self.log.suspect:
            return f"the audit log is not as it was signed: {self.log.suspect}. {WHAT_TO_DO}"
        return self._publishing.why

    def publish(self) -> None:
        """Bring new checkpoints out of the database; what cannot be written now comes later."""
        self._publishing.step()

    def note(self, change: Change) -> None:
        """Append one entry that goes with no row of ours."""
        with self._engine.begin() as connection:
            self.log.append(connection, [change])

    def commit(self, change: Change, write: Callable[[Connection], bool]) -> bool:
        """Return what `write` does, committed with its entry; False: nothing, and no entry."""
        with self._engine.begin() as connection:
            written = write(connection)
            self.log.append(connection, [change] if written else [])
        return written

    def write(self, deed: Callable[[Connection], tuple[Done, Sequence[Change]]]) -> Done:
        """Return what the deed returns, committed with the entries that it says it needs."""
        with self._engine.begin() as connection:
            done, changes = deed(connection)
            self.log.append(connection, changes)
        return done

    def note_settings(self, settings: Mapping[str, Any], now: datetime) -> None:
        """Append what the settings' files say now and did not at the last start; keep it whole."""
        kept = {key: value for key, value in settings.items() if key not in _NOT_POLICY}
        after = dict(_flat(json.loads(json.dumps(kept))))
        with self._engine.begin() as connection:
            text = _noted_settings(connection)
            before = json.loads(text or "{}")
            if before == after:
                return
            self.log.policy = _policy(canonical(after))
            change = _settings_changed(before, after, now)
            self.log.append(connection, [change])
            why = change.reason
            add_version(connection, "settings", "", after, person="", why=why, now=now)
            connection.execute(delete(meta).where(meta.c.key == _SETTINGS))
            connection.execute(insert(meta).values(key=_SETTINGS, value=canonical(after)))

    def note_clock(self, now: datetime) -> None:
        """Append that the clock stands before the newest entry, when it does."""
        with self._engine.begin() as connection:
            fields = read_body(newest_body(connection)) or {}
            if str(fields.get("at", "")) > now.isoformat():
                what = "clock of this computer"
                reason = "the newest entry is later than the clock says at this start"
                change = Change(now.isoformat(), RECORDER, "clock set back", what, reason=reason)
                self.log.append(connection, [change])

    def change_key(self, by: Who, now: datetime) -> str:
        """Sign with a new key from here on, and return its public half.

        Raises:
            BadInput: The log is not as it was signed.
        """
        if self.log.suspect:
            raise BadInput(self.why)
        new = new_audit_key(self.log.signer.name)
        return self._take_key(new, Change(now.isoformat(), by, KEY_CHANGED, "audit log"))

    def begin_anew(self, by: Who, reason: str, now: datetime) -> str:
        """Begin another log on what is there now, and return its public key.

        The checkpoints of the old one are put aside, where `audit verify --checkpoints` finds them.

        Raises:
            BadInput: The log is as it was signed, or no reason is given.
        """
        if not self.log.suspect:
            raise BadInput("the audit log is as it was signed: it goes on")
        if not reason.strip():
            raise BadInput("it needs a reason, which stands in the log")
        why = f"{reason} ({self.log.suspect})"
        new = new_audit_key(new_origin())
        change = Change(now.isoformat(), by, BEGUN_ANEW, "audit log", reason=why)
        aside = f"{CHECKPOINTS}.{self.log.signer.verifier.id.hex()}"
        key = self._take_key(new, change)
        if self._checkpoints.exists():
            self._checkpoints.replace(self._folder / aside)
        self.log.suspect = ""
        self._publishing = Publishing(self.log, self._engine, self._checkpoints)
        return key

    def _take_key(self, new: Signer, change: Change) -> str:
        """Sign with this key from the change on; the next start finishes what a kill cut in two."""
        old, anew = self.log.signer, change.action == BEGUN_ANEW
        put_audit_key(self._next, new)
        before, after = {"key": old.verifier.text}, {"key": new.verifier.text}
        with self._engine.begin() as connection:
            entry = replace(change, before=before, after=after)
            self.log.append(connection, [entry], next_key=new, anew=anew)
        self._next.replace(self._folder / "key")
        self.log.signer = new
        return new.verifier.text

    @property
    def _checkpoints(self) -> Path:
        return checkpoints_file(self.data)

    @property
    def _next(self) -> Path:
        return self._folder / "key.next"

    def _finish_key_change(self, connection: Connection, signer: Signer) -> Signer:
        """Return the key in force, after a change that a kill may have cut in two."""
        if not self._next.exists():
            return signer
        following = Signer.from_text(self._next.read_text("utf-8").strip())
        try:
            opened_checkpoint(newest_checkpoint(connection), following.verifier)
        except BadInput:
            self._next.unlink()
            return signer
        self._next.replace(self._folder / "key")
        return following


def checkpoints_file(data: Path) -> Path:
    """Return the site's own file of checkpoints."""
    return audit_folder(data) / CHECKPOINTS


def user_here() -> Who:
    """Return who asks at the command line: the computer knows the user, not the person."""
    return Who(getpass.getuser(), role="user of the computer", panel=socket.gethostname())


def _noted_settings(connection: Connection) -> str:
    return connection.execute(select(meta.c.value).where(meta.c.key == _SETTINGS)).scalar() or ""


def _policy(settings: str) -> str:
    return hashlib.sha256(settings.encode()).hexdigest() if settings else ""


def _settings_changed(before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> Change:
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return Change(
        now.isoformat(),
        RECORDER,
        "settings changed",
        "settings of the site",
        before={key: before[key] for key in keys if key in before},
        after={key: after[key] for key in keys if key in after},
        reason="found at the start: who edited the files is not known",
    )


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield each setting with its dotted place; what has a name stands under it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}.{inner.get('name', number)}")
    else:
        yield path, value
