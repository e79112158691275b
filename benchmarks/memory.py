"""Memory of a process and all that it started: the sum of PSS, so that shared pages count once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_OWN = re.compile(r"^Pss_Anon:\s+(\d+) kB", re.MULTILINE)


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
    return _bytes(_PSS, smaps_rollup)


def own_of(smaps_rollup: str) -> int:
    """Return what of it lies in no file, in bytes; 0 when the text does not say.

    The journal is a file of fixed size whose pages count from the first time they are touched: its
    first round would look like a leak.
    """
    return _bytes(_OWN, smaps_rollup)


def pss_bytes(pids: list[int]) -> int:
    """Return the sum over processes; one that has ended meanwhile counts nothing."""
    return sum(pss_of(text) for text in _rollups(pids))


def own_bytes(pids: list[int]) -> int:
    """Return the sum of what lies in no file, as `pss_bytes`."""
    return sum(own_of(text) for text in _rollups(pids))


def _bytes(line: re.Pattern[str], smaps_rollup: str) -> int:
    found = line.search(smaps_rollup)
    return int(found.group(1)) * 1024 if found else 0


def _rollups(pids: list[int]) -> Iterator[str]:
    for pid in pids:
        with suppress(OSError):
            yield Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
