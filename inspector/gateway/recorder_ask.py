"""Asking the recorder from outside: through its socket while it runs, else as the only writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from inspector.clock import SystemClock
from inspector.config.site import Site
from inspector.errors import BadInput, NothingRunning
from inspector.gateway.audit import Auditing, user_here
from inspector.gateway.recorder_desk import Desk
from inspector.gateway.recorder_socket import Later
from inspector.gateway.site_run import runtime_of
from inspector.gateway.store import server_of
from inspector.ipc import JsonLines
from inspector.storage.database import writing
from inspector.storage.postgres import Server
from inspector.storage.sql_people import SqlPeople

_TIMEOUT_S: Final = 10.0


def recorder_of(site: Site) -> RecorderAsk:
    """Return the recorder of a site."""
    runtime = runtime_of(Path(site.folder))
    return RecorderAsk(Path(site.data), runtime.recorder_socket, server_of(site))


class RecorderAsk:
    """The recorder of a site, whether its gateway runs or not.

    Args:
        data: The site's data folder.
        recorder_socket: Where a running recorder of this site listens.
        server: The PostgreSQL database that the site names, or None.
    """

    def __init__(self, data: Path, recorder_socket: Path, server: Server | None = None) -> None:
        self._data, self._socket, self._server = data, recorder_socket, server

    def ask(self, ask: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the answer of `recorder_desk`; who asks is the user of this computer.

        Raises:
            BadInput: It is refused; the text says why.
            StoreRefused: The database cannot be used.
            NothingRunning: The recorder holds the database and does not answer.
        """
        ask = {**ask, "by": asdict(user_here())}
        try:
            answer = self._ask_recorder(ask) if self._socket.exists() else self._ask_directly(ask)
        except (FileNotFoundError, ConnectionError):  # a socket that a killed recorder left
            answer = self._ask_directly(ask)
        except OSError as error:
            raise NothingRunning(f"the recorder does not answer: {error}") from error
        if answer is None:
            raise NothingRunning("the recorder ended before it answered; try again")
        if not answer["ok"]:
            raise BadInput(str(answer["why"]))
        return answer

    def note(
        self,
        action: str,
        what: str,
        *,
        station: str = "",
        before: object = None,
        after: object = None,
    ) -> None:
        """Put into the audit log what is about to be changed at the command line; see `ask`."""
        change = {"action": action, "what": what, "station": station, "before": before}
        self.ask({"do": "note_change", **change, "after": after})

    def _ask_recorder(self, ask: Mapping[str, object]) -> dict[str, object] | None:
        with JsonLines(self._socket, _TIMEOUT_S) as recorder:
            return recorder.ask(ask)

    def _ask_directly(self, ask: Mapping[str, object]) -> dict[str, object]:
        """Do what the recorder would do, with its lock, while it does not run."""
        with writing(self._data, self._server) as engine:
            auditing = Auditing(engine, self._data)
            auditing.publish()  # holds the log against its file first
            desk = Desk(SqlPeople(engine, auditing.log), auditing, SystemClock())
            answer = desk.answer(ask)
            done = answer.then(answer.work()) if isinstance(answer, Later) else answer
            auditing.publish()
            return done
