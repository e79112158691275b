"""Another model takes over between two parts: no part is seen by both, a bad one never."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import cast

import pytest

from inspector.domain.frame import Frame
from inspector.errors import PackageRefused
from inspector.gateway.model_change import Asked, ModelChange, ask_for, asked_for
from inspector.ipc import Runtime
from inspector.vision.runtime import Model
from tests.inspector.gateway.worker_stand_ins import PATIENCE_S, picture


class Named:
    """A model that only has a name."""

    def __init__(self, package_name: str, longest_s: float = 0.1) -> None:
        self.package_name, self.longest_s = package_name, longest_s


def named(name: str, longest_s: float = 0.1) -> Model:
    return cast(Model, Named(name, longest_s))


def frame(view: str, counter: int, session: int = 1) -> Frame:
    return Frame(view, session, counter, counter, picture(0), 0.0)


class Change:
    """A change with its thread, which the test lets take one request."""

    def __init__(self, folder: Path) -> None:
        self.runtime = Runtime(folder / "run").make()
        self.new = named("new", 0.4)
        self.loaded, self.refused, self.ready = Event(), Event(), Event()
        self.why = ""
        self.change = ModelChange(
            named("old"),
            ("top", "side"),
            limits={"dent": 0.5},
            runtime=self.runtime,
            station="ring",
            load=self._load,
            ready=self.ready.set,
            refused=self._refused,
        )

    def _load(self, asked: Asked) -> Model:
        if asked.package == "overtaken":
            ask_for(self.runtime, "ring", "new", {"dent": 0.3})
        if asked.package != "new":
            raise PackageRefused(f"models/{asked.package} is damaged")
        self.limits = asked.limits
        return self.new

    def _refused(self, why: str) -> None:
        self.why = why
        self.refused.set()

    def ask(self, package: str) -> None:
        ask_for(self.runtime, "ring", package, {"dent": 0.4})
        self.run_until(self.ready if package == "new" else self.refused)

    def run_until(self, done: Event) -> None:
        stop = Event()
        thread = Thread(target=self.change.run, args=(stop,))
        thread.start()
        try:
            assert done.wait(PATIENCE_S)
        finally:
            stop.set()
            thread.join()

    def looks(self, view: str, counter: int, session: int = 1) -> str:
        return self.change.model_for(frame(view, counter, session)).package_name


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


def test_every_view_of_a_part_has_the_same_model(change: Change) -> None:
    change.ask("new")
    assert change.looks("top", 10) == "old"
    change.change.hear({"from": {"top": [1, 12], "side": [1, 7]}})
    assert [change.looks("top", n) for n in (11, 12)] == ["old", "new"]
    assert change.change.figures["state"] == "waits for its first part"
    assert [change.looks("side", n) for n in (6, 7)] == ["old", "new"]
    assert str(change.change.figures["state"]) == "runs"
    assert change.looks("side", 8) == "new"


def test_a_view_that_is_not_in_sync_takes_the_new_one_at_once(change: Change) -> None:
    change.ask("new")
    change.change.hear({"from": {"top": [1, 12]}})
    assert change.looks("side", 3) == "new"
    assert change.looks("top", 3, session=2) == "new"
    assert change.change.model is change.new


def test_a_refused_package_leaves_the_old_one_and_says_so_in_one_sentence(change: Change) -> None:
    change.ask("damaged")
    assert change.why == "package damaged is not used, old goes on: models/damaged is damaged"
    assert change.looks("top", 3) == "old"
    assert change.change.figures["state"] == "refused"
    assert asked_for(change.runtime, "ring").package == "old"
    assert asked_for(change.runtime, "ring").limits == {"dent": 0.5}


def test_what_is_asked_for_while_another_is_refused_is_not_lost(change: Change) -> None:
    change.ask("overtaken")
    assert asked_for(change.runtime, "ring").package == "new"
    change.run_until(change.ready)
    assert change.limits == {"dent": 0.3}


def test_limits_come_with_the_package(change: Change) -> None:
    change.ask("new")
    assert change.limits == {"dent": 0.4}


def test_a_look_may_take_as_long_as_the_slower_of_the_two(change: Change) -> None:
    assert change.change.longest_s == 0.1
    change.ask("new")
    assert change.change.longest_s == 0.4


def test_nothing_is_asked_for_in_a_new_runtime_folder(change: Change) -> None:
    assert asked_for(change.runtime, "ring") == Asked()
