"""Which parts are kept, and which below the highest are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.accounted import LOOKED_BACK, Accounted, accounted
from inspector.domain.numbers import BITS_32


@given(st.permutations(range(10, 60)), st.integers(1, 50))
def test_in_whatever_order_parts_are_kept_what_lacks_is_missing(
    order: list[int], kept: int
) -> None:
    known = Accounted(1, 9)
    for number in order[:kept]:
        known = known.with_parts(1, number, number)
    lacking = set(range(10, known.last)) - set(order[:kept])
    assert set(known.missing) == lacking


def test_a_gap_keeps_all_its_parts() -> None:
    assert accounted(1, [(1, 1), (3, 3), (5, 5), (2, 4)]) == Accounted(1, 5)


def test_the_number_whose_id_is_0_is_no_part() -> None:
    assert Accounted(1, BITS_32 - 1).with_parts(1, BITS_32 + 1, BITS_32 + 1).missing == ()


def test_a_new_run_begins_anew_and_an_old_one_changes_nothing() -> None:
    known = Accounted(2, 7, (6,))
    assert known.with_parts(1, 9, 9) == known
    assert known.with_parts(3, 1, 1) == Accounted(3, 1)


def test_what_lies_far_back_is_not_looked_for() -> None:
    known = Accounted(1, 1).with_parts(1, 3 * LOOKED_BACK, 3 * LOOKED_BACK)
    assert len(known.missing) < LOOKED_BACK


def test_nothing_kept_is_nothing_known() -> None:
    assert accounted(1, []) is None
