"""The pilot: its file, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inspector.domain.intervals import Interval
from inspector.domain.piloting import DECIDES, Compared, Pair, compared
from inspector.errors import RowRefused
from inspector.reports.charts import Bar, bars, plain, rising
from inspector.reports.page import Cell, Page, Section, Table, row
from inspector.reports.study_file import named
from inspector.streams.csv_file import CsvFile

WANTED = dict.fromkeys(("part_id", "ts", "shift", "truth", "baseline", "assisted"), "")
WORDS = {"OK": False, "NOK": True}
NOTES = (
    "The same parts were judged both ways, and only those on which the two differ count.",
    f"The e-value may be looked at every day: from {DECIDES:.0f} on, assistance is better (95 %).",
    "McNemar's p-value holds for a single look at the planned end alone.",
)


def read_pilot(folder: Path) -> list[Pair]:
    """Return the parts of `pilot.csv` in a folder.

    Raises:
        RowRefused: A word is unknown, a part stands there twice, or there is none.
    """
    file, pairs = CsvFile(folder / "pilot.csv", WANTED), []
    seen: set[str] = set()
    for block in file.blocks():
        ids = file.values(block, "part_id", named)
        times = file.times(block).tolist()
        shifts = file.values(block, "shift", named)
        words = [file.words(block, name, WORDS) for name in ("truth", "baseline", "assisted")]
        for at, part in enumerate(ids):
            if part in seen:
                raise file.refused(block.first + at, f"part {part} was there before")
            seen.add(part)
            bad, before, after = (of[at] for of in words)
            pairs.append(Pair(times[at], shifts[at], bad, before == bad, after == bad))
    if not pairs:
        raise RowRefused(file.path, 1, "the pilot is empty: there is no part in it")
    return pairs


def pilot_results(pairs: list[Pair]) -> dict[str, Compared]:
    """Return each kind of error of which there can be one."""
    kinds = {"misses": True, "false alarms": False}
    of = {name: [pair for pair in pairs if pair.bad is bad] for name, bad in kinds.items()}
    return {name: compared(found) for name, found in of.items() if found}


def pilot_page(results: Mapping[str, Compared]) -> Page:
    """Return the page: both ways beside each other, and the evidence over time."""
    better = [f"fewer {name}" for name, one in results.items() if one.decided is not None]
    worse = [f"more {name}" for name, one in results.items() if one.worse]
    said = " and ".join([*better, *worse]) or "no improvement is shown so far"
    charts = [
        Section(
            f"Evidence of fewer {name}", chart=rising(f"e-value, {name}", one.path, mark=DECIDES)
        )
        for name, one in results.items()
    ]
    rows = [
        Bar(f"{name}, {way}", *interval, value)
        for name, one in results.items()
        for way, (value, interval) in {"before": one.baseline, "assisted": one.assisted}.items()
    ]
    return Page(
        "Pilot: baseline against assisted",
        Cell(f"With assistance: {said}", "bad" if worse else "good" if better else "warn"),
        (
            Section("Paired comparison", NOTES, _table(results)),
            Section("Error rates", chart=bars("Error rates with 95 % intervals", rows)),
            *charts,
        ),
    )


def _table(results: Mapping[str, Compared]) -> Table:
    head = (
        *("error", "parts", "before", "assisted", "mended", "spoilt"),
        *("difference", "McNemar's p", "e-value"),
    )
    rows = tuple(
        row(
            *(name, f"{one.parts}", _rate(*one.baseline), _rate(*one.assisted)),
            *(f"{one.mended}", f"{one.spoilt}", _difference(one), f"{one.p_value:.3g}"),
            Cell(_evidence(one), "good" if one.decided is not None else ""),
        )
        for name, one in results.items()
    )
    return Table(head, rows)


def _rate(value: float, interval: Interval) -> str:
    return f"{value:.2%} [{interval[0]:.2%}, {interval[1]:.2%}]"


def _difference(one: Compared) -> str:
    if one.difference_interval is None:
        return f"{one.difference:+.2%}, one shift: no interval"
    low, high = one.difference_interval
    return f"{one.difference:+.2%} [{low:+.2%}, {high:+.2%}] over shifts"


def _evidence(one: Compared) -> str:
    since = "" if one.decided is None else f", shown after part {one.decided}"
    return f"{plain(one.e_value)}{since}"


def pilot_lines(results: Mapping[str, Compared]) -> list[str]:
    """Return the comparison for the terminal."""
    return [
        f"{name}: before {_rate(*one.baseline)}, assisted {_rate(*one.assisted)}; "
        f"mended {one.mended}, spoilt {one.spoilt}, p {one.p_value:.3g}, e-value {_evidence(one)}"
        for name, one in results.items()
    ]
