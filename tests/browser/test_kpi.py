"""The page of figures in a real browser: without JavaScript, on paper, at every width."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.domain.dashboard import Defect, Defects
from inspector.domain.finding import ViewResult
from inspector.domain.record import Record
from tests.browser.conftest import Site
from tests.web.boards import board, unaudited
from tests.web.fakes import PICTURE, kept

pytestmark = pytest.mark.slow

MANY = Defects(tuple(Defect(f"kind_of_defect_{n}", 90 - n) for n in range(12)), 1000, 2400)
BOARDS = {
    "a month": board(),
    "just begun": unaudited(),
    "stale": replace(board(stale=True, bad=150), defects=MANY),
}
WIDTHS = {"phone": (320, 700), "panel": (1024, 600), "desk": (1280, 800), "wall": (1920, 1080)}
LEAST_CONTRAST = 4.5


@pytest.fixture
def plain(browser: Any, site: Site) -> Iterator[Any]:
    """A browser with JavaScript off."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, java_script_enabled=False
    )
    site.factory.figures.board = board()
    yield context.new_page()
    context.close()


def test_without_javascript_every_tile_and_chart_is_there_and_the_form_works(
    plain: Any, site: Site
) -> None:
    plain.goto(f"{site.address}/kpi", wait_until="networkidle")
    assert plain.locator("article.tile").count() == 20
    for chart in ("svg.bar", "svg.spark", "svg.trend", "svg.share"):
        box = plain.locator(chart).first.bounding_box()
        assert box["width"] > 60, chart
        assert box["height"] > 8, chart
    plain.get_by_label("Station", exact=True).select_option("ring")
    plain.get_by_label("Window", exact=True).select_option("7")
    plain.get_by_role("button", name="Show").click()
    assert plain.url.endswith("/kpi?station=ring&days=7")
    assert site.factory.figures.asked[-1][0] == "ring"


def test_the_file_has_the_words_of_the_tiles(plain: Any, site: Site) -> None:
    plain.goto(f"{site.address}/kpi", wait_until="networkidle")
    with plain.expect_download() as download:
        plain.get_by_role("link", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    for tile in plain.locator("article.tile").all():
        row = rows[tile.get_attribute("data-kpi")]
        assert [row["shown"]] == (tile.locator(".value").all_inner_texts() or [""])
        money = tile.locator(".money").all_inner_texts() or [""]
        assert [row["money_shown"]] == money


def test_a_bar_is_one_press_from_its_pictures(plain: Any, site: Site) -> None:
    site.factory.figures.kept = [kept_with_picture()]
    plain.goto(f"{site.address}/kpi?days=7", wait_until="networkidle")
    plain.get_by_role("link", name="missing_part").click()
    assert plain.get_by_role("heading", name="Rejected for missing_part").is_visible()
    picture = plain.locator("ol.pictures img").first
    assert picture.bounding_box()["width"] > 100
    plain.get_by_role("link", name="Figures").click()
    assert plain.url.endswith("/kpi?days=7")


def kept_with_picture() -> Record:
    return replace(kept(), views=(ViewResult("top", picture=PICTURE),))


@pytest.mark.parametrize("name", BOARDS)
def test_it_prints_on_one_page(page: Any, site: Site, name: str) -> None:
    site.factory.figures.board = BOARDS[name]
    page.goto(f"{site.address}/kpi", wait_until="networkidle")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", BOARDS)
def test_nothing_is_cut_off_and_the_page_does_not_scroll_sideways(
    page: Any, site: Site, name: str, width: str
) -> None:
    site.factory.figures.board = BOARDS[name]
    size = WIDTHS[width]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/kpi", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.tile, .tile p, .tile h3, .tile h4, header *')]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert cut == []


@pytest.mark.parametrize("name", [*BOARDS, "empty"])
def test_every_word_stands_out_from_its_ground(page: Any, site: Site, name: str) -> None:
    site.factory.figures.board = BOARDS.get(name)
    page.goto(f"{site.address}/kpi", wait_until="networkidle")
    faint = page.evaluate(
        """(least) => {
          const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
          const light = (colour) => {
            const [r, g, b] = numbers(colour).slice(0, 3).map((one) => one / 255)
              .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = (one) => {
            const colour = getComputedStyle(one).backgroundColor;
            const seen = numbers(colour);
            return seen.length < 4 || seen[3] > 0 ? colour : ground(one.parentElement);
          };
          const words = (one) =>
            [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
          return [...document.querySelectorAll('body *')]
            .filter((one) => words(one) && one.checkVisibility() && !one.closest('svg'))
            .map((one) => {
              const pair = [light(getComputedStyle(one).color), light(ground(one))].sort();
              return [(pair[1] + 0.05) / (pair[0] + 0.05), one.outerHTML.slice(0, 90)];
            })
            .filter(([contrast]) => contrast < least);
        }""",
        LEAST_CONTRAST,
    )
    assert faint == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Any, site: Site) -> None:
    site.factory.figures.board = board()
    page.goto(f"{site.address}/kpi", wait_until="networkidle")
    reached: list[list[str]] = []
    while "dent" not in [name for name, _ in reached]:
        assert len(reached) < 20
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => [document.activeElement.textContent.trim().slice(0, 12),
                          getComputedStyle(document.activeElement).outlineStyle]"""
            )
        )
    assert all(outline == "solid" for _, outline in reached)
    names = [name for name, _ in reached]
    for wanted in ("Show", "CSV", "As a table", "missing_part"):
        assert wanted in names


def test_the_page_asks_nothing_of_another_host(page: Any, site: Site) -> None:
    site.factory.figures.board = board()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.address}/kpi", wait_until="networkidle")
    assert asked
    assert all(one.startswith(site.address) for one in asked)
