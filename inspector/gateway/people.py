"""People from outside the recorder: through its socket while it runs, else as the only writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from inspector.clock import SystemClock
from inspector.domain.people import Person, Role
from inspector.errors import BadInput, NothingRunning
from inspector.gateway.recorder_desk import Desk
from inspector.gateway.recorder_socket import Later
from inspector.ipc import JsonLines
from inspector.storage.database import writing
from inspector.storage.sql_people import SqlPeople

_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who was just added, and the PIN that is shown this once."""

    name: str
    role: Role
    badge: str
    pin: str


class People:
    """The people of a site, whether its gateway runs or not.

    Args:
        data: The site's data folder.
        recorder_socket: Where a running recorder of this site listens.
    """

    def __init__(self, data: Path, recorder_socket: Path) -> None:
        self._data, self._socket = data, recorder_socket

    def add(self, name: str, role: Role, badge: str = "") -> NewPerson:
        """Return the new person with a random PIN; without a badge, a random one too.

        Raises:
            BadInput: The name or the badge is taken or not proper.
            StoreRefused: The database cannot be used.
            NothingRunning: The recorder holds the database and does not answer.
        """
        ask = {"do": "add_person", "name": name, "role": role.value, "badge": badge}
        answer = self._ask(ask)
        person = person_from(answer["person"])
        return NewPerson(person.name, person.role, person.badge, str(answer["pin"]))

    def all(self) -> tuple[Person, ...]:
        """Return everybody, by name; raises as `add`."""
        return tuple(person_from(one) for one in self._ask({"do": "list_people"})["people"])

    def set_active(self, badge: str, *, active: bool) -> Person:
        """Let somebody sign in or not any more; raises as `add`."""
        return person_from(
            self._ask({"do": "set_active", "badge": badge, "active": active})["person"]
        )

    def _ask(self, ask: Mapping[str, object]) -> Mapping[str, Any]:
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

    def _ask_recorder(self, ask: Mapping[str, object]) -> dict[str, object] | None:
        with JsonLines(self._socket, _TIMEOUT_S) as recorder:
            return recorder.ask(ask)

    def _ask_directly(self, ask: Mapping[str, object]) -> dict[str, object]:
        """Do what the recorder would do, with its lock, while it does not run."""
        with writing(self._data) as engine:
            answer = Desk(SqlPeople(engine), SystemClock()).answer(ask)
            return answer.then(answer.work()) if isinstance(answer, Later) else answer


def person_from(shown: object) -> Person:
    """Return the person that `recorder_desk.shown` made JSON of."""
    fields = cast(dict[str, Any], shown)
    return Person(
        id=fields["id"],
        name=fields["name"],
        role=Role(fields["role"]),
        badge=fields["badge"],
        active=fields["active"],
        created_at=datetime.fromisoformat(fields["created_at"]),
    )
