"""What the browser may do with our pages, and who may ask at all."""

import pytest
from flask.testing import FlaskClient

from tests.web.fakes import PICTURE, FakeFactory, part, somebody
from web import create_app
from web.services import StationCard

PAGES = [
    "/",
    "/sign-in",
    "/review",
    "/live/state",
    "/api/v1/stations",
    f"/pictures/{PICTURE}",
    "/nowhere",
]


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_carries_the_policy(client: FlaskClient, page: str) -> None:
    headers = client.get(page).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", ["/", "/sign-in", "/nowhere"])
def test_pages_have_no_inline_script_or_style(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    for script in text.split("<script")[1:]:
        assert script.split(">")[1].startswith("</script")


def test_nothing_comes_from_elsewhere(client: FlaskClient) -> None:
    for page in ("/", "/sign-in"):
        assert "http://" not in client.get(page).text
        assert "https://" not in client.get(page).text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_ours_gets_no_answer(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "10.0.0.7", "Panel.Example:80"]
)
def test_addresses_and_our_own_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_titles_and_reasons_are_only_ever_text() -> None:
    attack = "<script>alert(1)</script>\"'><img src=x>"
    factory = FakeFactory(
        cards=[StationCard("board", attack, ("top",), 15.0, 1000.0, override=True)]
    )
    factory.live.said["board"]["waiting"] = [part(1, reasons=[attack], by=attack)]
    factory.people.people[0] = somebody(attack)
    client = create_app(factory.services()).test_client()
    client.post("/api/v1/session", json={"badge": "1001", "pin": "123456"})
    for page in ("/", "/?station=board"):
        text = client.get(page).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_the_session_is_nowhere_in_a_page(client: FlaskClient, factory: FakeFactory) -> None:
    client.post("/api/v1/session", json={"badge": "1001", "pin": "123456"})
    (token,) = factory.people.sessions
    for page in ("/", "/sign-in", "/live/state", "/api/v1/session"):
        assert token not in client.get(page).text


@pytest.mark.parametrize("token", ["", "x" * 300, "nobody", "ö"])
def test_a_made_up_session_is_nobodys(client: FlaskClient, token: str) -> None:
    client.set_cookie("inspector_session", token)
    assert client.get("/live/state").get_json()["person"] is None
