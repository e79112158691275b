"""Pages of figures for the tests, made by the product's own functions from counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import sin

from inspector.domain.auditing import Conclusion, Looks, Word, concluded
from inspector.domain.business import paired
from inspector.domain.dashboard import (
    Dashboard,
    Defect,
    Defects,
    Mark,
    Point,
    control_chart,
    strata_of,
)
from inspector.domain.escapes import Seeds
from inspector.domain.fatigue import Raised
from inspector.domain.incidents import Failure, Incident, Running
from inspector.domain.kpi import Window
from inspector.domain.prices import Costs, Prices
from inspector.domain.quality import Rejects
from inspector.domain.record import Counts
from inspector.domain.site_figures import Audits, Happened, Seen, site_figures
from inspector.domain.verdict import Action
from tests.web.fakes import START

WINDOW = Window(START - timedelta(days=28), START)
TARGETS = {"escape_rate": 0.01, "false_reject_rate": 0.005, "first_pass_yield": 0.95}
PRICES = Prices("EUR", Costs(120, 2.5, 0.4, 9), bad_part=6.5, standstill_hour=900)
HOURS = 28 * 24


def counts(passed: int, rejected: int, unknown: int = 0, **more: int) -> Counts:
    records = passed + rejected + unknown
    actions = {Action.PASSED: passed, Action.REJECTED: rejected, Action.FAIL_SAFE: unknown}
    zero = dict.fromkeys(
        ("lost", "disagreeing", "late", "in_gap", "overrides", "corrections", "not_inspected"), 0
    )
    return Counts(
        **{**zero, **more},
        **{"records": records, "passed": passed, "rejected": rejected, "unknown": unknown},
        decided=records,
        actions=actions,
    )


def ends(judged: int, bad: int) -> list[Conclusion]:
    words = [Word.BAD] * bad + [Word.GOOD] * (judged - bad)
    return [concluded(Looks(one, None, one)) for one in words]


def raised() -> list[Raised]:
    """Alarms of a month: one rule that hardly anybody acts on, and some that people do."""
    rules = ["rejects_run"] * 14 + ["drift_rejects"] * 3 + ["failure"] * 5
    return [
        Raised(
            "board",
            rule,
            f"{rule} at the circuit boards",
            came := WINDOW.since + timedelta(hours=7 * n),
            gone=came + timedelta(minutes=20),
            answered=came + timedelta(seconds=95),
            acted=rule == "failure",
        )
        for n, rule in enumerate(rules)
    ]


def seen(*, bad: int = 3) -> Seen:
    cells = {(0, 0.02): 80_000, (1, 0.03): 15_000, (2, 0.06): 4_000, (3, 0.2): 1_000}
    drawn = {cell: round(cell[1] * passed) for cell, passed in cells.items()}
    judged = {cell: ends(n - 6, bad if cell[0] == 3 else 0) for cell, n in drawn.items()}
    return Seen(
        counts(100_000, 2_400, 180),
        cells,
        Audits(drawn, judged),
        Rejects(rejected=2_400, reviewed=2_310, called_good=402, good=371),
        Seeds(found=46, judged=50),
        Happened(
            [Running("board", WINDOW)],
            [
                Incident(WINDOW.since + timedelta(hours=n), action=None)
                if n % 3
                else Incident(
                    WINDOW.since + timedelta(hours=n),
                    action=WINDOW.since + timedelta(hours=n, seconds=95),
                )
                for n in range(12)
            ],
            [
                Failure(
                    WINDOW.since + timedelta(hours=n * 90),
                    WINDOW.since + timedelta(hours=n * 90, minutes=7 + n),
                    "board",
                )
                for n in range(1, 6)
            ],
            raised(),
        ),
    )


def hours() -> list[Point]:
    def one(n: int) -> Point:
        at = WINDOW.since + timedelta(hours=n)
        rejected = round(4 + 1.6 * sin(n / 9) + (n * 7919 % 5 - 2) * 0.8 + (14 if n > 640 else 0))
        return Point(at, 150 + rejected, rejected)

    return [one(n) for n in range(HOURS)]


def board(
    *,
    stale: bool = False,
    priced: bool = True,
    bad: int = 3,
    targets: Mapping[str, float] = TARGETS,
) -> Dashboard:
    """A month of a line that runs well enough, with its cost table unless told otherwise."""
    seen_ = seen(bad=bad)
    figures = paired(
        site_figures(seen_, WINDOW, targets=targets, stale=stale), PRICES if priced else None, None
    )
    wave = [0.010, 0.012, 0.011, None, 0.013, 0.012, 0.015, 0.014]
    return Dashboard(
        WINDOW,
        "Europe/Berlin",
        priced=priced,
        figures=figures,
        trends={
            one.kpi.definition.id: wave if one.kpi.value is not None else [None] * 8
            for one in figures
        },
        rejects=control_chart(hours()),
        marks=(Mark(WINDOW.since + timedelta(days=17), "new model: board"),),
        defects=Defects(
            tuple(
                Defect(kind, n)
                for kind, n in (
                    ("missing_part", 412),
                    ("solder_bridge", 268),
                    ("scratch", 171),
                    ("misaligned", 96),
                    ("dent", 53),
                )
            ),
            1000,
            2400,
        ),
        strata=strata_of(seen_),
        seeds=seen_.seeds,
        raised=seen_.happened.raised,
    )


def unaudited() -> Dashboard:
    """A site that has just begun: nothing was drawn, judged or priced."""
    young = replace(
        seen(),
        counts=counts(240, 6),
        passed={},
        audits=Audits({}, {}),
        rejects=Rejects(6, 0, 0, 0),
        seeds=None,
        happened=Happened([Running("board", Window(START - timedelta(minutes=6), START))]),
    )
    figures = paired(site_figures(young, WINDOW, targets={"escape_rate": 0.01}), None, None)
    return Dashboard(WINDOW, "UTC", figures=figures, defects=Defects((), 0, 6))
