"""A model that does not keep up with its parts is said to be too slow, and no other."""

import pytest

from inspector.vision.pace import LEAST_JUDGED, too_slow


def test_a_model_within_the_takt_is_not_too_slow() -> None:
    assert too_slow([400.0] * 200, takt_ms=400, views=1) == ""


def test_the_views_of_a_part_share_the_takt() -> None:
    assert too_slow([210.0] * 200, takt_ms=400, views=1) == ""
    assert too_slow([210.0] * 200, takt_ms=400, views=2) == (
        "the model is too slow: 210 ms a picture (99 of the last 100 took less), "
        "and there are 400 ms for 2 pictures of a part"
    )


@pytest.mark.parametrize(("slow", "is_said"), [(1, False), (4, True)])
def test_one_slow_picture_of_200_is_forgiven_and_four_are_not(slow: int, is_said: bool) -> None:
    took_ms = [5.0] * (200 - slow) + [900.0] * slow
    assert bool(too_slow(took_ms, takt_ms=400, views=1)) is is_said


def test_before_there_is_a_99th_percentile_nothing_is_said() -> None:
    slow = [900.0] * LEAST_JUDGED
    assert too_slow(slow[1:], takt_ms=400, views=1) == ""
    assert too_slow(slow, takt_ms=400, views=1)
