"""What one read of a station's nodes says, and what a write looks like."""

from pathlib import Path

import pytest
from asyncua import ua

from inspector.errors import PlcRefused
from inspector.plc.contract import Node, read_nodes, written_nodes
from inspector.plc.nodes import PlcStation, StationNodes, ring_entries

SLOTS = 8
UINT32, INT32 = ua.VariantType.UInt32, ua.VariantType.Int32
VIEWS = ("top", "side")
ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"


def good(node: Node) -> ua.DataValue:
    kind = ua.VariantType[node.kind]
    plain: int | bool = False if kind is ua.VariantType.Boolean else 0
    return ua.DataValue(ua.Variant([0] * node.length if node.length else plain, kind))


def nodes(**changed: ua.DataValue) -> tuple[StationNodes, list[ua.DataValue]]:
    """Return a station's nodes that learnt from a PLC, and the answer to a read."""
    station = StationNodes(PlcStation("board", "b1", VIEWS), slots=SLOTS, index=4)
    read = read_nodes(VIEWS, SLOTS)
    surveyed = read + written_nodes(VIEWS, SLOTS)
    station.learn([changed.get(node.name, good(node)) for node in surveyed])
    return station, [changed.get(node.name, good(node)) for node in read]


def test_every_node_we_use_is_in_the_contract() -> None:
    table = ARCHITECTURE.read_text()
    counts = table.replace(
        "`Count.Triggered`, `.Decided`, `.Passed`, `.Rejected`, `.FailSafe`,", ""
    )
    for node in read_nodes(("<view>",), 256) + written_nodes(("<view>",), 256):
        name = node.name.replace("[0]", "[i]").replace("[255]", "[i]")
        known = name in counts or f".{name.split('.')[1]}`" in table
        assert known, name


def test_every_node_is_asked_for_once_and_below_the_prefix() -> None:
    station, _ = nodes()
    asked = [read.NodeId.Identifier for read in station.survey.NodesToRead]
    assert len(asked) == len(set(asked))
    assert all(name.startswith("b1.") for name in asked)
    assert {read.NodeId.NamespaceIndex for read in station.survey.NodesToRead} == {4}
    assert station.request.TimestampsToReturn is ua.TimestampsToReturn.Neither


def test_a_ring_gives_the_entries_whose_id_belongs_into_its_slot() -> None:
    raw = [0, 1, 1] + [9, 90, 900] + [10, 100, 1000] + [4, 40, 400] + [0, 0, 0] * 4
    assert ring_entries(raw, SLOTS) == {9: (90, 900), 10: (100, 1000)}


def test_a_ring_that_did_not_change_is_not_decoded_again() -> None:
    station, answer = nodes()
    first = station.snapshot(answer, 1.0)
    again = station.snapshot(answer, 2.0)
    assert again.triggers is first.triggers
    where = [node.name for node in read_nodes(VIEWS, SLOTS)].index("Track.Ring")
    answer[where] = ua.DataValue(ua.Variant([0] * 3 + [1, 5, 6] + [0] * 18, UINT32))
    assert station.snapshot(answer, 3.0).triggers == {1: (5, 6)}
    assert first.triggers == {}


def test_signed_numbers_are_the_same_bits() -> None:
    station, answer = nodes(
        **{
            "Verdict.Slot[0]": ua.DataValue(ua.Variant(0, INT32)),
            "Link.Epoch": ua.DataValue(ua.Variant(-2, INT32)),
        }
    )
    assert station.snapshot(answer, 1.0).epoch == 0xFFFFFFFE
    write = station.write("Verdict.Slot[5]", 0xFFFFFFFF)
    assert write.Value.Value == ua.Variant(-1, INT32)
    assert station.write("Verdict.Slot[5]", 0x7FFFFFFF).Value.Value == ua.Variant(0x7FFFFFFF, INT32)
    assert station.write("Operator.Slot[5]", 0xFFFFFFFF).Value.Value == ua.Variant(
        0xFFFFFFFF, UINT32
    )


def test_a_write_carries_nothing_but_the_typed_value() -> None:
    station, _ = nodes()
    write = station.write("Verdict.Slot[7]", 5)
    assert write.NodeId == ua.NodeId(ua.String("b1.Verdict.Slot[7]"), ua.Int16(4))
    sent = write.Value
    assert sent.SourceTimestamp is sent.ServerTimestamp is sent.StatusCode is None


@pytest.mark.parametrize(
    ("node", "value", "why"),
    [
        (
            "Track.PartId",
            ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNodeIdUnknown))),
            "b1.Track.PartId: the PLC has no such node",
        ),
        ("Track.PartId", ua.DataValue(ua.Variant()), "b1.Track.PartId: the PLC gives no value"),
        (
            "Config.PassAll",
            ua.DataValue(ua.Variant(1, ua.VariantType.Byte)),
            "b1.Config.PassAll: is Byte at the PLC, and must be Boolean",
        ),
        (
            "State.StateCurrent",
            ua.DataValue(ua.Variant(6, UINT32)),
            "b1.State.StateCurrent: is UInt32 at the PLC, and must be Int32",
        ),
        (
            "Operator.Latched",
            ua.DataValue(ua.Variant([0] * 4, UINT32)),
            "b1.Operator.Latched: has 4 elements at the PLC, and must have 8",
        ),
        (
            "Verdict.Slot[0]",
            ua.DataValue(ua.Variant([0] * 8, UINT32)),
            r"b1.Verdict.Slot\[0\]: has 8 elements at the PLC, and must have none",
        ),
    ],
)
def test_what_cannot_be_used_is_named(node: str, value: ua.DataValue, why: str) -> None:
    with pytest.raises(PlcRefused, match=why):
        nodes(**{node: value})


def test_a_value_that_turns_bad_later_is_named() -> None:
    station, answer = nodes()
    answer[0] = ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNotReadable)))
    with pytest.raises(PlcRefused, match=r"b1.Track.PartId: .*BadNotReadable"):
        station.snapshot(answer, 1.0)
