"""What the vision benchmark makes of the times that were taken."""

import sys
from pathlib import Path

import pytest

from benchmarks.contenders import one_by_one, side_by_side
from benchmarks.outside import Outside, TrainSideLost
from benchmarks.taken import Rounds, Taken, in_turns, shares
from benchmarks.vision_figures import (
    BARE,
    BARES,
    NATIVE,
    SEEING,
    SEEINGS,
    ULTRALYTICS,
    WHOLE,
    WHOLES,
    Case,
    figures_of,
    short,
    versions,
)

ROOT = Path(__file__).resolve().parents[2]


def taken(ms: float, count: int = 6) -> Taken:
    return Taken((ms,) * count, ms * count / 1000, count)


def case(**ms: float) -> Case:
    """Return a case with three rounds, the last of them disturbed ten times over."""
    names = {"whole": WHOLE, "wholes": WHOLES, "bare": BARE, "bares": BARES}
    names |= {"seeing": SEEING, "seeings": SEEINGS}
    names |= {"ultralytics": ULTRALYTICS, "native": NATIVE}
    one = Case(320, "BF16", stage_ms={"digest": [1.0], "check": [0.1], "model": [9.0, 8.9, 90.0]})
    for name, each in ms.items():
        for times in (1, 1, 10):
            one.rounds.add(names[name], taken(each * times))
    return one


ALONE = case(whole=10, wholes=6, seeing=9, seeings=5, bare=8, bares=4)
ALL = case(whole=10, wholes=6, seeing=9, seeings=5, bare=8, bares=4, native=8, ultralytics=20)


def test_a_disturbed_round_does_not_move_a_rate() -> None:
    assert ALONE.rounds.rate_hz(WHOLE) == pytest.approx(100)


def test_the_best_setting_of_ours_stands_against_the_best_bare_one() -> None:
    figures = {one.key: one for one in figures_of(ALONE)}
    assert figures["vision.320px.throughput_vs_bare"].value == pytest.approx(4 / 6)
    assert "side by side / bare session, several" in figures["vision.320px.throughput_vs_bare"].note
    assert figures["vision.320px.one_worker_vs_bare"].value == pytest.approx(4 / 10)
    assert figures["vision.320px.one_worker_vs_same_session"].value == pytest.approx(8 / 10)


def test_three_views_take_as_long_as_their_pictures_one_after_the_other() -> None:
    rounds = Rounds({WHOLE: [Taken((1, 2, 3, 4, 5, 6, 7), 28, 7)]})
    assert rounds.ms(WHOLE, 3) == [6, 15]
    assert rounds.ms(WHOLE) == [1, 2, 3, 4, 5, 6, 7]


def test_without_the_training_environment_nothing_is_said_of_ultralytics() -> None:
    assert not [one.key for one in figures_of(ALONE) if "ultralytics" in one.key]
    assert not [key for key in short(ALONE) if "ultralytics" in key]


def test_with_it_throughput_and_latency_have_their_targets() -> None:
    figures = {one.key: one for one in figures_of(ALL)}
    throughput = figures["vision.320px.throughput_vs_ultralytics"]
    latency = figures["vision.320px.latency_vs_ultralytics"]
    assert throughput.value == pytest.approx(20 / 6)
    assert latency.value == pytest.approx(0.5)
    assert throughput.met
    assert latency.met


def test_beside_ours_stands_what_a_path_without_checks_and_a_bare_session_reach() -> None:
    values = {one.key.removeprefix("vision.320px."): one.value for one in figures_of(ALL)}
    assert values["seeing_vs_bare"] == pytest.approx(4 / 5)
    assert values["seeing_throughput_vs_ultralytics"] == pytest.approx(20 / 5)
    assert values["seeing_latency_vs_ultralytics"] == pytest.approx(9 / 20)
    assert values["bare_throughput_vs_ultralytics"] == pytest.approx(20 / 4)
    assert values["bare_latency_vs_ultralytics"] == pytest.approx(8 / 20)


def test_the_short_answer_has_what_scripts_look_for() -> None:
    answer = short(ALL)
    assert answer["throughput_vs_bare"] == 0.667
    assert answer["seeing_vs_bare"] == 0.8
    assert answer["latency_ms"] == {"p50": 10, "p99": 100}
    assert answer["throughput_vs_ultralytics"] == 3.333
    assert answer["latency_vs_ultralytics"] == 0.5


def test_only_a_large_stage_says_why() -> None:
    notes = {one.key: one.note for one in figures_of(ALONE)}
    assert "every byte" in notes["vision.320px.digest_ms"]
    assert notes["vision.320px.check_ms"] == "1.0%"


def test_shares_are_those_of_the_medians() -> None:
    assert shares({"digest": [1.0], "model": [3.0, 2.0, 4.0]}) == {
        "digest": (1.0, 0.25),
        "model": (3.0, 0.75),
    }


def test_another_precision_than_ours_is_said() -> None:
    facts = {"versions": {"openvino": "1"}, "precision": "f32"}
    assert "NOT the same as ours (bf16)" in versions(Case(320, "BF16", facts=facts))
    assert "the same" in versions(Case(320, "FP32", facts=facts))


def test_who_comes_first_changes_with_the_round() -> None:
    contenders = {name: lambda first, count: taken(first + 1, count) for name in "abc"}
    assert [name for name, _ in in_turns(contenders, 1, 6)] == ["b", "c", "a"]
    assert [one.ms[0] for _, one in in_turns(contenders, 2, 6)] == [13, 13, 13]


def test_pictures_are_shared_among_those_that_run_side_by_side() -> None:
    seen: tuple[list[int], list[int]] = [], []
    shared = side_by_side([seen[0].append, seen[1].append], 10, 5)
    assert seen == ([10, 12, 14], [11, 13])
    assert (shared.ms, shared.count) == ((), 5)
    alone = one_by_one(seen[0].append, 3, 2)
    assert (seen[0][-2:], len(alone.ms)) == ([3, 4], 2)


def test_an_environment_that_lacks_the_training_tools_says_which() -> None:
    with (
        Outside(Path(sys.executable), ROOT) as outside,
        pytest.raises(TrainSideLost, match=r"No module named '(openvino|ultralytics)'"),
    ):
        outside.ask("open")
