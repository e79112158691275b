"""What is in a database after its writers were killed, against what was promised. Query only."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from inspector.gateway.audit_checking import checked, first_key
from inspector.storage.database import database_file

_TABLES: Final = {
    "judged": "parts",
    "decided": "plc_decisions",
    "override": "verdict_events WHERE kind = 'override'",
}
"""Kind of a journal entry and where its record stands."""


@dataclass(slots=True)
class Promised:
    """What must be kept.

    Attributes:
        entries: Of the journal: by kind, the records that it speaks of.
        answered: What the recorder said it had noted.
    """

    entries: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in _TABLES})
    answered: set[str] = field(default_factory=set)

    def add(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take note of entries of the journal."""
        for entry in entries:
            if entry["kind"] in self.entries:
                self.entries[entry["kind"]].add(entry["record"])


@dataclass(frozen=True, slots=True)
class Kept:
    """How the promises were kept.

    Attributes:
        promised: How many of each kind.
        lost, doubled: What is there never, or more than once.
        findings: What the check of the audit log and of the file found.
    """

    promised: Mapping[str, int]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    findings: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Return whether every promise was kept."""
        return not (self.lost or self.doubled or self.findings)

    def lines(self) -> list[str]:
        """Return it for people."""
        rows = [f"  {kind}: {n}" for kind, n in self.promised.items()]
        found = "; ".join(self.findings) or "clean"
        return [
            *rows,
            f"  lost {len(self.lost)}, doubled {len(self.doubled)}",
            f"  audit verify and integrity check: {found}",
            *(f"  LOST {one}" for one in self.lost[:10]),
            *(f"  DOUBLED {one}" for one in self.doubled[:10]),
        ]


def kept(data: Path, promised: Promised) -> Kept:
    """Return how a data folder's database keeps what was promised; its writers have ended."""
    lost: list[str] = []
    doubled: list[str] = []
    with closing(sqlite3.connect(database_file(data))) as connection:
        for kind, wanted in promised.entries.items():
            rows = connection.execute(f"SELECT record FROM {_TABLES[kind]}")  # noqa: S608 - ours
            _compare(kind, wanted, Counter(row[0] for row in rows), lost, doubled)
        bodies = [json.loads(row[0]) for row in connection.execute("SELECT body FROM audit")]
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    _compare("noted", promised.answered, Counter(one["what"] for one in bodies), lost, doubled)
    result = checked(data, copies=[], key=first_key(data))
    findings = (*(str(one) for one in result.findings), *found)
    counts = {kind: len(some) for kind, some in promised.entries.items()}
    return Kept(
        {**counts, "answered": len(promised.answered)}, tuple(lost), tuple(doubled), findings
    )


def _compare(
    kind: str, wanted: set[str], found: Counter[str], lost: list[str], doubled: list[str]
) -> None:
    lost += [f"{kind} {one}" for one in sorted(wanted) if not found[one]]
    doubled += [f"{kind} {one}" for one in sorted(wanted) if found[one] > 1]
