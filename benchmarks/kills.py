"""`python -m benchmarks.kills`: kill -9 of the recorder and of the line, and what was kept.

Everything that was appended to the journal, and everything that the recorder answered, must be in
the database once. Exit code 1 when it is not, or when the audit log or the file is not whole, or a
part of the demo is not accounted for.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import killed_line, killed_recorder
from benchmarks.progress import Progress

RECORDER_KILLS, LINE_KILLS = 200, 50
Said = tuple[bool, list[str]]
"""Whether every promise was kept, and what is printed."""


def main() -> int:
    """Return 0 when nothing was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--recorder", type=int, default=RECORDER_KILLS, help="kills; 0: none")
    parser.add_argument("--line", type=int, default=LINE_KILLS, help="kills; 0: none")
    chosen = parser.parse_args()
    asked = ((chosen.recorder, of_recorder), (chosen.line, of_line))
    with Progress() as progress:
        found = [
            _in_a_folder(lambda folder: of(folder, kills, progress))  # noqa: B023 - called here
            for kills, of in asked
            if kills
        ]
    for _, lines in found:
        print("\n".join(lines))
    return 0 if all(whole for whole, _ in found) else 1


def of_recorder(folder: Path, kills: int, progress: Progress) -> Said:
    """Kill recorders."""
    load, kept = killed_recorder.run(folder, kills, progress.tick)
    rate = load.parts / load.loaded_s
    return kept.whole, [
        f"recorder: {kills} times kill -9, at {rate:.0f} parts/s for {load.loaded_s:.0f} s",
        *kept.lines(),
    ]


def of_line(folder: Path, kills: int, progress: Progress) -> Said:
    """Kill lines."""
    began_s = time.monotonic()
    killer, sums, kept = killed_line.run(folder, kills, progress.tick)
    took_s, done = time.monotonic() - began_s, kills - killer.kills
    broken = ", ".join(sums.broken()) or "none"
    return kept.whole and not sums.broken() and done == kills, [
        f"line: {done} of {kills} times kill -9 in {took_s:.0f} s of the demo,"
        f" {killer.when_good} of them with every station good",
        *kept.lines(),
        f"  parts triggered {sums.triggered}, records {sums.records}, in gaps {sums.in_gap};"
        f" promises broken: {broken}",
    ]


def _in_a_folder(work: Callable[[Path], Said]) -> Said:
    with tempfile.TemporaryDirectory(prefix="inspector-kills-") as folder:
        return work(Path(folder))


if __name__ == "__main__":
    raise SystemExit(main())
