"""A line whose PLC fires no camera: the gateway asks for each part's picture."""

from __future__ import annotations

from inspector.domain.verdict import Action
from tests.factory import OUTPUTS, SOFTWARE, Factory


def fail_safe(factory: Factory) -> list[int]:
    return [number for number, one in factory.fates.items() if one.action is Action.FAIL_SAFE]


def test_each_part_is_asked_for_and_judged_by_its_own_picture() -> None:
    factory = Factory(line_layout=SOFTWARE)
    factory.run(60)
    factory.run_until_empty()
    factory.check_promises()
    assert max(fail_safe(factory)) < 14  # those before both views were in sync
    assert sum(one.action is Action.PASSED for one in factory.fates.values()) > 60


def test_the_gap_to_sync_in_is_made_by_not_asking_for_two_parts() -> None:
    factory = Factory(line_layout=SOFTWARE, bad_share=0)
    factory.run(12)
    asked = factory.line.belt.outputs["top"].fired
    held_back = set(range(1, max(asked) + 1)) - asked.keys()
    assert len(held_back - {1}) == 2, "a frame stands before the hole, two parts make it"
    assert factory.line.belt.tracks["top"].in_sync


def test_a_lost_order_shifts_no_picture_and_is_synced_over() -> None:
    factory = Factory(line_layout=SOFTWARE)
    factory.run(30)
    lost = factory.memory.part_id + 1
    while factory.memory.part_id < lost:
        factory.step()
    factory.run(0.1)
    while not any(view == "top" for _, view in factory.orders):
        factory.step()
    factory.orders = [one for one in factory.orders if one[1] != "top"]
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()
    assert 3 <= sum(number > lost for number in fail_safe(factory)) < 40
    assert factory.line.belt.tracks["top"].in_sync


def test_an_order_that_comes_when_the_part_is_gone_is_not_used() -> None:
    factory = Factory(line_layout=SOFTWARE)
    factory.run(30)
    while not factory.orders:
        factory.step()
    factory.orders = [(at + 300_000, view) for at, view in factory.orders]
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()


def test_a_part_that_was_met_too_far_on_is_not_asked_for_and_sync_begins_anew() -> None:
    factory = Factory(line_layout=SOFTWARE, bad_share=0)
    factory.run(30)
    factory.cut()
    factory.run(1.2)  # two parts pass the eye, where the top camera looks
    before = set(factory.line.belt.outputs["top"].fired)
    factory.connect()
    factory.run(0.1)
    new = set(factory.line.belt.outputs["top"].fired) - before
    assert len(new) <= 1
    factory.run(30)
    factory.run_until_empty()
    factory.check_promises()
    assert all(factory.line.belt.tracks[view].in_sync for view in OUTPUTS)
