"""A walk over a log: what is as it was signed is clean, and every change is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from inspector.audit.checking import IN_DATABASE, Finding, Kept, Keys, Walk
from inspector.audit.checkpoint import Checkpoint
from inspector.audit.entry import KEY_CHANGED, Change, Who, body_of
from inspector.audit.merkle import Tree, leaf_hash
from inspector.audit.note import Signer

OURS = Signer("inspector/1", b"1" * 32)
NEXT = Signer("inspector/1", b"2" * 32)
STRANGER = Signer("inspector/1", b"3" * 32)
FILE = "a file"


@dataclass
class Log:
    """A log as it was written; the tests then change what is kept of it."""

    rows: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)

    def write(self, action: str = "override", *signers: Signer, after: object = None) -> None:
        seq = self.tree.size + 1
        change = Change("2026-11-23T12:00:00+00:00", Who("Ada"), action, f"record {seq}")
        body = body_of(change if after is None else _with(change, after), seq)
        self.put(body)
        if signers:
            self.sign(*signers)

    def put(self, body: bytes) -> None:
        hashes = self.tree.append(leaf_hash(body))
        self.rows.append((self.tree.size, body, b"".join(hashes)))

    def sign(self, *signers: Signer) -> None:
        checkpoint = Checkpoint(OURS.name, self.tree.size, self.tree.root)
        note = checkpoint.signed(signers)
        self.kept += [Kept(self.tree.size, place, note) for place in (IN_DATABASE, FILE)]

    def found(self) -> list[Finding]:
        return list(Walk(Keys(OURS.verifier)).findings(self.rows, self.kept))


def _with(change: Change, after: object) -> Change:
    return replace(change, after=after)


def log_of(size: int, signed: Sequence[int] = (10, 17, 20)) -> Log:
    log = Log()
    for seq in range(1, size + 1):
        log.write("override", *([OURS] if seq in signed else []))
    return log


def forged(seq: int) -> bytes:
    return body_of(Change("2026-11-23T12:00:00+00:00", Who("Eve"), "override", "record 1"), seq)


def without(kept: list[Kept], size: int, place: str) -> list[Kept]:
    return [one for one in kept if not (one.size > size and one.place == place)]


def test_a_log_as_it_was_written_is_clean() -> None:
    for size in range(25):
        log = log_of(size, signed=range(1, size + 1))
        walk = Walk(Keys(OURS.verifier))
        assert list(walk.findings(log.rows, log.kept)) == []
        assert (walk.entries, walk.copies) == (size, size)
        assert walk.newest == (Checkpoint(OURS.name, size, log.tree.root) if size else None)


@pytest.mark.parametrize("seq", range(1, 21))
def test_an_edited_entry_is_named_alone(seq: int) -> None:
    log = log_of(20)
    log.rows[seq - 1] = (seq, forged(seq), log.rows[seq - 1][2])
    assert [(one.kind, one.first, one.last) for one in log.found()] == [("edited", seq, seq)]


@pytest.mark.parametrize("seq", range(1, 21))
def test_an_entry_edited_together_with_its_hash_is_named(seq: int) -> None:
    """The hash over it and its neighbours gives it away, or the next checkpoint."""
    log = log_of(20)
    leaf = leaf_hash(forged(seq))
    log.rows[seq - 1] = (seq, forged(seq), leaf + log.rows[seq - 1][2][32:])
    found = log.found()
    assert found
    assert all(one.first <= seq <= one.last for one in found)
    assert all(one.last - one.first < 8 for one in found)  # to the next checkpoint at the most


def test_an_edited_log_with_all_its_hashes_made_anew_differs_from_the_next_checkpoint() -> None:
    log, forgery = log_of(20), Log()
    for seq, body, _ in log.rows:
        forgery.put(forged(seq) if seq == 12 else body)
    forgery.kept = log.kept
    (found,) = forgery.found()
    assert (found.kind, found.first, found.last) == ("changed", 11, 17)


def test_a_removed_entry_is_named() -> None:
    log = log_of(20)
    del log.rows[4:6]
    (found,) = log.found()
    assert (found.kind, found.first, found.last) == ("missing", 5, 6)


def test_an_entry_removed_and_the_gap_closed_is_found() -> None:
    log, forgery = log_of(20), Log()
    for seq, body, _ in log.rows:
        if seq != 5:
            forgery.put(body)
    forgery.kept = log.kept
    found = forgery.found()
    assert (found[0].kind, found[0].first) == ("moved", 5)
    assert "written as 6" in found[0].text
    assert ("missing", 20, 20) in {(one.kind, one.first, one.last) for one in found}


def test_two_entries_that_changed_places_are_both_named() -> None:
    log = log_of(20)
    third, ninth = log.rows[2], log.rows[8]
    log.rows[2], log.rows[8] = (3, *ninth[1:]), (9, *third[1:])
    found = log.found()
    assert {one.first for one in found if one.kind == "moved"} == {3, 9}


@pytest.mark.parametrize("seq", [0, -5])
def test_an_entry_before_the_first_is_named(seq: int) -> None:
    log = log_of(3, signed=[3])
    log.rows.insert(0, (seq, forged(seq), b""))
    assert [(one.kind, one.first) for one in log.found()] == [("moved", seq)]


def test_an_entry_inserted_behind_the_others_was_never_signed() -> None:
    log = log_of(20)
    log.put(forged(21))
    (found,) = log.found()
    assert (found.kind, found.first, found.last) == ("unsigned", 21, 21)


def test_an_entry_inserted_in_the_middle_is_found() -> None:
    log, forgery = log_of(20), Log()
    for seq, body, _ in log.rows:
        if seq == 8:
            forgery.put(forged(8))
        forgery.put(body)
    forgery.kept = log.kept
    found = forgery.found()
    assert (found[0].kind, found[0].first) == ("moved", 9)
    assert "changed" in {one.kind for one in found}


def test_a_cut_tail_is_named_by_the_checkpoints_that_stay() -> None:
    log = log_of(20)
    del log.rows[15:]
    found = log.found()
    assert {(one.kind, one.first, one.last) for one in found} == {("missing", 16, 20)}
    assert any(FILE in one.text for one in found)


def test_a_tail_cut_with_its_checkpoints_is_found_by_the_file_outside() -> None:
    log = log_of(20)
    del log.rows[17:]
    log.kept = without(log.kept, 17, IN_DATABASE)
    (found,) = log.found()
    assert (found.kind, found.first, found.last) == ("missing", 18, 20)
    assert FILE in found.text
    assert "older copy" in found.text


def test_a_tail_cut_and_written_anew_with_the_stolen_key_is_found_by_the_file_outside() -> None:
    log, forgery = log_of(20), Log()
    for seq, body, _ in log.rows[:17]:
        forgery.put(body)
        if seq in (10, 17):
            forgery.sign(OURS)
    for seq in (18, 19, 20):
        forgery.put(forged(seq))
    forgery.sign(OURS)
    forgery.kept = [one for one in forgery.kept if one.place == IN_DATABASE]
    forgery.kept += [one for one in log.kept if one.place == FILE]
    forgery.kept.sort(key=lambda one: one.size)
    (found,) = forgery.found()
    assert (found.kind, found.first, found.last) == ("changed", 18, 20)
    assert FILE in found.text


def test_all_signed_anew_by_a_stranger_is_found_by_the_key() -> None:
    forgery = Log()
    for seq in range(1, 6):
        forgery.put(forged(seq))
    forgery.sign(STRANGER)
    assert {one.kind for one in forgery.found()} == {"signature", "unsigned"}


def test_all_signed_anew_with_the_stolen_key_and_every_copy_replaced_is_the_stated_limit() -> None:
    """docs/audit.md says so; a copy that the attacker does not have finds it."""
    forgery = Log()
    for seq in range(1, 6):
        forgery.put(forged(seq))
    forgery.sign(OURS)
    assert forgery.found() == []
    honest = log_of(5, signed=[3])
    forgery.kept = [*honest.kept[1:], *forgery.kept]
    assert [one.kind for one in forgery.found()] == ["changed"]


def test_a_tail_that_was_never_seen_elsewhere_cut_with_all_its_checkpoints_is_the_limit() -> None:
    log = log_of(20)
    del log.rows[17:]
    log.kept = [one for one in log.kept if one.size <= 17]
    assert log.found() == []


def test_a_checkpoint_behind_a_larger_one_tells_that_the_log_was_set_back() -> None:
    log = log_of(20)
    again = next(one for one in log.kept if one.size == 10)
    log.kept.insert(4, Kept(10, FILE, again.note))
    assert [one.kind for one in log.found()] == ["order"]


def test_a_checkpoint_under_another_number_is_not_believed() -> None:
    log = log_of(20)
    log.kept[0] = Kept(9, IN_DATABASE, log.kept[0].note)
    (found,) = log.found()
    assert (found.kind, found.first) == ("signature", 9)


def test_hashes_that_are_none_are_named() -> None:
    log = log_of(4, signed=[4])
    for hashes in (b"", b"short", b"x" * 32 * 5):
        log.rows[2] = (3, log.rows[2][1], hashes)
        assert {(one.kind, one.first) for one in log.found()} >= {("edited", 3)}


def test_bytes_that_are_no_entry_are_named() -> None:
    log = log_of(4, signed=[4])
    for body in (b"", b"\xff\xfe", b"[]", b"null", b'{"seq":"3"}'):
        log.rows[2] = (3, body, log.rows[2][2])
        assert {one.kind for one in log.found()} == {"moved", "edited"}


# --- change of key ---


def changed_key() -> Log:
    log = Log()
    for _ in range(4):
        log.write("override", OURS)
    log.write(KEY_CHANGED, OURS, NEXT, after={"key": NEXT.verifier.text})
    log.write("override", NEXT)
    log.write("override", NEXT)
    return log


def test_a_log_with_a_change_of_key_is_clean_by_its_first_key() -> None:
    log = changed_key()
    walk = Walk(Keys(OURS.verifier))
    assert list(walk.findings(log.rows, log.kept)) == []
    assert walk.keys.now == NEXT.verifier


def test_the_old_key_signs_nothing_behind_the_change() -> None:
    log = changed_key()
    log.write("override", OURS)
    assert {one.kind for one in log.found()} == {"signature", "unsigned"}


def test_a_change_to_a_strangers_key_needs_the_old_keys_signature() -> None:
    log = Log()
    log.write("override", OURS)
    log.write(KEY_CHANGED, STRANGER, after={"key": STRANGER.verifier.text})
    log.write("override", STRANGER)
    assert {one.kind for one in log.found()} == {"signature", "unsigned"}


def test_what_is_named_as_a_key_and_is_none_changes_nothing() -> None:
    log = Log()
    for after in (None, "text", {"key": None}, {"key": "a+b+c"}):
        log.write(KEY_CHANGED, OURS, after=after)
    log.write("override", OURS)
    assert log.found() == []


def test_a_walk_holds_nothing_of_what_it_has_passed() -> None:
    """A million entries need no more memory than a thousand: only peaks and counters stay."""
    log = log_of(0)
    walk = Walk(Keys(OURS.verifier))

    def rows(n: int) -> object:
        for seq in range(1, n + 1):
            body = forged(seq)
            yield seq, body, b"".join(log.tree.append(leaf_hash(body)))

    (found,) = walk.findings(rows(5000), [])  # type: ignore[arg-type]
    assert (found.kind, found.first, found.last) == ("unsigned", 1, 5000)
    assert len(walk._tree._peaks) == (5000).bit_count()
