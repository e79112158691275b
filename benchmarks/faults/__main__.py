"""`python -m benchmarks.faults`: a row for each fault and peer; 1 when a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.faults.peers import PEERS
from benchmarks.faults.rows import ROWS, RUN_S, Outcome, rows_for, run_row
from benchmarks.faults.soak import Soak, soak

HEADS = {
    "parts": "parts",
    "bad": "bad",
    "bad_passed": "bad passed",
    "bad_rejected_once": "bad once",
    "rejected_twice": "twice",
    "good_rejected_by_verdict": "good by verdict",
    "good_fail_safe": "good fail-safe",
    "unaccounted": "unaccounted",
    "wrong_picture": "wrong picture",
    "wrong_record": "wrong record",
    "wrong_word": "wrong word",
    "by_person": "by person",
}


def main() -> int:
    """Run every row at every peer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--peer", choices=sorted(PEERS), action="append")
    parser.add_argument("--row", action="append", help="only rows whose name has this in it")
    parser.add_argument("--seconds", type=float, default=RUN_S, help="of each row, at least")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="one long run instead")
    arguments = parser.parse_args()
    if arguments.soak:
        peer = PEERS[(arguments.peer or ["node"])[0]]
        return show_soak(asyncio.run(soak(peer, minutes=arguments.soak)), as_object=arguments.json)
    outcomes = []
    if not arguments.json:
        print(table([]))
    for peer in [PEERS[name] for name in arguments.peer or PEERS]:
        for row in rows_for(peer, arguments.row or ()):
            outcomes.append(asyncio.run(run_row(row, peer, seconds=arguments.seconds)))
            if not arguments.json:
                print(line_of(outcomes[-1]), flush=True)
    if arguments.json:
        print(json.dumps(as_json(outcomes), indent=1))
    return 1 if not outcomes or any(one.broken for one in outcomes) else 0


def show_soak(result: Soak, *, as_object: bool) -> int:
    """Print a long run; return the exit code."""
    if as_object:
        print(json.dumps({**as_json([result.outcome]), "soak": result.as_json()}, indent=1))
    else:
        print(table([result.outcome]))
        print("\n".join(f"{name}: {value}" for name, value in result.as_json().items()))
    return 1 if result.broken else 0


def as_json(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return the object that docs/schemas/faults.json describes."""
    rows = [
        {
            "fault": one.row,
            "peer": one.peer,
            "outage_s": round(one.outage_s, 2),
            "sums": asdict(one.sums) if one.sums else None,
            "broken": one.broken,
        }
        for one in outcomes
    ]
    return {"schema": 1, "rows": rows, "broken": sum(bool(one.broken) for one in outcomes)}


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the head and the rows, aligned."""
    heads = ["fault", "peer", "outage s", *HEADS.values(), ""]
    return "\n".join([_aligned(heads), *(line_of(one) for one in outcomes)])


def line_of(one: Outcome) -> str:
    """Return one row, aligned with every other."""
    verdict = f"BROKEN: {', '.join(one.broken)}" if one.broken else "ok"
    begin = [one.row, one.peer, f"{one.outage_s:.1f}"]
    if one.sums is None:
        return _aligned([*begin, *("-" for _ in HEADS), verdict])
    figures = {name: str(value) for name, value in asdict(one.sums).items()}
    figures["good_fail_safe"] += f" of {one.sums.good_fail_safe_bound}"
    return _aligned([*begin, *(figures[name] for name in HEADS), verdict])


def _aligned(cells: Sequence[str]) -> str:
    fault, peer, *figures, verdict = cells
    widths = [len("outage s"), *(len(head) for head in HEADS.values())]
    words = [fault.ljust(max(len(row.name) for row in ROWS)), peer.ljust(max(map(len, PEERS)))]
    words += [cell.rjust(width) for cell, width in zip(figures, widths, strict=True)]
    return "  ".join([*words, verdict]).rstrip()


if __name__ == "__main__":
    sys.exit(main())
