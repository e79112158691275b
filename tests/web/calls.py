"""How tests call the API."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PANEL = {"X-Inspector-Panel": "line 1 left"}
OWN_PAGE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
OTHER_SITE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def sign_in(client: FlaskClient, badge: str = "1001") -> str:
    """Sign in and return the CSRF token."""
    answer = client.post("/api/v1/session", json={"badge": badge, "pin": "123456"})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["csrf"])


def press(
    client: FlaskClient,
    verdict: str = "reject",
    *,
    record: str = "r000001",
    headers: dict[str, str] | None = None,
    csrf: str = "",
    **changes: Any,
) -> TestResponse:
    body = {
        "press_id": "p1",
        "verdict": verdict,
        "seen_revision": 0,
        "painted_at": "2026-11-23T22:00:00Z",
    }
    sent = {key: value for key, value in (body | changes).items() if value is not None}
    token = {"X-CSRF-Token": csrf} if csrf else {}
    return client.post(
        f"/api/v1/records/{record}/override", json=sent, headers=(headers or {}) | token
    )
