"""`inspector people`, with nothing running."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from inspector.cli import people as cli
from inspector.errors import BadInput
from inspector.gateway.people import People
from tests.databases import put_blank

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "people.json"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_blank(tmp_path)
    monkeypatch.setattr(cli, "_people", lambda _: People(tmp_path, tmp_path / "nobody.sock"))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.people_command, list(words))


def test_add_prints_badge_and_pin_and_list_does_not(tmp_path: Path) -> None:
    added = run("add", "--name", "Olga", "--role", "operator", "--badge", "12")
    assert added.exit_code == 0
    assert added.stdout.startswith("Olga (operator): badge 12, PIN ")
    pin = added.stdout.split()[-1]
    listed = run("list")
    assert "Olga" in listed.stdout
    assert pin not in listed.stdout


def test_list_as_json_keeps_its_schema() -> None:
    run("add", "--name", "Olga", "--role", "operator")
    answer = json.loads(run("list", "--json").stdout)
    jsonschema.validate(answer, json.loads(SCHEMA.read_text("utf-8")))
    assert [person["name"] for person in answer["people"]] == ["Olga"]


def test_disable_and_enable(tmp_path: Path) -> None:
    run("add", "--name", "Olga", "--role", "operator", "--badge", "12")
    assert run("disable", "12").stdout == "Olga is disabled\n"
    assert "disabled" in run("list").stdout
    assert run("enable", "12").stdout == "Olga is enabled\n"


def test_a_taken_badge_is_bad_input() -> None:
    run("add", "--name", "Olga", "--role", "operator", "--badge", "12")
    again = run("add", "--name", "Bob", "--role", "lead", "--badge", "12")
    assert isinstance(again.exception, BadInput)


def test_an_unknown_role_names_the_roles() -> None:
    said = run("add", "--name", "Olga", "--role", "boss")
    assert said.exit_code == 2
    assert "administrator" in said.stderr
