"""The page of the weekly review: what the people of a line go through in half an hour."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from inspector.domain import fatigue
from inspector.domain.intervals import clopper_pearson
from inspector.domain.kpi import Kpi
from inspector.domain.record import Record
from inspector.domain.week import (
    FoundEscape,
    Noted,
    StationWeek,
    Week,
    open_actions,
)
from inspector.reports.charter import AT_MOST, Charter, at_most
from inspector.reports.page import Cell, Page, Picture, Section, Table, row
from inspector.reports.thumbnails import thumbnail
from inspector.reports.weekly_charts import rate_charts

Pictures = Callable[[str], bytes | None]
"""Returns a kept picture by its digest, or None."""

MOST_CHANGES: Final = 50
MOST_ESCAPES: Final = 12
LONGEST: Final = 160
NO_PARTS: Final = "no part came in this week, so there are no figures of it"
_TIME: Final = "%Y-%m-%d %H:%M"


def weekly_page(week: Week, zone: ZoneInfo, charter: Charter | None, pictures: Pictures) -> Page:
    """Return the page.

    Args:
        week: What happened.
        zone: Of the clock on the site's wall.
        charter: Its targets stand beside the figures; None: there is none.
        pictures: Of the site.
    """
    since, until = (at.astimezone(zone) for at in (week.window.since, week.window.until))
    return Page(
        f"Weekly review: {week.site}, {since:{_TIME}} to {until:{_TIME}} ({zone.key})",
        _result(week),
        (
            _actions(week),
            *(_figures(one, charter) for one in week.stations),
            *rate_charts(week),
            _audits(week),
            _false_calls(week, pictures),
            _escapes(week, zone, pictures),
            *([_limits(week)] if week.limits else []),
            _alarms(week),
            _changes(week, zone),
        ),
    )


def weekly_lines(week: Week) -> list[str]:
    """Return the review for the terminal."""
    return [_result(week).text, *(f"open: {text}" for text in open_actions(week))]


def _result(week: Week) -> Cell:
    waiting = len(open_actions(week))
    actions = f"{waiting} open action{'' if waiting == 1 else 's'}"
    if week.is_empty:
        return Cell(f"{NO_PARTS[0].upper()}{NO_PARTS[1:]}; {actions}", "bad")
    parts = sum(one.seen.counts.records + one.seen.counts.in_gap for one in _seen(week))
    told = f"{parts:,} parts, {len(week.escapes)} escapes found, {_alarm_count(week)} alarms"
    return Cell(f"{told}, {actions}", "bad" if week.escapes else "warn" if waiting else "good")


def _seen(week: Week) -> list[Any]:
    return [one for one in week.stations if one.seen is not None]


def _actions(week: Week) -> Section:
    found = open_actions(week)
    if not found:
        return Section("Open actions", ("Nothing waits for anybody.",))
    rows = tuple(row(text, "", "") for text in found)
    return Section("Open actions", table=Table(("what", "who", "until"), rows))


def _figures(one: StationWeek, charter: Charter | None) -> Section:
    title = f"Figures of {one.station}"
    if one.seen is None:
        return Section(title, (f"{one.station}: {NO_PARTS}.",))
    targets = {kpi.definition.id: kpi.target for kpi in one.figures if kpi.target is not None}
    targets |= {of.kpi: of.target for of in charter.target} if charter else {}
    before = {kpi.definition.id: kpi for kpi in one.before}
    figures = [kpi for kpi in one.figures if kpi.definition not in fatigue.DEFINITIONS]
    known = [kpi for kpi in figures if kpi.value is not None or _missing(kpi)]
    rows = tuple(_figure(kpi, before, targets) for kpi in known)
    notes = [] if one.before else ["No part came in the week before."]
    unknown = [kpi.definition.name for kpi in figures if kpi not in known]
    if unknown:
        notes.append(f"Not recorded, or nothing to count: {', '.join(unknown)}.")
    head = "figure", "this week", "of", "the week before", "target", "complete"
    return Section(title, tuple(notes), Table(head, rows))


def _figure(kpi: Kpi, before: Mapping[str, Kpi], targets: Mapping[str, float]) -> tuple[Cell, ...]:
    name, target = kpi.definition.id, targets.get(kpi.definition.id)
    of = f"{_count(kpi.numerator)} of {_count(kpi.denominator)}" if kpi.denominator else "-"
    return row(
        kpi.definition.name,
        Cell(_value(kpi), _mark(kpi, target)),
        of,
        _value(before[name]) if name in before else "-",
        "-" if target is None else at_most(name, target),
        Cell(f"{kpi.completeness:.0%}", "warn" if kpi.provisional else ""),
    )


def _count(number: float) -> str:
    """Return a number of parts: whole ones whole, weighted ones short."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def _value(kpi: Kpi) -> str:
    """Return a figure without its name."""
    return str(kpi).partition(": ")[2]


def _missing(kpi: Kpi) -> bool:
    """Return whether there is too little of something that people can do more of."""
    return kpi.missing.startswith("not enough")


def _mark(kpi: Kpi, target: float | None) -> str:
    """Return whether a target is kept: by the bad end of the interval, where there is one."""
    if kpi.value is None or target is None:
        return "warn" if _missing(kpi) else ""
    low, high = kpi.interval or (kpi.value, kpi.value)
    if kpi.definition.id in AT_MOST:
        return "good" if high <= target else "bad" if kpi.value > target else "warn"
    return "good" if low >= target else "bad" if kpi.value < target else "warn"


def _audits(week: Week) -> Section:
    head = "station", "drawn", "judged", "bad", "open", "budget of the week"
    rows = []
    for one in _seen(week):
        ends = [end for some in one.seen.audits.ends.values() for end in some]
        drawn = sum(one.seen.audits.drawn.values())
        mark = "warn" if len(ends) < drawn else ""
        found = sum(end.bad for end in ends), sum(end.open for end in ends)
        rows.append(
            row(
                *(one.station, f"{drawn:,}", Cell(f"{len(ends):,}", mark)),
                *(f"{found[0]}", f"{found[1]}", f"{7 * one.audits_per_day:,.0f}"),
            )
        )
    judged = sum(one.seen.seeds.judged for one in _seen(week) if one.seen.seeds)
    missed = ", ".join(f"{n} {kind} at {at}" for (at, kind), n in week.seeds_missed.items())
    seeds = f"{judged} seeded defects were judged" if judged else "No seeded defect was judged"
    notes = [f"{seeds}; missed: {missed}." if missed else f"{seeds}, none was missed."]
    if not judged:
        notes = [f"{seeds}, so what auditors miss is not known."]
    if not rows:
        return Section("Audits", (f"No audit: {NO_PARTS}.", *notes))
    return Section("Audits", tuple(notes), Table(head, tuple(rows)))


def _false_calls(week: Week, pictures: Pictures) -> Section:
    title = "False calls, most first"
    if not week.false_calls:
        reviewed = sum(one.seen.rejects.reviewed for one in _seen(week))
        why = (
            f"None of the {reviewed:,} rejects that people judged was good."
            if reviewed
            else "Nobody judged a reject in this week, so false calls are not known."
        )
        return Section(title, (why,))
    rows = tuple(
        row(one.station, _words(one.kind), f"{one.count:,}", f"{one.judged:,}")
        for one in week.false_calls
    )
    shown = [_picture(record, pictures) for one in week.false_calls for record in one.examples]
    head = "station", "kind", "good parts rejected", "rejects judged"
    return Section(title, table=Table(head, rows), pictures=tuple(shown))


def _escapes(week: Week, zone: ZoneInfo, pictures: Pictures) -> Section:
    title = "Escapes found in this week"
    if not week.escapes:
        return Section(title, ("None was found; the escape rates above say what that means.",))
    rows = tuple(_escape(one, zone) for one in week.escapes)
    shown = [_picture(one.record, pictures) for one in week.escapes[:MOST_ESCAPES]]
    head = "station", "part", "came", "defect", "found by", "confirmed"
    return Section(title, table=Table(head, rows), pictures=tuple(shown))


def _escape(one: FoundEscape, zone: ZoneInfo) -> tuple[Cell, ...]:
    came = f"{one.record.triggered_at.astimezone(zone):{_TIME}}"
    confirmed = Cell("yes") if one.confirmed else Cell("no", "warn")
    what = _words(one.kind) or "not named"
    return row(one.record.station, f"{one.record.number}", came, what, one.how, confirmed)


def _picture(record: Record, pictures: Pictures) -> Picture:
    """Return the view of a part with the highest score, with its findings."""
    best = max(
        record.views,
        key=lambda view: max((one.score for one in view.findings), default=0.0),
        default=None,
    )
    if best is None or not best.picture:
        return Picture("", f"{record.station} {record.number}: no picture")
    found = ", ".join(f"{_words(one.kind)} {one.score:.2f}" for one in best.findings[:3])
    boxes = [one.box for one in best.findings]
    address = thumbnail(pictures(best.picture), boxes)
    kept = "" if address else ": the picture is not kept any more"
    return Picture(address, f"{record.station} {record.number}, {best.view} {found}{kept}".strip())


def _limits(week: Week) -> Section:
    """Return what signed limits were to do, and what they did in this week."""
    rows = []
    for one in week.limits:
        low, high = clopper_pearson(one.rejected, one.parts)
        share = f"{one.rejected / one.parts:.2%} [{low:.2%}, {high:.2%}]"
        rows.append(
            row(
                *(one.station, f"{one.version}", _words(one.kind)),
                f"{one.before:g} to {one.after:g}",
                *(f"{one.predicted:.2%}", f"{one.rejected:,} of {one.parts:,}"),
                Cell(share, "" if low <= one.predicted <= high else "warn"),
            )
        )
    head = "station", "version", "class", "limit", "rejects predicted", "rejects", "share"
    note = "A share in amber is another than was predicted, by its 95 % interval."
    return Section("Limits that people signed", (note,), Table(head, tuple(rows)))


def _alarm_count(week: Week) -> str:
    return f"{sum(one.rule.alarms for one in week.rules):,}"


def _alarms(week: Week) -> Section:
    title = "Alarms, the noisiest rules first"
    if not week.rules:
        return Section(title, ("No alarm came.",))
    rows = tuple(
        row(
            *(one.rule.station or "gateway", one.rule.rule),
            *(f"{one.rule.alarms:,}", f"{one.rule.actions:,}"),
            "-" if one.response_s is None else f"{one.response_s / 60:.0f} min",
            Cell("yes", "warn") if one.stands else Cell("no"),
            one.rule.advice or "-",
        )
        for one in week.rules
    )
    told = "; ".join(str(one) for one in week.alarms if one.value is not None)
    head = "station", "rule", "came", "acted on", "median answer", "stands", "advice of four weeks"
    return Section(title, (f"{told}.",), Table(head, rows))


def _changes(week: Week, zone: ZoneInfo) -> Section:
    title, said = "Changes of models, limits and settings", week.said
    notes = [f"Operators: {said.overrides} overrides, {said.corrections} corrections."]
    if not said.changes:
        return Section(title, (*notes, "Nothing was changed."))
    if len(said.changes) > MOST_CHANGES:
        notes.append(f"The last {MOST_CHANGES} of {len(said.changes)} changes.")
    rows = tuple(_change(one, zone) for one in said.changes[-MOST_CHANGES:])
    head = "when", "who", "what", "before", "after", "why"
    return Section(title, tuple(notes), Table(head, rows))


def _change(one: Noted, zone: ZoneInfo) -> tuple[Cell, ...]:
    when = f"{one.at.astimezone(zone):{_TIME}}"
    what = f"{one.action}: {one.what}"
    return row(when, one.who, what, _short(one.before), _short(one.after), one.reason)


def _short(value: Any) -> str:
    """Return a value for people: long hashes and long lists are cut."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        told = "; ".join(f"{key} {_short(one)}" for key, one in value.items())
    else:
        told = value if isinstance(value, str) else json.dumps(value)
        told = told[:12] if len(told) == 64 else told
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 3]}..."


def _words(kind: str) -> str:
    return kind.replace("_", " ")
