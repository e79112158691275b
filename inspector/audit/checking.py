"""Whether a log is what was signed: one walk over entries and checkpoints, in bounded memory.

Each entry's hashes are made again from its bytes. Where a kept hash differs it is named, and the
walk goes on from the kept one: so the checkpoints behind it still tell whether that was all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from inspector.audit.checkpoint import Checkpoint, opened_checkpoint
from inspector.audit.entry import BEGUN_ANEW, KEY_CHANGED, read_body
from inspector.audit.merkle import HASH_BYTES, Tree, leaf_hash
from inspector.audit.note import Verifier, opened
from inspector.errors import BadInput

IN_DATABASE: Final = "the database"


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it was found.

    Attributes:
        size: How many entries it is about: where in the walk it is looked at.
        place: Where it was found: `IN_DATABASE`, or a file.
        note: Its text, not believed yet.
    """

    size: int
    place: str
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and with which entries.

    Attributes:
        kind: edited, moved, missing, changed, unsigned, signature or order; of the rows that the
            entries speak of: row edited, row removed or row added.
        first: The first entry that it is about, from 1; 0 for none.
        last: The last one.
        text: A sentence for people.
    """

    kind: str
    first: int
    last: int
    text: str


@dataclass(slots=True)
class Keys:
    """The key in force at each place of the log; an entry of the log itself names the next one.

    The checkpoint that covers such an entry has both keys' signatures, those behind it only the
    new one's.
    """

    now: Verifier
    _next: Verifier | None = None
    _changed_at: int = 0
    _last_note: str = ""
    _last: Checkpoint = field(default_factory=lambda: Checkpoint("", 0, b""))

    def read(self, fields: Mapping[str, Any]) -> None:
        """Take a new key out of an entry."""
        after = fields.get("after")
        if fields.get("action") in (KEY_CHANGED, BEGUN_ANEW) and isinstance(after, dict):
            with contextlib.suppress(BadInput):
                self._next = Verifier.from_text(str(after.get("key")))

    def believed(self, one: Kept) -> Checkpoint:
        """Return the checkpoint in a note if it is signed as it has to be; raises `BadInput`."""
        if self._next and 0 < self._changed_at < one.size:
            self.now, self._next, self._changed_at = self._next, None, 0
        if one.note != self._last_note:  # the same one often lies in several places
            opened(one.note, self.now)
            self._last = opened_checkpoint(one.note, self._next or self.now)
            self._last_note = one.note
            self._changed_at = one.size if self._next else 0
        if self._last.size != one.size:
            raise BadInput(f"it is one over {self._last.size}")
        return self._last


@dataclass(slots=True)
class Walk:
    """One walk over a log.

    Attributes:
        keys: Begins with the key that signed the first checkpoint.
        entries: How many were read.
        newest: The largest checkpoint in the database that agrees.
        copies: How many checkpoints outside the database agree.
        begun_anew: The entries, if any, where it is said that a new log begins, and why.
    """

    keys: Keys
    entries: int = 0
    newest: Checkpoint | None = None
    copies: int = 0
    begun_anew: list[int] = field(default_factory=list)
    _tree: Tree = field(default_factory=Tree)
    _agreed: dict[str, int] = field(default_factory=dict)
    _largest: int = 0
    _has_hole: bool = False
    _differs: bool = False

    def findings(
        self, entries: Iterable[tuple[int, bytes, bytes]], kept: Iterable[Kept]
    ) -> Iterator[Finding]:
        """Yield what is wrong, in the order of the log.

        Args:
            entries: (seq, body, hashes) by seq.
            kept: All checkpoints, by size.
        """
        waiting = iter(kept)
        one = next(waiting, None)
        for seq, body, hashes in entries:
            yield from self._entry(seq, body, hashes)
            while one and one.size <= self._tree.size:
                yield from self._checkpoint(one)
                one = next(waiting, None)
        yield from self._beyond([one] if one else [], waiting)
        if self._tree.size > self._largest:
            yield _unsigned(self._largest + 1, self._tree.size)

    def _entry(self, seq: int, body: bytes, hashes: bytes) -> Iterator[Finding]:
        self.entries += 1
        expected = self._tree.size + 1
        if seq < expected:
            yield Finding("moved", seq, seq, f"an entry has the number {seq}: it was inserted")
            return
        if seq > expected:
            yield _missing(expected, seq - 1)
            self._has_hole = True
            self._tree = Tree(seq - 1, [bytes(HASH_BYTES)] * (seq - 1).bit_count())
        fields = read_body(body) or {}
        if fields.get("seq") != seq:
            yield _moved(seq, fields.get("seq"))
        self.keys.read(fields)
        if fields.get("action") == BEGUN_ANEW:
            self.begun_anew.append(seq)
        yield from self._hashes(seq, leaf_hash(body), hashes)

    def _hashes(self, seq: int, leaf: bytes, hashes: bytes) -> Iterator[Finding]:
        kept = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
        kept = kept if kept and len(kept[-1]) == HASH_BYTES else [leaf_hash(hashes)]
        if kept[0] != leaf:
            yield _edited(seq, seq)
        made = self._tree.append(kept[0])
        if self._has_hole or made == kept:
            return
        if len(kept) != len(made):
            if kept[0] == leaf:
                yield _edited(seq, seq)
            return
        wrong = next(height for height, one in enumerate(made) if one != kept[height])
        yield _edited(seq - (1 << wrong) + 1, seq)
        self._tree.replace_newest(kept[-1])

    def _checkpoint(self, one: Kept) -> Iterator[Finding]:
        if one.size < self._largest:
            yield _out_of_order(one)
            return
        try:
            checkpoint = self.keys.believed(one)
        except BadInput as error:
            yield _not_signed(one, error)
            return
        self._largest = one.size
        if self._has_hole or self._differs:
            return
        if checkpoint.root != self._tree.root:
            self._differs = True
            yield _changed(self._agreed.get(one.place, 0) + 1, one)
            return
        self._agreed[one.place] = one.size
        if one.place == IN_DATABASE:
            self.newest = checkpoint
        else:
            self.copies += 1

    def _beyond(self, first: Iterable[Kept], rest: Iterable[Kept]) -> Iterator[Finding]:
        """Yield what the checkpoints say that are larger than the log."""
        largest: dict[str, int] = {}
        for one in chain(first, rest):
            try:
                if one.size < self._largest:
                    yield _out_of_order(one)
                    continue
                self.keys.believed(one)
                self._largest = largest[one.place] = one.size
            except BadInput as error:
                yield _not_signed(one, error)
        for place, size in largest.items():
            yield _cut(self._tree.size, size, place)


def _edited(first: int, last: int) -> Finding:
    if first == last:
        return Finding("edited", first, last, f"entry {first} was edited: its hash is another one")
    text = f"one of the entries {first} to {last} was edited: the hash over them is another one"
    return Finding("edited", first, last, text)


def _moved(seq: int, written: object) -> Finding:
    text = f"in the place of entry {seq} stands "
    text += f"the one that was written as {written}" if written else "something that is no entry"
    return Finding("moved", seq, seq, text)


def _missing(first: int, last: int) -> Finding:
    return Finding("missing", first, last, f"{_named(first, last)} removed")


def _cut(size: int, signed: int, place: str) -> Finding:
    text = f"{_named(size + 1, signed)} cut off: {place} has a signed checkpoint over {signed}"
    if place != IN_DATABASE:
        text += "; or the database was set back to an older copy"
    return Finding("missing", size + 1, signed, text)


def _unsigned(first: int, last: int) -> Finding:
    text = f"{_named(first, last)} never signed: written past the recorder, or by one that was "
    return Finding("unsigned", first, last, text + "not sure of the log")


def _changed(first: int, one: Kept) -> Finding:
    some = f"entry {first}" if first == one.size else f"one of the entries {first} to {one.size}"
    text = f"{some} is not what was signed (checkpoint over {one.size} in {one.place}); "
    text += "what lies behind cannot be held against later checkpoints"
    return Finding("changed", first, one.size, text)


def _not_signed(one: Kept, error: BadInput) -> Finding:
    text = f"{one.place}: the checkpoint over {one.size} entries is not ours: {error}"
    return Finding("signature", one.size, one.size, text)


def _out_of_order(one: Kept) -> Finding:
    text = f"{one.place}: a checkpoint over {one.size} entries lies behind a larger one: the log "
    return Finding("order", one.size, one.size, text + "was set back and written anew")


def _named(first: int, last: int) -> str:
    return f"entry {first} was" if first == last else f"entries {first} to {last} were"
