"""People from outside the recorder: through its socket while it runs, else as the only writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from inspector.domain.people import Person, Role
from inspector.gateway.recorder_ask import RecorderAsk
from inspector.storage.postgres import Server


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
        server: The PostgreSQL database that the site names, or None.
    """

    def __init__(self, data: Path, recorder_socket: Path, server: Server | None = None) -> None:
        self._recorder = RecorderAsk(data, recorder_socket, server)

    def add(self, name: str, role: Role, badge: str = "") -> NewPerson:
        """Return the new person with a random PIN; without a badge, a random one too.

        Raises:
            BadInput: The name or the badge is taken or not proper.
            StoreRefused: The database cannot be used.
            NothingRunning: The recorder holds the database and does not answer.
        """
        ask = {"do": "add_person", "name": name, "role": role.value, "badge": badge}
        answer = self._recorder.ask(ask)
        person = person_from(answer["person"])
        return NewPerson(person.name, person.role, person.badge, str(answer["pin"]))

    def all(self) -> tuple[Person, ...]:
        """Return everybody, by name; raises as `add`."""
        return tuple(
            person_from(one) for one in self._recorder.ask({"do": "list_people"})["people"]
        )

    def set_active(self, badge: str, *, active: bool) -> Person:
        """Let somebody sign in or not any more; raises as `add`."""
        return person_from(
            self._recorder.ask({"do": "set_active", "badge": badge, "active": active})["person"]
        )


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
