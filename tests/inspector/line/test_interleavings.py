"""Whatever happens in whatever order: the promises hold for every part."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.domain.overriding import Press
from inspector.domain.verdict import Action, Verdict
from tests.factory import OUTPUTS, Factory

events = st.sampled_from(
    [
        "cut",
        "connect",
        "restart line",
        "restart plc",
        "restart camera top",
        "restart camera side",
        "drop",
        "miss",
        "double",
        "delay",
        "late writes",
        "writes in time",
        "journal full",
        "journal free",
        "press pass",
        "press reject",
    ]
)
histories = st.lists(st.tuples(st.integers(1, 100), events), min_size=1, max_size=14)


def happen(factory: Factory, event: str, number: int) -> None:
    match event.split():
        case ["cut"] if factory.plc_up:
            factory.cut()
        case ["connect"] if not factory.plc_up:
            factory.connect()
        case ["restart", "line"]:
            factory.restart_line()
        case ["restart", "plc"]:
            factory.restart_plc()
        case ["restart", "camera", view]:
            factory.restart_camera(view)
        case ["late", "writes"]:
            factory.plc.late_us = 1_700_000
        case ["writes", "in", "time"]:
            factory.plc.late_us = 0
        case ["journal", state]:
            factory.journal.full = state == "full"
        case ["press", verdict]:
            press(factory, Verdict[verdict.upper()], number)
        case [fault] if fault in ("drop", "miss", "double", "delay"):
            view = sorted(OUTPUTS)[number % 2]
            factory.cameras[view].faults[factory.memory.part_id + 1 + number % 3] = fault


def press(factory: Factory, verdict: Verdict, number: int) -> None:
    parts = list(factory.line.belt.parts.values())
    if parts:
        record = factory.line.record(parts[number % len(parts)].number)
        one = Press(f"{factory.clock.s}", verdict, "Ada", True, 3, "")
        factory.line.press(record, one, {"role": "operator"})


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(histories)
def test_no_history_breaks_a_promise(history: list[tuple[int, str]]) -> None:
    factory = Factory(spacing_s=0.4)
    factory.run(8)
    for wait, event in history:
        factory.run(wait / 50)
        happen(factory, event, wait)
    factory.journal.full = False
    if not factory.plc_up:
        factory.connect()
    factory.run_until_empty()
    check(factory)


def check(factory: Factory) -> None:
    """The promises, with people's words taken into account."""
    said: dict[int, set[object]] = {}
    for entry in factory.journal.of("override"):
        number = next(n for n in factory.fates if factory.line.record(n) == entry["record"])
        said.setdefault(number, set()).add(entry["verdict"])
    for number, fate in factory.fates.items():
        if fate.action is Action.PASSED_BY_OPERATOR:
            assert "pass" in said.get(number, set())
        if fate.action is Action.REJECTED_BY_OPERATOR:
            assert "reject" in said.get(number, set())
    factory.check_promises()
