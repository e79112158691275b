"""The review screen in a real browser: by keyboard alone, and blind where it has to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Site, factory_of
from tests.needs import require_module
from tests.reviewing import Reviewing, audits, disagreement, reviewing
from tests.web.fakes import BOARD, PICTURE, RING, FakeFactory
from web import review_json

pytestmark = pytest.mark.slow
KINDS = {"missing_part": 0.4, "scratch": 0.3}
OPEN = '#answers button[data-action="ok"][aria-disabled="false"]'
PATIENCE_MS = 30_000
"""A browser on a busy computer; no time is measured here."""


def expect(of: Any) -> Any:
    return require_module("playwright.sync_api").expect(of)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Reviewing]:
    """60 audits and two disagreements, and a recorder that takes what is said of them."""
    with reviewing(tmp_path, [*audits(60), *disagreement(70), *disagreement(71)]) as running:
        yield running


@pytest.fixture
def factory(behind: Reviewing) -> FakeFactory:
    cards = (replace(BOARD, limits=KINDS), RING)
    return factory_of(cards=cards, records=behind.queues, reviews=behind.reviews)


def review(page: Any, site: Site, queue: str = "audit", badge: str = "1003") -> None:
    """Sign in on the way to a queue."""
    page.goto(f"{site.address}/review?queue={queue}")
    page.fill("#badge", badge)
    page.fill("#pin", "123456")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review*")


def opened(page: Any) -> None:
    page.locator(OPEN).wait_for(timeout=PATIENCE_MS)


def until(page: Any, holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not happen")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let blind pictures be answered at once, so that 50 of them take no minute."""
    monkeypatch.setattr(review_json, "BLIND_WAIT_MS", 30)


@pytest.mark.usefixtures("quick")
def test_fifty_reviews_by_keyboard_alone_are_recorded_exactly(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site)
    pressed = []
    for n in range(50):
        opened(page)
        code, verdict, kind = [
            ("Digit1", "OK", ""),
            ("Digit2", "NOK", "missing_part"),
            ("Digit3", "NOK", "scratch"),
            ("Digit9", "NOK", ""),
            ("Numpad0", "UNSURE", ""),
        ][n % 5]
        pressed.append((verdict, kind))
        page.keyboard.press(code)
    until(page, lambda: len(behind.rows()) >= 50)
    rows = behind.rows()
    assert [(row.verdict, row.kind) for row in rows] == pressed
    assert len({row.record for row in rows}) == 50
    assert {(row.source, row.reviewer, row.supersedes) for row in rows} == {
        ("audit", "id-1003", None)
    }
    assert all(row.shown_ms == 30 and row.decided_ms >= 0 for row in rows)
    expect(page.locator("#progress")).to_contain_text("50 answered")


def test_an_audit_shows_and_fetches_nothing_that_was_said_before_the_answer(
    page: Any, site: Site, behind: Reviewing
) -> None:
    page.goto(f"{site.address}/sign-in")
    page.fill("#badge", "1003")
    page.fill("#pin", "123456")
    page.keyboard.press("Enter")
    page.locator("#stage").wait_for(timeout=PATIENCE_MS)
    asked: list[str] = []
    answers: list[Any] = []
    page.on("request", lambda one: asked.append(f"{one.url} {one.post_data or ''}"))
    page.on("response", lambda one: answers.append(one))  # noqa: PLW0108  a bound C method is refused
    page.goto(f"{site.address}/review")
    opened(page)
    page.wait_for_timeout(300)
    said = [one for one in answers if not re.search("/static/|/pictures/|/live", one.url)]
    texts = [page.content(), *asked, *(one.text() for one in said)]
    assert sum("/reviews/next" in text for text in asked) == 1
    for word in ("0.31", "board-0", "score", "finding", "pass", "select", "stratum", 'box"'):
        assert not [text for text in texts if word in text], word
    assert page.locator("#picture rect, #picture polygon").count() == 0
    (given,) = [one.json()["items"] for one in said if one.url.endswith("/next")]
    assert len(given) == 3


def test_a_second_opinion_does_not_tell_the_first(page: Any, site: Site, behind: Reviewing) -> None:
    review(page, site)
    opened(page)
    page.locator("#reason").fill("at the rim")
    page.keyboard.press("Enter")
    page.keyboard.press("Digit3")
    until(page, lambda: len(behind.rows()) == 1)
    page.context.clear_cookies()
    review(page, site, "second", "1004")
    opened(page)
    dom = page.content()
    assert "at the rim" not in dom
    assert "NOK\u0022" not in page.locator("body").get_attribute("data-state")
    page.keyboard.press("Digit3")
    until(page, lambda: len(behind.rows()) == 2)
    first, confirm = behind.rows()
    assert (first.reason, confirm.source) == ("at the rim", "confirm")
    assert first.record == confirm.record


def test_a_key_within_the_first_look_is_ignored(page: Any, site: Site, behind: Reviewing) -> None:
    review(page, site)
    page.locator("#answers button").first.wait_for(timeout=PATIENCE_MS)
    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', { code: 'Digit1', key: '1', bubbles: true }))"
    )
    opened(page)
    assert behind.rows() == []
    page.keyboard.press("Digit1")
    until(page, lambda: len(behind.rows()) == 1)
    assert behind.rows()[0].shown_ms == 800


@pytest.mark.usefixtures("quick")
def test_twenty_answers_are_taken_back_and_the_twenty_first_is_not(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site)
    for _ in range(22):
        opened(page)
        page.keyboard.press("Digit1")
    until(page, lambda: len(behind.rows()) == 22)
    for n in range(1, 21):
        page.keyboard.press("Control+z" if n % 2 else "KeyU")
        until(page, lambda n=n: len(behind.rows()) == 22 + n)  # type: ignore[misc]
    page.keyboard.press("KeyU")
    expect(page.locator("#notice")).to_have_text("There is nothing to take back")
    backs = behind.rows()[22:]
    assert [row.supersedes for row in backs] == list(range(22, 2, -1))
    opened(page)
    page.keyboard.press("Digit2")
    until(page, lambda: len(behind.rows()) == 43)
    anew = behind.rows()[-1]
    assert (anew.supersedes, anew.verdict, anew.record) == (
        backs[-1].id,
        "NOK",
        backs[-1].record,
    )


def test_zoom_and_boxes_stay_from_one_picture_to_the_next(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site, "disagreement")
    opened(page)
    expect(page.locator("#picture rect.box")).to_have_count(1)
    expect(page.locator("#told")).to_contain_text("Olga Operator: good part, too late")
    whole = page.locator("#picture").get_attribute("viewBox")
    page.keyboard.press("KeyZ")
    page.keyboard.press("KeyB")
    zoomed = page.locator("#picture").get_attribute("viewBox")
    assert zoomed != whole
    expect(page.locator("#picture rect.box")).to_have_count(0)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.keyboard.press("Digit1")
    expect(page.locator("#told")).to_contain_text("Part 7")
    opened(page)
    assert page.locator("#picture").get_attribute("viewBox") == zoomed
    expect(page.locator("#picture rect.box")).to_have_count(0)
    assert not [url for url in fetched if PICTURE in url]


def test_a_key_is_another_after_it_was_changed_and_stays_so(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site)
    opened(page)
    page.keyboard.press("Slash")
    page.locator('#keys [data-action="ok"]').click()
    page.keyboard.press("KeyG")
    page.locator("#keys-close").click()
    expect(page.locator('[data-action="ok"] kbd').last).to_have_text("G")
    page.reload()
    opened(page)
    page.keyboard.press("Digit1")
    page.keyboard.press("KeyG")
    until(page, lambda: len(behind.rows()) == 1)
    assert behind.rows()[0].verdict == "OK"


@pytest.mark.usefixtures("quick")
def test_answers_given_while_the_server_is_away_arrive_once_and_in_order(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site)
    opened(page)
    page.route("**/api/v1/reviews", lambda route: route.abort())
    for code in ("Digit1", "Digit2"):
        opened(page)
        page.keyboard.press(code)
    expect(page.locator("#trouble")).to_contain_text("2 answers are kept here")
    assert behind.rows() == []
    page.unroute("**/api/v1/reviews")
    until(page, lambda: len(behind.rows()) == 2)
    assert [row.verdict for row in behind.rows()] == ["OK", "NOK"]
    expect(page.locator("#trouble")).to_be_hidden()


def test_an_empty_queue_says_so_and_a_viewer_sees_none(
    page: Any, site: Site, behind: Reviewing
) -> None:
    review(page, site, "second")
    expect(page.locator(".nothing .headline")).to_have_text("Nothing waits for you here")
    page.context.clear_cookies()
    review(page, site, "audit", "1002")
    expect(page.locator("h1")).to_have_text("A person with the role viewer may not do this.")
