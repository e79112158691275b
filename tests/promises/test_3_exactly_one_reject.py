"""Exactly one reject.

One for each bad part and none for a good one: across reconnects, restarts, late and double
writes, overrides.
"""

from __future__ import annotations

import random

import pytest

from inspector.domain.verdict import Action
from tests.factory import Factory


@pytest.mark.parametrize("seed", range(6))
def test_under_losses_and_late_writes(seed: int) -> None:
    factory = Factory(seed=seed, spacing_s=0.4)
    choice = random.Random(seed)
    factory.run(10)
    for _ in range(8):
        factory.plc.late_us = choice.choice([0, 0, 1_700_000])
        factory.run(choice.uniform(0.5, 4))
        if choice.random() < 0.4:
            factory.cut()
            factory.run(choice.uniform(0.2, 2))
            factory.connect()
    factory.plc.late_us = 0
    factory.run(5)
    factory.run_until_empty()
    factory.check_promises()
    bad = [fate for fate in factory.fates.values() if fate.bad]
    assert bad
    assert all(fate.actuations == 1 for fate in bad)


def test_a_word_written_twice_rejects_once() -> None:
    factory = Factory(bad_share=1)
    factory.run(20)
    for slot, word in enumerate(list(factory.program.tables.verdict)):
        factory.program.write_verdict(slot, word)
        factory.program.write_verdict(slot, word)
    factory.run_until_empty()
    rejected = [f for f in factory.fates.values() if f.action is Action.REJECTED]
    assert rejected
    assert {fate.actuations for fate in rejected} == {1}
