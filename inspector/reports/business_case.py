"""The business case: its file, and its page."""

from __future__ import annotations

from datetime import date
from math import isinf
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from inspector.domain.business_case import (
    DRAWS,
    NAMES,
    Amount,
    Case,
    Horizon,
    Inputs,
    Quantity,
    business_case,
    quantity,
)
from inspector.reports.charts import Bar, bars
from inspector.reports.page import Cell, Page, Section, Table, row
from inspector.reports.toml_file import TomlFile
from inspector.settings import Settings

MOST_MONTHS = 120
"""A payback beyond is told in years."""
SHARES = {name for name in NAMES if name.startswith(("escape_", "false_calls_", "scrap_"))} - {
    *("escape_cost", "scrap_cost")
}

BASELINES = {"parts", *(name for name in NAMES if name.endswith("_before"))}


class Given(Settings):
    """A number, its 95 % interval, and when it was measured; assumed without."""

    value: float = Field(ge=0)
    low: float | None = Field(default=None, ge=0)
    high: float | None = Field(default=None, ge=0)
    measured_from: date | None = None
    measured_to: date | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together")
        if not self._low <= self.value <= self._high:
            raise ValueError("must be low <= value <= high")
        if (self.measured_from is None) != (self.measured_to is None):
            raise ValueError("measured_from and measured_to go together")
        if self.measured_from and self.measured_to and self.measured_to < self.measured_from:
            raise ValueError("measured_to lies before measured_from")
        return self

    @property
    def _low(self) -> float:
        return self.value if self.low is None else self.low

    @property
    def _high(self) -> float:
        return self.value if self.high is None else self.high

    @property
    def quantity(self) -> Quantity:
        """Return the number as the model takes it."""
        dates = f"{self.measured_from} to {self.measured_to}" if self.measured_from else ""
        return Quantity(self.value, self._low, self._high, dates)


class InputsFile(Settings):
    """What the model takes; `inspector.domain.business_case.Inputs` says what each is."""

    hardware: Given
    software: Given
    integration: Given
    change: Given
    operations: Given
    audits: Given
    audit_s: Given
    parts: Given
    escape_before: Given
    escape_after: Given
    false_calls_before: Given
    false_calls_after: Given
    review_s: Given
    scrap_before: Given
    scrap_after: Given
    downtime_before: Given
    downtime_after: Given
    escape_cost: Given
    hour_cost: Given
    scrap_cost: Given
    downtime_cost: Given


class CaseFile(Settings):
    """The file: what the model takes, and over how many years."""

    title: str = Field(min_length=1)
    currency: str = Field(min_length=1)
    years: int = Field(ge=1, le=20)
    discount: float = Field(default=0.0, ge=0, lt=1)
    inputs: InputsFile

    @property
    def quantities(self) -> Inputs:
        """Return the inputs as the model takes them."""
        return Inputs(*(getattr(self.inputs, name).quantity for name in NAMES))


def read_case(path: Path) -> CaseFile:
    """Return the file; raises `RowRefused`."""
    file = TomlFile(path)
    read = file.read(CaseFile)
    for name in SHARES:
        if quantity(read.quantities, name).high > 1:
            raise file.refused(("inputs", name), "is a share, from 0 to 1")
    return read


def case_of(read: CaseFile) -> Case:
    """Return what the file comes to."""
    return business_case(read.quantities, Horizon(read.years, read.discount))


def case_page(read: CaseFile, case: Case) -> Page:
    """Return the page: payback, savings, drivers, and what it all rests on."""
    low, high = case.payback_months.interval
    said = f"Payback in {months(case.payback_months.value)} [{months(low)}, {months(high)}]"
    guessed = [name.replace("_", " ") for name in case.assumed if name in BASELINES]
    if guessed:
        said += f"; baseline assumed, not measured: {', '.join(guessed)}"
    notes = (
        f"Intervals are 95 %, of {DRAWS:,} draws of all inputs with a fixed seed.",
        f"{case.pays_back:.0%} of the draws pay back within {read.years} years.",
    )
    return Page(
        f"Business case: {read.title}",
        Cell(said, "bad" if guessed else "good"),
        (
            Section(f"Results in {read.currency}", notes, _results(read, case)),
            Section("Largest drivers", (_DRIVERS,), chart=_tornado(read, case)),
            Section("What it rests on", table=_inputs(read)),
        ),
    )


_DRIVERS = "The net present value at both ends of an input's interval, all others at their values."


def months(value: float) -> str:
    """Return a payback in words."""
    if isinf(value):
        return "never"
    return f"{value:.1f} months" if value < MOST_MONTHS else f"{value / 12:.0f} years"


def _results(read: CaseFile, case: Case) -> Table:
    rows = [row("paid at the start", *_amount(case.once))]
    rows += [row(f"{name}, a year", *_amount(one)) for name, one in case.yearly.items()]
    name = f"net present value, {read.years} years at {read.discount:.1%}"
    rows += [row(name, *_amount(case.net_present_value))]
    return Table(("what", "value", "95 % interval"), tuple(rows))


def _amount(one: Amount) -> tuple[str, str]:
    low, high = one.interval
    return f"{one.value:,.0f}", f"{low:,.0f} to {high:,.0f}"


def _tornado(read: CaseFile, case: Case) -> str:
    if not case.drivers:
        return ""
    rows = [
        Bar(
            one.name.replace("_", " "),
            min(one.at_low, one.at_high),
            max(one.at_low, one.at_high),
            case.net_present_value.value,
        )
        for one in case.drivers
    ]
    title = f"Net present value in {read.currency} by input"
    return bars(title, rows, marks=(0.0,), shown="{:,.0f}".format)


def _inputs(read: CaseFile) -> Table:
    given = {name: quantity(read.quantities, name) for name in NAMES}
    rows = tuple(
        row(
            *(_named(name), _plain(one.value), _interval(one)),
            Cell(f"measured {one.measured}") if one.measured else Cell("assumed", "bad"),
        )
        for name, one in given.items()
    )
    return Table(("input", "value", "95 % interval", "where from"), rows)


def _named(name: str) -> str:
    """Return an input's name for people, with its unit where the name ends in one."""
    words = name.replace("_", " ")
    return f"{words.removesuffix(' s')}, s each" if words.endswith(" s") else words


def _interval(one: Quantity) -> str:
    return f"{_plain(one.low)} to {_plain(one.high)}" if one.low < one.high else "none given"


def _plain(value: float) -> str:
    """Return a number without an exponent."""
    told = f"{value:,.9f}"
    return told.rstrip("0").rstrip(".")


def case_lines(read: CaseFile, case: Case) -> list[str]:
    """Return the results for the terminal."""
    low, high = case.payback_months.interval
    value, interval = _amount(case.net_present_value)
    return [
        f"payback: {months(case.payback_months.value)} [{months(low)}, {months(high)}], "
        f"within {read.years} years in {case.pays_back:.0%} of the draws",
        f"net present value: {value} {read.currency} ({interval})",
        *(f"driver {one.name}: {one.at_low:,.0f} to {one.at_high:,.0f}" for one in case.drivers),
        f"assumed: {', '.join(case.assumed) or 'nothing'}",
    ]
