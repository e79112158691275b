"""Memory of a process and all that it started: the sum of PSS, so that shared pages count once."""

from __future__ import annotations

import re
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants that are alive."""
    found = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = file.read_text("ascii").split()
        except OSError:
            continue
        for child in children:
            found += tree(int(child))
    return found


def pss_of(smaps_rollup: str) -> int:
    """Return the proportional set size in bytes; 0 when the text has none."""
    found = _PSS.search(smaps_rollup)
    return int(found.group(1)) * 1024 if found else 0


def pss_bytes(pids: list[int]) -> int:
    """Return the sum over processes; one that has ended meanwhile counts nothing."""
    total = 0
    for pid in pids:
        try:
            total += pss_of(Path(f"/proc/{pid}/smaps_rollup").read_text("ascii"))
        except OSError:
            continue
    return total
