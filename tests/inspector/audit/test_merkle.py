"""The tree of RFC 6962: the roots that everybody's tests use, and both proofs at every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.audit.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    peaks_of,
    root_from_inclusion,
    root_of,
)

# The eight leaves, and the root of the tree over the first n of them, of Certificate Transparency's
# own tests; RFC 6962, section 2.1, defines them.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LARGEST = 40


class Hashes:
    """A tree with the hashes of its whole subtrees, as the table keeps them."""

    def __init__(self, leaves: list[bytes]) -> None:
        tree = Tree()
        self.leaves = [leaf_hash(leaf) for leaf in leaves]
        self.rows = [tree.append(leaf) for leaf in self.leaves]
        self.roots = [EMPTY_ROOT]
        again = Tree()
        for leaf in self.leaves:
            again.append(leaf)
            self.roots.append(again.root)

    def whole(self, first: int, height: int) -> bytes:
        return self.rows[first + (1 << height) - 1][height]


GROWN = Hashes([bytes([n]) * n for n in range(LARGEST)])


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots_come_out(size: int) -> None:
    grown = Hashes(LEAVES[:size])
    assert grown.roots[size].hex() == ROOTS[size - 1]
    assert root_of(0, size, grown.whole).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_root_that_the_standard_names() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree().root.hex() == empty
    assert root_of(0, 0, GROWN.whole).hex() == empty


def test_a_known_proof_of_consistency_comes_out() -> None:
    """From 6 to 8 of the eight leaves, as in Certificate Transparency's tests."""
    grown = Hashes(LEAVES)
    proof = consistency_proof(6, 8, grown.whole)
    assert [step.hex() for step in proof] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_tree_goes_on_from_its_peaks() -> None:
    for size in range(LARGEST):
        peaks = [GROWN.whole(first, height) for first, height in peaks_of(size)]
        tree = Tree(size, peaks)
        assert tree.root == GROWN.roots[size]
        assert tree.append(GROWN.leaves[size]) == GROWN.rows[size]
        assert tree.root == GROWN.roots[size + 1]


def test_every_leaf_is_proven_in_every_tree_and_no_other_is() -> None:
    for size in range(1, LARGEST):
        for leaf in range(size):
            proof = inclusion_proof(leaf, size, GROWN.whole)
            root = root_from_inclusion(leaf, size, GROWN.leaves[leaf], proof)
            assert root == GROWN.roots[size]
            other = root_from_inclusion(leaf, size, GROWN.leaves[-1], proof)
            assert other != GROWN.roots[size]


@pytest.mark.parametrize("change", ["longer", "shorter"])
def test_a_proof_of_another_length_is_refused(change: str) -> None:
    proof = inclusion_proof(4, 7, GROWN.whole)
    bad = [*proof, proof[0]] if change == "longer" else proof[:-1]
    with pytest.raises(ValueError, match="the proof is too"):
        root_from_inclusion(4, 7, GROWN.leaves[4], bad)


@pytest.mark.parametrize(("leaf", "size"), [(0, 0), (7, 7), (-1, 7)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(leaf: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(leaf, size, GROWN.whole)
    with pytest.raises(ValueError, match="has no leaf"):
        root_from_inclusion(leaf, size, GROWN.leaves[0], [])


def test_every_tree_is_proven_to_begin_with_every_smaller_one() -> None:
    for size in range(LARGEST):
        for old in range(size + 1):
            proof = consistency_proof(old, size, GROWN.whole)
            before, now = (old, GROWN.roots[old]), (size, GROWN.roots[size])
            assert is_consistent(before, now, proof)
            if old:
                assert not is_consistent((old, GROWN.roots[old - 1]), now, proof)
            if 0 < old < size:
                assert not is_consistent(before, (size, GROWN.roots[size - 1]), proof)
                assert not is_consistent(before, now, proof[:-1])
                assert not is_consistent(before, now, [*proof, proof[0]])


def test_a_smaller_tree_does_not_begin_with_a_larger_one() -> None:
    with pytest.raises(ValueError, match="has none of 5"):
        consistency_proof(5, 4, GROWN.whole)
    assert not is_consistent((5, GROWN.roots[5]), (4, GROWN.roots[4]), [GROWN.roots[5]])


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=20), st.data())
def test_a_forged_history_is_never_consistent(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(leaves) - 1))
    changed = data.draw(st.integers(0, old - 1))
    forged = [*leaves]
    forged[changed] = leaves[changed] + b"!"
    honest, other = Hashes(leaves), Hashes(forged)
    size = len(leaves)
    for proof in (
        consistency_proof(old, size, honest.whole),
        consistency_proof(old, size, other.whole),
    ):
        assert not is_consistent((old, honest.roots[old]), (size, other.roots[size]), proof)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
