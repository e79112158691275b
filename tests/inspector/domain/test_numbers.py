"""Counters that wrap, and record ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.numbers import (
    BITS_32,
    extended,
    parts_from,
    record_id,
    signed_32,
    travelled,
)

KEY = b"k" * 32
TOP = BITS_32 - 1


@pytest.mark.parametrize(
    ("start", "now", "counts"),
    [(0, 5, 5), (TOP, 0, 1), (TOP - 9, 10, 20), (5, 0, -5), (0, TOP, -1), (7, 7, 0)],
)
def test_the_belt_travels_across_a_rollover_and_backwards(
    start: int, now: int, counts: int
) -> None:
    assert travelled(start, now) == counts


@given(st.integers(0, TOP), st.integers(-(1 << 31), (1 << 31) - 1))
def test_any_distance_under_half_the_range_is_found_again(start: int, counts: int) -> None:
    assert travelled(start, (start + counts) % BITS_32) == counts


def test_the_longest_distances_are_those_of_31_bits() -> None:
    assert signed_32((1 << 31) - 1) == (1 << 31) - 1
    assert signed_32(1 << 31) == -(1 << 31)


@given(st.integers(0, 1 << 62), st.integers(-(1 << 31), (1 << 31) - 1))
def test_a_part_number_grows_to_64_bits_near_the_last_one(near: int, step: int) -> None:
    number = near + step
    assert extended(number % BITS_32, near=near) == number


def test_the_number_after_the_last_id_is_one_rollover_higher() -> None:
    assert extended(1, near=TOP) == BITS_32 + 1
    assert extended(TOP, near=BITS_32 + 1) == TOP


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [(1, 1, 1), (1, 10, 10), (5, 4, 0), (9, 1, 0), (TOP, BITS_32 + 1, 2), (BITS_32, BITS_32, 0)],
)
def test_a_range_of_part_numbers_skips_the_id_0(first: int, last: int, parts: int) -> None:
    assert parts_from(first, last) == parts


@given(st.integers(1, 5 * BITS_32), st.integers(0, 1000))
def test_a_range_counts_the_numbers_whose_id_is_not_0(first: int, length: int) -> None:
    numbers = range(first, first + length)
    assert parts_from(first, first + length - 1) == sum(n % BITS_32 != 0 for n in numbers)


def test_a_record_id_is_32_hex_digits_and_the_same_each_time() -> None:
    one = record_id(KEY, "ring", 1, 7)
    assert one == record_id(KEY, "ring", 1, 7)
    assert len(one) == 32
    assert set(one) <= set("0123456789abcdef")


def test_another_station_run_number_or_site_has_another_record_id() -> None:
    ids = {
        record_id(KEY, "ring", 1, 7),
        record_id(KEY, "board", 1, 7),
        record_id(KEY, "ring", 2, 7),
        record_id(KEY, "ring", 1, 8),
        record_id(b"x" * 32, "ring", 1, 7),
    }
    assert len(ids) == 5
