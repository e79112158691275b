"""The one-page deployment charter: its file, what it refuses, and its page."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from inspector.domain import iso22400, quality
from inspector.domain.charter import Evidence, evidence
from inspector.reports.charts import percent
from inspector.reports.page import Cell, Page, Section, Table, row
from inspector.reports.toml_file import TomlFile
from inspector.settings import Settings

Text = Annotated[str, Field(min_length=1)]
_OF_AUDITORS = quality.AUDITOR_SENSITIVITY.id
DEFINITIONS = {
    one.id: one
    for one in (*quality.DEFINITIONS, *iso22400.DEFINITIONS)
    if one.id != _OF_AUDITORS  # a means to the others, no end
}


class Target(Settings):
    """One of the figures that decide."""

    kpi: Text
    baseline: float | None = Field(default=None, ge=0, le=1)
    baseline_measured: str = ""
    target: float = Field(gt=0, lt=1)
    window_days: int = Field(ge=1)


class Constraints(Settings):
    """What the site allows."""

    takt_ms: float = Field(gt=0)
    network: Text
    light: Text
    privacy: Text
    languages: tuple[Text, ...] = Field(min_length=1)


class Step(Settings):
    """Whom to call when the one before has not answered."""

    name: Text
    minutes: int = Field(ge=0)


class Charter(Settings):
    """The file; all of it is on the page."""

    version: int = Field(ge=1)
    owner: Text
    line: Text
    product: Text
    defects: tuple[Text, ...] = Field(min_length=1)
    success: Text
    stop: Text
    audits_per_day: float = Field(gt=0)
    seeds_per_day: float = Field(ge=0)
    review_on: date
    constraints: Constraints
    target: tuple[Target, ...] = Field(min_length=1, max_length=3)
    escalation: tuple[Step, ...] = Field(min_length=1)

    def evidence(self, of: Target) -> Evidence:
        """Return what showing a target takes."""
        daily = {"audits": self.audits_per_day, "seeds": self.seeds_per_day}
        return evidence(of.kpi, of.target, days=of.window_days, **daily)


def read_charter(path: Path) -> Charter:
    """Return the charter.

    Raises:
        RowRefused: Something in it is wrong, or a target cannot be shown with its audits.
    """
    file = TomlFile(path)
    charter = file.read(Charter)
    for number, one in enumerate(charter.target):
        if one.kpi not in DEFINITIONS:
            known = ", ".join(DEFINITIONS)
            raise file.refused(("target", number, "kpi"), f"{one.kpi!r} is none of {known}")
        found = charter.evidence(one)
        if not found.demonstrable:
            raise file.refused(("target", number, "target"), _not_shown(one, found))
    return charter


def _not_shown(one: Target, found: Evidence) -> str:
    days = f", {found.days} days" if found.days else ""
    return (
        f"{one.kpi} of at most {one.target:g} cannot be shown: {one.window_days} days have "
        f"{found.planned} {found.of}, and it takes {found.needed}{days}"
    )


def charter_page(charter: Charter) -> Page:
    """Return the page to print and to sign."""
    limits = charter.constraints
    scope = {
        **{"owner": charter.owner, "line": charter.line, "product": charter.product},
        **{"defects": ", ".join(charter.defects), "review on": f"{charter.review_on}"},
    }
    site = {
        **{"takt": f"{limits.takt_ms:g} ms", "network": limits.network, "light": limits.light},
        **{"privacy": limits.privacy, "languages": ", ".join(limits.languages)},
    }
    rules = {
        **{"success": charter.success, "stop": charter.stop},
        **{"audits": f"{charter.audits_per_day:g} a day"},
        **{"seeded defects": f"{charter.seeds_per_day:g} a day"},
    }
    people = tuple(row(one.name, f"{one.minutes} min") for one in charter.escalation)
    return Page(
        f"Deployment charter: {charter.line}, {charter.product}",
        Cell(f"Version {charter.version}. All targets can be shown with its audits.", "good"),
        (
            Section("Scope", table=_pairs(scope)),
            Section("Targets", table=_targets(charter)),
            Section("Decisions", table=_pairs(rules)),
            Section("Site", table=_pairs(site)),
            Section("Escalation", table=Table(("who", "answers within"), people)),
            Section("Signed", table=_pairs({"name": "", "date": ""})),
        ),
    )


def _pairs(values: dict[str, str]) -> Table:
    return Table((), tuple(row(name, text) for name, text in values.items()))


def _targets(charter: Charter) -> Table:
    rows = tuple(
        row(
            DEFINITIONS[one.kpi].name,
            baseline(one),
            at_most(one.kpi, one.target),
            f"{one.window_days} days",
            Cell(f"yes: {charter.evidence(one)}", "good"),
        )
        for one in charter.target
    )
    return Table(("figure", "baseline", "target", "window", "demonstrable"), rows)


AT_MOST = {one.id for one in quality.DEFINITIONS} - {quality.REVIEWED_SHARE.id, _OF_AUDITORS}


def at_most(kpi: str, target: float) -> str:
    """Return a target in words, by the figure that it is of."""
    return f"at most {percent(target)}" if kpi in AT_MOST else percent(target)


def baseline(one: Target) -> Cell:
    """Return a target's baseline, red where it was not measured."""
    if one.baseline is None:
        return Cell("none", "bad")
    if not one.baseline_measured:
        return Cell(f"{percent(one.baseline)}, assumed", "bad")
    return Cell(f"{percent(one.baseline)}, measured {one.baseline_measured}")


def charter_lines(charter: Charter) -> list[str]:
    """Return the targets for the terminal."""
    return [f"{one.kpi} {one.target:g}: {charter.evidence(one)}" for one in charter.target]
