"""A journal that stays full: memory is bounded, no part is lost quietly, no reject waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain.verdict import Action
from inspector.line import ledger
from tests.factory import LAYOUT, Factory

OWED = 60


@pytest.fixture
def factory(monkeypatch: pytest.MonkeyPatch) -> Factory:
    """A line whose journal was full for so long that not all could be owed."""
    monkeypatch.setattr(ledger, "MOST_OWED", OWED)
    close = replace(LAYOUT, smallest_spacing_us=160_000)
    factory = Factory(spacing_s=0.2, line_layout=close)
    factory.run(20)
    factory.journal.full = True
    factory.run(60)
    return factory


def kept_in_memory(factory: Factory) -> int:
    lost = factory.line.ledger._lost
    assert lost
    return len(factory.line.ledger._owed) + len(lost.on_belt) + len(lost.ranges)


def test_what_is_kept_in_memory_does_not_grow(factory: Factory) -> None:
    at_first = kept_in_memory(factory)
    factory.run(60)
    assert kept_in_memory(factory) <= at_first + 10
    assert at_first < 4 * OWED


def test_bad_parts_are_rejected_all_the_while_and_nothing_passes(factory: Factory) -> None:
    decided = [fate for fate in factory.fates.values() if fate.action]
    late = decided[-100:]
    assert {fate.action for fate in late if fate.bad} == {Action.REJECTED}
    assert not any(fate.action and fate.action.is_pass for fate in late)


def test_when_there_is_room_again_every_part_is_accounted_for(factory: Factory) -> None:
    factory.journal.full = False
    factory.run(20)
    factory.run_until_empty()
    factory.check_promises()
    assert not factory.line.ledger.alarm
    gaps = factory.journal.of("gap")
    assert [one["cause"] for one in gaps] == ["the journal was full for too long"]


def test_what_was_lost_is_said_once_with_counts(factory: Factory) -> None:
    factory.journal.full = False
    factory.run(2)
    (said,) = [one for one in factory.journal.of("alarm") if one["name"] == "journal"]
    assert "decided" in str(said["text"])
    assert "judged" in str(said["text"])


def test_every_verdict_that_was_kept_gets_its_decision(factory: Factory) -> None:
    factory.journal.full = False
    factory.run(2)
    factory.run_until_empty()
    judged = {one["record"] for one in factory.journal.of("judged")}
    decided = [one["record"] for one in factory.journal.of("decided")]
    assert set(decided) == judged
    assert len(decided) == len(judged)


def test_a_kill_between_any_two_entries_behind_the_loss_loses_no_part(factory: Factory) -> None:
    before = len(factory.journal.entries)
    factory.journal.full = False
    factory.run(0.2)
    whole = list(factory.journal.entries)
    for end in range(before, len(whole) + 1):
        line = factory._new_line()
        line.restore(whole[:end])
        known = {int(str(e["number"])) for e in whole[:end] if e["kind"] == "judged"}
        for gap in (e for e in whole[:end] if e["kind"] == "gap"):
            known |= set(range(int(str(gap["first"])), int(str(gap["last"])) + 1))
        assert set(range(1, (line.belt.newest or 0) + 1)) <= known, end
