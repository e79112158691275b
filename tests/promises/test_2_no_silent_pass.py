"""No silent pass.

A part passes only on a fresh, complete, attributable PASS.
"""

from __future__ import annotations

import pytest

from inspector.domain.finding import ViewResult
from inspector.domain.judging import judge
from inspector.domain.verdict import Action, Verdict
from tests.factory import Factory

GOOD = ViewResult("top")
VIEWS = ("top", "side")


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"top": GOOD},
        {"top": GOOD, "side": ViewResult("side", missed="frozen")},
        {"top": GOOD, "other": ViewResult("other")},
    ],
)
def test_a_part_not_fully_seen_is_unknown(results: dict[str, ViewResult]) -> None:
    assert judge(results, VIEWS).verdict is Verdict.UNKNOWN


def test_the_plc_passes_nothing_without_a_fresh_heartbeat() -> None:
    factory = Factory(bad_share=0)
    factory.run(20)
    factory.cut()
    before = factory.memory.counts.passed
    factory.run(1.5)
    late = factory.memory.counts.passed
    factory.run(8)
    assert late - before <= 5, "parts passed in the second that the PLC waits"
    assert factory.memory.counts.passed == late


def test_an_old_verdict_does_not_pass_another_part() -> None:
    factory = Factory(bad_share=0)
    factory.run(30)
    first = {n: fate.action for n, fate in factory.fates.items() if n <= 3}
    assert set(first.values()) == {Action.FAIL_SAFE}
    words = list(factory.program.tables.verdict)
    factory.cut()
    factory.plc.wire = []
    factory.run(2)
    for slot, word in enumerate(words):
        factory.program.write_verdict(slot, word)  # every old word, once more
    passed = factory.memory.counts.passed
    factory.run(20)
    assert factory.memory.counts.passed == passed
