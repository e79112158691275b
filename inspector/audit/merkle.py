"""The Merkle tree of RFC 6962, section 2.1: hashes, a tree that grows, and its two proofs.

A *whole* subtree covers 2^height leaves from a multiple of that on; it never changes again once
its last leaf is there. All else follows from the hashes of whole subtrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Whole = Callable[[int, int], bytes]
"""Returns the hash of the whole subtree of this height whose first leaf (from 0) is this."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows at its right edge, in memory that grows with the logarithm of its size.

    Args:
        size: How many leaves there are already.
        peaks: Hashes of the whole subtrees that these make up, the largest first.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf's hash; return it and those of the whole subtrees that it completes."""
        done = [leaf]
        for height in range(_ones(self.size)):
            done.append(node_hash(self._peaks.pop(), done[height]))
        self._peaks.append(done[-1])
        self.size += 1
        return done

    def replace_newest(self, peak: bytes) -> None:
        """Go on from another hash of the subtree that the last leaf completed."""
        self._peaks[-1] = peak

    @property
    def root(self) -> bytes:
        """Return the hash over all leaves."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def peaks_of(size: int) -> list[tuple[int, int]]:
    """Return (first leaf, height) of the whole subtrees of a tree, the largest first."""
    found, first = [], 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            found.append((first, height))
            first += 1 << height
    return found


def root_of(first: int, behind: int, whole: Whole) -> bytes:
    """Return the hash over the leaves from `first` up to `behind`, a subtree by RFC 6962."""
    count = behind - first
    if count & (count - 1) == 0:
        return whole(first, count.bit_length() - 1) if count else EMPTY_ROOT
    middle = first + _split(count)
    return node_hash(root_of(first, middle, whole), root_of(middle, behind, whole))


def inclusion_proof(leaf: int, size: int, whole: Whole) -> list[bytes]:
    """Return the proof that the leaf with this number (from 0) is in the tree of this size."""
    if not 0 <= leaf < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {leaf}")
    first, behind, proof = 0, size, []
    while behind - first > 1:
        middle = first + _split(behind - first)
        if leaf < middle:
            proof.append(root_of(middle, behind, whole))
            behind = middle
        else:
            proof.append(root_of(first, middle, whole))
            first = middle
    return proof[::-1]


def root_from_inclusion(leaf: int, size: int, hashed: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, section 2.1.3.2).

    Raises:
        ValueError: The proof has not the length that the place in the tree asks for.
    """
    if not 0 <= leaf < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {leaf}")
    at, last, root = leaf, size - 1, hashed
    for step in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if at & 1 or at == last:
            root = node_hash(step, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, step)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


def consistency_proof(old: int, size: int, whole: Whole) -> list[bytes]:
    """Return the proof that the tree of `size` leaves begins with the one of `old` leaves."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves has none of {old} in it")
    if old in (0, size):
        return []
    first, behind, proof, is_old_root = 0, size, [], True
    while old != behind:
        middle = first + _split(behind - first)
        if old <= middle:
            proof.append(root_of(middle, behind, whole))
            behind = middle
        else:
            proof.append(root_of(first, middle, whole))
            first, is_old_root = middle, False
    if not is_old_root:
        proof.append(root_of(first, behind, whole))
    return proof[::-1]


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Return whether a proof leads from one (size, root) to the other (RFC 9162, 2.1.4.2)."""
    (old_size, old_root), (size, root) = old, new
    if old_size == size:
        return old_root == root and not proof
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if old_size > size or not steps:
        return False
    return _walked(old_size - 1, size - 1, steps) == (old_root, root)


def _walked(at: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that the steps lead to, or None: too many or too few."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return None if last else (old, new)


def _split(count: int) -> int:
    """Return the largest power of two below a count of at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _ones(number: int) -> int:
    """Return how many ones the number ends with, in binary."""
    return (~number & (number + 1)).bit_length() - 1
