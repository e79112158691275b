"""The line names one part for another model, and the frame that shows it in each view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.factory import Factory


def asked(factory: Factory) -> Mapping[str, Any]:
    """Let the worker say that a model is ready; return the line's answer."""
    factory.line.change_model()
    return factory.to_worker[-1]


def test_every_view_is_told_the_frame_of_the_same_part_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factory = Factory()
    factory.run(20)
    newest = factory.memory.part_id
    told = asked(factory)
    assert told["do"] == "change"
    assert told["first"] > newest + 1
    shown: dict[tuple[str, int, int], str] = {}
    seen = factory.line.seen

    def heard(view: str, session: int, counter: int, result: Mapping[str, Any]) -> None:
        shown[view, session, counter] = result["picture"]
        seen(view, session, counter, result)

    monkeypatch.setattr(factory.line, "seen", heard)
    factory.run(15)
    for view, (session, counter) in told["from"].items():
        assert shown[view, session, counter] == f"{told['first']}/{view}"
    assert set(told["from"]) == set(factory.cameras)


def test_a_view_out_of_sync_is_told_no_frame() -> None:
    factory = Factory()
    factory.run(20)
    factory.restart_camera("side")
    assert set(asked(factory)["from"]) == {"top"}
