"""What a request to the recorder says, as values; raises `BadInput` for anything else."""

from __future__ import annotations

from typing import Final

from inspector.audit.entry import Who
from inspector.domain.people import Right, Role, may
from inspector.errors import BadInput, NotAllowed

_LONGEST_TEXT: Final = 128
LONGEST_REASON: Final = 500
LONGEST_KIND: Final = 64


def text_of(value: object, longest: int = _LONGEST_TEXT) -> str:
    """Return a text that can be stored and hashed."""
    if not isinstance(value, str) or len(value) > longest or not _encodes(value):
        raise BadInput(f"a text of at most {longest} characters is expected")
    return value


def whole_of(value: object, name: str, *, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput(f"{name} must be a whole number from {least} to {most}")
    return value


def who_of(value: object) -> Who:
    """Return who asks; only a person who has signed in has an id."""
    if not isinstance(value, dict) or not value.get("name"):
        raise BadInput("it is not said who asks")
    texts = (text_of(value.get(key) or "") for key in ("name", "id", "role", "panel"))
    name, person, role, panel = texts
    return Who(name, person, role, signed_in=bool(person), panel=panel)


def allowed(by: Who, right: Right) -> None:
    """Refuse whoever is not a person with this right."""
    if not by.id or by.role not in set(Role):
        raise NotAllowed("Only a person who has signed in may do this.")
    if not may(Role(by.role), right):
        raise NotAllowed(f"A person with the role {by.role} may not do this.")


def _encodes(text: str) -> bool:
    """Return whether this is Unicode that any database takes: no half character, no NUL."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
