"""What the recorder's loop does for the audit log: publishes it, and sees the clock being set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from inspector.audit.entry import Change
from inspector.domain.health import Condition, State, worst
from inspector.errors import StoreRefused
from inspector.gateway.audit import Auditing
from inspector.gateway.audit_copy import AuditCopy
from inspector.ports import Clock
from inspector.storage.audit_changes import RECORDER
from inspector.storage.sql_writing import SqlStore

_STEP: Final = timedelta(seconds=2)
"""Time synchronisation slews by half a millisecond a second; this is no slewing."""


class AuditWatch:
    """One for the recorder's life; `step` is called again and again.

    Args:
        auditing: The log.
        store: Takes the alarm when something is wrong with it.
        clock: Its wall time is held against the monotonic one.
        copy: The second place of the checkpoints, where the site names one.
    """

    def __init__(
        self, auditing: Auditing, store: SqlStore, clock: Clock, copy: AuditCopy | None = None
    ) -> None:
        self._auditing, self._store, self._clock = auditing, store, clock
        self._copy = copy
        self._zero = self._zero_now()
        self._owed: list[Change] = []
        self._said = ""

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Put into the log what happened while no recorder ran: to the settings, to the clock."""
        self._auditing.publish()
        self._auditing.note_clock(self._clock.now())
        self._auditing.note_settings(settings, self._clock.now())

    def step(self) -> None:
        """Do what there is to do; what the database refuses now is done later."""
        if step := self._clock_step():
            self._owed.append(step)
        try:
            while self._owed:
                self._auditing.note(self._owed[0])
                del self._owed[0]
            self._auditing.publish()
            self._bring_copy()
            if self._why and self._why != self._said:
                self._alarm(self._why)
        except (SQLAlchemyError, StoreRefused):
            return  # the recorder's own status says so

    @property
    def _why(self) -> str:
        return self._auditing.why or (self._copy.why if self._copy else "")

    def _bring_copy(self) -> None:
        if self._copy is None:
            return
        self._copy.step(self._clock.monotonic_s())
        log = self._auditing.log
        log.suspect = log.suspect or self._copy.differs

    def over(self, status: dict[str, object]) -> dict[str, object]:
        """Return the recorder's status with what is wrong with the log, unless it has worse."""
        if not self._why:
            return status
        state = State.FAILURE if self._auditing.log.suspect else State.MAINTENANCE
        before = Condition(State(str(status["state"])), str(status["why"]))
        shown = worst([before, Condition(state, self._why)])
        return {**status, "state": shown.state.value, "why": shown.text}

    def _alarm(self, why: str) -> None:
        source = f"audit:{hashlib.sha256(why.encode()).hexdigest()[:32]}"
        self._store.note_alarm(source, "audit log", why, self._clock.now())
        self._said = why

    def _clock_step(self) -> Change | None:
        now, before = self._clock.now(), self._zero
        self._zero = self._zero_now()
        by = self._zero - before
        if abs(by) < _STEP:
            return None
        action = "clock set forward" if by > timedelta() else "clock set back"
        return Change(
            now.isoformat(),
            RECORDER,
            action,
            "clock of this computer",
            before={"at": (now - by).isoformat()},
            after={"at": now.isoformat()},
            reason=f"by {abs(by).total_seconds():.1f} s",
        )

    def _zero_now(self) -> datetime:
        """Return when the monotonic clock was at zero, as the wall clock has it."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic_s())
