"""Alarms that the line itself raises: journaled when they come and when they go."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.domain.health import FAILED_AFTER_S, Condition, State
from inspector.line.ledger import Ledger
from inspector.ports import Clock

DIFFERENCE = "decision"
OTHER_GATEWAY = "another gateway"
WORKER_ENDED = "worker ended"
FAILURE = "failure"
RUN_OF_REJECTS = "run of rejects"
OWN = (DIFFERENCE, OTHER_GATEWAY, WORKER_ENDED, FAILURE, RUN_OF_REJECTS)
PASSING = (DIFFERENCE, WORKER_ENDED)
"""What happens and is over: it stays on the screen for `SHOWN_S` after the last time."""
SHOWN_S = 600.0


def out_of_sync(view: str) -> str:
    """Return the name of the alarm that a view has lost sync."""
    return f"sync {view}"


def two_gateways(theirs: int, ours: int) -> str:
    """Return what a person reads whose gateway another one has taken a station from."""
    return (
        f"another gateway is at work on this station: the PLC's epoch is {theirs}, ours {ours}. "
        "Nothing is sent. End one of the two, then start this one anew"
    )


class Alarms:
    """What stands now, by name; the worker's alarms are not among them."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._standing: dict[str, str] = {}
        self._until_s: dict[str, float] = {}
        self._has_run = False
        self._failing_s: float | None = None

    def restore(self, standing: Mapping[str, str]) -> None:
        """Take over what an earlier process raised and did not switch off."""
        self._standing = dict(standing)
        for name in self._standing:
            self._show(name)

    def text(self, name: str) -> str:
        """Return what an alarm says; empty when it does not stand."""
        return self._standing.get(name, "")

    def came(self, name: str, text: str) -> None:
        """Raise an alarm, until it is switched off or, where it is `PASSING`, has been shown."""
        self._standing[name] = text
        self._show(name)
        self._write(name, text, on=True)

    def went(self, name: str) -> None:
        """Switch an alarm off; nothing when it does not stand."""
        if self._standing.pop(name, None) is not None:
            self._until_s.pop(name, None)
            self._write(name, "", on=False)

    def stands(self, condition: Condition) -> None:
        """Take the station's state; a failure is an alarm once it has lasted `FAILED_AFTER_S`.

        Before the station was well for the first time it has not failed: it starts.
        """
        if condition.state is not State.FAILURE:
            self._has_run, self._failing_s = True, None
            self.went(FAILURE)
            return
        now_s = self._clock.monotonic_s()
        self._failing_s = now_s if self._failing_s is None else self._failing_s
        is_new = self._has_run and not self.text(FAILURE)
        if is_new and now_s - self._failing_s >= FAILED_AFTER_S:
            self.came(FAILURE, condition.text)

    def tick(self) -> None:
        """Switch off what has stood for its time."""
        now_s = self._clock.monotonic_s()
        for name in [name for name, until_s in self._until_s.items() if until_s <= now_s]:
            self.went(name)

    def _show(self, name: str) -> None:
        if name in PASSING:
            self._until_s[name] = self._clock.monotonic_s() + SHOWN_S

    def _write(self, name: str, text: str, *, on: bool) -> None:
        self._ledger.write({"kind": "alarm", "name": name, "text": text, "on": on})
