"""Counters that wrap: the PLC's ids and encoder have 32 bits, its microseconds too."""

from __future__ import annotations

import hashlib

BITS_32 = 1 << 32
_HALF = 1 << 31


def signed_32(difference: int) -> int:
    """Return a difference of two 32-bit counters as a signed number: the shorter way round."""
    return (difference + _HALF) % BITS_32 - _HALF


def travelled(start: int, now: int) -> int:
    """Return the encoder counts from `start` to `now`, across a rollover.

    Negative when `now` lies behind `start`, as it does after a reversal.
    """
    return signed_32(now - start)


def extended(part_id: int, *, near: int) -> int:
    """Return the 64-bit part number whose low 32 bits are `part_id`, nearest to `near`."""
    return near + signed_32(part_id - near)


def parts_from(first: int, last: int) -> int:
    """Return how many parts have numbers from `first` to `last`: the PLC's id skips 0."""
    if last < first:
        return 0
    return last - first + 1 - (last // BITS_32 - (first - 1) // BITS_32)


def record_id(key: bytes, station: str, run: int, number: int) -> str:
    """Return a part's opaque record id: 32 hex digits, the same whenever it is asked for.

    A keyed hash rather than a random number, so that a part that is met again after a restart
    or a power cut cannot get a second record.
    """
    text = f"{station}/{run}/{number}".encode()
    return hashlib.blake2b(text, key=key, digest_size=16).hexdigest()
