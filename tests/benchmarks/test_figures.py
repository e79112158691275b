"""The pure parts of the benchmarks: what is counted, and how it is told."""

import json

import pytest

from benchmarks.figures import Figure, Section, Target, as_json, number, spread, table, told

FAST = Figure("a.p50_ms", "fast enough", 7.25, "ms", Target(8.0))
SLOW = Figure("a.p99_ms", "too slow", 25.0, "ms", Target(20.0), "of 100")
LOW = Figure("a.ratio", "too low", 0.8, "", Target(0.9, at_most=False))
PLAIN = Figure("a.max_ms", "only told", 31.0, "ms")


def test_percentiles_lie_between_two_values_where_they_must() -> None:
    lies = spread([float(value) for value in range(101)])
    assert (lies.p50, lies.p95, lies.p99, lies.most, lies.count) == (50, 95, 99, 100, 101)


def test_nothing_measured_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


@pytest.mark.parametrize(
    ("figure", "met", "said"),
    [
        (FAST, True, "met"),
        (SLOW, False, "missed by 5 ms, 25%"),
        (LOW, False, "missed by 0.100, 11%"),
        (PLAIN, None, ""),
        (Figure("a.late", "late", 2, "", Target(0.0)), False, "missed by 2"),
    ],
)
def test_a_figure_says_by_how_much_it_misses(figure: Figure, met: bool | None, said: str) -> None:
    assert figure.met is met
    assert told(figure) == said


def test_what_is_exactly_at_its_target_meets_it() -> None:
    assert Figure("a", "at most", 8.0, "ms", Target(8.0)).met
    assert Figure("a", "at least", 0.9, "", Target(0.9, at_most=False)).met


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.9, "0.900"), (7.254, "7.25"), (25.06, "25.1"), (9841.2, "9841")],
)
def test_numbers_have_three_significant_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_table_has_every_figure_note_and_failure() -> None:
    section = Section("Reject", (FAST, SLOW, PLAIN), ("2 cores",), ("the PLC went away",))
    shown = table([section]).splitlines()
    assert shown[0].split() == ["figure", "measured", "target"]
    (fast,) = (line for line in shown if "fast enough" in line)
    assert fast.split()[2:] == ["7.25", "ms", "≤", "8", "ms", "met"]
    assert any("missed by 5 ms, 25%; of 100" in line for line in shown)
    assert "    2 cores" in shown
    assert "    FAILED: the PLC went away" in shown


def test_the_json_is_one_object_of_schema_1_with_every_figure() -> None:
    said = json.loads(json.dumps(as_json({"cores": 2}, [Section("Reject", (FAST, SLOW, PLAIN))])))
    assert said["schema"] == 1
    assert said["machine"] == {"cores": 2}
    assert set(said["figures"]) == {"a.p50_ms", "a.p99_ms", "a.max_ms"}
    assert said["figures"]["a.p99_ms"]["met"] is False
    assert said["figures"]["a.max_ms"]["target"] is None
    assert said["failures"] == []
