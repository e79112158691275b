"""What the screen is told, from what the line publishes."""

from typing import Any

import pytest

from tests.web.fakes import BOARD, START, FakeClock, FakeLive, part, somebody
from web.services import Json
from web.snapshot import snapshot, station_of


def shown(now_s: float = 1000.0, beat_s: float = 1000.0, **said: Any) -> Any:
    """The board's part of the screen, with some fields of the line's state changed."""
    station = FakeLive([BOARD], FakeClock()).station(BOARD) | said
    state = whole({"beat_s": beat_s, "stations": {"board": station}}, now_s)
    stations: Any = state["stations"]
    return stations[0]


def whole(status: Any, now_s: float = 1000.0) -> Json:
    return snapshot([BOARD], status, now=START, monotonic_s=now_s, person=None)


def test_the_model_that_runs_stands_beside_what_was_asked_for_and_its_takt() -> None:
    assert shown()["model"] == {
        "device_asked": "CPU",
        "device": "CPU",
        "precision": "BF16",
        "sha256": "3cfd0e6a",
        "since": START.isoformat(),
        "p50_ms": 4.31,
        "p99_ms": 6.24,
        "takt_ms": 400.0,
    }
    nothing = shown(model=None, device="", precision="", model_sha256="")["model"]
    assert set(nothing.values()) == {"", 0.0}


def test_the_age_is_that_of_the_lines_last_beat() -> None:
    assert whole({"beat_s": 999.5})["age_s"] == 0.5
    assert whole(None)["age_s"] is None


def test_who_is_signed_in_is_named() -> None:
    state = snapshot([BOARD], None, now=START, monotonic_s=0, person=somebody())
    assert state["person"] == {"name": "Mia Roth", "role": "operator"}


def test_the_time_left_goes_on_while_the_belt_runs() -> None:
    waiting = shown(waiting=[part(1)], now_s=1001.5)["waiting"]
    assert waiting[0]["left_s"] == 10.5


def test_the_time_left_stands_with_the_belt() -> None:
    waiting = shown(waiting=[part(1)], running=False, now_s=1090.0)["waiting"]
    assert waiting[0]["left_s"] == 12.0


def test_the_time_left_crosses_the_encoders_rollover() -> None:
    waiting = shown(waiting=[part(1, reject_at=4000)], encoder=2**32 - 1000)["waiting"]
    assert waiting[0]["left_s"] == 5.0


def test_a_part_past_its_deadline_has_no_time_left() -> None:
    assert shown(waiting=[part(1, reject_at=0)], encoder=300)["waiting"][0]["left_s"] == 0.0


def test_old_news_do_not_run_the_belt_on_for_ever() -> None:
    assert shown(waiting=[part(1)], now_s=1500.0)["waiting"][0]["left_s"] == 10.0


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({}, "RUNNING"),
        ({"packml": 11, "running": False}, "HELD"),
        ({"running": False}, "BELT STANDS"),
        ({"packml": 2, "running": False}, "STOPPED"),
        ({"packml": None, "running": False}, "NO PLC"),
        ({"state": "failure"}, "FAILURE"),
        ({"state": "maintenance"}, "RUNNING"),
    ],
)
def test_one_word_says_how_a_station_is(said: dict[str, Any], word: str) -> None:
    assert shown(**said)["word"] == word


def test_an_unknown_part_can_never_be_passed() -> None:
    waiting = shown(waiting=[part(1, "unknown", can_pass=True), part(2)])["waiting"]
    assert [one["can_pass"] for one in waiting] == [False, True]


@pytest.mark.parametrize("said", [{"travel_s": 5.9}, {"override": False}])
def test_where_nobody_can_answer_in_time_there_is_no_override(said: dict[str, Any]) -> None:
    assert shown(**said)["override"] is False


def test_a_finding_shows_its_score_against_the_limit() -> None:
    (found,) = shown(waiting=[part(1)])["waiting"][0]["findings"]
    assert (found["kind"], found["score"], found["limit"]) == ("missing part", 0.93, 0.4)


def test_an_outline_is_shown_where_there_is_one_and_never_one_without_bound() -> None:
    corners = [[1, 2], [3.5, 2], [3.5, 6]]
    found = {"view": "top", "kind": "scratch", "score": 0.9, "box": [1, 2, 3, 4]}
    odd = [*corners, None, [1], ["a", 2], [1, 2, 3]]
    many = [[1, 2]] * 1000
    for said, wanted in ((corners, corners), (odd, corners), (many, many[:64])):
        (one,) = shown(waiting=[part(1, findings=[{**found, "outline": said}])])["waiting"]
        assert one["findings"][0]["outline"] == wanted
    (one,) = shown(waiting=[part(1, findings=[found])])["waiting"]
    assert "outline" not in one["findings"][0]


def test_a_lost_camera_says_why() -> None:
    views = {"top": {"camera_up": False, "synced": False, "why": "", "last_frame_s": None}}
    (view,) = shown(views=views)["views"]
    assert (view["ok"], view["why"], view["picture"]) == (False, "camera lost", "")


def test_a_plc_without_connection_is_named() -> None:
    state = whole({"beat_s": 1000.0, "plc": {"demo": {"up": False, "why": "refused"}}})
    assert state["plc_down"] == "demo: refused"


@pytest.mark.parametrize("odd", [None, [], "x", 3, {"waiting": [None, 3]}, {"waiting": {}}])
def test_an_odd_state_shows_as_nothing(odd: object) -> None:
    state = whole({"beat_s": float("nan"), "stations": {"board": odd}, "plc": [1]})
    stations: Any = state["stations"]
    assert state["age_s"] is None
    assert stations[0]["waiting"] == []


def test_odd_parts_show_what_they_have() -> None:
    odd = [{"reject_at": "x", "findings": [{"box": [1, 2]}, None], "revision": "1", "views": 3}]
    (one,) = shown(waiting=odd)["waiting"]
    assert (one["record"], one["revision"], one["findings"][0]["box"]) == ("", 0, None)


def test_a_part_on_the_screen_is_found_with_its_station() -> None:
    said = {"stations": {"board": {"in_flight": [part(3)]}, "ring": {"waiting": [part(4)]}}}
    assert [station_of(f"r00000{n}", said) for n in (3, 4, 5)] == ["board", "ring", ""]
