"""The page of figures: each tile with its evidence, the same in words, CSV and JSON."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from inspector.domain.business import Figure
from inspector.domain.kpi import Kpi, Window
from inspector.domain.quality import FALSE_CALL_SHARE
from tests.inspector.cli.test_schemas import check
from tests.web.boards import board, unaudited
from tests.web.calls import sign_in
from tests.web.fakes import START, FakeFactory, kept
from web.sign_in import back_to
from web.tiles import tile as tile_of

TAG = re.compile(r"<[^>]+>")


def tiles_of(page: str) -> dict[str, str]:
    """Return the words of each tile, by its figure's id."""
    found = re.findall(r'<article class="[^"]*" data-kpi="(\w+)">(.*?)</article>', page, re.S)
    return {name: " ".join(html.unescape(TAG.sub(" ", inner)).split()) for name, inner in found}


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_tile_has_number_interval_evidence_target_and_money(
    client: FlaskClient, factory: FakeFactory
) -> None:
    factory.figures.board = board()
    tile = tiles_of(client.get("/kpi").text)["escape_rate"]
    for words in ("0.015%", "0.003% to 0.243%", "2,466 judged", "target 1.00%", "on target"):
        assert words in tile
    assert "1,855.7 EUR 382.7 to 29,205.9 EUR 15.5 parts" in tile


def test_a_target_is_held_against_the_interval_for_every_day() -> None:
    window = Window(START, START + timedelta(days=28))
    share = Kpi(FALSE_CALL_SHARE, window, 20, 100, (0.13, 0.29), target=0.3, watched=(0.1, 0.35))
    told = tile_of(Figure(share, None))
    assert (told.state, told.watched) == ("not shown yet", "10.0% to 35.0%")
    fixed = replace(share, watched=None)
    assert tile_of(Figure(fixed, None)).state == "on target"


def test_the_csv_equals_the_tiles_and_the_api_to_the_last_digit(
    client: FlaskClient, factory: FakeFactory
) -> None:
    factory.figures.board = board()
    tiles, rows = tiles_of(client.get("/kpi").text), rows_of(client.get("/kpi.csv").text)
    said = client.get("/api/v1/kpis").get_json()
    check("kpi", said)
    assert [*rows] == [one["id"] for one in said["kpis"]]
    assert set(tiles) < set(rows)
    for one in said["kpis"]:
        row = rows[one["id"]]
        for name in ("value", "numerator", "denominator", "completeness"):
            assert row[name] == ("" if one[name] is None else str(one[name]))
        ends = one["interval"] or ["", ""]
        assert [row["low"], row["high"]] == [str(end) for end in ends]
        watched = one["watched"] or ["", ""]
        assert [row["watched_low"], row["watched_high"]] == [str(end) for end in watched]
        if business := one["business"]:
            assert row["money"] == ("" if business["money"] is None else str(business["money"]))
    for name, tile in tiles.items():
        for column in ("shown", "range", "state", "missing", "business_shown", "money_shown"):
            is_said = rows[name][column] in tile
            assert is_said or rows[name][column] == "no figure", (name, column)


def test_nothing_found_is_a_bound_and_no_zero(client: FlaskClient, factory: FakeFactory) -> None:
    factory.figures.board = board(bad=0)
    tile = tiles_of(client.get("/kpi").text)["escape_rate"]
    assert tile.startswith("Escape rate ≤ 0.229% 0% to 0.229%")
    assert "Escapes ≤ 27,507.4 EUR" in tile


def test_too_few_audits_show_how_many_are_missing(
    client: FlaskClient, factory: FakeFactory
) -> None:
    factory.figures.board = unaudited()
    page = client.get("/kpi").text
    assert "not enough audits: 0 of 299" in tiles_of(page)["escape_rate"]
    assert "No money is shown: enter what errors cost" in page
    assert "No passed part was drawn for an audit" in page


def test_a_figure_is_off_its_target_only_when_its_whole_interval_is(
    client: FlaskClient, factory: FakeFactory
) -> None:
    goals = {"escape_rate": 0.005, "false_reject_rate": 0.0039, "first_pass_yield": 0.99}
    factory.figures.board = board(bad=150, targets=goals)
    tiles = tiles_of(client.get("/kpi").text)
    assert "off target" in tiles["escape_rate"]
    assert "not shown yet" in tiles["false_reject_rate"]
    assert "off target" in tiles["first_pass_yield"], "more would be better"


def test_stale_records_are_marked(client: FlaskClient, factory: FakeFactory) -> None:
    factory.figures.board = board(stale=True)
    page = client.get("/kpi").text
    assert "The records end before this window does" in page
    assert all("stale" in tile for tile in tiles_of(page).values())
    factory.figures.board = board()
    assert "stale" not in "".join(tiles_of(client.get("/kpi").text).values())


def test_a_window_without_parts_is_said_and_has_no_file(client: FlaskClient) -> None:
    page = client.get("/kpi")
    assert page.status_code == 200
    assert "No part came in this window" in page.text
    assert tiles_of(page.text) == {}
    for path in ("/kpi.csv", "/api/v1/kpis"):
        answer = client.get(path)
        assert answer.status_code == 400
        assert "no part came" in answer.text


def test_the_query_chooses_station_and_window(client: FlaskClient, factory: FakeFactory) -> None:
    client.get("/kpi?station=ring&days=7")
    client.get("/kpi?since=2026-11-01T00:00%2B01:00&until=2026-11-02T00:00Z")
    since = datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert factory.figures.asked == [
        ("ring", START - timedelta(days=7), START),
        ("", since, datetime(2026, 11, 2, tzinfo=UTC)),
    ]


@pytest.mark.parametrize("path", ["/kpi", "/kpi.csv", "/kpi/rejects", "/api/v1/kpis"])
@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("station=moon", 404, "There is no such station."),
        ("station=../x", 400, "station must be the name of a station."),
        ("days=0", 400, "days must be a whole number from 1 to 366."),
        ("days=1e9", 400, "days must be a whole number from 1 to 366."),
        ("since=2026-11-01", 400, "both since and until"),
        ("since=2026-11-01&until=2026-11-02", 400, "ISO 8601 with its zone"),
        ("since=2026-11-02T00:00Z&until=2026-11-01T00:00Z", 400, "must lie before until"),
        ("since=0001-01-01T00:00Z&until=9999-01-01T00:00Z", 400, "by 366 days at most"),
        ("since=9999-12-30T00:00Z&until=9999-12-31T23:59Z", 400, "in the years 1970 to 9998"),
        ("since=0001-01-01T00:00Z&until=0001-01-02T00:00Z", 400, "in the years 1970 to 9998"),
        ("colour=red", 400, "is not known here"),
    ],
)
def test_a_wrong_query_is_one_sentence(
    client: FlaskClient, factory: FakeFactory, path: str, query: str, status: int, said: str
) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == status
    assert said in html.unescape(answer.text)
    assert factory.figures.asked == []


def test_a_bar_leads_to_its_pictures(client: FlaskClient, factory: FakeFactory) -> None:
    factory.figures.board = board()
    factory.figures.kept = [kept()]
    page = client.get("/kpi?station=board&days=7").text
    (link,) = re.findall(r'href="(/kpi/rejects[^"]*missing_part)"', page)
    answer = client.get(html.unescape(link))
    assert answer.status_code == 200
    assert "Rejected for missing_part" in answer.text
    assert factory.figures.asked[-1] == ("board", START - timedelta(days=7), START, "missing_part")


@pytest.mark.parametrize("kind", ["", "x" * 65, "a%00b"])
def test_a_wrong_kind_is_one_sentence(client: FlaskClient, kind: str) -> None:
    answer = client.get(f"/kpi/rejects?kind={kind}")
    assert answer.status_code == 400
    assert "kind must be a kind of finding" in answer.text


def test_words_from_outside_are_shown_and_not_run(
    client: FlaskClient, factory: FakeFactory
) -> None:
    text = client.get("/kpi/rejects?kind=<script>alert(1)</script>").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_every_chart_has_a_name_and_no_tag_a_style(
    client: FlaskClient, factory: FakeFactory
) -> None:
    factory.figures.board = board()
    page = client.get("/kpi").text
    charts = re.findall(r"<svg [^>]*>", page)
    assert len(charts) > 20
    assert all(re.search(r'role="img" aria-label="[^"]{5,}"', one) for one in charts)
    assert "style=" not in page


def test_whoever_is_signed_in_is_named_and_stays_signed_in(
    client: FlaskClient, factory: FakeFactory
) -> None:
    factory.figures.board = board()
    assert 'href="/sign-in?next=/kpi"' in client.get("/kpi").text
    assert back_to("/kpi") == "/kpi"
    sign_in(client, "1002")
    assert "Vic Lund" in client.get("/kpi").text
    assert factory.people.uses
