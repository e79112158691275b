"""`inspector kpi from-files`: figures by hand, the traps, one sentence for each wrong file."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.errors import BadInput
from inspector.streams.figures import figures
from tests.inspector.cli.test_schemas import check
from tests.inspector.streams.made import Made, Truth, make

HEADER = "part_id,ts,day,station,score,ai_decision,audit_stratum,audit_pi,audited"
SAID = "part_id,ts,source,reviewer,verdict"
STREAM = """\
P1,100,0,A,0.1,PASS,0,0.5,1
P2,101,0,A,0.2,PASS,0,0.5,0
P3,102,0,A,0.3,PASS,0,0.5,1
P4,103,0,A,0.1,PASS,0,0.5,0
P5,104,0,A,0.8,PASS,1,1.0,1
P6,105,0,A,0.7,PASS,1,1.0,1
R1,106,0,A,0.9,REJECT,,,0
R2,107,0,A,0.9,REJECT,,,0
R3,108,0,A,0.9,REJECT,,,0
"""
VERDICTS = """\
P1,200,audit,Anna,NOK
P3,201,audit,Anna,OK
P5,202,audit,Anna,scratch
P5,302,confirm,Ben,NOK
P6,203,audit,Anna,NOK
P6,303,confirm,Ben,OK
R1,204,flagged,Olga,OK
R2,205,flagged,Olga,NOK
SEED1,206,seed,Anna,NOK
SEED1,306,confirm,Ben,NOK
SEED2,207,seed,Anna,OK
P1,400,downstream,customer,NOK
P2,401,downstream,customer,NOK
P2,402,downstream,customer,dent
"""


def files(folder: Path, stream: str = STREAM, verdicts: str = VERDICTS) -> Path:
    (folder / "stream.csv").write_text(f"{HEADER}\n{stream}", "utf-8")
    (folder / "verdicts.csv").write_text(f"{SAID}\n{verdicts}", "utf-8")
    return folder


def asked(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(commands, ["kpi", "from-files", str(folder), *options])


def printed(folder: Path) -> dict[str, Any]:
    result = asked(folder, "--json")
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    check("kpi-from-files", said)
    return said


def test_every_figure_is_as_by_hand(tmp_path: Path) -> None:
    said = printed(files(tmp_path))
    rate = said.pop("escape_rate")
    assert rate["estimate"] == pytest.approx(4 / 6 * 1 / 2 + 2 / 6 * 1 / 2)
    assert rate["upper95_corrected"] == 1.0
    assert said.pop("false_call_share_interval") == pytest.approx([0.01258, 0.98742], abs=1e-5)
    assert said == {
        **{"parts": 9, "passed": 6, "rejected": 3, "audited": 4},
        **{"overrides": 1, "reviewed_rejects": 2, "seeds": 2, "seeds_found": 1},
        **{"downstream_found": 2, "false_call_share": 0.5, "unconfirmed": 1, "drift_alarms": []},
    }


def test_a_find_downstream_is_no_find_of_the_audit(tmp_path: Path) -> None:
    before = printed(files(tmp_path))["escape_rate"]
    late = VERDICTS + "P3,90000,downstream,customer,NOK\n"
    assert printed(files(tmp_path, verdicts=late))["escape_rate"] == before


def test_without_seeds_nothing_is_corrected(tmp_path: Path) -> None:
    without = "".join(line for line in VERDICTS.splitlines(True) if not line.startswith("SEED"))
    said = printed(files(tmp_path, verdicts=without))
    assert said["escape_rate"]["upper95_corrected"] is None
    assert (said["seeds"], said["seeds_found"]) == (0, 0)


def test_seeds_in_the_stream_are_no_parts(tmp_path: Path) -> None:
    before = printed(files(tmp_path))
    seeds = "SEED1,109,0,A,0.2,PASS,0,0.5,1\nSEED1,110,0,A,0.2,PASS,0,0.5,1\n"
    assert printed(files(tmp_path, STREAM + seeds)) == before


def test_no_find_is_a_bound_and_no_audit_no_number(tmp_path: Path) -> None:
    good = VERDICTS.replace("NOK", "OK").replace("scratch", "OK")
    rate = printed(files(tmp_path, verdicts=good))["escape_rate"]
    assert (rate["estimate"], rate["lo"]) == (0, 0)
    assert rate["upper95"] == pytest.approx(min(1, -log(0.05) * 4 / 6 / 2))
    rate = printed(files(tmp_path, STREAM.replace(",1\n", ",0\n")))["escape_rate"]
    assert (rate["estimate"], rate["lo"], rate["hi"], rate["upper95"]) == (None, 0, 1, 1)


def test_no_reviewed_reject_has_no_false_call_share(tmp_path: Path) -> None:
    said = printed(files(tmp_path, verdicts="P1,200,audit,Anna,OK\n"))
    assert said["false_call_share"] is None
    assert said["false_call_share_interval"] == [0, 1]


def test_the_last_word_by_time_counts_wherever_it_stands(tmp_path: Path) -> None:
    moved = "R1,999,flagged,Olga,NOK\n" + VERDICTS
    assert printed(files(tmp_path, verdicts=moved))["overrides"] == 0


def test_open_audits_are_bad_in_the_upper_bounds_and_said(tmp_path: Path) -> None:
    unsure = VERDICTS.replace("P3,201,audit,Anna,OK", "P3,201,audit,Anna,UNSURE")
    before, rate = printed(files(tmp_path))["escape_rate"], asked(files(tmp_path, verdicts=unsure))
    assert "1 audits are open" in rate.stderr
    after = printed(tmp_path)["escape_rate"]
    assert after["estimate"] == before["estimate"]
    settled = unsure + "P3,500,confirm,Ben,OK\n"
    assert printed(files(tmp_path, verdicts=settled))["escape_rate"] == before


def test_what_is_not_counted_is_said(tmp_path: Path) -> None:
    more = VERDICTS + "P99,500,flagged,Olga,OK\nP2,500,audit,Anna,OK\n"
    before = printed(files(tmp_path))
    assert printed(files(tmp_path, verdicts=more)) == before
    said = asked(tmp_path).stderr
    assert "1 parts with verdicts are not in the stream" in said
    assert "1 parts with an audit verdict have audited = 0" in said


def test_times_may_be_iso_8601_in_one_file_and_unix_in_the_other(tmp_path: Path) -> None:
    before = printed(files(tmp_path))
    iso = STREAM
    for second in range(9):
        iso = iso.replace(f",{100 + second},", f",1970-01-01T01:01:4{second}+01:00,")
    assert printed(files(tmp_path, iso)) == before


def test_seeds_may_stand_anywhere_in_the_stream(tmp_path: Path) -> None:
    before = printed(files(tmp_path))
    seeds = "SEED1,90,0,A,0.5,PASS,0,1,1\nSEED2,101,0,A,0.5,PASS,0,1,1\n"
    assert printed(files(tmp_path, STREAM + seeds)) == before


def test_whole_numbers_may_have_a_point_and_the_file_a_byte_order_mark(tmp_path: Path) -> None:
    before = printed(files(tmp_path))
    folder = files(tmp_path, STREAM.replace("PASS,0,", "PASS,0.0,").replace(",1\n", ",1.0\n"))
    file = folder / "stream.csv"
    file.write_text("\ufeff" + file.read_text("utf-8").replace("\n", "\r\n"), "utf-8")
    assert printed(folder) == before


def test_without_json_there_is_a_table(tmp_path: Path) -> None:
    said = asked(files(tmp_path)).stdout
    assert "parts                9: 6 passed, 3 rejected" in said
    assert "audited              4: 2 bad (1 unconfirmed), 0 open" in said
    assert "drift alarms         none" in said


# --- bad input ---


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


WRONG: dict[str, tuple[str, str, str]] = {
    "a probability above 1": (
        "stream.csv:2: audit_pi must be a probability",
        "A,0.1,PASS,0,0.5",
        "A,0.1,PASS,0,1.5",
    ),
    "a negative one": (
        "stream.csv:4: audit_pi must be a probability",
        "A,0.3,PASS,0,0.5",
        "A,0.3,PASS,0,-0.1",
    ),
    "a passed part without": (
        "stream.csv:3: audit_pi must be there, or the escape rate cannot",
        "A,0.2,PASS,0,0.5",
        "A,0.2,PASS,0,",
    ),
    "audited against its odds": (
        "stream.csv:2: audit_pi must be above 0",
        "A,0.1,PASS,0,0.5",
        "A,0.1,PASS,0,0",
    ),
    "a part twice": ("stream.csv:3: part P1 was there before", "P2,101", "P1,101"),
    "time backwards": ("stream.csv:5: ts goes backwards", "P4,103", "P4,99"),
    "mixed times": (
        "stream.csv:4: ts must be a Unix time, not '1970-01-01T00:01:42Z'; a file may",
        "P3,102",
        "P3,1970-01-01T00:01:42Z",
    ),
    "a word for a number": (
        "stream.csv:2: score must be a number, not 'high'",
        "A,0.1,",
        "A,high,",
    ),
    "no number": ("stream.csv:2: score must be a finite number", "A,0.1,", "A,nan,"),
    "a day beyond all": ("stream.csv:2: day must be a whole number of", "100,0,", "100,9e18,"),
    "half a day": ("stream.csv:2: day must be a whole number", "100,0,", "100,0.5,"),
    "an unknown decision": (
        "stream.csv:2: ai_decision must be PASS or REJECT, not 'UNKNOWN'",
        "0.1,PASS",
        "0.1,UNKNOWN",
    ),
    "twice audited": ("stream.csv:2: audited must be 0 or 1, not '2'", "0.5,1\nP2", "0.5,2\nP2"),
    "a stratum below 0": ("stream.csv:2: audit_stratum must be 0 or more", "PASS,0,", "PASS,-1,"),
    "a cell too many": ("stream.csv:2: 10 cells under a header of 9", "0.5,1\nP2", "0.5,1,1\nP2"),
    "no id": ("stream.csv:2: part_id must be there", "P1,", ","),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_row_of_the_stream_is_one_sentence(case: str, tmp_path: Path) -> None:
    sentence, old, new = WRONG[case]
    files(tmp_path, swapped(STREAM, old, new))
    with pytest.raises(BadInput) as error:
        figures(tmp_path)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


WRONG_VERDICTS = {
    "an unknown source": (
        "verdicts.csv:2: source must be flagged or audit",
        "audit,Anna",
        "x,Anna",
    ),
    "an unknown verdict": (
        "verdicts.csv:2: verdict must be OK, NOK, UNSURE or",
        "Anna,NOK",
        "Anna,???",
    ),
    "a slip": ("verdicts.csv:3: verdict must be OK, NOK, UNSURE or", "Anna,OK", "Anna,ok"),
    "another word for it": ("verdicts.csv:2: verdict must be", "Anna,NOK", "Anna,MAYBE"),
    "none": ("verdicts.csv:2: verdict must be", "Anna,NOK", "Anna,"),
    "a day for a time": ("verdicts.csv:2: ts must be", "P1,200", "P1,2026-11-01T"),
    "a time without zone": (
        "verdicts.csv:2: ts '2026-11-01T10:00:00' lacks its zone",
        "P1,200",
        "P1,2026-11-01T10:00:00",
    ),
}


@pytest.mark.parametrize("case", WRONG_VERDICTS)
def test_a_wrong_verdict_is_one_sentence(case: str, tmp_path: Path) -> None:
    sentence, old, new = WRONG_VERDICTS[case]
    files(tmp_path, verdicts=swapped(VERDICTS, old, new))
    with pytest.raises(BadInput) as error:
        figures(tmp_path)
    assert sentence in str(error.value)


def in_latin_1(folder: Path) -> None:
    (folder / "stream.csv").write_bytes(f"{HEADER}\nP1,\xe4\n".encode("latin-1"))


def rewritten(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / name
        file.write_text(change(file.read_text("utf-8")), "utf-8")

    return spoil


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "no such file": (
        lambda folder: (folder / "verdicts.csv").unlink(),
        "verdicts.csv:1: there is no such file",
    ),
    "nothing in it": (
        rewritten("stream.csv", lambda _: ""),
        "stream.csv:1: the column part_id is missing",
    ),
    "an empty window": (
        rewritten("stream.csv", lambda _: HEADER + "\n"),
        "stream.csv:1: the window is empty",
    ),
    "no audit_pi": (
        rewritten("stream.csv", lambda text: text.replace("audit_pi", "pi")),
        "stream.csv:1: the column audit_pi is missing: without it the escape rate cannot be",
    ),
    "no verdict": (
        rewritten("verdicts.csv", lambda text: text.replace("verdict", "word")),
        "verdicts.csv:1: the column verdict is missing",
    ),
    "a column twice": (
        rewritten("stream.csv", lambda text: text.replace("score", "ts")),
        "stream.csv:1: the column ts stands twice",
    ),
    "not text": (in_latin_1, "stream.csv:2: this is not UTF-8"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_file_is_one_sentence(case: str, tmp_path: Path) -> None:
    spoil, sentence = SPOILT[case]
    spoil(files(tmp_path))
    with pytest.raises(BadInput) as error:
        figures(tmp_path)
    assert sentence in str(error.value)


def test_a_line_is_where_the_row_stands_in_spite_of_empty_and_broken_lines(tmp_path: Path) -> None:
    broken = STREAM.replace("P1,100,0,A", 'P1,100,0,"A\nB"').replace("P3", "\nP3")
    files(tmp_path, broken.replace("P4,103,0,A,0.1", "P4,103,0,A,x"))
    with pytest.raises(BadInput, match=r"stream\.csv:7: score"):
        figures(tmp_path)


def test_one_station_may_stand_after_the_other(tmp_path: Path) -> None:
    other = STREAM.replace("P", "Q").replace("QASS", "PASS").replace("R", "T")
    other = other.replace("TEJECT", "REJECT").replace(",A,", ",B,")
    assert printed(files(tmp_path, STREAM + other))["parts"] == 18


# --- streams whose truth is known ---


def judged(folder: Path, made: Made) -> tuple[Truth, dict[str, Any]]:
    truth = make(folder, made)
    return truth, figures(folder).as_json()


def test_a_made_stream_is_counted_exactly(tmp_path: Path) -> None:
    truth, said = judged(tmp_path, Made(days=10, per_day=800, seeds=50, sensitivity=0.8))
    counts = [said[name] for name in ("parts", "passed", "audited", "overrides")]
    assert counts == [truth.parts, truth.passed, truth.audited, truth.overrides]
    assert (said["seeds"], said["seeds_found"]) == (50, truth.seeds_found)
    assert said["downstream_found"] == truth.downstream
    assert said["reviewed_rejects"] == said["rejected"] == truth.parts - truth.passed


@pytest.mark.parametrize(
    "made", [Made(days=10), Made(days=10, apart=0.0), Made(days=10, pi_changes=True)]
)
def test_the_interval_holds_the_truth(made: Made, tmp_path: Path) -> None:
    truth, said = judged(tmp_path, made)
    rate = said["escape_rate"]
    assert rate["lo"] <= truth.escape_rate <= rate["hi"]
    assert rate["lo"] <= rate["estimate"] <= rate["upper95"] <= rate["hi"]


def test_auditors_who_miss_are_corrected_and_their_false_alarms_do_not_count(
    tmp_path: Path,
) -> None:
    made = Made(days=10, sensitivity=0.6, false_alarms=0.03, seeds=200)
    truth, said = judged(tmp_path, made)
    rate = said["escape_rate"]
    assert rate["estimate"] < truth.escape_rate
    assert rate["upper95"] < truth.escape_rate * 1.5
    assert truth.escape_rate <= rate["upper95_corrected"]
    assert said["unconfirmed"] == 0


def test_the_day_of_a_drift_is_found_and_none_without(tmp_path: Path) -> None:
    _, calm = judged(tmp_path, Made(days=20, per_day=1500))
    assert calm["drift_alarms"] == []
    _, drifted = judged(tmp_path, Made(days=20, per_day=1500, drift_day=12, drift=0.4))
    assert drifted["drift_alarms"][0] == 12
