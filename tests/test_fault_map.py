"""The two pages of faults name tests that exist, and leave out no fault that they must have."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from benchmarks.faults.rows import ROWS

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
TEXT = "".join((DOCS / page).read_text("utf-8") for page in ("faults.md", "plc/faults.md"))
LINES = [line for line in TEXT.splitlines() if line.startswith("| ") and "| tests |" not in line]
REFERENCES = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))
OF_PLC = ("F01", *(f"F{number}" for number in range(13, 20)), "F34", "A35", "A36", "A37")
OF_CAMERAS = ("F08", "F11", "F12", "F39", "A27", "A29")
OF_VISION = ("F07", "F09", "F10", *(f"F{number}" for number in range(22, 27)), "F35")
OF_STORAGE = (*(f"F0{number}" for number in range(2, 7)), "F20", "F21", "F40")
NUMBERS = (*OF_PLC, *OF_CAMERAS, *OF_VISION, *OF_STORAGE)


@cache
def claims_in(file: str) -> frozenset[str]:
    """Return the test functions of a file, not imported."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    names = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


@pytest.mark.parametrize(("file", "name"), REFERENCES, ids=lambda part: part)
def test_every_test_of_the_map_exists(file: str, name: str) -> None:
    assert name in claims_in(file)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip()[:40])
def test_every_row_of_the_map_has_a_test(line: str) -> None:
    cells = line.strip("|").split(" | ")
    assert len(cells) == 5, "event, gateway, PLC, outcome, tests"
    assert "::test_" in cells[-1]
    assert all(cell.strip() for cell in cells)


def test_every_row_of_the_benchmark_that_the_map_names_exists() -> None:
    named = {name for line in LINES for name in re.findall(r"(?<!\*)\*([^*]+)\*", last(line))}
    assert named
    assert named <= {row.name for row in ROWS}


def last(line: str) -> str:
    return line.strip("|").split(" | ")[-1]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_numbered_fault_has_a_row(number: str) -> None:
    assert any(number in line for line in LINES)
