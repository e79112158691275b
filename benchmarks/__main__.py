"""`python -m benchmarks`: every budget that exists by now, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import recording, reject, screens, vision
from benchmarks.figures import Section, as_json, table
from benchmarks.machine import Watch
from benchmarks.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
Measure = Callable[[Progress], Section]


def main() -> int:
    """Return 0 when everything could be measured and no promise was broken, met or not; else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="small sizes, about two minutes")
    length.add_argument("--soak", action="store_true", help="100,000 parts, about an hour")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--parts", type=int, help="parts per station on the way to the reject")
    parser.add_argument("--only", choices=("vision", "recorder", "reject", "screens"))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended first
    watch = Watch()
    measures = chosen(quick=arguments.quick, soak=arguments.soak, parts=arguments.parts)
    with Progress() as progress:
        sections = [
            measured(name, measure, progress)
            for name, measure in measures.items()
            if arguments.only in (None, name)
        ]
    machine = watch.machine()
    if arguments.json:
        print(json.dumps(as_json(machine.as_json(), sections)))
    else:
        print("\n".join(machine.lines()))
        print(table(sections))
    return 1 if any(section.failures for section in sections) else 0


def chosen(*, quick: bool, soak: bool, parts: int | None) -> dict[str, Measure]:
    """Return what is measured, with its size."""
    per_station = parts or (60 if quick else 33_334 if soak else 700)
    return {
        "vision": lambda progress: vision.measure(ROOT, quick=quick, progress=progress)[0],
        "recorder": lambda progress: recording.measure(
            ROOT, parts=2000 if quick else 10_000, progress=progress
        ),
        "reject": lambda progress: reject.measure(
            ROOT, parts=per_station, progress=progress, memory=soak
        ),
        "screens": lambda progress: screens.measure(
            ROOT, run_s=20 if quick else 60, progress=progress
        ),
    }


def measured(name: str, measure: Measure, progress: Progress) -> Section:
    """Return a section; one that could not be measured says why, and the others go on."""
    progress.say(f"{name}: begins")
    try:
        return measure(progress)
    except Exception as error:  # noqa: BLE001 - said in the table, and the exit code is 1
        return Section(name, failures=(f"{type(error).__name__}: {error}",))


if __name__ == "__main__":
    sys.exit(main())
