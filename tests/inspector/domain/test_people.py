"""Rights as one table, and how long a guesser waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inspector.domain.people import RIGHTS, Right, Role, may, wait_after


@pytest.mark.parametrize("right", Right)
def test_every_right_has_a_line_in_the_table(right: Right) -> None:
    assert right in RIGHTS


def test_without_anybody_signed_in_only_pass_can_become_reject() -> None:
    assert {right for right in Right if may(None, right)} == {Right.SEE, Right.REJECT_PART}


def test_a_viewer_only_looks() -> None:
    assert [right for right in Right if may(Role.VIEWER, right)] == [Right.SEE]


def test_only_an_administrator_manages_people() -> None:
    assert [role for role in Role if may(role, Right.MANAGE_PEOPLE)] == [Role.ADMINISTRATOR]


@pytest.mark.parametrize(
    ("wrong", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (10**9, 60)]
)
def test_the_wait_begins_after_five_wrong_pins_and_doubles(wrong: int, minutes: int) -> None:
    assert wait_after(wrong) == timedelta(minutes=minutes)
