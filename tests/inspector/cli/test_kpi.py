"""`inspector kpi` prints figures of the records with their evidence, or says what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.domain import fatigue, incidents, iso22400, quality
from inspector.errors import BadInput, SettingsWrong, StoreRefused
from inspector.storage.database import writing
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import put_blank
from tests.faults.running import copied_site
from tests.inspector.cli.test_schemas import check
from tests.journal_entries import START, at, decided, judged, numbered

SINCE, UNTIL = START.isoformat(), (START + timedelta(hours=1)).isoformat()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    copied_site(folder)
    put_blank(folder / "data")
    entries = [judged(1), decided(1), judged(2, "reject"), decided(2, 2)]
    told = {"kind": "alarm", "station": "ring", "name": "watch rejects", "text": "more", "on": True}
    entries += [{**told, "at": at(60)}, {**told, "at": at(7200), "on": False}]
    with writing(folder / "data") as engine:
        SqlStore(engine, a_log()).apply("ring-1", numbered(entries), offset=1, now=START)
    return folder


def kpi(site: Path, *words: str) -> Result:
    return CliRunner().invoke(commands, ["kpi", "--site", str(site), *words])


def test_every_figure_has_its_evidence_and_fits_the_schema(site: Path) -> None:
    result = kpi(site, "--since", SINCE, "--until", UNTIL, "--station", "ring", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    check("kpi", told)
    figures = {one["id"]: one for one in told["kpis"]}
    assert figures["escape_rate"]["value"] is None
    assert figures["escape_rate"]["missing"] == "not enough audits: 0 of 299"
    assert figures["first_pass_yield"]["value"] == 0.5
    assert figures["not_inspected_rate"]["numerator"] == 0
    assert figures["throughput_rate"]["numerator"] == 2
    assert figures["scrap_ratio"]["value"] is None
    assert figures["mean_time_to_restoration"]["missing"] == "no failure in the window"
    defined = {one.id for one in (*quality.DEFINITIONS, *iso22400.DEFINITIONS)}
    happened = (*incidents.DEFINITIONS, *fatigue.DEFINITIONS)
    assert figures.keys() == defined | {one.id for one in happened}
    assert figures["alarm_rate"]["numerator"] == 1
    assert told["watch_alarms"] == [
        {
            **{"station": "ring", "watch": "watch rejects", "text": "more"},
            **{"came": at(60), "gone": at(7200), "answered": None},
        }
    ]
    (rule,) = told["noisiest_rules"]
    assert (rule["rule"], rule["alarms"], rule["action_rate"]) == ("watch rejects", 1, 0.0)


def test_figures_are_stale_where_the_records_end_before_the_window(site: Path) -> None:
    """Nothing was committed after START, and no recorder runs."""
    past = (START - timedelta(hours=1)).isoformat()
    for since, until, stale in ((SINCE, UNTIL, True), (past, at(3), False)):
        told = json.loads(kpi(site, "--since", since, "--until", until, "--json").stdout)
        assert {one["stale"] for one in told["kpis"]} == {stale}


def test_people_read_the_same(site: Path) -> None:
    result = kpi(site, "--since", SINCE, "--until", UNTIL)
    assert "Escape rate: not enough audits: 0 of 299" in result.stdout
    assert "0 of 2; Clopper-Pearson; 100% complete" in result.stdout
    watch = f"    watch rejects at ring, {at(60)}, until {at(7200)}, nobody has answered: more\n"
    assert f"Alarms of the watches: 1\n{watch}" in result.stdout
    assert "    1 × watch rejects at ring, an action after 0\n" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "2020-01-01T00:00Z", "--until", "2020-02-01T00:00Z"), "no part came between"),
        (("--since", UNTIL, "--until", SINCE), "the window is empty"),
        (("--station", "moon"), "no station 'moon'"),
    ],
)
def test_a_window_with_nothing_in_it_is_a_sentence(
    site: Path, words: tuple[str, ...], said: str
) -> None:
    error = kpi(site, *words).exception
    assert isinstance(error, BadInput)
    assert str(error).startswith(said)


@pytest.fixture
def settings(site: Path) -> Iterator[Path]:
    """The site's `site.toml`, which is as it was afterwards."""
    file = site / "site.toml"
    before = file.read_text("utf-8") if file.exists() else ""
    yield file
    file.write_text(before, "utf-8")


def test_the_sites_own_target_says_how_many_audits_it_takes(site: Path, settings: Path) -> None:
    settings.write_text("[targets]\nescape_rate = 0.001\nfirst_pass_yield = 0.98\n", "utf-8")
    told = json.loads(kpi(site, "--since", SINCE, "--until", UNTIL, "--json").stdout)
    figures = {one["id"]: one for one in told["kpis"]}
    assert figures["escape_rate"]["missing"] == "not enough audits: 0 of 2995"
    assert figures["escape_rate"]["target"] == 0.001
    assert figures["first_pass_yield"]["target"] == 0.98
    assert figures["reviewed_share"]["target"] is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[targets]\nescape_rate = 5\n", "targets.escape_rate: "),
        ("[targets]\nescapes = 0.01\n", "targets.escapes: unknown setting"),
        ("[costs]\nescape = 100\n", "costs.currency: is missing"),
        ('[costs]\ncurrency = "EUR"\nescape = -1\nfalse_reject = 1\n', "costs.escape: "),
    ],
)
def test_a_wrong_target_or_price_is_one_sentence_that_names_the_key(
    site: Path, settings: Path, text: str, key: str
) -> None:
    settings.write_text(text, "utf-8")
    error = kpi(site).exception
    assert isinstance(error, SettingsWrong)
    assert isinstance(error, BadInput)  # exit code 2
    assert str(error).startswith(f"site.toml: {key}")
    assert "\n" not in str(error)


COSTS = """[costs]
currency = "EUR"
escape = 100
false_reject = 2.5
review = 0.2
review_s = 12
"""


def test_each_figure_has_its_business_figure_with_money_from_the_sites_table(
    site: Path, settings: Path
) -> None:
    without = kpi(site, "--since", SINCE, "--until", UNTIL)
    assert "enter what errors cost under [costs] in site.toml" in without.stdout
    settings.write_text(COSTS, "utf-8")
    told = json.loads(kpi(site, "--since", SINCE, "--until", UNTIL, "--json").stdout)
    check("kpi", told)
    pairs = {one["id"]: one["business"] for one in told["kpis"]}
    lost = pairs["not_inspected_rate"]
    assert (lost["amount"], lost["money"], lost["currency"]) == (0, 0, "EUR")
    assert pairs["escape_rate"]["amount"] is None
    assert pairs["escape_rate"]["missing"] == "not enough audits: 0 of 299"
    assert pairs["override_rate"] is None
    assert "EUR" in kpi(site, "--since", SINCE, "--until", UNTIL).stdout


def test_a_time_without_its_zone_is_refused(site: Path) -> None:
    result = kpi(site, "--since", "2026-11-27")
    assert result.exit_code == 2
    assert "no time with its zone" in result.output


def test_a_site_without_records_says_so(tmp_path: Path) -> None:
    copied_site(tmp_path)
    assert isinstance(kpi(tmp_path).exception, StoreRefused)
