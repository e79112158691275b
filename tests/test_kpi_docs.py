"""docs/kpi.md defines each figure as the code does, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.domain import fatigue, incidents, iso22400, quality
from inspector.domain.auditing import Source
from inspector.streams import stream_file, verdicts_file

TEXT = (Path(__file__).parents[1] / "docs" / "kpi.md").read_text("utf-8")


def test_every_definition_is_in_the_table() -> None:
    section = TEXT.partition("## Definitions")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| (.*?) \| ?(.*?) ?\|$", section, re.M)
    ours = quality, iso22400, incidents, fatigue
    known = [one for module in ours for one in module.DEFINITIONS]
    assert told == [(one.id, one.formula, one.standard) for one in known]


def test_every_column_and_source_is_described() -> None:
    for name in (*stream_file.WANTED, *verdicts_file.WANTED, *Source):
        assert f"`{name}`" in TEXT, name
