"""A measured figure, its target, and the table and JSON of all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

SCHEMA = 1
_NAME_WIDTH, _NUMBER_WIDTH, _TARGET_WIDTH = 52, 14, 13


@dataclass(frozen=True, slots=True)
class Spread:
    """How measured values lie.

    Attributes:
        p50, p95, p99: Percentiles, linear between two values.
        most: The largest.
        count: Of how many values.
    """

    p50: float
    p95: float
    p99: float
    most: float
    count: int


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure shall be.

    Attributes:
        limit: In the figure's unit.
        at_most: The figure shall not exceed it; False: not fall below it.
    """

    limit: float
    at_most: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        key: Its name in the JSON, `<section>.<what>_<unit>`.
        name: For people.
        value: As measured.
        unit: Of value and target; empty for a count or a ratio.
        target: From the budgets; None: the figure only explains others.
        note: What a reader must know to judge it.
    """

    key: str
    name: str
    value: float
    unit: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Return whether it is as it shall be; None without a target."""
        if self.target is None:
            return None
        if self.target.at_most:
            return self.value <= self.target.limit
        return self.value >= self.target.limit

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        target = self.target
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "target": None if target is None else target.limit,
            "at_most": None if target is None else target.at_most,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one measurement.

    Attributes:
        title: What was measured, and on how much.
        figures: In the order of the table.
        notes: Said below them.
        failures: Why something could not be measured, or a promise that was broken.
    """

    title: str
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = field(default=())
    failures: tuple[str, ...] = field(default=())


def spread(values: Sequence[float]) -> Spread:
    """Return how the values lie; raises `ValueError` when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    p50, p95, p99, most = np.percentile(np.asarray(values, float), [50, 95, 99, 100])
    return Spread(float(p50), float(p95), float(p99), float(most), len(values))


def told(figure: Figure) -> str:
    """Return "met", or by how much the figure misses its target; "" without one."""
    if figure.target is None:
        return ""
    if figure.met:
        return "met"
    by = abs(figure.value - figure.target.limit)
    share = f", {by / figure.target.limit:.0%}" if figure.target.limit else ""
    return f"missed by {number(by)}{_after(figure.unit)}{share}"


def number(value: float) -> str:
    """Return a value with three significant digits, and whole from 1000 on."""
    if value == round(value) or abs(value) >= 1000:
        return f"{value:.0f}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def table(sections: Iterable[Section]) -> str:
    """Return all figures as text: figure, measured, target, met or by how much not."""
    lines: list[str] = []
    for section in sections:
        lines += ["", section.title]
        lines += [_row(figure) for figure in section.figures]
        lines += [f"    {note}" for note in section.notes]
        lines += [f"    FAILED: {failure}" for failure in section.failures]
    return "\n".join([_head(), *lines])


def as_json(machine: object, sections: Sequence[Section]) -> dict[str, object]:
    """Return the whole run as one JSON object."""
    return {
        "schema": SCHEMA,
        "machine": machine,
        "figures": {one.key: one.as_json() for section in sections for one in section.figures},
        "notes": [note for section in sections for note in section.notes],
        "failures": [failure for section in sections for failure in section.failures],
    }


def _head() -> str:
    return _columns("figure", "measured", "target", "").rstrip()


def _row(figure: Figure) -> str:
    target = ""
    if figure.target is not None:
        sign = "≤" if figure.target.at_most else "≥"
        target = f"{sign} {number(figure.target.limit)}{_after(figure.unit)}"
    measured = f"{number(figure.value)}{_after(figure.unit)}"
    said = "; ".join(text for text in (told(figure), figure.note) if text)
    return _columns(f"  {figure.name}", measured, target, said).rstrip()


def _columns(name: str, measured: str, target: str, said: str) -> str:
    return f"{name:<{_NAME_WIDTH}} {measured:>{_NUMBER_WIDTH}} {target:>{_TARGET_WIDTH}}  {said}"


def _after(unit: str) -> str:
    return f" {unit}" if unit else ""
