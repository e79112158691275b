"""`python -m benchmarks.audited_hours`: 200 hours of the demo factory, audited, against the truth.

Without vision: scores are drawn from those that the demo's models gave (`scores.py`). Prints a row
for each day; 1 when `--runs` shows that a bound does not keep its promise.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.audited_hours.coverage import chance, study
from benchmarks.audited_hours.factory import HOURS_A_DAY, Plant
from benchmarks.audited_hours.people import People
from benchmarks.audited_hours.picture import hours_svg, legend, shown
from benchmarks.audited_hours.running import Row, running
from benchmarks.audited_hours.scores import kept_scores
from benchmarks.audited_hours.shifts import FactoryDay, factory_days
from benchmarks.audited_hours.stream import StreamFiles
from benchmarks.progress import Progress

HEAD = (
    "  hours      parts  audits finds    truth  estimate  95 % interval          corrected    naive"
)


def main() -> int:
    """Run once and show it, or many times and count."""
    asked = _arguments()
    plant = Plant(kept_scores(), hours=asked.hours, audits_per_day=asked.audits_per_day)
    people = People(sensitivity=asked.sensitivity, false_alarms=asked.false_alarms)
    with Progress() as progress:
        if asked.runs:
            return _many(asked, plant, people, progress)
        rows = _once(asked, plant, people, progress)
    if asked.svg:
        asked.svg.write_text(_picture(asked, rows), "utf-8")
    print("\n".join(_about(rows[-1])))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audited_hours", description=__doc__)
    parser.add_argument("--hours", type=float, default=200, help="of production, 8 a day")
    parser.add_argument("--sensitivity", type=float, default=1.0, help="of an auditor's look")
    parser.add_argument(
        "--false-alarms", type=float, default=0.02, help="good parts that an auditor calls bad"
    )
    parser.add_argument("--audits-per-day", type=float, default=200, help="looks for each station")
    parser.add_argument("--seed", type=int, default=1, help="the same gives the same")
    parser.add_argument("--svg", type=Path, help="draw the run into this file")
    parser.add_argument("--files", type=Path, help="write stream.csv and verdicts.csv here")
    parser.add_argument("--runs", type=int, default=0, help="so many runs; count what holds")
    asked = parser.parse_args()
    if asked.hours <= 0 or asked.audits_per_day <= 0 or asked.seed < 0:
        parser.error("hours and audits are above 0, a seed is not below it")
    if not 0 <= asked.false_alarms <= 1 or not 0 <= asked.sensitivity <= 1:
        parser.error("sensitivity and false alarms are shares, 0 to 1")
    return asked


def _once(asked: argparse.Namespace, plant: Plant, people: People, progress: Progress) -> list[Row]:
    rows = []
    with ExitStack() as opened:
        files = opened.enter_context(StreamFiles(asked.files)) if asked.files else None

        def days() -> Iterator[FactoryDay]:
            for day in factory_days(plant, people, chance(asked.seed, keyed=True)):
                progress.tick(f"{day.day.hours_made:g} of {plant.hours:g} hours")
                if files:
                    files.add(day)
                yield day

        print(HEAD)
        for row in running(days()):
            rows.append(row)
            print(line_of(row), flush=True)
    return rows


def line_of(row: Row) -> str:
    """Return a row of the table."""
    at = row.by_model
    found, (low, high) = at.estimate, at.estimate.interval
    return (
        f"{row.day.hours_made:7g} {row.parts:10,} {found.audited:7,} {found.found:5} "
        f"{at.truth:8.4%} {shown(found.estimate):>9}  [{low:.4%}, {high:8.4%}]  "
        f"{shown(found.upper95_corrected):>9} {at.naive:8.4%}"
    )


def _about(row: Row) -> list[str]:
    shipped, found = row.shipped, row.shipped.estimate
    low, high = found.interval
    return [
        *legend(row),
        f"shipped, by model or operator: truth {shipped.truth:.4%}, estimate "
        f"{shown(found.estimate)}, 95 % interval {low:.4%} to {high:.4%}.",
        f"rejected {row.rejected:,}, of them passed by the operator {row.overridden:,}; found "
        f"downstream so far {row.found_downstream}.",
    ]


def _picture(asked: argparse.Namespace, rows: list[Row]) -> str:
    title = (
        f"The demo factory, {asked.hours:g} hours without vision, auditors who see "
        f"{asked.sensitivity:.0%} at a look"
    )
    command = shlex.join(["python", "-m", "benchmarks.audited_hours", *sys.argv[1:]])
    return hours_svg(rows, title=title, command=command)


def _many(asked: argparse.Namespace, plant: Plant, people: People, progress: Progress) -> int:
    def tell(done: int) -> None:
        progress.tick(f"run {done} of {asked.runs}")

    found = study(plant, people, runs=asked.runs, seed=asked.seed, tell=tell)
    perfect = people.sensitivity == 1
    print(f"{asked.runs} runs of {plant.hours:g} hours, {plant.hours / HOURS_A_DAY:g} days each")
    print(f"two-sided interval held the truth in  {found.interval}")
    print(f"the same of all that was passed       {found.shipped}")
    print(f"bound for auditors who miss           {found.corrected}")
    print(f"the naive share's exact interval      {found.naive}")
    print(f"naive share / truth                   {found.times_too_high:.2f}")
    asked_for = (found.interval, found.shipped) if perfect else (found.corrected,)
    return 0 if all(one.keeps for one in asked_for) else 1


if __name__ == "__main__":
    sys.exit(main())
