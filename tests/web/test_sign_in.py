"""The sign-in page."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.calls import OTHER_SITE, OWN_PAGE, sign_in
from tests.web.fakes import FakeFactory
from web.services import RecorderAway


def sent(client: FlaskClient, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
    filled = {"badge": "1001", "pin": "123456"} | form
    return client.post("/sign-in", data=filled, headers=OWN_PAGE if headers is None else headers)


def test_badge_and_pin_lead_back_to_the_screen(client: FlaskClient, factory: FakeFactory) -> None:
    answer = sent(client, next="/?station=ring")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?station=ring")
    assert "Mia Roth" in client.get("/").text
    assert factory.people.addresses == ["127.0.0.1"]


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil", "/sign-out", "/?station=A/../"]
)
def test_it_leads_to_no_other_place(client: FlaskClient, wanted: str) -> None:
    assert sent(client, next=wanted).headers["Location"] == "/"


def test_a_wrong_pin_is_said_on_the_form_and_not_shown(client: FlaskClient) -> None:
    answer = sent(client, pin="654321")
    assert answer.status_code == 401
    assert "Badge or PIN is wrong." in answer.text
    assert "654321" not in answer.text
    assert 'value="1001"' in answer.text


def test_a_pin_has_six_digits(client: FlaskClient) -> None:
    answer = sent(client, pin="1234")
    assert answer.status_code == 400
    assert "6 digits" in answer.text


def test_without_the_recorder_it_says_so(client: FlaskClient, factory: FakeFactory) -> None:
    factory.people.away = RecorderAway("no answer")
    assert sent(client).status_code == 503


@pytest.mark.parametrize("headers", [OTHER_SITE, {}])
def test_nobody_is_signed_in_from_another_site(
    client: FlaskClient, factory: FakeFactory, headers: dict[str, str]
) -> None:
    assert sent(client, headers).status_code == 403
    assert factory.people.sessions == {}


def test_signing_out_needs_the_token(client: FlaskClient, factory: FakeFactory) -> None:
    csrf = sign_in(client)
    assert client.post("/sign-out", data={}, headers=OWN_PAGE).status_code == 403
    assert len(factory.people.sessions) == 1
    answer = client.post("/sign-out", data={"csrf": csrf}, headers=OWN_PAGE)
    assert answer.status_code == 303
    assert factory.people.sessions == {}
    assert "Nobody signed in" in client.get("/").text


def test_looking_at_it_signs_nobody_out(client: FlaskClient, factory: FakeFactory) -> None:
    sign_in(client)
    assert client.get("/sign-out").status_code == 405
    assert len(factory.people.sessions) == 1
