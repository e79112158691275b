"""Faults as a person writes them."""

import pytest

from inspector.errors import BadInput
from inspector.simulator.faults import Fault, FaultOrders, parse_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop@12", Fault("drop", 12)),
        ("late-writes@3:ring", Fault("late-writes", 3, "ring")),
        ("freeze@7:ring.side", Fault("freeze", 7, "ring", "side")),
        ("phantom@+2:board", Fault("phantom", 2, "board", relative=True)),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "drop", "drop@", "drop@0", "burn@3", "drop@3:", "drop@x"])
def test_anything_else_is_refused_and_says_what_would_be_right(text: str) -> None:
    with pytest.raises(BadInput, match="KIND@PART"):
        parse_fault(text)


def test_a_relative_fault_counts_from_the_newest_part() -> None:
    orders = FaultOrders("ring", ("top", "side"), ())
    orders.add(parse_fault("drop@+2"), newest=40)
    assert orders.of_camera("top", 42) == "drop"
    assert orders.of_camera("side", 42) == ""
    assert orders.of_camera("top", 2) == ""


def test_a_fault_of_another_station_is_not_ours() -> None:
    orders = FaultOrders("ring", ("top",), [parse_fault("phantom@2:board")])
    assert not orders.phantom_at(2)
