"""The rows that the log's entries speak of, held against what the entries say of them.

A row and its entry were one commit. So a row that differs from its entry, that is not there, or
that has no entry was written past the recorder. Bounded memory: the tables that grow are read
beside the log, in the order in which both were written; only people are held, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from inspector.audit.checking import Finding
from inspector.audit.entry import read_body
from inspector.domain.retention import RECORDS
from inspector.storage.audit_changes import DELETED
from inspector.storage.counting import HOUR_US
from inspector.storage.feedback_schema import (
    deletions,
    label_imports,
    reviews,
    seeded_defects,
    versions,
)
from inspector.storage.schema import parts, people, to_us, verdict_events

_AT_ONCE: Final = 100
_PRESSED_WITHIN_US: Final = 24 * HOUR_US
"""No word of an operator comes later than that after its part."""
_NO_ENTRY: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What an entry that somebody edited may raise here; the walk over the log names it."""

Entry = Mapping[str, Any]
Said = dict[str, Any]
Found = Callable[[Finding], None]


class RowCheck:
    """Holds rows against the entries that go by.

    Args:
        connection: Sees the database of one moment.
        found: Takes what is wrong.
    """

    def __init__(self, connection: Connection, found: Found) -> None:
        self._connection, self._found = connection, found
        self._gone = _Gone(connection)
        self._people: dict[str, Said] = {}
        streams = [_Stream(connection, one, found, self._gone) for one in _IN_ORDER]
        self._streams = {action: one for one in streams for action in one.told.actions}

    def along(
        self, entries: Iterable[tuple[int, bytes, bytes]]
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield the entries as they come, each once its row was looked at."""
        for seq, body, hashes in entries:
            self._look(seq, read_body(body) or {})
            yield seq, body, hashes
        for stream in {id(one): one for one in self._streams.values()}.values():
            stream.end()
        self._end_people()
        self._gone.end(self._found)

    def _look(self, seq: int, entry: Entry) -> None:
        action = entry.get("action")
        try:
            if action in self._streams:
                stream = self._streams[action]
                stream.look(seq, entry, stream.told.says(entry))
            elif action in _BY_KEY:
                self._look_up(seq, entry, _BY_KEY[action])
            elif action in _OF_PEOPLE:
                one = entry["what"].removeprefix("person ")
                self._people[one] = {**self._people.get(one, {}), **entry["after"], "seq": seq}
            self._gone.read(entry)
        except _NO_ENTRY:
            return

    def _look_up(self, seq: int, entry: Entry, told: _Told) -> None:
        said = told.says(entry)
        keys = [told.table.c[key] == said[key] for key in told.keys]
        row = self._connection.execute(select(told.table).where(*keys)).first()
        if row is None:
            self._found(_removed(told.table, seq, entry))
        else:
            _compare(told.table, row, said, seq, self._found)

    def _end_people(self) -> None:
        for row in self._connection.execute(select(people).order_by(people.c.id)):
            said = self._people.pop(row.id, None)
            if said is None:
                self._found(_added(people, row.name))
            else:
                seq = said.pop("seq")
                _compare(people, row, said, seq, self._found)
        for one, said in self._people.items():
            self._found(_removed(people, said["seq"], {"what": f"person {one}"}))


@dataclass(frozen=True, slots=True)
class _Told:
    """Which rows some kinds of entries speak of.

    Attributes:
        keys: The columns that find the row.
        says: Returns the columns as an entry has them.
        only: Which rows have an entry; of a table that is read beside the log.
    """

    actions: tuple[str, ...]
    table: Table
    keys: tuple[str, ...]
    says: Callable[[Entry], Said]
    only: tuple[ColumnElement[bool], ...] = ()


class _Stream:
    """A table that is read beside the log."""

    def __init__(self, connection: Connection, told: _Told, found: Found, gone: _Gone) -> None:
        self.told = told
        self._connection, self._found, self._gone = connection, found, gone
        ours = select(told.table).where(*told.only).order_by(told.table.c.id)
        streamed = ours.execution_options(yield_per=_AT_ONCE)
        self._rows: Iterator[Row[Any]] = iter(connection.execute(streamed))
        self._next = next(self._rows, None)

    def look(self, seq: int, entry: Entry, said: Said) -> None:
        """Find the row of an entry; those before it that are not its have none."""
        (key,) = self.told.keys
        row = self._next
        if row is None or getattr(row, key) != said[key]:
            row = self._elsewhere(key, said[key])
        if row is None:
            if not self._gone.excuses(entry, said):
                self._found(_removed(self.told.table, seq, entry))
            return
        while self._next is not None and self._next.id < row.id:
            self._found(_added(self.told.table, self._next.id))
            self._next = next(self._rows, None)
        if self._next is not None and self._next.id == row.id:
            self._next = next(self._rows, None)
        _compare(self.told.table, row, said, seq, self._found)

    def end(self) -> None:
        """Name the rows behind the last entry."""
        while self._next is not None:
            self._found(_added(self.told.table, self._next.id))
            self._next = next(self._rows, None)

    def _elsewhere(self, key: str, value: object) -> Row[Any] | None:
        wanted = select(self.told.table).where(self.told.table.c[key] == value)
        return self._connection.execute(wanted).first()


class _Gone:
    """What the retention policy has deleted: a row that is gone with its record is not missing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        newest = select(func.max(deletions.c.before)).where(deletions.c.kind == RECORDS)
        self._before: int = connection.execute(newest).scalar() or 0
        self._logged = 0

    def read(self, entry: Entry) -> None:
        """Take up to when an entry says that records were deleted."""
        if entry.get("action") == DELETED and entry["after"]["kind"] == RECORDS:
            self._logged = max(self._logged, _us(entry["after"]["before"]))

    def excuses(self, entry: Entry, said: Said) -> bool:
        """Return whether the row of an entry may be gone."""
        record = said.get("record")
        if not record or not self._before:
            return False
        is_there = select(parts.c.record).where(parts.c.record == record)
        if self._connection.execute(is_there).first() is not None:
            return False
        came_late = entry["action"] not in _WORDS.actions
        return came_late or _us(entry["at"]) < self._before + _PRESSED_WITHIN_US

    def end(self, found: Found) -> None:
        """Name a deletion that no entry speaks of."""
        if self._before > self._logged:
            found(_added(deletions, f"of kind {RECORDS}"))


def _us(at: str) -> int:
    return to_us(datetime.fromisoformat(at))


def _word(entry: Entry) -> Said:
    who, after = entry["who"], entry["after"]
    said = {name: after[name] for name in ("verdict", "revision", "press_id")}
    said |= {name: who[name] for name in ("role", "signed_in", "panel")}
    painted = after.get("painted_at")
    return said | {
        "record": entry["what"].removeprefix("record "),
        "kind": entry["action"],
        "person": who["id"],
        "person_name": who["name"],
        "painted_at": _us(painted) if painted else None,
        "at": _us(entry["at"]),
        "why": entry["reason"],
    }


def _review(entry: Entry) -> Said:
    after = entry["after"]
    names = "source", "verdict", "kind", "shown_ms", "decided_ms", "request"
    said = {name: after[name] for name in names} | {"id": int(after["review"])}
    subject, _, one = entry["what"].rpartition(" ")
    said |= {"record": "", "seeded": ""}
    said["record" if subject == "record" else "seeded"] = one
    before = (entry.get("before") or {}).get("review")
    reviewer = "" if after["source"] == "downstream" else entry["who"]["id"]
    return said | {
        "supersedes": before,
        "reviewer": reviewer,
        "reason": entry["reason"],
        "at": _us(entry["at"]),
    }


def _seed(entry: Entry) -> Said:
    id_ = entry["what"].removeprefix("seeded defect ")
    return {**entry["after"], "id": id_, "person": entry["who"]["id"], "at": _us(entry["at"])}


def _labels(entry: Entry) -> Said:
    after = entry["after"]
    return {
        "file_sha256": after["sha256"],
        "file_name": after["file"][-128:],
        "format": after["format"],
        "person": entry["who"]["name"],
        "at": _us(entry["at"]),
    }


def _version(kind: str, entry: Entry) -> Said:
    after = dict(entry["after"])
    number = int(after.pop("version"))
    named = {"kind": kind, "name": entry["station"], "version": number}
    named["person"] = entry["who"]["id"]
    return {**named, "content": after, "why": entry["reason"], "at": _us(entry["at"])}


def _deletion(entry: Entry) -> Said:
    after = entry["after"]
    said = {"id": int(after["deletion"]), "kind": after["kind"], "rows": after["rows"]}
    return said | {"before": _us(after["before"]), "why": entry["reason"]}


_WORDS: Final = _Told(
    ("override", "correction"),
    verdict_events,
    ("press_id",),
    _word,
    (verdict_events.c.kind != "latched",),
)
_IN_ORDER: Final = (
    _WORDS,
    _Told(("review", "review taken back"), reviews, ("id",), _review),
    _Told(("labels imported",), label_imports, ("file_sha256",), _labels),
)
_VERSION_KEYS: Final = "kind", "name", "version"
_LIMITS: Final = "limits signed", "limits taken back"
_FOUND_BY_KEY: Final = (
    _Told(("audit plan",), versions, _VERSION_KEYS, partial(_version, "strata")),
    _Told(_LIMITS, versions, _VERSION_KEYS, partial(_version, "thresholds")),
    _Told(("defect seeded",), seeded_defects, ("id",), _seed),
    _Told((DELETED,), deletions, ("id",), _deletion),
)
_BY_KEY: Final = {action: one for one in _FOUND_BY_KEY for action in one.actions}
_OF_PEOPLE: Final = frozenset({"person added", "person disabled", "person enabled"})


def _compare(table: Table, row: Row[Any], said: Said, seq: int, found: Found) -> None:
    differing = [
        name
        for name, value in said.items()
        if name in table.c and (getattr(row, name) or None) != (value or None)
    ]
    if differing:
        name = differing[0]
        text = f"{table.name}: a row was edited: {name} is {getattr(row, name)!r}, "
        found(Finding("row edited", seq, seq, f"{text}entry {seq} says {said[name]!r}"))


def _removed(table: Table, seq: int, entry: Entry) -> Finding:
    text = f"{table.name}: the row of {entry['what']} was removed or is another one: "
    return Finding("row removed", seq, seq, f"{text}entry {seq} speaks of it")


def _added(table: Table, one: object) -> Finding:
    text = f"{table.name}: the row {one} was written past the recorder: no entry speaks of it"
    return Finding("row added", 0, 0, text)
