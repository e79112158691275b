import numpy as np

from inspector.domain.detection import Hits
from inspector.evaluation.limits import FALSE_REJECTS, balanced_limit, chosen_limits


def test_a_limit_lies_between_the_good_parts_and_the_clear_defects() -> None:
    limits = chosen_limits({"dent": np.full(100, 0.1)}, {"dent": np.full(100, 0.9)})
    assert limits == {"dent": 0.5}


def test_no_more_good_parts_are_rejected_than_may_be() -> None:
    good, clear = np.linspace(0, 0.6, 1000), np.linspace(0.2, 1.0, 1000)
    limit = chosen_limits({"dent": good}, {"dent": clear})["dent"]
    assert 0.003 <= (good >= limit).mean() <= FALSE_REJECTS


def test_the_false_rejects_go_to_the_class_where_each_buys_the_most_defects() -> None:
    hard = np.linspace(0, 0.3, 1000)
    good = {"dent": hard, "burr": hard}
    clear = {"dent": np.linspace(0.2985, 0.2999, 300), "burr": np.linspace(0.1, 0.9, 300)}
    limits = chosen_limits(good, clear)
    assert (clear["dent"] >= limits["dent"]).mean() > 0.9
    assert limits["burr"] > 0.2999


def test_a_part_that_two_classes_reject_is_spent_once() -> None:
    odd = np.where(np.arange(1000) < 6, 0.8, 0.0)
    same = {"dent": odd, "burr": odd}
    limits = chosen_limits(same, dict.fromkeys(same, np.full(50, 0.5)))
    assert all(limit < 0.5 for limit in limits.values())


def test_a_class_gains_nothing_from_false_rejects_that_buy_no_defect() -> None:
    good, clear = np.linspace(0, 0.3, 1000), np.full(100, 0.9)
    limit = chosen_limits({"dent": good}, {"dent": clear})["dent"]
    assert limit > good.max()


def test_more_good_parts_may_be_spent_where_that_is_said() -> None:
    good, clear = np.linspace(0, 0.6, 1000), np.linspace(0.2, 1.0, 1000)
    limit = chosen_limits({"dent": good}, {"dent": clear}, false_rejects=0.1)["dent"]
    assert 0.09 <= (good >= limit).mean() <= 0.1


def hits(scores: list[float], right: list[bool], marked: int) -> Hits:
    return Hits(np.array(scores), np.array([right] * 10).reshape(10, len(scores)), marked)


def test_without_good_parts_the_limit_weighs_wrong_finds_against_missed_defects() -> None:
    limit = balanced_limit(hits([0.9, 0.8, 0.4, 0.3, 0.2], [True, True, True, False, False], 3))
    assert 0.3 < limit < 0.4


def test_equal_scores_are_found_or_missed_together() -> None:
    limit = balanced_limit(hits([0.9, 0.5, 0.5, 0.5], [True, True, False, False], 2))
    assert limit > 0.5


def test_a_class_that_was_never_found_right_gets_the_highest_limit() -> None:
    assert balanced_limit(hits([0.9], [False], 3)) == balanced_limit(hits([], [], 3)) == 0.95
