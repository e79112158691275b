"""Sizes on the five panels: fingers with gloves, eyes at two metres, no page that scrolls."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import pytest

from tests.browser.conftest import Site, watch
from tests.web.fakes import part

pytestmark = pytest.mark.slow

TARGET_MM = 20.0
GAP_MM = 3.0
CAP_HEIGHT_MM = 11.6
# Name, pixels, width in mm where the resolution alone does not tell.
PANELS = {
    "7 inch": (1024, 600, None, 6.68),
    "10.1 inch": (1280, 800, None, 5.88),
    "12.1 inch": (1280, 800, 260.7, 4.91),
    "15.6 inch": (1920, 1080, None, 5.56),
    "21.5 inch": (1920, 1080, 476.4, 4.03),
}
SCENES = ["nothing waits", "a reject waits", "one station", "unknown", "reject a part", "sign in"]


@pytest.fixture(params=PANELS)
def panel(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def screen(browser: Any, panel: str) -> Iterator[Any]:
    width, height, _, _ = PANELS[panel]
    context = browser.new_context(viewport={"width": width, "height": height})
    tab = context.new_page()
    faults = watch(tab)
    yield tab
    context.close()
    assert faults == []


def opened(tab: Any, site: Site, panel: str, scene: str) -> None:
    """Bring a panel to a scene."""
    mm = PANELS[panel][2]
    query = f"&mm={mm}" if mm else ""
    waiting = [part(1, left=9), part(2), part(3)]
    if scene in ("a reject waits", "one station"):
        site.said["board"]["waiting"] = waiting
    if scene == "unknown":
        site.said["board"]["waiting"] = [part(4, "unknown")]
    site.said["ring"]["recent"] = [part(n, record=f"x{n}", action=2) for n in range(20, 28)]
    site.said["ring"]["in_flight"] = [part(n, "pass", record=f"y{n}") for n in range(30, 36)]
    where = {"sign in": "/sign-in?", "one station": "/?station=board"}.get(scene, "/?")
    tab.goto(f"{site.address}{where}{query}")
    if scene == "reject a part":
        tab.locator("#reject-one").click()
        tab.locator("#pick .parts button").first.wait_for()
    if scene in ("a reject waits", "one station", "unknown"):
        tab.locator("#stage:not(.calm)").wait_for()


def boxes(tab: Any) -> list[dict[str, Any]]:
    """Everything on the screen that can be pressed, as the eye sees it."""
    found: list[dict[str, Any]] = tab.evaluate(
        """() => [...document.querySelectorAll('button, a, input:not([type=hidden])')]
        .filter((one) => one.checkVisibility({visibilityProperty: true})
                         && getComputedStyle(one).pointerEvents !== 'none')
        .map((one) => {
          const {left, top, right, bottom} = one.getBoundingClientRect();
          const isClipped = one.tagName !== 'INPUT'
            && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
          return {name: one.id || one.textContent.trim() || one.className,
                  field: one.tagName === 'INPUT', left, top, right, bottom, isClipped};
        })"""
    )
    return found


@pytest.mark.parametrize("scene", SCENES)
def test_everything_can_be_pressed_with_gloves(
    screen: Any, site: Site, panel: str, scene: str
) -> None:
    width, height, _, px_per_mm = PANELS[panel]
    opened(screen, site, panel, scene)
    found = boxes(screen)
    assert len(found) >= 4
    for box in found:
        assert not box["isClipped"], f"{box['name']} does not show all of its words"
        assert min(box["left"], box["top"]) >= 0, f"{box['name']} lies outside"
        assert box["right"] <= width, f"{box['name']} lies outside"
        assert box["bottom"] <= height, f"{box['name']} lies outside"
        if not box["field"]:  # a field has the focus already, and keys of its own
            size_mm = [
                (box[end] - box[start]) / px_per_mm
                for start, end in (("left", "right"), ("top", "bottom"))
            ]
            assert min(size_mm) >= TARGET_MM, f"{box['name']} measures {size_mm} mm"
    keys = [box for box in found if not box["field"]]
    for one, other in combinations(keys, 2):
        gap_mm = gap(one, other) / px_per_mm
        assert gap_mm >= GAP_MM - 0.01, f"{one['name']} and {other['name']}: {gap_mm:.2f} mm"


def gap(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The distance between two boxes, in pixels; negative when they overlap."""
    across: float = max(one["left"] - other["right"], other["left"] - one["right"])
    down: float = max(one["top"] - other["bottom"], other["top"] - one["bottom"])
    return max(across, down)


@pytest.mark.parametrize("scene", SCENES)
def test_the_page_does_not_scroll(screen: Any, site: Site, panel: str, scene: str) -> None:
    width, height, _, _ = PANELS[panel]
    opened(screen, site, panel, scene)
    for name in ("scrollWidth", "scrollHeight"):
        size = screen.evaluate(f"document.documentElement.{name}")
        assert size <= {"scrollWidth": width, "scrollHeight": height}[name]


@pytest.mark.parametrize("scene", ["a reject waits", "unknown"])
def test_nothing_in_the_stage_is_cut_off(screen: Any, site: Site, panel: str, scene: str) -> None:
    opened(screen, site, panel, scene)
    stage = screen.locator("#stage").bounding_box()
    for part_of in (".verdict", ".part", ".findings li", ".time"):
        box = screen.locator(f"#stage {part_of}").first.bounding_box()
        assert box["y"] >= stage["y"], part_of
        assert box["y"] + box["height"] <= stage["y"] + stage["height"], part_of
    findings = screen.locator("#stage .findings").bounding_box()
    first = screen.locator("#stage .findings li").first.bounding_box()
    assert first["y"] + first["height"] <= findings["y"] + findings["height"] + 1
    word = screen.locator("#stage .verdict .word").bounding_box()
    assert word["x"] + word["width"] <= stage["x"] + stage["width"]


def test_the_verdict_is_read_from_two_metres(screen: Any, site: Site, panel: str) -> None:
    opened(screen, site, panel, "unknown")
    picture = shot(screen.locator("#stage .verdict .word"))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    last_letter = grey[:, int(grey.shape[1] * 0.88) :] < 160  # the N: neither tail nor overshoot
    rows = np.flatnonzero(last_letter.any(axis=1))
    assert (rows[-1] - rows[0] + 1) / PANELS[panel][3] >= CAP_HEIGHT_MM


def test_colour_is_only_for_what_is_not_as_it_should_be(
    screen: Any, site: Site, panel: str
) -> None:
    opened(screen, site, panel, "nothing waits")
    assert coloured_share(shot(screen)) < 0.005
    site.said["board"]["waiting"] = [part(1)]
    screen.locator("#stage:not(.calm)").wait_for()
    # The verdict is as large on 7 inch as on 21: there it takes more of the screen.
    assert 0.005 < coloured_share(shot(screen)) < 0.08


def coloured_share(picture: Any) -> float:
    """The share of saturated pixels."""
    _, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    return float(((saturation > 64) & (value > 41)).mean())


def shot(of: Any) -> Any:
    """A picture of a page or an element."""
    return cv2.imdecode(np.frombuffer(of.screenshot(), np.uint8), cv2.IMREAD_COLOR)
