"""`inspector kpi advise`: advice on a recorded stream, and one sentence for what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.errors import BadInput
from tests.inspector.cli.test_schemas import check
from tests.inspector.reports.test_report import alone
from tests.inspector.streams.made import Made, make

COSTS = 'currency = "EUR"\nescape = 1000\nfalse_reject = 1\nreview = 0.1\nreview_s = 6\n'
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "costs.toml"
MADE = Made(days=14, per_day=1000, limit=3.0, audits_per_day=150)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    make(folder, MADE)
    return folder


def asked(folder: Path, costs: str, *options: str) -> Result:
    file = folder / "costs.toml"
    file.write_text(costs, "utf-8")
    words = ["kpi", "advise", str(folder), "--costs", str(file), *options]
    return CliRunner().invoke(commands, words)


def refused(folder: Path, costs: str = COSTS, *options: str) -> str:
    result = asked(folder, costs, *options)
    assert isinstance(result.exception, BadInput), result.output
    return str(result.exception).removeprefix(f"{folder}/")


def test_the_advice_fits_its_schema_and_stays_within_its_rails(stream: Path) -> None:
    result = asked(stream, COSTS, "--json")
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    check("kpi-advise", said)
    now, proposed = said["now"], said["proposed"]
    assert proposed["limit"] < now["limit"]
    assert proposed["rejects"] <= 1.5 * now["rejects"]
    assert proposed["cost"] < now["cost"]
    assert said["lowers_protection"] is False
    assert now["limit"] in [point["limit"] for point in said["curve"]]


def test_people_read_the_effect_and_that_a_signature_is_needed(stream: Path) -> None:
    text = asked(stream, COSTS).output
    assert "operator min/h" in text
    assert "a step from version 0; nothing is changed by it." in text


def test_the_curve_is_drawn_with_its_band_and_the_limits_beside_each_other(
    stream: Path, tmp_path: Path
) -> None:
    asked(stream, COSTS, "--out", str(tmp_path / "advice.html"))
    text = (tmp_path / "advice.html").read_text("utf-8")
    alone(text)
    chart = text.partition("<svg ")[2].partition("</svg>")[0]
    assert chart.count("<polygon ") == chart.count("<polyline ") == 1
    for name in ("now", "cheapest", "proposed"):
        assert f">{name}: " in chart
    assert "nothing is changed by it" in text


def test_the_example_is_one(stream: Path) -> None:
    result = asked(stream, EXAMPLE.read_text("utf-8"))
    assert result.exit_code == 0, result.output


def test_flagged_parts_alone_are_refused_with_the_reason(tmp_path: Path) -> None:
    make(tmp_path, replace(MADE, days=2, audits_per_day=0))
    assert refused(tmp_path).startswith("stream.csv:1: no passed part was audited")


def test_a_limit_is_one_stations(tmp_path: Path) -> None:
    make(tmp_path, replace(MADE, days=2, stations=2))
    assert refused(tmp_path).startswith("stream.csv:1: a limit is a station's: choose one")
    assert "no part of station 'S9'" in refused(tmp_path, COSTS, "--station", "S9")
    assert asked(tmp_path, COSTS, "--station", "S1").exit_code == 0


@pytest.mark.parametrize(
    ("costs", "sentence"),
    [
        (COSTS + "escapes = 3\n", "costs.toml:6: escapes: unknown setting"),
        (COSTS.replace("1000", "-1"), "costs.toml:2: escape: Input should be greater than 0"),
        (COSTS.replace("escape = 1000\n", ""), "costs.toml:1: escape: is missing"),
        (COSTS + "most_escapes = nan\n", "costs.toml:6: most_escapes: "),
        (COSTS + "x =\n", "costs.toml:6: Invalid value"),
        (COSTS + "changed_at = 2026-01-01T00:00:00\n", "costs.toml:6: changed_at: "),
    ],
)
def test_wrong_costs_are_one_sentence_with_its_line(
    stream: Path, costs: str, sentence: str
) -> None:
    assert refused(stream, costs).startswith(sentence)


def test_costs_that_are_not_there_are_one_sentence(stream: Path) -> None:
    words = ["kpi", "advise", str(stream), "--costs", str(stream / "none.toml")]
    result = CliRunner().invoke(commands, words)
    assert str(result.exception) == f"{stream / 'none.toml'}:1: there is no such file"
