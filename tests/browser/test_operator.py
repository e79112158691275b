"""The operator screen in a real browser: presses, time, and what goes wrong."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.browser.conftest import Site
from tests.needs import require_module
from tests.web.fakes import BOARD, part
from web.services import PressAnswer

pytestmark = pytest.mark.slow
SETTLED_MS = 600
"""A part must have been on the screen for half a second before a press counts."""


def expect(of: Any) -> Any:
    return require_module("playwright.sync_api").expect(of)


def shows(page: Any, record: str) -> None:
    expect(page.locator("#stage")).to_have_attribute("data-record", record)
    page.wait_for_timeout(SETTLED_MS)


def signed_in(page: Any, site: Site) -> None:
    page.goto(f"{site.address}/sign-in")
    page.fill("#badge", "1001")
    page.fill("#pin", "123456")
    page.locator(".go").click()
    expect(page.locator("#who")).to_have_text("Mia Roth")


def pressed_records(site: Site) -> list[str]:
    return [press.record for press in site.factory.line.presses]


def until(page: Any, holds: Callable[[], bool]) -> None:
    """Wait until something holds on the server's side."""
    for _ in range(60):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not happen within 3 s")


def test_the_calm_screen_of_a_station_says_what_its_model_runs_on_and_marks_what_is_odd(
    page: Any, site: Site
) -> None:
    page.goto(f"{site.address}/?station=board")
    cells = page.locator(".model td")
    expect(cells.nth(5)).to_have_text("400 ms")
    expect(cells.nth(0)).to_have_text("CPU BF16")
    expect(cells.nth(1)).to_have_text("3cfd0e6a")
    expect(cells.nth(3)).to_have_text("4.3 ms")
    expect(page.locator(".model .odd")).to_have_count(0)
    ms = {"p50": 310.0, "p99": 412.4, "max": 500.0}
    site.said["board"]["model"].update(device_asked="GPU", ms=ms)
    expect(page.locator(".model .odd")).to_have_text(["CPU BF16, not GPU", "412 ms"])


def test_an_answer_is_sent_then_changed(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    signed_in(page, site)
    shows(page, "r000001")
    page.locator("#good").click()
    expect(page.locator("#notice")).to_have_text("Part 1: good part, sent")
    (press,) = site.factory.line.presses
    assert press.person is not None
    assert (press.record, press.verdict, press.person.name) == ("r000001", "pass", "Mia Roth")
    answered = part(1, operator="pass", revision=1, by="Mia Roth", operator_state="changed")
    site.said["board"]["waiting"] = [answered]
    expect(page.locator("#notice")).to_have_text("Part 1: good part, changed")


def test_a_press_acts_on_the_part_painted_when_it_began(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").hover()
    page.mouse.down()
    site.said["board"]["waiting"] = [part(2, reject_at=5000)]  # part 1 is gone, 2 is urgent
    page.wait_for_timeout(800)
    expect(page.locator("#stage")).to_have_attribute("data-record", "r000001")
    page.mouse.up()
    until(page, lambda: pressed_records(site) == ["r000001"])
    expect(page.locator("#stage")).to_have_attribute("data-record", "r000002")


def test_a_press_says_what_was_painted_and_when(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1, revision=1)]
    page.goto(site.address)
    shows(page, "r000001")
    before = site.factory.clock.now()
    page.locator("#keep").click()
    until(page, lambda: len(site.factory.line.presses) == 1)
    (press,) = site.factory.line.presses
    assert press.seen_revision == 1
    assert -1.5 < (press.painted_at - before).total_seconds() < 1.5


def test_what_the_plc_does_not_count_is_not_shown_as_nothing(page: Any, site: Site) -> None:
    site.said["board"]["counts"] = {"late": 0}
    page.goto(site.address)
    counts = page.locator('[data-station="board"] .counts').first
    expect(counts).to_have_text("– parts · – rejected")
    site.said["board"]["counts"] = {"triggered": 1200, "rejected": 0, "fail_safe": 3}
    expect(counts).to_have_text("1\u202f200 parts · 3 rejected")


def test_a_double_tap_is_one_decision(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1), part(2, reject_at=13_000)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").dblclick()
    page.locator("#keep").click()
    page.wait_for_timeout(1000)
    assert pressed_records(site) == ["r000001"]


def test_a_second_tap_never_decides_the_part_that_moved_up(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1), part(2, reject_at=13_000)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").click()
    expect(page.locator("#stage")).to_have_attribute("data-record", "r000002")
    page.locator("#keep").click()  # at once after it appeared
    page.wait_for_timeout(300)
    assert pressed_records(site) == ["r000001"]


def test_a_press_shows_before_the_server_answers(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    site.factory.line.hangs.shut()
    page.locator("#keep").hover()
    page.mouse.down()
    assert page.locator("#keep.pressed").count() == 1
    page.mouse.up()
    expect(page.locator("#keep.chosen")).to_have_count(1)
    expect(page.locator("#notice")).to_have_text("Part 1: reject …")
    site.factory.line.hangs.clear()
    expect(page.locator("#notice")).to_have_text("Part 1: reject, sent")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PressAnswer("too_late", 0, "", "decided"), "too late"),
        (PressAnswer("superseded", 1, "Ada"), "answered first"),
        (PressAnswer("refused", 0, "", "no override at this station"), "no override"),
    ],
)
def test_what_became_of_it_is_said_in_words(
    page: Any, site: Site, answer: PressAnswer, words: str
) -> None:
    site.factory.line.answer = answer
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").click()
    expect(page.locator("#notice")).to_contain_text(words)


def test_a_line_that_is_away_is_said_and_the_part_still_waits(page: Any, site: Site) -> None:
    site.factory.line.away = True
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").click()
    expect(page.locator("#notice")).to_contain_text("The line does not answer")
    expect(page.locator("#backlog")).to_have_text("1 waiting")


def test_undo_brings_the_part_back(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1), part(2, reject_at=13_000)]
    signed_in(page, site)
    shows(page, "r000001")
    page.locator("#good").click()
    shows(page, "r000002")
    answered = part(1, operator="pass", revision=1, by="Mia Roth", operator_state="sent")
    site.said["board"]["waiting"] = [answered, part(2, reject_at=13_000)]
    page.locator("#undo").click()
    shows(page, "r000001")
    expect(page.locator("#good.chosen")).to_have_count(1)
    page.locator("#keep").click()
    until(page, lambda: len(site.factory.line.presses) == 2)
    said = [(press.record, press.verdict) for press in site.factory.line.presses]
    assert said == [("r000001", "pass"), ("r000001", "reject")]


def test_keys_press_the_same_buttons(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1), part(2, reject_at=13_000)]
    signed_in(page, site)
    shows(page, "r000001")
    page.keyboard.press("F1")
    shows(page, "r000002")
    page.keyboard.press("F2")
    until(page, lambda: len(site.factory.line.presses) == 2)
    said = [(press.record, press.verdict) for press in site.factory.line.presses]
    assert said == [("r000001", "reject"), ("r000002", "pass")]


def test_a_focused_button_takes_enter_once(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").focus()
    page.keyboard.press("Enter")
    until(page, lambda: pressed_records(site) == ["r000001"])


def test_a_badge_scan_decides_nothing_and_asks_for_the_pin(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    page.locator("#keep").focus()
    page.keyboard.type("0012345678", delay=2)
    page.keyboard.press("Enter")
    expect(page.locator("#badge")).to_have_value("0012345678")
    expect(page.locator("#pin")).to_be_focused()
    assert page.url == f"{site.address}/sign-in?next=%2F"
    assert site.factory.line.presses == []


def test_nobody_signed_in_is_asked_to_before_a_good_part(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(f"{site.address}/?station=board")
    shows(page, "r000001")
    expect(page.locator("#good kbd")).to_have_text("sign in first")
    page.locator("#good").click()
    expect(page.locator("#badge")).to_be_visible()
    for digit in "1001":
        page.locator(f"[data-key='{digit}']").click()
    page.locator("#pin").focus()
    for digit in "123456":
        page.locator(f"[data-key='{digit}']").click()
    page.locator(".go").click()
    expect(page.locator("#who")).to_have_text("Mia Roth")
    assert page.url == f"{site.address}/?station=board"
    assert site.factory.line.presses == []


def test_an_unknown_part_has_a_cause_and_no_good_button(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1, "unknown")]
    signed_in(page, site)
    shows(page, "r000001")
    expect(page.locator("#stage .findings")).to_have_text("view top missing")
    expect(page.locator("#good")).not_to_be_visible()
    page.keyboard.press("F2")
    page.wait_for_timeout(300)
    assert site.factory.line.presses == []


def test_a_station_too_fast_for_people_has_no_buttons(page: Any, site: Site) -> None:
    site.factory.live.cards = (replace(BOARD, travel_s=3.2),)
    site.said["board"] |= {"travel_s": 3.2, "waiting": [part(1)]}
    page.goto(site.address)
    expect(page.locator("#no-override")).to_contain_text("No override here")
    for button in ("#keep", "#good", "#reject-one", "#undo"):
        expect(page.locator(button)).not_to_be_visible()
    page.keyboard.press("F1")
    page.wait_for_timeout(300)
    assert site.factory.line.presses == []


def test_a_part_that_would_pass_can_be_rejected(page: Any, site: Site) -> None:
    site.said["board"]["in_flight"] = [part(5, "pass"), part(4, "pass", reject_at=9000)]
    page.goto(site.address)
    page.locator("#reject-one").click()
    tiles = page.locator("#pick .parts button")
    expect(tiles).to_have_count(2)
    site.said["board"]["in_flight"] = [part(6, "pass"), part(5, "pass")]
    page.wait_for_timeout(SETTLED_MS)
    tiles.nth(1).click()
    until(page, lambda: pressed_records(site) == ["r000004"])
    assert site.factory.line.presses[0].verdict == "reject"
    expect(page.locator("#pick")).not_to_be_visible()


def test_a_silent_line_shows_as_no_data_and_takes_no_press(page: Any, site: Site) -> None:
    site.said["board"]["waiting"] = [part(1)]
    page.goto(site.address)
    shows(page, "r000001")
    expect(page.locator("#state .word")).to_have_text("RUNNING")
    site.factory.live.silent = True
    expect(page.locator("#state .word")).to_have_text(re.compile("NO DATA 2 s"), timeout=2600)
    page.locator("#keep").click(force=True)
    page.wait_for_timeout(300)
    assert site.factory.line.presses == []


def test_a_server_that_hangs_shows_as_no_data(page: Any, site: Site) -> None:
    page.goto(site.address)
    expect(page.locator("#state .word")).to_have_text("RUNNING")
    site.factory.live.hangs.shut()
    expect(page.locator("#state .word")).to_have_text(re.compile("NO DATA 2 s"), timeout=2600)
    site.factory.live.hangs.clear()
    expect(page.locator("#state .word")).to_have_text("RUNNING")


def test_a_panel_without_a_stream_asks(page: Any, site: Site) -> None:
    page.route("**/live", lambda route: route.fulfill(status=503, body=""))
    page.goto(site.address)
    page.wait_for_timeout(2600)
    site.said["board"]["waiting"] = [part(1)]
    expect(page.locator("#stage")).to_have_attribute("data-record", "r000001")


def test_the_time_stands_with_the_belt(page: Any, site: Site) -> None:
    site.said["board"] |= {"waiting": [part(1)], "running": False, "packml": 11}
    page.goto(site.address)
    shows(page, "r000001")
    expect(page.locator("#state .word")).to_have_text("HELD")
    expect(page.locator("#stage .seconds")).to_have_text("12 s")
    page.wait_for_timeout(1200)
    expect(page.locator("#stage .seconds")).to_have_text("12 s")


def test_a_lost_camera_is_marked_on_its_tile(page: Any, site: Site) -> None:
    site.said["ring"]["views"]["side"] = {"camera_up": False, "synced": False, "why": "no answer"}
    page.goto(site.address)
    tile = page.locator("[data-station=ring] [data-view=side]")
    expect(tile).to_have_class(re.compile("bad"))
    expect(tile.locator(".fault")).to_have_text("no answer")
    expect(page.locator("[data-station=ring] [data-view=top]")).not_to_have_class(re.compile("bad"))


def test_an_outline_is_drawn_in_the_place_of_the_box(page: Any, site: Site) -> None:
    box = {"view": "top", "kind": "scratch", "score": 0.9, "box": [100, 120, 80, 40]}
    drawn = {**box, "outline": [[100, 120], [180, 120], [140.5, 160]]}
    site.said["board"] |= {"waiting": [part(1, findings=[drawn, box])]}
    page.goto(site.address)
    shows(page, "r000001")
    outline = page.locator("#stage svg polygon.box")
    expect(outline).to_have_attribute("points", "100,120 180,120 140.5,160")
    expect(page.locator("#stage svg rect.box")).to_have_count(1)
    assert outline.evaluate("one => one.getBBox().width") == 80


def test_what_people_wrote_is_only_text(page: Any, site: Site) -> None:
    attack = "<img src=/x onerror=alert(1)>"
    site.factory.live.cards = (replace(BOARD, title=attack),)
    site.said["board"] |= {"waiting": [part(1, "unknown", reasons=[attack])], "state_why": attack}
    page.goto(site.address)
    shows(page, "r000001")
    expect(page.locator("#stage .findings")).to_have_text(attack)
    assert page.locator("img[src='/x']").count() == 0
