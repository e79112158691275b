"""docs/abuse.md names tests that exist, and leaves out no case that it must have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_fault_map import claims_in

TEXT = (Path(__file__).parents[1] / "docs" / "abuse.md").read_text("utf-8")
LINES = [line for line in TEXT.splitlines() if line.startswith("| ") and "| tests |" not in line]
REFERENCES = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))
NUMBERS = (
    *(f"A0{number}" for number in range(1, 9)),
    *("A14", "A15", "A30", "A39", "A40", "A41", "A42"),
)


@pytest.mark.parametrize(("file", "name"), REFERENCES, ids=lambda part: part)
def test_every_test_of_the_map_exists(file: str, name: str) -> None:
    assert name in claims_in(file)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip()[:40])
def test_every_row_of_the_map_has_an_outcome_and_a_test(line: str) -> None:
    cells = line.strip("|").split(" | ")
    assert len(cells) == 3, "case, outcome, tests"
    assert "::test_" in cells[-1]
    assert all(cell.strip() for cell in cells)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_numbered_case_has_a_row(number: str) -> None:
    assert any(number in line for line in LINES)
