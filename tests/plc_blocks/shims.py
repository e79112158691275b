"""The blocks with a mailbox or a method before their tables, put together as their heads say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from inspector.simulator.plc_memory import Policy
from tests.plc_blocks.bench import SLOTS, Bench, Start, resized
from tests.plc_blocks.made import MADE
from tests.plc_blocks.structured_text import Block, translated

MAILBOXES = {
    "inspector_station.st": "inspector_mailbox.st",
    "inspector_station.scl": "inspector_mailbox.scl",
    "inspector_station_logix.st": "inspector_mailbox_logix.st",
}
"""Block → lines to add to it."""
METHODS = {
    "inspector_station.st": "inspector_submit.st",
    "inspector_station.scl": "inspector_submit.scl",
}
AREAS = ("Operator", "Verdict")
PART_1 = "(* 1. Gateway"


def with_mailbox(name: str) -> Block:
    """Return a block with its mailboxes: declarations to the others, lines before its part 1."""
    text, added = resized(name), resized(MAILBOXES[name])
    end = "END_DECLARE *)" if "END_DECLARE" in added else "END_VAR"
    declarations, _, lines = added.rpartition(end)
    assert text.count(PART_1) == 1
    return translated(f"{declarations}{end}\n{text.replace(PART_1, lines + PART_1)}")


def with_methods(name: str) -> dict[str, Block]:
    """Return the methods of a block, by the table that each one stores into."""
    text = resized(METHODS[name])
    if name.endswith(".scl"):
        taking = re.sub(r'FUNCTION "(\w+)" : UDInt', r"VAR_OUTPUT \1 : UDInt; END_VAR", text)
        return dict.fromkeys(AREAS, translated(taking.partition("END_FUNCTION\n")[0]))
    # A method knows the variables of its block.
    known = "".join(re.findall(r"^VAR.*?^END_VAR\n", resized(name), re.S | re.M))
    found = re.findall(r"METHOD Submit(\w+) : UDINT\n(.*?)END_METHOD", text, re.S)
    returned = "VAR_OUTPUT Submit{0} : UDINT; END_VAR\n"
    return {area: translated(known + returned.format(area) + method) for area, method in found}


@dataclass
class Box:
    """One mailbox: what stands in it, and what the program took last, as (commit, word)."""

    word: int = 0
    commit: int = 0
    taken: tuple[int, int] = (0, 0)


class MailboxBench(Bench):
    """Puts words in as the gateway does; the demo PLC's tables get what a mailbox must give."""

    def __init__(self, name: str, start: Start, policy: Policy) -> None:
        """Put the block of that name together."""
        self.boxes = {area: Box() for area in AREAS}
        self.requests_done: list[tuple[str, str, int]] = []
        super().__init__(WITH_MAILBOX[name], start, policy)

    def write(self, table: str, slot: int, said: int) -> None:
        """Put a word in, once the last one was taken."""
        area = table.removesuffix("Slot")
        if self.boxes[area].commit != self.boxes[area].taken[0]:
            self.move(0, ms=1)
        self.request(area, "Mailbox", said)
        self.request(area, "Commit", self.boxes[area].commit + 1)

    def request(self, area: str, leaf: str, value: int) -> None:
        """Execute one of the two writes."""
        setattr(self.boxes[area], {"Mailbox": "word", "Commit": "commit"}[leaf], value)
        self.put(f"{area}{leaf}", value)
        self.requests_done.append((area, leaf, value))

    def again(self, back: int) -> None:
        """Execute one of the last writes once more: a word or a commit, without the other."""
        if self.requests_done:
            self.request(*self.requests_done[-1 - back % len(self.requests_done)])

    def move(self, counts: int, *, ms: int = 0, part: bool = False, **inputs: int) -> None:
        """Scan; what was taken must show."""
        for area, box in self.boxes.items():
            self._take(area, box)
        super().move(counts, ms=ms, part=part, **inputs)
        for area, box in self.boxes.items():
            assert tuple(self.get(f"{area}Taken")) == box.taken

    def _take(self, area: str, box: Box) -> None:
        if self.first_scan:  # what the controller kept is old
            box.word, box.commit = self.get(f"{area}Mailbox"), self.get(f"{area}Commit")
            box.taken = box.commit, 0
        elif box.commit != box.taken[0]:
            box.taken = box.commit, box.word
            slot = (box.word >> 8) % SLOTS
            tables = self.reference
            store = tables.write_verdict if area == "Verdict" else tables.write_operator
            store(slot, box.word)


class MethodBench(Bench):
    """Calls with each word; the demo PLC's tables get those that the method says it stored."""

    def __init__(self, name: str, start: Start, policy: Policy) -> None:
        """Take the block of that name and its methods."""
        self.methods = WITH_METHODS[name]
        super().__init__(MADE[name], start, policy)

    def write(self, table: str, slot: int, said: int) -> None:
        """Call, now or again."""
        if self.call(table.removesuffix("Slot"), said) == STORED:
            tables = self.reference
            store = tables.write_verdict if table == "VerdictSlot" else tables.write_operator
            store(slot, said)
        self.written.append((table, slot, said))

    def call(self, area: str, said: int) -> int:
        """Return what the method returns."""
        method: Any = self.methods[area].fresh()
        plc: Any = self.plc
        shared = {name: getattr(plc, name) for name in ("VerdictSlot", "OperatorSlot", "TrackRing")}
        shared |= {"Slot": shared[f"{area}Slot"], "Ring": shared["TrackRing"]}
        for name in shared.keys() & method.block.variables.keys():
            setattr(method, name, shared[name])
        method.scan(Submitted=said)
        (returned,) = RETURNED[area] & method.block.variables.keys()
        result: int = getattr(method, returned)
        holds = self.get("TrackRing")[3 * ((said >> 8) % SLOTS)] % 2**24 == said >> 8
        assert (result == STORED) == holds
        return result


STORED = 0
RETURNED = {area: {f"Submit{area}", "InspectorTake"} for area in AREAS}
WITH_MAILBOX = {name: with_mailbox(name) for name in MAILBOXES}
WITH_METHODS = {name: with_methods(name) for name in METHODS}
Shim = tuple[str, type[MailboxBench] | type[MethodBench]]
SHIMS: tuple[Shim, ...] = (
    *((name, MailboxBench) for name in MAILBOXES),
    *((name, MethodBench) for name in METHODS),
)
"""Each block with each way to it."""
