"""docs/plc/tags.md, the gateway's node list and the function blocks name the same things."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from inspector.plc.contract import (
    OF_EPOCH,
    OF_OPERATOR,
    OF_SYNC,
    OPTIONAL,
    Node,
    read_nodes,
    split,
    written_nodes,
)
from tests.plc_blocks.bench import block

ROOT = Path(__file__).parents[2]
PLC = ROOT / "docs" / "plc"
SLOTS = 64
FULL = ("inspector_station.st", "inspector_station.scl", "inspector_station_logix.st")
UNREAD = {"Track.DecidedPartId"}
"""For people: in the handshake, and of no use to the gateway."""
LENGTHS = {"3·slots": 3 * SLOTS, "slots": SLOTS, "2": 2, "": 0}


class Tag(NamedTuple):
    """One row of the list."""

    node: str
    type: str
    writer: str
    kept: str
    lacking: str
    variable: str
    unit: str
    meaning: str


def tags() -> dict[str, Tag]:
    rows = re.findall(r"^\| `(\w+\..*) \|$", (PLC / "tags.md").read_text("utf-8"), re.M)
    listed = [Tag(*(cell.strip().strip("`") for cell in f"`{row}".split("|"))) for row in rows]
    return {tag.node: tag for tag in listed}


def nodes() -> dict[str, Node]:
    both = (*read_nodes(["<view>"], SLOTS), *written_nodes(["<view>"], SLOTS))
    return {re.sub(r"\[\d+\]", "[i]", node.name): node for node in both}


def type_of(node: Node) -> str:
    length = {number: text for text, number in LENGTHS.items()}[node.length]
    return node.kind + (f"[{length}]" if length else "")


def test_the_list_has_every_node_with_its_type_and_no_other() -> None:
    listed = {name: tag.type for name, tag in tags().items() if name not in UNREAD}
    assert listed == {name: type_of(node) for name, node in nodes().items()}


def test_the_gateway_writes_what_the_list_says_and_nothing_else() -> None:
    written = {re.sub(r"\[\d+\]", "[i]", n.name) for n in written_nodes(["<view>"], SLOTS)}
    assert {name for name, tag in tags().items() if tag.writer == "gateway"} == written
    assert {tag.writer for tag in tags().values()} == {"gateway", "PLC"}


def test_the_list_says_what_a_plc_may_lack_and_by_which_flag() -> None:
    flags = {"epoch": OF_EPOCH, "operator_table": OF_OPERATOR, "sync": OF_SYNC, "yes": OPTIONAL}
    may_lack = {name: flag for flag, names in flags.items() for name in names}
    for name, node in nodes().items():
        assert tags()[name].lacking == may_lack.get(
            split(node.name.replace("<view>", "view"))[0], "no"
        ), name


def test_every_tag_has_a_meaning_and_says_whether_it_is_kept() -> None:
    for tag in tags().values():
        assert len(tag.meaning) > 10, tag.node
        assert tag.kept in ("yes", "no"), tag.node


@pytest.mark.parametrize("name", FULL)
def test_a_block_has_every_tag_with_its_type(name: str) -> None:
    variables = block(name, SLOTS).variables
    signed = name.endswith("logix.st")
    kinds = {"UInt32": "DINT" if signed else "UDINT", "Int32": "DINT", "Boolean": "BOOL"}
    for tag in tags().values():
        kind, _, length = tag.type.rstrip("]").partition("[")
        variable, element, _ = tag.variable.replace("<n>", "0").partition("[")
        declared = variables[variable]
        assert declared.kind == kinds[kind], tag.node
        assert bool(element) == (declared.length > 0 and not length), tag.node
        assert element or declared.length == LENGTHS[length], tag.node


@pytest.mark.parametrize("name", FULL[:2])
def test_a_block_keeps_what_the_list_says(name: str) -> None:
    variables = block(name, SLOTS).variables
    kept = {tag.node: tag.kept == "yes" for tag in tags().values()}
    for tag in tags().values():
        variable = tag.variable.replace("<n>", "0").partition("[")[0]
        assert variables[variable].retained == kept[tag.node], tag.node


def test_the_minimal_block_has_what_no_flag_lets_it_lack() -> None:
    variables = block("inspector_minimal.st", SLOTS).variables
    for tag in tags().values():
        if tag.lacking == "no":
            assert tag.variable.replace("<n>", "0").partition("[")[0] in variables, tag.node


PROFILES = {
    "twincat.toml": "inspector_station.st",
    "s7_1500.toml": "inspector_station.scl",
    "logix.toml": "inspector_station_logix.st",
    "minimal.toml": "inspector_minimal.st",
}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_maps_its_nodes_to_variables_that_its_block_has(profile: str) -> None:
    variables = block(PROFILES[profile], SLOTS).variables
    mapped = tomllib.loads((PLC / "profiles" / profile).read_text("utf-8"))["nodes"]
    for name, place in mapped.items():
        found = re.search(r"(\w+)(?:\{number\})?\"?(?:\[\{\w+\}\])?$", place["id"])
        if place["id"]:
            assert found, name
            variable = found[1].lstrip("_")
            assert variable in variables or f"{variable}0" in variables, name
