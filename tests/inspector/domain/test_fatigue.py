"""What alarms ask of people: counted for each operator, and each rule by what it led to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from inspector.domain.fatigue import Raised, alarm_figures, noisiest
from inspector.domain.incidents import Running
from inspector.domain.kpi import Kpi, Window

START = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONTH = Window(START, START + 30 * DAY)
SHORT = Window(START, START + DAY)


def raised(minute: float, rule: str = "sync top", *, acted: bool = False) -> Raised:
    came = START + minute * MINUTE
    answered = came + MINUTE if acted else None
    return Raised("ring", rule, "look", came, came + 2 * MINUTE, answered, acted)


def figures(
    some: Sequence[Raised], hours: float = 1.0, operators: int = 0, window: Window = MONTH
) -> dict[str, Kpi]:
    running = [Running("ring", Window(START, START + hours * HOUR))] if hours else []
    people = {date(2026, 11, 2): operators} if operators else {}
    found = alarm_figures(some, running, people, window)
    return {one.definition.id: one for one in found}


def test_alarms_are_counted_for_each_operator_in_the_ten_minutes_in_which_parts_came() -> None:
    found = figures([raised(1), raised(2), raised(25)], operators=2)
    rate, peak = found["alarm_rate"], found["alarm_peak"]
    assert (rate.numerator, rate.denominator) == (3, 6 * 2)
    assert peak.value == 1.0
    assert figures([raised(1)])["alarm_rate"].denominator == 6, "one operator at least"


def test_alarms_while_no_part_came_have_their_ten_minutes_too() -> None:
    assert figures([raised(600)])["alarm_rate"].denominator == 7
    assert figures([raised(600)], hours=0)["alarm_rate"].value == 1.0


def test_stations_that_run_at_once_share_their_operator() -> None:
    both = [Running(name, Window(START, START + HOUR)) for name in ("ring", "board")]
    (rate, *_) = alarm_figures([raised(1)], both, {}, MONTH)
    assert rate.denominator == 6


def test_ten_in_ten_minutes_for_an_operator_are_a_flood() -> None:
    ten = [raised(20 + n / 2) for n in range(10)]
    assert figures(ten)["alarm_flood_share"].numerator == 1
    assert figures(ten[1:])["alarm_flood_share"].numerator == 0
    assert figures(ten, operators=2)["alarm_flood_share"].numerator == 0
    assert figures(ten)["alarm_peak"].value == 10.0


def test_an_alarm_stands_when_neither_its_end_nor_an_answer_came_for_a_day() -> None:
    came = START + HOUR
    stands = Raised("ring", "journal_damaged", "look", came)
    late = Raised("ring", "clock", "look", came, gone=came + DAY)
    answered = Raised("ring", "clock", "look", came, gone=came + DAY, answered=came + HOUR)
    assert figures([stands, late, answered])["standing_alarm_share"].numerator == 2
    assert figures([stands], window=SHORT)["standing_alarm_share"].numerator == 0, "not yet"


def test_without_an_alarm_there_is_no_action_rate_and_a_rate_of_none() -> None:
    found = figures([])
    assert found["alarm_rate"].value == 0.0
    assert found["alarm_action_rate"].missing == "no alarm came in the window"
    assert figures([], hours=0)["alarm_rate"].value is None, "nothing ran: that is no zero"


def test_a_short_window_says_that_it_is_short() -> None:
    assert "30 days" in figures([], window=SHORT)["alarm_rate"].method
    assert "30 days" not in figures([])["alarm_rate"].method


@pytest.mark.parametrize(
    ("alarms", "actions", "said"),
    [(10, 1, "retune or remove"), (10, 2, ""), (10, 8, ""), (10, 9, "automate"), (4, 0, "")],
)
def test_a_rule_is_advised_on_by_what_its_alarms_led_to(
    alarms: int, actions: int, said: str
) -> None:
    some = [raised(n, acted=n < actions) for n in range(alarms)]
    (rule,) = noisiest(some, MONTH)
    assert (rule.alarms, rule.actions) == (alarms, actions)
    assert said in rule.advice
    assert bool(said) is bool(rule.advice)
    assert noisiest(some, SHORT)[0].advice == "", "four weeks tell"


def test_the_ten_noisiest_rules_come_most_first() -> None:
    some = [raised(n, f"rule {n % 12:02}") for n in range(12)] + [raised(50, "rule 07")]
    others = [f"rule {n:02}" for n in range(10) if n != 7]
    assert [one.rule for one in noisiest(some, MONTH)] == ["rule 07", *others]
