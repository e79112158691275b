"""The weekly review shows what a week's records say, and says so where they say nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from inspector.audit.entry import Change, Who
from inspector.cli import commands
from inspector.domain.kpi import Window
from inspector.domain.limits import LimitProposal
from inspector.domain.week import rules_of
from inspector.errors import BadInput
from inspector.gateway.audit import Auditing
from inspector.reports.thumbnails import thumbnail
from inspector.storage.database import database_file, writing
from inspector.storage.image_files import KeptPictures
from inspector.storage.sql_feedback import Review, add_review, add_seeded_defect, answer_alarm
from inspector.storage.sql_limits import SqlLimits
from inspector.storage.sql_week import SqlWeek
from inspector.storage.sql_writing import SqlStore
from tests.databases import put_blank
from tests.faults.running import copied_site
from tests.inspector.reports.test_report import EXAMPLES, alone
from tests.journal_entries import DIGEST, START, alarm, decided, judged, numbered, pressed, view

UNTIL = START + timedelta(days=1)
WEEK = Window(UNTIL - timedelta(days=7), UNTIL)
PASSED, REJECTED = range(1, 11), range(11, 17)


def picture() -> bytes:
    image = np.full((300, 400, 3), 127, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


def a_limit(engine: Engine, auditing: Auditing) -> None:
    """Sign a limit of the first two parts' version; five more parts are judged by it."""
    limits, by = SqlLimits(engine, auditing.log), Who("Quinn", "quinn", "quality")
    evidence = {"proposed": {"rejects": 90}, "parts": 100, "data_sha256": "d" * 64}
    step = LimitProposal("ring", "scratch", 1, 0.4, 0.3, evidence, "ada", START)
    store = SqlStore(engine, auditing.log)
    before = [judged(n, limits=[["scratch", 0.4]]) for n in (101, 102)]
    store.apply("r", numbered(before, 100), offset=2, now=START)
    limits.sign(limits.propose(step, by), by=by, reason="finds", now=START)
    seen = view(findings=[])
    after = [judged(n, views=[seen], limits=[["scratch", 0.3]]) for n in range(103, 107)]
    after += [judged(107, "reject", limits=[["scratch", 0.3]])]
    store.apply("r", numbered(after, 200), offset=3, now=START)


def filled(engine: Engine, data: Path) -> None:
    """10 passed and drawn, 9 judged, 1 bad and unconfirmed; 6 rejected, 2 of 3 judged good."""
    auditing = Auditing(engine, data)
    entries: list[Any] = []
    for n in PASSED:
        drawn: dict[str, Any] = {"stratum": 0, "audit_pi": 1.0, "strata_version": 1}
        seen = [view(findings=[])]
        entries += [judged(n, views=seen, selected=True, **drawn), decided(n)]
    for n in REJECTED:
        score = 0.5 + n / 100
        seen = [view(findings=[["scratch", score, [10.0, 20.0, 30.0, 40.0]]])]
        entries += [judged(n, "reject", views=seen), decided(n, 2)]
    entries += [pressed(11), *(alarm(n, name="takt", on=n % 2 == 0) for n in range(20, 31))]
    entries += [alarm(40, name="lost_sync", on=True), alarm(41, name="lost_sync", on=False)]
    SqlStore(engine, auditing.log).apply("r", numbered(entries), offset=1, now=START)
    with engine.begin() as connection:

        def said(n: int, source: str, word: str, kind: str = "") -> None:
            review = Review(
                f"{source}{n}", source, word, "quinn", record=f"ring-{n:06d}", kind=kind
            )
            add_review(connection, review, START)

        for n in PASSED[:-1]:
            said(n, "audit", "NOK" if n == 3 else "OK", kind="dent" if n == 3 else "")
        said(12, "flagged", "OK")
        said(13, "flagged", "NOK")
        said(5, "downstream", "NOK")
        said(10, "flagged", "UNSURE")
        said(10, "confirm", "NOK")  # stopped by an operator: neither an audit nor an escape
        known = {"picture": "", "made_from": "", "person": "quinn", "station": "ring"}
        for n, word in enumerate(("NOK", "OK")):
            add_seeded_defect(connection, START, id=f"SEED{n}", kind="burr", **known)
            add_review(connection, Review(f"s{n}", "seed", word, "q", seeded=f"SEED{n}"), START)
        answer_alarm(connection, 1, person="olga", did="cleaned", now=START + timedelta(minutes=5))
    what = Change(
        START.isoformat(), Who("ada"), "models use", "package of ring", "ring", "ring", "ring_2"
    )
    auditing.note(what)
    a_limit(engine, auditing)
    auditing.publish()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    copied_site(folder)
    put_blank(folder / "data")
    with writing(folder / "data") as engine:
        filled(engine, folder / "data")
    file = KeptPictures(folder / "data").file(DIGEST)
    file.parent.mkdir(parents=True)
    file.write_bytes(picture())
    return folder


@pytest.fixture
def records(site: Path) -> Iterator[SqlWeek]:
    with closing(SqlWeek(database_file(site / "data"))) as opened:
        yield opened


def page(site: Path, out: Path, *words: str) -> str:
    asked = ["report", "weekly", "--site", str(site), "--out", str(out), *words]
    result = CliRunner().invoke(commands, asked)
    assert result.exit_code == 0, (result.output, result.exception)
    return out.read_text("utf-8")


def test_false_calls_count_by_kind_of_the_judged_ones(records: SqlWeek) -> None:
    (one,) = records.false_calls(WEEK)
    assert (one.station, one.kind, one.count, one.judged) == ("ring", "scratch", 2, 3)
    assert [record.number for record in one.examples] == [12, 11]


def test_escapes_are_what_people_found_in_the_week(records: SqlWeek) -> None:
    found = {one.record.number: one for one in records.escapes(WEEK)}
    assert {n: (one.how, one.confirmed) for n, one in found.items()} == {
        3: ("audit", False),
        5: ("downstream", True),
    }
    assert found[3].kind == "dent"
    later = Window(WEEK.until, WEEK.until + timedelta(days=7))
    assert records.escapes(later) == ()


def test_the_noisiest_rule_comes_first_with_what_was_done(records: SqlWeek) -> None:
    month = Window(WEEK.until - timedelta(days=28), WEEK.until)
    raised = records.raised("", month)
    rules = rules_of(raised, WEEK)
    told = [(one.rule.rule, one.rule.alarms, one.rule.actions, one.stands) for one in rules]
    assert told == [("takt", 6, 1, True), ("lost_sync", 1, 0, False)]
    assert rules[0].response_s == pytest.approx(300 - 20)
    assert rules[0].rule.advice.startswith("retune or remove it")
    assert rules_of(raised, Window(WEEK.until, WEEK.until + timedelta(days=7))) == ()


def test_the_log_gives_changes_and_counts_words(records: SqlWeek) -> None:
    said = records.noted(WEEK)
    assert (said.overrides, said.corrections) == (1, 0)
    wanted = ["limits changed", "limit proposed", "limits signed", "limits changed"]
    assert [one.action for one in said.changes][-5:] == ["models use", *wanted]
    assert records.seeds_missed(WEEK) == {("ring", "burr"): 1}


def test_a_signed_limit_is_held_against_what_was_predicted(records: SqlWeek) -> None:
    (one,) = records.signed_limits("ring", WEEK)
    assert (one.version, one.kind, one.before, one.after) == (2, "scratch", 0.4, 0.3)
    assert (one.predicted, one.rejected, one.parts) == (0.9, 1, 5)
    assert records.signed_limits("board", WEEK) == ()


def test_the_page_needs_nothing_else_and_has_it_all(site: Path, tmp_path: Path) -> None:
    charter = EXAMPLES / "charter.toml"
    words = "--until", UNTIL.isoformat(), "--charter", str(charter)
    text = page(site, tmp_path / "weekly.html", *words)
    assert not re.findall(r'src="(?!data:image/jpeg;base64,)', text)
    alone(text.replace("<img ", "<i "))
    for told in (
        "23 parts, 2 escapes found, 7 alarms",
        '<td class="warn">20.00% [',
        "ring: drawn parts without their audit: 1",
        "ring: rejects that nobody judged: 4",
        "ring: a find in an audit waits for a confirmation",
        "not enough audits: 9 of",
        "No part came in the week before.",
        "at most 0.2%",
        "board: no part came in this week",
        "2 seeded defects were judged; missed: 1 burr at ring.",
        "models use: package of ring",
        "ring 12, top scratch 0.62",
    ):
        assert told in text, told
    assert text.count("<img ") == 4


def test_rates_are_drawn_with_their_intervals(site: Path, tmp_path: Path) -> None:
    text = page(site, tmp_path / "weekly.html", "--until", UNTIL.isoformat())
    chart = text.partition("<svg ")[2].partition("</svg>")[0]
    assert "<title>False calls among rejects</title>" in chart
    assert ">ring, this week<" in chart
    assert "board" not in chart, "no part came there"
    assert "<title>Escape rate</title>" not in text, "its audits show no number"


def test_an_empty_week_is_said_to_be_so(site: Path, tmp_path: Path) -> None:
    text = page(site, tmp_path / "weekly.html", "--until", "2020-01-08T00:00:00+00:00")
    assert "No part came in this week, so there are no figures of it; 0 open actions" in text
    assert "Nobody judged a reject in this week" in text
    assert "Nothing was changed." in text
    assert "<svg" not in text
    assert "0%" not in text.partition("<body>")[2]


def test_a_small_picture_shows_the_finding_and_a_lost_one_is_none() -> None:
    address = thumbnail(picture(), [(100.0, 100.0, 50.0, 50.0)])
    content = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (150, 200, 3)
    assert image[48, 60, 2] > image[48, 60, 0] + 40
    assert thumbnail(None, []) == ""
    assert thumbnail(b"damaged", []) == ""


def test_a_time_without_its_zone_is_one_sentence(site: Path) -> None:
    asked = ["report", "weekly", "--site", str(site), "--until", "2026-11-23"]
    error = CliRunner().invoke(commands, asked).exception
    assert isinstance(error, BadInput)
    assert "a time with its zone is expected" in str(error)
