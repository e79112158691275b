"""NE 107: the worst condition decides."""

from __future__ import annotations

from itertools import permutations

from inspector.domain.health import Condition, State, worst

ALL = [Condition(state, f"because of {state}") for state in State]


def test_without_a_condition_the_state_is_good() -> None:
    assert worst([]) == Condition(State.GOOD, "")


def test_states_stand_from_worst_to_best() -> None:
    assert [str(state) for state in State] == [
        "failure",
        "function_check",
        "out_of_specification",
        "maintenance",
        "good",
    ]


def test_of_any_two_conditions_the_worse_decides_in_whatever_order() -> None:
    for one, two in permutations(ALL, 2):
        expected = min(one, two, key=lambda condition: list(State).index(condition.state))
        assert worst([one, two]) == expected


def test_of_equal_conditions_the_first_is_said() -> None:
    first, second = Condition(State.FAILURE, "first"), Condition(State.FAILURE, "second")
    assert worst(iter([ALL[-1], first, second])) == first
