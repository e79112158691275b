"""The camera output of a line whose PLC fires none: the gateway asks the camera for each picture.

What the ring of a PLC's output is elsewhere, the times of asking are here: `sync` compares the
frames with them just the same, and the gap to sync in is made by not asking for some parts. A
picture shows its part only where asking takes much less time than a part takes to the next one's
place: this is for slow lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

PARTS_HELD_BACK = 2
SHORTEST_GAP_US = 500_000
"""A gap is at least so many parts and so long, as the PLC makes it (DESIGN, "Identity")."""
_KEPT = 256
"""Times of asking: as many as the largest ring has."""


@dataclass(frozen=True, slots=True)
class Output:
    """One view's output, as a value.

    Attributes:
        fired: Part number → our clock in µs when its picture was asked for.
        newest: The last part that had its turn: asked for, held back, or too far gone.
        gap: The sync request whose gap is being made; 0: none.
        held_back: Parts that this gap has passed over.
        answer: The last request whose gap is over, and the first part asked for after it.
    """

    fired: Mapping[int, int] = field(default_factory=dict)
    newest: int = 0
    gap: int = 0
    held_back: int = 0
    answer: tuple[int, int] = (0, 0)


def gap_begun(output: Output, request: int) -> Output:
    """Return the output with a gap to make."""
    return replace(output, gap=request, held_back=0)


def passed_over(output: Output, number: int) -> Output:
    """Return the output after a part had gone too far for its picture."""
    return replace(output, newest=number)


def turn_of(output: Output, number: int, now_us: int) -> tuple[Output, bool]:
    """Give a part that has come to the camera its turn.

    Args:
        output: Before.
        number: Of the part, higher than those that had their turn.
        now_us: Our clock.

    Returns:
        The output, and whether the picture is to be asked for: not while a gap is made.
    """
    output = replace(output, newest=number)
    since_us = now_us - max(output.fired.values(), default=0)
    is_over = output.held_back >= PARTS_HELD_BACK and since_us >= SHORTEST_GAP_US
    if output.gap and not is_over:
        return replace(output, held_back=output.held_back + 1), False
    if output.gap:
        output = replace(output, gap=0, answer=(output.gap, number))
    fired = dict([*output.fired.items(), (number, now_us)][-_KEPT:])
    return replace(output, fired=fired), True
