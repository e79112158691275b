"""What stands in one entry: who changed what, when, from what to what, and why.

An entry is kept as bytes and these are hashed; nobody ever makes them again out of their values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from inspector import __version__

KEY_CHANGED: Final = "audit key changed"
BEGUN_ANEW: Final = "audit log begun anew"
"""Another log from here on, with a key and an origin of its own: what was signed is lost."""

canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
"""Makes JSON text in which nothing is left open: sorted keys, no spaces, no NaN."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who did it.

    Attributes:
        name: As shown; of nobody in particular it says what acted ("recorder").
        id: Of the person; empty when nobody was signed in.
        role: Then.
        signed_in: False: only the panel or the user of the computer is known.
        panel: Where.
    """

    name: str
    id: str = ""
    role: str = ""
    signed_in: bool = False
    panel: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, before it has its number.

    Attributes:
        at: UTC, ISO 8601. Order is by number, never by time: a clock can be set.
        who: Who did it.
        action: What kind of change, in words.
        what: What was changed, "record 4f0c...".
        station: Where; empty for the site.
        before: What stood there; None for nothing.
        after: What stands there now.
        reason: Why, in words; empty when nobody said.
        model: SHA-256 of the model that had judged; empty where none had.
        policy: SHA-256 of the settings in force; filled in by the log.
    """

    at: str
    who: Who
    action: str
    what: str
    station: str = ""
    before: Any = None
    after: Any = None
    reason: str = ""
    model: str = ""
    policy: str = ""


def body_of(change: Change, seq: int) -> bytes:
    """Return the bytes that are kept of a change as the entry with this number (from 1)."""
    return canonical({**asdict(change), "seq": seq, "software": __version__}).encode()


def read_body(body: bytes) -> Mapping[str, Any] | None:
    """Return the fields of a kept entry, or None when these bytes are none."""
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
