"""The HTTP API: what it takes, what it refuses and how it says so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from inspector.domain.verdict import Verdict
from inspector.errors import StoreRefused
from tests.web.calls import OTHER_SITE, OWN_PAGE, PANEL, press, sign_in
from tests.web.fakes import START, FakeFactory, kept, part
from web import LARGEST_BODY_BYTES
from web.services import PressAnswer, RecorderAway


@pytest.fixture(autouse=True)
def a_part_that_waits(factory: FakeFactory) -> None:
    factory.live.said["board"]["waiting"] = [part(1)]


class TestSessions:
    def test_signing_in_gives_a_cookie_and_a_token(self, client: FlaskClient) -> None:
        answer = client.post("/api/v1/session", json={"badge": "1001", "pin": "123456"})
        assert answer.get_json()["person"] == {"name": "Mia Roth", "role": "operator"}
        assert answer.get_json()["csrf"]
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Secure" not in cookie

    def test_over_tls_the_cookie_stays_on_tls(self, client: FlaskClient) -> None:
        answer = client.post(
            "/api/v1/session",
            json={"badge": "1001", "pin": "123456"},
            base_url="https://localhost",
        )
        assert "Secure" in answer.headers["Set-Cookie"]

    def test_a_wrong_pin_is_refused_in_words(self, client: FlaskClient) -> None:
        answer = client.post("/api/v1/session", json={"badge": "1001", "pin": "999999"})
        assert answer.status_code == 401
        assert answer.get_json() == {"error": "Badge or PIN is wrong."}
        assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize(
        "body",
        [
            {"badge": "1001"},
            {"badge": "1001", "pin": "12345"},
            {"badge": "1001", "pin": 123456},
            {"badge": "", "pin": "123456"},
            {"badge": "1001", "pin": "123456", "role": "administrator"},
            {"badge": "10\n01", "pin": "123456"},
        ],
    )
    def test_a_badge_and_six_digits_are_needed(self, client: FlaskClient, body: Any) -> None:
        answer = client.post("/api/v1/session", json=body)
        assert answer.status_code == 400
        assert set(answer.get_json()) == {"error"}

    def test_without_the_recorder_nobody_signs_in(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.people.away = RecorderAway("no answer")
        answer = client.post("/api/v1/session", json={"badge": "1001", "pin": "123456"})
        assert answer.status_code == 503

    def test_signing_out_ends_the_session_on_the_server(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        csrf = sign_in(client)
        assert client.get("/api/v1/session").get_json()["csrf"] == csrf
        answer = client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
        assert answer.status_code == 200
        assert factory.people.sessions == {}
        assert client.get("/api/v1/session").status_code == 401

    def test_signing_out_needs_the_token(self, client: FlaskClient, factory: FakeFactory) -> None:
        sign_in(client)
        assert client.delete("/api/v1/session").status_code == 403
        assert len(factory.people.sessions) == 1

    def test_a_new_sign_in_has_a_new_session(self, client: FlaskClient) -> None:
        assert sign_in(client) != sign_in(client)


class TestOverrides:
    def test_a_signed_in_operator_passes_a_part(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        csrf = sign_in(client)
        answer = press(client, "pass", csrf=csrf, painted_at="2026-11-23T23:00:00+01:00")
        assert answer.status_code == 200
        assert answer.get_json() == {"state": "sent", "revision": 1, "by": "Mia Roth", "why": ""}
        (made,) = factory.line.presses
        assert made.person is not None
        assert (made.person.name, made.verdict, made.station) == ("Mia Roth", "pass", "board")
        assert made.painted_at == START
        assert factory.people.uses

    def test_with_a_session_the_token_is_needed(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        sign_in(client)
        for csrf in ("", "wrong", "ö"):
            headers = PANEL | {"X-CSRF-Token": csrf}
            assert press(client, "reject", headers=headers).status_code == 403
        assert factory.line.presses == []

    def test_nobody_signed_in_may_reject_but_not_pass(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        assert press(client, "pass", headers=PANEL).status_code == 401
        assert press(client, "reject", headers=PANEL).status_code == 200
        (made,) = factory.line.presses
        assert (made.person, made.panel) == (None, "line 1 left")

    def test_our_own_page_may_reject_without_naming_the_panel(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        assert press(client, headers=OWN_PAGE).status_code == 200
        assert factory.line.presses[0].panel == "at 127.0.0.1"

    def test_who_names_no_panel_is_refused(self, client: FlaskClient) -> None:
        assert press(client).status_code == 403

    def test_another_sites_page_changes_nothing(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        csrf = sign_in(client)
        assert press(client, headers=OTHER_SITE | PANEL, csrf=csrf).status_code == 403
        assert press(client, headers={"Origin": "null"} | PANEL, csrf=csrf).status_code == 403
        assert factory.line.presses == []

    def test_a_viewer_may_neither_pass_nor_reject(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        csrf = sign_in(client, "1002")
        for verdict in ("pass", "reject"):
            assert press(client, verdict, csrf=csrf).status_code == 403
        assert factory.line.presses == []

    @pytest.mark.parametrize("state", ["sent", "changed", "too_late", "superseded"])
    def test_the_lines_answer_comes_back(
        self, client: FlaskClient, factory: FakeFactory, state: str
    ) -> None:
        factory.line.answer = PressAnswer(state, 2, "Ada", "why not")
        answer = press(client, headers=PANEL).get_json()
        assert (answer["state"], answer["revision"], answer["why"]) == (state, 2, "why not")

    def test_a_line_that_does_not_answer_is_said(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.line.away = True
        answer = press(client, headers=PANEL)
        assert answer.status_code == 503
        assert "line" in answer.get_json()["error"]

    def test_what_the_line_refuses_is_a_conflict(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.line.answer = PressAnswer("refused", 0, "", "the part was not inspected")
        answer = press(client, headers=PANEL)
        assert answer.status_code == 409
        assert answer.get_json() == {"error": "the part was not inspected"}

    def test_a_part_nobody_knows_is_not_found(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.line.answer = PressAnswer("refused", 0, "", "no such station")
        assert press(client, record="r999999", headers=PANEL).status_code == 404

    def test_a_part_long_gone_is_found_in_the_records(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.records.kept = [kept("old1", station="ring")]
        assert press(client, record="old1", headers=PANEL).status_code == 200
        assert factory.line.presses[0].station == "ring"

    @pytest.mark.parametrize(
        "changes",
        [
            {"press_id": None},
            {"press_id": "a b"},
            {"press_id": "x" * 65},
            {"verdict": "PASS"},
            {"verdict": "unknown"},
            {"verdict": None},
            {"seen_revision": -1},
            {"seen_revision": True},
            {"seen_revision": "0"},
            {"seen_revision": 1.5},
            {"painted_at": "2026-11-23T22:00:00"},
            {"painted_at": "yesterday"},
            {"painted_at": 0},
            {"painted_at": "0001-01-01T00:00:00+23:00"},
            {"person": "Ada"},
        ],
    )
    def test_a_press_must_be_whole(
        self, client: FlaskClient, factory: FakeFactory, changes: dict[str, Any]
    ) -> None:
        answer = press(client, headers=PANEL, **changes)
        assert answer.status_code == 400
        assert answer.get_json()["error"].endswith(".")
        assert factory.line.presses == []

    @pytest.mark.parametrize("record", ["..%2f..%2fetc", "a%00b", "x" * 65, "%20"])
    def test_an_odd_id_is_not_found(self, client: FlaskClient, record: str) -> None:
        assert press(client, record=record, headers=PANEL).status_code == 404

    @pytest.mark.parametrize(
        ("content", "kind", "status"),
        [
            (b"{", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"\xff", "application/json", 400),
            (b'{"verdict": "reject"}', "text/plain", 415),
            (b"verdict=reject", "application/x-www-form-urlencoded", 415),
            (b" " * (LARGEST_BODY_BYTES + 1), "application/json", 413),
        ],
    )
    def test_anything_but_json_is_refused(
        self, client: FlaskClient, content: bytes, kind: str, status: int
    ) -> None:
        address = "/api/v1/records/r000001/override"
        answer = client.post(address, data=content, content_type=kind, headers=PANEL)
        assert answer.status_code == status
        assert set(answer.get_json()) == {"error"}

    def test_reading_changes_nothing(self, client: FlaskClient, factory: FakeFactory) -> None:
        assert client.get("/api/v1/records/r000001/override").status_code == 405
        assert factory.line.presses == []


class TestRecords:
    def test_the_filters_reach_the_store(self, client: FlaskClient, factory: FakeFactory) -> None:
        factory.records.kept = [kept()]
        answer = client.get(
            "/api/v1/records?station=board&verdict=reject&since=2026-11-23T22:00:00Z"
            "&until=2026-11-24T00:00:00%2B01:00&limit=7&before=r9"
        )
        assert [one["id"] for one in answer.get_json()["records"]] == ["r000001"]
        (asked,) = factory.records.asked
        assert (asked.station, asked.verdict, asked.limit) == ("board", Verdict.REJECT, 7)
        assert (asked.since, asked.before) == (START, "r9")
        assert asked.until == datetime(2026, 11, 23, 23, tzinfo=UTC)

    def test_a_record_is_shown_in_plain_values(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        factory.records.kept = [kept()]
        shown = client.get("/api/v1/records/r000001").get_json()
        assert shown["verdict"] == shown["standing_verdict"] == "reject"
        assert shown["triggered_at"] == "2026-11-23T22:00:00+00:00"
        assert (shown["outcome"], shown["action"], shown["revision"]) == ("", None, 0)

    @pytest.mark.parametrize(
        "query",
        [
            "station=../x",
            "verdict=good",
            "outcome=x",
            "limit=0",
            "limit=501",
            "limit=-1",
            "limit=٣",
            "since=2026",
            "before=%27%20or%201",
            "sort=number",
        ],
    )
    def test_an_odd_filter_is_refused(self, client: FlaskClient, query: str) -> None:
        answer = client.get(f"/api/v1/records?{query}")
        assert answer.status_code == 400
        assert set(answer.get_json()) == {"error"}

    def test_an_unknown_record_is_not_found(self, client: FlaskClient) -> None:
        answer = client.get("/api/v1/records/nobody")
        assert (answer.status_code, answer.get_json()) == (
            404,
            {"error": "There is no such record."},
        )

    def test_a_store_that_cannot_be_read_is_said(
        self, client: FlaskClient, factory: FakeFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: object) -> None:
            raise StoreRefused("written by a newer version")

        monkeypatch.setattr(factory.records, "records", refuse)
        answer = client.get("/api/v1/records")
        assert answer.status_code == 503
        assert "newer version" in answer.get_json()["error"]


class TestStationsAndHealth:
    def test_every_station_is_listed(self, client: FlaskClient) -> None:
        stations = client.get("/api/v1/stations").get_json()["stations"]
        assert [one["name"] for one in stations] == ["board", "ring", "blister"]
        assert stations[0]["counts"]["triggered"] == 1204

    def test_health_says_whether_the_line_speaks(
        self, client: FlaskClient, factory: FakeFactory
    ) -> None:
        assert client.get("/api/v1/health").status_code == 200
        factory.live.silent = True
        factory.clock.passed_s = 2.5
        answer = client.get("/api/v1/health")
        assert (answer.status_code, answer.get_json()["line"]) == (503, "silent")
        factory.live.beat_s = None
        assert client.get("/api/v1/health").status_code == 503


def test_a_mistake_of_ours_gives_no_traceback(
    client: FlaskClient, factory: FakeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(factory.records, "records", broken)
    answer = client.get("/api/v1/records")
    assert answer.status_code == 500
    assert "secret" not in answer.text
