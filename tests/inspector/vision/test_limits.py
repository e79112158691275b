import numpy as np

from inspector.vision.limits import chosen_limit, chosen_limits


def test_a_limit_lies_between_the_good_parts_and_the_clear_defects() -> None:
    limit = chosen_limit(np.full(100, 0.1), np.full(100, 0.9), false_rejects=0.0015)
    assert limit == 0.5


def test_where_both_cannot_be_kept_the_good_parts_decide() -> None:
    good, clear = np.linspace(0, 0.6, 1000), np.linspace(0.2, 1.0, 1000)
    limit = chosen_limit(good, clear, false_rejects=0.0015)
    assert (good >= limit).mean() <= 0.0015
    assert limit < 0.65


def test_each_class_gets_its_share_of_the_false_rejects() -> None:
    good = {"dent": np.linspace(0, 0.3, 4000), "burr": np.zeros(4000)}
    limits = chosen_limits(good, {"dent": np.full(9, 0.9), "burr": np.full(9, 0.9)})
    assert set(limits) == {"dent", "burr"}
    assert (good["dent"] >= limits["dent"]).mean() <= 0.003
