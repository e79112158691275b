"""The page of an attribute agreement study."""

from __future__ import annotations

from inspector.domain.appraising import (
    EFFECTIVENESS,
    FALSE_ALARM_RATE,
    MISS_RATE,
    Appraisal,
    Grade,
    Limit,
    PartShare,
    StudyResult,
)
from inspector.domain.intervals import Interval
from inspector.reports.charts import Bar, bars
from inspector.reports.page import Cell, Page, Section, Table, row

MARKS = {Grade.PASS: "good", Grade.MARGINAL: "warn", Grade.FAIL: "bad"}
METHOD = (
    "Intervals are exact (Clopper-Pearson, 95 %) and over parts, because looks at one part are not "
    "independent. A grade comes from the one-sided 95 % bound at the bad end.",
)


def study_page(found: StudyResult) -> Page:
    """Return the page: grades, agreement, a chart for each rate."""
    wholes = {one.mode: one.grade for one in found.appraisals if one.name.startswith("all of ")}
    worst = min(wholes.values())
    said = ", ".join(f"{mode} {grade.name}" for mode, grade in wholes.items())
    return Page(
        "Attribute agreement study",
        Cell(f"{found.parts} parts, {found.bad_parts} of them bad: {said}", MARKS[worst]),
        (
            Section("Rates and grades", METHOD, _rates(found.appraisals)),
            Section("Agreement", found.warnings, _agreement(found.appraisals)),
            *_charts(found.appraisals),
        ),
    )


def _rates(appraisals: tuple[Appraisal, ...]) -> Table:
    limits = (EFFECTIVENESS, MISS_RATE, FALSE_ALARM_RATE)
    heads = ("effectiveness", "miss rate", "false alarm rate")
    told = [f"{name} ({_limit(limit)})" for name, limit in zip(heads, limits, strict=True)]
    rows = []
    for one in appraisals:
        shares = (one.effectiveness, one.miss_rate, one.false_alarm_rate)
        cells = [_graded(share, limit) for share, limit in zip(shares, limits, strict=True)]
        rows.append(row(one.name, one.mode, *cells, Cell(one.grade.name, MARKS[one.grade])))
    return Table(("who", "mode", *told, "grade"), tuple(rows))


def _limit(limit: Limit) -> str:
    word = "at least" if limit.least else "at most"
    return f"{word} {limit.passes:.0%}, marginal {limit.marginal:.0%}"


def _graded(share: PartShare, limit: Limit) -> Cell:
    grade = share.grade(limit)
    end = f"{'at least' if limit.least else 'at most'} {share.bad_end(limit):.1%}"
    return Cell(f"{_shown(share)}; {end}: {grade.name}", MARKS[grade])


def _shown(share: PartShare) -> str:
    value = "none" if share.value is None else f"{share.value:.1%}"
    return f"{value} {_interval(share.interval)} of {share.parts} parts"


def _interval(interval: Interval) -> str:
    return f"[{interval[0]:.1%}, {interval[1]:.1%}]"


def _agreement(appraisals: tuple[Appraisal, ...]) -> Table:
    rows = tuple(
        row(
            *(one.name, one.mode, _shown(one.within) if one.within.parts else "one look each"),
            "one appraiser" if one.between is None else _shown(one.between),
            *(
                "not shown" if value is None else f"{round(value, 2) + 0.0:.2f}"
                for value in (one.kappa, one.ac1)
            ),
        )
        for one in appraisals
    )
    return Table(("who", "mode", "within", "between", "kappa", "AC1"), rows)


def _charts(appraisals: tuple[Appraisal, ...]) -> list[Section]:
    rates = {
        "Effectiveness": (EFFECTIVENESS, [one.effectiveness for one in appraisals]),
        "Miss rate": (MISS_RATE, [one.miss_rate for one in appraisals]),
        "False alarm rate": (FALSE_ALARM_RATE, [one.false_alarm_rate for one in appraisals]),
    }
    names = [f"{one.name} ({one.mode})" for one in appraisals]
    return [
        Section(
            title,
            chart=bars(
                f"{title} with its intervals; the lines are the limits",
                [
                    Bar(name, *share.interval, share.value or 0.0)
                    for name, share in zip(names, shares, strict=True)
                ],
                marks=(limit.passes, limit.marginal),
            ),
        )
        for title, (limit, shares) in rates.items()
    ]


def study_lines(found: StudyResult) -> list[str]:
    """Return the grades for the terminal."""
    return [
        f"{one.name} ({one.mode}): {one.grade.name} "
        f"({', '.join(f'{name} {grade.name}' for name, grade in one.grades.items())})"
        for one in found.appraisals
    ]
