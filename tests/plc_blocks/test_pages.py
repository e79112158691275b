"""The pages of docs/plc lead somewhere, add up, and do not claim what was not tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plc_blocks.bench import BLOCKS

ROOT = Path(__file__).parents[2]
PLC = ROOT / "docs" / "plc"
BELT = ("reject_at_counts", "last_word_counts", "answer_by_counts")
PAGES = sorted(PLC.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_index_names_every_page_and_block() -> None:
    index = (PLC / "README.md").read_text("utf-8")
    for file in (*PAGES, *BLOCKS.iterdir()):
        assert file.name == "README.md" or file.name in index, file.name


@pytest.mark.parametrize("file", sorted(BLOCKS.iterdir()), ids=lambda file: file.name)
def test_every_block_says_that_no_real_plc_has_run_it(file: Path) -> None:
    head = file.read_text("utf-8").partition("*)")[0]
    assert "Not tried on a real" in head


def counts_of(name: str, text: str) -> int:
    """Return the number behind a setting's name."""
    found = re.search(rf"`{name}` (\d+)", text)
    assert found, name
    return int(found[1])


def test_the_example_of_the_timing_budget_adds_up() -> None:
    text = (PLC / "timing.md").read_text("utf-8").partition("## An example")[2]
    rows = dict(re.findall(r"^\| (\w+)[^|]*\| (\d+) \|$", text.partition("In the")[0], re.M))
    travel, left = int(rows.pop("T")), int(rows.pop("left"))
    assert travel == 300 / 0.5
    assert left == travel - sum(int(part) for part in rows.values())
    reject_at, last_word, answer_by = (counts_of(name, text) for name in BELT)
    assert reject_at == 300 * 10
    assert last_word == (int(rows["write"]) + int(rows["two"])) * 5
    assert answer_by < reject_at - last_word


def test_the_steps_of_commissioning_are_numbered_without_a_gap() -> None:
    text = (PLC / "commissioning.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "The first accepted reject is number 14" in text
    assert re.search(r"^\| 14 \| One bad part", text, re.M)


def test_the_benchmark_that_the_timing_page_names_exists() -> None:
    text = (PLC / "timing.md").read_text("utf-8")
    assert "python -m benchmarks --only reject" in text
    assert '"reject"' in (ROOT / "benchmarks" / "__main__.py").read_text("utf-8")
