"""The operator screen as the server gives it."""

import html
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.calls import OWN_PAGE, press, sign_in
from tests.web.fakes import FakeFactory, part


def state_in(page: str) -> dict[str, Any]:
    """The first state, which the page brings along."""
    said = page.split('data-state="')[1].split('"', maxsplit=1)[0]
    state: dict[str, Any] = json.loads(html.unescape(said))
    return state


def test_it_shows_all_stations_or_one(client: FlaskClient) -> None:
    for address, names in (("/", ["board", "ring", "blister"]), ("/?station=ring", ["ring"])):
        state = state_in(client.get(address).text)
        assert [one["name"] for one in state["stations"]] == names
    assert client.get("/?station=nobody").status_code == 404


def test_it_comes_with_the_parts_that_wait(client: FlaskClient, factory: FakeFactory) -> None:
    factory.live.said["ring"]["waiting"] = [part(7)]
    state = state_in(client.get("/?station=ring").text)
    assert [one["number"] for one in state["stations"][0]["waiting"]] == [7]


def test_it_has_a_token_only_for_who_is_signed_in(client: FlaskClient) -> None:
    assert 'data-csrf=""' in client.get("/").text
    csrf = sign_in(client)
    assert f'data-csrf="{csrf}"' in client.get("/").text


def test_a_panel_is_told_its_width_and_name_once(client: FlaskClient) -> None:
    client.get("/?mm=217.5&panel=line%201%20left")
    assert 'data-width-mm="217.5"' in client.get("/").text


@pytest.mark.parametrize("width", ["1e9", "nan", "5", "-200", "99999", "٢٠٠", "200;x"])
def test_an_odd_width_is_none(client: FlaskClient, width: str) -> None:
    assert 'data-width-mm=""' in client.get("/", query_string={"mm": width}).text


def test_the_panels_name_goes_with_what_is_done_there(
    client: FlaskClient, factory: FakeFactory
) -> None:
    client.get("/?panel=line%201%20left")
    factory.live.said["board"]["waiting"] = [part(1)]
    assert press(client, headers=OWN_PAGE).status_code == 200
    assert factory.line.presses[0].panel == "line 1 left"


def test_it_works_before_the_line_ever_spoke(client: FlaskClient, factory: FakeFactory) -> None:
    factory.live.beat_s = None
    state = state_in(client.get("/").text)
    assert state["age_s"] is None
    assert {one["word"] for one in state["stations"]} == {"NO DATA"}
