"""A real browser on a real server over the stand-ins of tests/web."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
import waitress
from waitress import wasyncore

from inspector.clock import SystemClock
from tests.needs import require_module, require_program
from tests.web.fakes import FakeFactory, FakeLive, FakePictures
from web import create_app

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, already warm: it starts helpers of its own with its first page."""
    program = require_program("chromium")
    playwright = require_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        chromium.new_page().goto("about:blank")
        yield chromium
        chromium.close()


class RealTime(SystemClock):
    """The real clock, with the stand-in's knob."""

    passed_s = 0.0


class GreyPictures(FakePictures):
    """A picture that a browser can show."""

    def __init__(self) -> None:
        picture = np.full((400, 400, 3), 110, np.uint8)
        cv2.circle(picture, (200, 200), 120, (170, 170, 170), -1)
        super().__init__(cv2.imencode(".jpg", picture)[1].tobytes())


@dataclass
class Site:
    """A running server and what stands behind it."""

    factory: FakeFactory
    address: str

    @property
    def said(self) -> dict[str, dict[str, Any]]:
        return self.factory.live.said


def factory_of(**parts: Any) -> FakeFactory:
    """Return the stand-ins in real time, some of them given."""
    clock: Any = RealTime()
    factory = FakeFactory(clock=clock, pictures=GreyPictures(), **parts)
    factory.live = FakeLive(factory.cards, clock)
    return factory


@pytest.fixture
def factory() -> FakeFactory:
    return factory_of()


@pytest.fixture
def site(factory: FakeFactory) -> Iterator[Site]:
    """The web server as the gateway runs it, on a free port."""
    sockets: dict[int, object] = {}
    server = waitress.create_server(
        create_app(factory.services()), map=sockets, host="127.0.0.1", port=0, threads=24
    )
    thread = threading.Thread(target=_serve, args=(factory.stopping, sockets), name="web")
    thread.start()
    yield Site(factory, f"http://127.0.0.1:{server.effective_port}")
    factory.live.hangs.clear()
    factory.line.hangs.clear()
    factory.stopping.set()
    thread.join()
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
    server.close()
    wasyncore.close_all(sockets)


def _serve(stopping: threading.Event, sockets: dict[int, object]) -> None:
    while not stopping.is_set():
        wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)


@pytest.fixture
def page(browser: Any, site: Site) -> Iterator[Any]:
    """A 10.1 inch panel; fails the test on any violation of the policy or error in a script."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    faults = watch(tab)
    yield tab
    context.close()
    assert faults == []


def watch(tab: Any) -> list[str]:
    """Collect what goes wrong in a page: violations, errors, complaints."""
    faults: list[str] = []

    def noted(said: str) -> None:
        faults.append(said)

    def complained(message: Any) -> None:
        if "Content Security" in message.text:
            faults.append(message.text)

    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", complained)
    tab.expose_function("violated", noted)
    tab.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (event) => violated(`${event.violatedDirective} ${event.blockedURI}`))"
    )
    return faults
