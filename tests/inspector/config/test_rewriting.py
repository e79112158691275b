"""A station's file is changed as a person would change it."""

import tomllib
from pathlib import Path

import pytest

from inspector.config.rewriting import with_limits, with_package, with_picture_check
from inspector.errors import SettingsWrong

ROOT = Path(__file__).parents[3]
RING = (ROOT / "stations" / "ring.toml").read_text("utf-8")
LIMITS = {"darkest_mean": 61.5, "least_sharpness": 0.47, "width_px": 400}


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_only_the_limits_of_that_view_change() -> None:
    after = with_picture_check(RING, "side", LIMITS, note="200 good pictures")
    (line,) = changed_lines(RING, after)
    assert line == (
        "check = { darkest_mean = 61.5, least_sharpness = 0.47, width_px = 400 }"
        "  # learned from 200 good pictures"
    )
    views = tomllib.loads(after)["views"]
    assert views[1]["check"] == LIMITS
    assert views[0] == tomllib.loads(RING)["views"][0]


def test_a_view_without_limits_gets_some() -> None:
    bare = "\n".join(line for line in RING.splitlines() if not line.startswith("check"))
    after = with_picture_check(bare, "top", LIMITS, note="200 good pictures")
    assert tomllib.loads(after)["views"][0]["check"] == LIMITS
    assert "check" not in tomllib.loads(after)["views"][1]


def test_limits_in_a_table_of_their_own_keep_their_comments() -> None:
    bare = "\n".join(line for line in RING.splitlines() if not line.startswith("check"))
    text = f"{bare}\n[views.check]  # the new lamp\ndarkest_mean = 20  # tried at night\n"
    after = with_picture_check(text, "side", LIMITS, note="200 good pictures")
    assert "[views.check]  # the new lamp" in after
    assert "darkest_mean = 61.5  # tried at night" in after
    assert tomllib.loads(after)["views"][1]["check"] == LIMITS


def test_a_persons_comment_stays() -> None:
    text = RING.replace("# learned from", "# by Ada, from")
    after = with_picture_check(text, "top", LIMITS, note="200 good pictures")
    assert after.count("# by Ada, from") == 2


def test_what_may_not_stand_there_is_refused() -> None:
    with pytest.raises(SettingsWrong, match=r"side\.check"):
        with_picture_check(RING, "side", {"darkest_mean": 300}, note="nothing")


def test_another_package_changes_one_line() -> None:
    assert changed_lines(RING, with_package(RING, "ring2")) == ['package = "ring2"']


def test_limits_are_added_to_those_that_stand_there() -> None:
    after = with_limits(RING, {"dent": 0.42})
    assert tomllib.loads(after) == {**tomllib.loads(RING), "limits": {"dent": 0.42}}
    again = with_limits(after, {"dent": 0.5, "scratch": 0.3})
    assert tomllib.loads(again)["limits"] == {"dent": 0.5, "scratch": 0.3}
    assert changed_lines(RING, again) == ["[limits]", "dent = 0.5", "scratch = 0.3"]
    assert with_limits(RING, {}) == RING
