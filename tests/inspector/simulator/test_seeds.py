import itertools

import pytest

from inspector.simulator.seeds import RANGES, SeedOutsideRange, seed_of


def test_no_two_purposes_share_a_seed() -> None:
    for one, other in itertools.combinations(RANGES.values(), 2):
        assert one.stop <= other.start or other.stop <= one.start


def test_a_number_beyond_the_range_is_refused() -> None:
    assert seed_of("evaluation", 0) == RANGES["evaluation"].start
    for number in (-1, len(RANGES["evaluation"])):
        with pytest.raises(SeedOutsideRange):
            seed_of("evaluation", number)


def test_a_run_draws_no_seed_twice_within_a_thousand_parts() -> None:
    assert len({seed_of("runs", number) for number in range(1000)}) == 1000
