"""What the line knows after its own restart: everything it wrote into the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inspector.domain import entries
from inspector.domain.accounted import Accounted
from inspector.domain.belt import PLC_RESTARTED, Belt, Layout, Part, empty_belt
from inspector.domain.entries import Entry
from inspector.domain.run_of_rejects import RejectRun
from inspector.line.alarms import OWN, out_of_sync
from inspector.line.rejects import with_part


class Restored:
    """What the journal of an earlier process says of one station.

    Attributes:
        drawn: Records of undecided parts that are to be audited.
        rejects: The run of rejects that it was in.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.epoch = 0
        self._boot: int | None = None
        self._run = 1
        self._parts: dict[int, Part] = {}
        self._judged: set[int] = set()
        self._open = 0
        self._by_record: dict[str, int] = {}
        self._words: dict[str, Entry] = {}
        self.drawn: set[str] = set()
        self.alarms: dict[str, str] = {}
        self.rejects = RejectRun(layout.run_rule)

    @property
    def words(self) -> Mapping[str, Entry]:
        """Return the newest override of each undecided part, by record."""
        return {
            record: word
            for record, word in self._words.items()
            if self._by_record.get(record) in self._parts
        }

    def read(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry, in the order they were written."""
        kind = entry["kind"]
        if kind == "boot":
            self._read_boot(entry)
        elif kind == "judged":
            self._read_judged(entry)
        elif kind == "gap":
            self._read_gap(entry)
        elif kind == "alarm":
            self._read_alarm(entry)
        else:
            self._read_word(kind, entry)

    def _read_alarm(self, entry: Mapping[str, Any]) -> None:
        """The worker says its own alarms again; the line's must be switched off by the line."""
        own = {*OWN, *map(out_of_sync, self._layout.views)}
        if entry["name"] in own and entry["on"]:
            self.alarms[entry["name"]] = entry["text"]
        else:
            self.alarms.pop(entry["name"], None)

    def _read_boot(self, entry: Mapping[str, Any]) -> None:
        self.epoch = entry["epoch"]
        self._see_boot(entry["plc_boot"])

    def _see_boot(self, boot: int | None) -> None:
        """A PLC that has started again decides every part from before it fail-safe."""
        if boot is None:
            return
        if self._boot not in (None, boot):
            mute = PLC_RESTARTED
            self._parts = {n: replace(part, mute=mute) for n, part in self._parts.items()}
        self._boot = boot

    def _read_gap(self, entry: Mapping[str, Any]) -> None:
        self._read_run(entry["run"])
        if entry["run"] == self._run:
            self._open = max(self._open, entry["last"] + 1)

    def _read_run(self, run: int) -> None:
        if run > self._run:
            self._run, self._parts, self._judged, self._open = run, {}, set(), 0

    def _read_judged(self, entry: Mapping[str, Any]) -> None:
        if entry["run"] < self._run:
            return  # of the count before the one that fell back
        self._read_run(entry["run"])
        self._see_boot(entry.get("plc_boot"))
        number = entry["number"]
        part = entries.part_from(entry)
        self._parts[number], self.rejects = part, with_part(self.rejects, part)
        self._judged.add(number)
        self._open = max(self._open, entry["oldest_open"])
        self._by_record[entry["record"]] = number
        if entry.get("selected"):
            self.drawn.add(entry["record"])

    def _read_word(self, kind: str, entry: Mapping[str, Any]) -> None:
        number = self._by_record.get(entry.get("record", ""), -1)
        part = self._parts.get(number)
        if part is None:
            return
        if kind == "decided":
            del self._parts[number]
            self.drawn.discard(entry["record"])
        elif kind == "override":
            self._parts[number] = replace(part, operator=entries.said_from(entry))
            self._words[entry["record"]] = dict(entry)
        elif kind == "latched":
            self._parts[number] = replace(part, latched=entry["revision"])

    def belt(self) -> Belt:
        """Return the belt of undecided parts; None known when the journal holds nothing."""
        belt = empty_belt(self._layout)
        if not self._judged and not self._open:
            return replace(belt, boot=self._boot)
        newest = self._open - 1
        above = frozenset(number for number in self._judged if number > newest)
        return replace(
            belt,
            run=self._run,
            newest=newest,
            recorded=above,
            parts=dict(sorted(self._parts.items())),
            boot=self._boot,
        )


def belt_after(belt: Belt, known: Accounted) -> Belt:
    """Return the belt that goes on where the database ended."""
    newest = min(known.missing, default=known.last + 1) - 1
    recorded = frozenset(range(newest + 1, known.last + 1)) - set(known.missing)
    return replace(belt, run=known.run, newest=newest, recorded=recorded)
