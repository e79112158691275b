"""The demo's people: made at its first start, with random PINs that are shown once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from inspector.domain.people import Role
from inspector.gateway.people import NewPerson, People
from inspector.gateway.site_run import runtime_of

DEMO_PEOPLE: Final = (
    ("Olga Operator", Role.OPERATOR, "1001"),
    ("Leo Lead", Role.LEAD, "1002"),
    ("Quinn Quality", Role.QUALITY, "1003"),
    ("Rita Review", Role.QUALITY, "1004"),  # who gives the second opinions on Quinn's words
)


def first_people(site: Path, data: Path) -> list[NewPerson]:
    """Return the demo's people with their PINs, made now; [] when there are people already."""
    people = People(data, runtime_of(site).recorder_socket)
    if people.all():
        return []
    return [people.add(name, role, badge) for name, role, badge in DEMO_PEOPLE]
