"""Reviewing over the API, with the recorder's real desk and a real database behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inspector.gateway import web_reviews
from tests.reviewing import Reviewing, audits, disagreement, reviewing
from tests.web.calls import OTHER_SITE, sign_in
from tests.web.fakes import FakeFactory
from web import create_app
from web.services import RecorderAway
from web.sign_in import back_to

QUINN, RITA, VIC, MIA = "1003", "1004", "1002", "1001"
BLIND = {"claim", "queue", "blind", "wait_ms", "title", "kinds", "views"}
Json = dict[str, Any]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Reviewing]:
    with reviewing(tmp_path, [*audits(6), *disagreement(9)]) as running:
        yield running


@pytest.fixture
def factory(behind: Reviewing) -> FakeFactory:
    return FakeFactory(records=behind.queues, reviews=behind.reviews)  # type: ignore[arg-type]


class Reviewer:
    """Somebody who is signed in at a browser of their own."""

    def __init__(self, factory: FakeFactory, badge: str) -> None:
        self.client: FlaskClient = create_app(factory.services()).test_client()
        self.csrf = sign_in(self.client, badge)
        self.presses = 0

    def post(self, path: str, body: object = None, **headers: str) -> TestResponse:
        sent = {"X-CSRF-Token": self.csrf, **headers}
        return self.client.post(f"/api/v1/{path}", json={} if body is None else body, headers=sent)

    def next(self, queue: str = "audit", count: int = 1) -> list[Json]:
        answer = self.post("reviews/next", {"queue": queue, "count": count})
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.get_json()["items"]
        return items

    def say(self, item: Json, verdict: str, **more: Any) -> TestResponse:
        self.presses += 1
        press = {"request": f"{self.csrf[:8]}-{self.presses}".replace("-", ".").strip(".")}
        return self.post("reviews", {**press, "claim": item["claim"], "verdict": verdict, **more})


@pytest.fixture
def quinn(factory: FakeFactory) -> Reviewer:
    return Reviewer(factory, QUINN)


@pytest.fixture
def rita(factory: FakeFactory) -> Reviewer:
    return Reviewer(factory, RITA)


def test_an_audit_has_its_pictures_and_nothing_that_was_said(quinn: Reviewer) -> None:
    (item,) = quinn.next()
    assert item.keys() == BLIND
    assert (item["blind"], item["wait_ms"], item["kinds"]) == (True, 800, [])
    (view,) = item["views"]
    assert view.keys() == {"view", "picture", "width_px", "height_px"}


def test_a_second_opinion_does_not_show_the_first(
    quinn: Reviewer, rita: Reviewer, behind: Reviewing
) -> None:
    (item,) = quinn.next()
    assert quinn.say(item, "NOK", kind="dent", reason="at the rim").status_code == 200
    assert quinn.next("second") == []
    (again,) = rita.next("second")
    assert again.keys() == BLIND
    assert rita.say(again, "NOK").status_code == 200
    first, confirm = behind.rows()
    assert first.record == confirm.record
    assert (first.source, confirm.source) == ("audit", "confirm")
    assert (first.reviewer, confirm.reviewer) == ("id-1003", "id-1004")


def test_a_disagreement_shows_what_was_said(quinn: Reviewer, behind: Reviewing) -> None:
    (item,) = quinn.next("disagreement")
    assert (item["record"], item["verdict"], item["blind"]) == ("board-000009", "reject", False)
    assert [word["verdict"] for word in item["words"]] == ["pass"]
    assert item["findings"][0]["kind"] == "missing_part"
    assert quinn.say(item, "OK", shown_ms=0, decided_ms=2100).status_code == 200
    (row,) = behind.rows()
    assert (row.source, row.verdict, row.decided_ms) == ("flagged", "OK", 2100)


def test_two_reviewers_get_different_pictures(quinn: Reviewer, rita: Reviewer) -> None:
    mine, theirs = quinn.next(count=3), rita.next(count=5)
    assert (len(mine), len(theirs)) == (3, 3)
    assert quinn.next(count=3) == mine


def test_what_waits_is_counted(quinn: Reviewer, rita: Reviewer) -> None:
    (item,) = quinn.next()
    quinn.say(item, "NOK")
    said = quinn.client.get("/api/v1/reviews/waiting").get_json()
    assert said["answered"] == 1
    assert said["queues"]["audit"]["waiting"] == 5
    assert said["queues"]["second"] | {"oldest": ""} == {"waiting": 1, "for_you": 0, "oldest": ""}
    theirs = rita.client.get("/api/v1/reviews/waiting").get_json()
    assert theirs["queues"]["second"]["for_you"] == 1
    assert theirs["queues"]["disagreement"]["waiting"] == 1


def test_an_answer_is_given_once(quinn: Reviewer, rita: Reviewer) -> None:
    (item,) = quinn.next()
    assert quinn.say(item, "OK").status_code == 200
    again = quinn.say(item, "NOK")
    assert (again.status_code, again.get_json()) == (
        409,
        {"error": "This picture was answered already."},
    )
    (other,) = quinn.next()
    assert rita.say(other, "OK").status_code == 404
    assert quinn.say({"claim": "unknown"}, "OK").status_code == 404


def test_an_answer_is_taken_back_and_given_anew(quinn: Reviewer, behind: Reviewing) -> None:
    (item,) = quinn.next()
    review = quinn.say(item, "NOK").get_json()["review"]
    undone = quinn.post(f"reviews/{review}/undo", {"request": "u1"})
    assert undone.status_code == 200
    again = undone.get_json()["item"]
    assert again.keys() == BLIND
    assert again["views"] == item["views"]
    assert quinn.say(again, "OK").status_code == 200
    assert [row.verdict for row in behind.rows()] == ["NOK", "UNSURE", "OK"]
    assert quinn.post(f"reviews/{review}/undo", {"request": "u2"}).status_code == 409


def test_nobody_takes_back_anothers_answer(quinn: Reviewer, rita: Reviewer) -> None:
    (item,) = quinn.next()
    review = quinn.say(item, "NOK").get_json()["review"]
    assert rita.post(f"reviews/{review}/undo", {"request": "u"}).status_code == 404
    assert rita.post("reviews/99999/undo", {"request": "u"}).status_code == 404


def test_a_find_from_outside_is_said_of_a_record(quinn: Reviewer, behind: Reviewing) -> None:
    find = {"request": "d1", "source": "downstream", "verdict": "NOK", "reason": "claim 7"}
    assert quinn.post("records/board-000003/reviews", find).status_code == 200
    assert quinn.post("records/board-999999/reviews", find | {"request": "d2"}).status_code == 404
    assert quinn.post("records/../reviews", find).status_code == 404
    blind = find | {"request": "d3", "source": "audit"}
    assert quinn.post("records/board-000003/reviews", blind).status_code == 400
    assert [row.source for row in behind.rows()] == ["downstream"]


def test_alarms_lots_and_seeds_reach_the_recorder(factory: FakeFactory, quinn: Reviewer) -> None:
    assert quinn.post("stations/board/lots", {"name": "lot 7"}).get_json() == {"begun": True}
    assert quinn.post("stations/moon/lots", {"name": "lot 7"}).status_code == 404
    assert quinn.post("alarms/1/answers", {"did": "cleaned"}).status_code == 404
    seed = {"station": "board", "kind": "dent", "picture": "ab" * 32, "made_from": "board-000001"}
    assert quinn.post("seeds", seed).get_json()["seed"].startswith("SEED-")
    assert quinn.post("seeds", seed).status_code == 409
    assert quinn.post("seeds", seed | {"picture": "00"}).status_code == 400


def test_a_part_further_back_is_given_where_others_hold_the_first_ones(
    factory: FakeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_reviews, "AT_ONCE", 2)
    monkeypatch.setattr(web_reviews, "_AS_FAR_AS", (2, 4))
    quinn, rita = Reviewer(factory, QUINN), Reviewer(factory, RITA)
    assert len(quinn.next(count=3)) == 3
    assert len(rita.next(count=3)) == 1, "no further than it is to look"


CHANGES: list[tuple[str, Json]] = [
    ("reviews/next", {"queue": "audit", "count": 1}),
    ("reviews", {"request": "p", "claim": "c", "verdict": "OK"}),
    ("reviews/1/undo", {"request": "p"}),
    ("records/board-000001/reviews", {"request": "p", "source": "flagged", "verdict": "OK"}),
    ("alarms/1/answers", {"did": ""}),
    ("stations/board/lots", {"name": "lot 7"}),
    (
        "seeds",
        {"station": "board", "kind": "dent", "picture": "ab" * 32, "made_from": "board-000001"},
    ),
]
EACH = pytest.mark.parametrize(("path", "body"), CHANGES, ids=[path for path, _ in CHANGES])


@EACH
def test_a_viewer_changes_nothing(factory: FakeFactory, path: str, body: Json) -> None:
    assert Reviewer(factory, VIC).post(path, body).status_code == 403


@EACH
def test_nobody_changes_anything_without_the_sessions_token(
    quinn: Reviewer, path: str, body: Json
) -> None:
    assert quinn.post(path, body, **{"X-CSRF-Token": "guess"}).status_code == 403
    assert quinn.post(path, body, **OTHER_SITE).status_code == 403


@EACH
def test_without_a_session_nothing_is_changed(client: FlaskClient, path: str, body: Json) -> None:
    assert client.post(f"/api/v1/{path}", json=body).status_code == 401


@EACH
def test_what_is_not_known_is_refused(quinn: Reviewer, path: str, body: Json) -> None:
    answer = quinn.post(path, body | {"spam": 1})
    assert answer.status_code == 400
    assert "spam" in answer.get_json()["error"]


def test_an_operator_reviews_nothing_and_begins_lots(factory: FakeFactory) -> None:
    mia = Reviewer(factory, MIA)
    assert mia.post("reviews/next", {"queue": "audit", "count": 1}).status_code == 403
    assert mia.client.get("/api/v1/reviews/waiting").status_code == 403
    assert mia.post("stations/board/lots", {"name": "lot 7"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("reviews/next", {"queue": "all", "count": 1}),
        ("reviews/next", {"queue": "audit", "count": 6}),
        ("reviews/next", {"queue": "audit", "count": "1"}),
        ("reviews", {"request": "p q", "claim": "c", "verdict": "OK"}),
        ("reviews", {"request": "p", "claim": "c"}),
        ("reviews", {"request": "p", "claim": 7, "verdict": "OK"}),
        ("reviews", {"request": "p", "claim": "c", "verdict": "good"}),
        ("reviews", {"request": "p", "claim": "c", "verdict": "OK", "shown_ms": -1}),
        ("reviews", {"request": "p", "claim": "c", "verdict": "OK", "decided_ms": True}),
        ("reviews", {"request": "p", "claim": "c", "verdict": "OK", "source": "confirm"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(quinn: Reviewer, path: str, body: Json) -> None:
    answer = quinn.post(path, body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_a_recorder_that_is_away_is_said(factory: FakeFactory, quinn: Reviewer) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            raise RecorderAway("no answer")

    factory.reviews = Away()
    rita = Reviewer(factory, RITA)
    answer = rita.post("reviews/next", {"queue": "audit", "count": 1})
    assert (answer.status_code, answer.get_json()["error"]) == (
        503,
        "The recorder does not answer; nothing was written.",
    )


def test_what_was_said_of_a_seeded_defect_looks_like_any_audit(tmp_path: Path) -> None:
    with reviewing(tmp_path / "other", audits(1), ["SEED1"]) as behind:
        factory = FakeFactory(records=behind.queues, reviews=behind.reviews)  # type: ignore[arg-type]
        quinn = Reviewer(factory, QUINN)
        part, seed = quinn.next(count=2)
        assert part.keys() == seed.keys() == BLIND
        assert part | {"claim": ""} == seed | {"claim": ""}
        said = [quinn.say(one, "OK").get_json()["missed_seed"] for one in (part, seed)]
        assert sorted(said) == [False, True]


def test_the_screen_is_for_those_who_review(
    factory: FakeFactory, quinn: Reviewer, client: FlaskClient
) -> None:
    away = client.get("/review?queue=second")
    assert (away.status_code, away.location) == (303, "/sign-in?next=/review?queue=second")
    assert Reviewer(factory, VIC).client.get("/review").status_code == 403
    page = quinn.client.get("/review?queue=nonsense")
    assert page.status_code == 200
    assert 'data-queue="audit"' in page.text
    for inline in (" style=", "<style", " onclick="):
        assert inline not in page.text


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/review", "/review"),
        ("/review?queue=audit", "/review?queue=audit"),
        ("/review?queue=x", "/"),
        ("//evil.example/review", "/"),
    ],
)
def test_after_signing_in_one_is_back_at_the_queue(wanted: str, place: str) -> None:
    assert back_to(wanted) == place
