"""`inspector report`: pages that need nothing else, and one sentence for what is wrong."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.errors import BadInput
from tests.needs import require_program

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
HEAD = "part,truth,mode,appraiser,trial,verdict\n"


def report(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["report", *map(str, words)])


def page(tmp_path: Path, *words: str | Path) -> str:
    out = tmp_path / "page.html"
    result = report(*words, "--out", out)
    assert result.exit_code == 0, (result.output, result.exception)
    return alone(out.read_text("utf-8"))


def alone(text: str) -> str:
    """Fail unless a page needs nothing else; return it."""
    parser = Tags()
    parser.feed(text)
    assert not parser.tags & {"script", "link", "img", "iframe", "object"}
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"\sstyle=|\son\w+=|url\(|@import", text)
    assert text.count("<svg") == text.count("<title>") - 1
    return text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


def refused(folder: Path, *words: str | Path) -> str:
    result = report(*words, "--out", folder / "page.html")
    assert isinstance(result.exception, BadInput), result.output
    return str(result.exception).removeprefix(f"{folder}/")


# --- study ---


def test_the_study_is_a_page_with_grades_and_its_warning(tmp_path: Path) -> None:
    text = page(tmp_path, "study", EXAMPLES / "study.csv")
    assert "operator FAIL, ai FAIL, both FAIL" in text
    assert "that takes 149" in text
    assert text.count("<svg") == 3


def test_names_cannot_put_tags_into_a_page(tmp_path: Path) -> None:
    file = tmp_path / "study.csv"
    file.write_text(HEAD + "1,OK,ai,<script>x</script>,1,OK\n2,NOK,ai,b,1,NOK\n", "utf-8")
    assert "&lt;script&gt;x" in page(tmp_path, "study", file)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "1: there is no look in it"),
        ("1,good,ai,a,1,OK\n", "2: truth must be OK or NOK, not 'good'"),
        ("1,OK,robot,a,1,OK\n", "2: mode must be operator or ai or both, not 'robot'"),
        ("1,OK,ai,a,0,OK\n", "2: trial must be 1 or more, not '0'"),
        ("1,OK,ai, ,1,OK\n", "2: a name is empty"),
        ("1,OK,ai,a,1,OK\n1,NOK,ai,a,2,OK\n", "3: part 1 had another truth before"),
        ("1,OK,ai,a,1,OK\n1,OK,ai,a,1,OK\n", "3: this appraiser's trial of this part was"),
    ],
)
def test_a_wrong_study_is_one_sentence(tmp_path: Path, rows: str, sentence: str) -> None:
    (tmp_path / "study.csv").write_text(HEAD + rows, "utf-8")
    assert refused(tmp_path, "study", tmp_path / "study.csv").startswith(f"study.csv:{sentence}")


# --- charter ---

CHARTER = (EXAMPLES / "charter.toml").read_text("utf-8")


def test_the_charter_is_a_page_that_says_how_its_targets_are_shown(tmp_path: Path) -> None:
    text = page(tmp_path, "charter", EXAMPLES / "charter.toml")
    assert "audits show it when none is bad or missed; planned: 5600" in text
    assert '<td class="bad">60%, assumed</td>' in text
    assert '<td class="bad">none</td>' in text
    assert "0.4%, measured 2026-11-02 to 2026-11-29" in text
    for name in ("Maria Weber", "sealing ring", "void", "400 ms", "tr", "no people"):
        assert name in text


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            *("target = 0.002", "target = 0.0001"),
            "24: target.0.target: escape_rate of at most 0.0001 cannot be shown: 28 days have 5600 "
            "audits, and it takes 36869, 185 days",
        ),
        (
            *("seeds_per_day = 10", "seeds_per_day = 0"),
            "29: target.1.target: miss_rate of at most 0.02 cannot be shown: 28 days have 0 seeds, "
            "and it takes 149",
        ),
        ('"miss_rate"', '"misses"', "28: target.1.kpi: 'misses' is none of escape_rate, "),
        ("takt_ms = 400\n", "", "13: constraints.takt_ms: is missing"),
        ("minutes = 60", "minutes = -1", "44: escalation.1.minutes: Input should be"),
        ("minutes = 60", "minute = 60", "42: escalation.1.minutes: is missing"),
        ('owner = "', 'owners = "', "1: owner: is missing"),
        ("version = 1", "version = 0", "2: version: Input should be"),
    ],
)
def test_a_charter_that_cannot_hold_is_one_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in CHARTER
    (tmp_path / "charter.toml").write_text(CHARTER.replace(old, new), "utf-8")
    said = refused(tmp_path, "charter", tmp_path / "charter.toml")
    assert said.startswith(f"charter.toml:{sentence}")


# --- pilot ---

PILOT = "part_id,ts,shift,truth,baseline,assisted\n"


def test_the_pilot_is_a_page_with_both_ways_and_the_evidence(tmp_path: Path) -> None:
    rows = [f"B{n},{n},s{n % 3},NOK,{'OK' if n < 12 else 'NOK'},NOK" for n in range(40)]
    rows += [f"G{n},{n},s{n % 3},OK,OK,{'NOK' if n == 5 else 'OK'}" for n in range(60)]
    (tmp_path / "pilot.csv").write_text(PILOT + "\n".join(rows), "utf-8")
    text = page(tmp_path, "pilot", tmp_path)
    assert '<p class="good">With assistance: fewer misses</p>' in text
    assert "30.00%" in text
    assert text.count("<svg") == 3


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "1: the pilot is empty: there is no part in it"),
        ("1,1,a,OK,OK,UNSURE", "2: assisted must be OK or NOK, not 'UNSURE'"),
        ("1,1,a,OK,OK,OK\n1,2,a,OK,OK,OK", "3: part 1 was there before"),
        ("1,noon,a,OK,OK,OK", "2: ts must be an ISO 8601 time, not 'noon'"),
    ],
)
def test_a_wrong_pilot_is_one_sentence(tmp_path: Path, rows: str, sentence: str) -> None:
    (tmp_path / "pilot.csv").write_text(PILOT + rows, "utf-8")
    assert refused(tmp_path, "pilot", tmp_path) == f"pilot.csv:{sentence}"


def test_a_pilot_without_its_file_is_one_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path, "pilot", tmp_path) == "pilot.csv:1: there is no such file"


# --- business case ---

CASE = (EXAMPLES / "business-case.toml").read_text("utf-8")


def test_the_business_case_is_a_page_with_intervals_and_drivers(tmp_path: Path) -> None:
    text = page(tmp_path, "business-case", EXAMPLES / "business-case.toml")
    assert "Payback in " in text
    assert '<td class="number">4,800,000</td>' in text
    assert "baseline assumed, not measured: scrap before, downtime before" in text
    assert '<td class="bad">assumed</td>' in text
    assert "measured 2026-11-02 to 2026-11-29" in text
    assert text.count("<circle") == 5


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{ value = 0 }", "{ value = -1 }", "11: inputs.software.value: Input should be"),
        ("{ value = 0 }", "{ }", "11: inputs.software.value: is missing"),
        ("low = 12000", "low = 20000", "10: inputs.hardware: must be low <= value <= high"),
        ("low = 12000, ", "", "10: inputs.hardware: low and high go together"),
        (
            "value = 0.018, low = 0.017, high = 0.019",
            "value = 1.8",
            "22: inputs.false_calls_before",
        ),
        ("years = 3", "years = 0", "5: years: Input should be"),
        ("audits = { value = 48000 }\n", "", "8: inputs.audits: is missing"),
    ],
)
def test_a_wrong_business_case_is_one_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in CASE
    (tmp_path / "case.toml").write_text(CASE.replace(old, new), "utf-8")
    said = refused(tmp_path, "business-case", tmp_path / "case.toml")
    assert said.startswith(f"case.toml:{sentence}")


# --- PDF ---


@pytest.mark.slow
def test_a_report_is_printed_by_a_chromium(tmp_path: Path) -> None:
    require_program("chromium")
    out = tmp_path / "page.html"
    result = report("study", EXAMPLES / "study.csv", "--out", out, "--pdf")
    assert result.exit_code == 0, result.exception
    assert out.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_chromium_the_page_is_there_and_a_sentence_says_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    said = refused(tmp_path, "study", EXAMPLES / "study.csv", "--pdf")
    assert said == "page.html is written, but not its PDF: there is no Chromium to print it with"
    assert (tmp_path / "page.html").exists()
