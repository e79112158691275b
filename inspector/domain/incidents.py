"""How long things took: to be noticed, to be answered, to run again, between two failures.

*MTTR* means two things to people, so it is not written here. The means of running and of restoring
have the names of ISO 22400-2; noticing and answering are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from inspector.domain.kpi import ISO_22400, Definition, Kpi, Window

TIME_TO_DETECT = Definition(
    "time_to_detect", 1, "Time to detect", "median of alarm - onset, where the onset is known", "s"
)
TIME_TO_RESPOND = Definition(
    "time_to_respond", 1, "Time to respond", "median of first action - alarm", "s"
)
TIME_BETWEEN_FAILURES = Definition(
    "mean_operating_time_between_failures",
    1,
    "Mean operating time between failures",
    "operating time / failures",
    "s",
    ISO_22400,
)
TIME_TO_RESTORATION = Definition(
    "mean_time_to_restoration",
    1,
    "Mean time to restoration",
    "time from failure to running again / failures",
    "s",
    ISO_22400,
)
DEFINITIONS = (TIME_TO_DETECT, TIME_TO_RESPOND, TIME_BETWEEN_FAILURES, TIME_TO_RESTORATION)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong.

    Attributes:
        alarm: When it was noticed.
        onset: When it began; known for seeded changes, reports and change points found later.
        action: The first thing a person did about it, None so far.
    """

    alarm: datetime
    onset: datetime | None = None
    action: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A station that stood; `restored` is None while it still does."""

    began: datetime
    restored: datetime | None = None
    station: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A stretch of time in which parts came at a station; of one station they do not overlap."""

    station: str
    stretch: Window


def time_to_detect(incidents: Sequence[Incident], window: Window) -> Kpi:
    """Return the median over those whose onset is known; completeness says how many that is."""
    took = [(one.alarm - one.onset).total_seconds() for one in incidents if one.onset]
    return _median(TIME_TO_DETECT, took, len(incidents), window)


def time_to_respond(incidents: Sequence[Incident], window: Window) -> Kpi:
    """Return the median over those that somebody answered."""
    took = [(one.action - one.alarm).total_seconds() for one in incidents if one.action]
    return _median(TIME_TO_RESPOND, took, len(incidents), window)


def _median(definition: Definition, took: Sequence[float], of: int, window: Window) -> Kpi:
    return Kpi(
        definition,
        window,
        numerator=median(took) if took else 0.0,
        denominator=1 if took else 0,
        method=f"median of {len(took)} of {of} incidents",
        completeness=len(took) / of if of else 1.0,
        missing="" if took else _no_times(definition, of),
    )


def _no_times(definition: Definition, of: int) -> str:
    if not of:
        return "no alarm came in the window"
    without = "an onset that is known" if definition is TIME_TO_DETECT else "an answer by a person"
    return f"none of {of} alarms has {without}"


def mean_time_between_failures(
    failures: Sequence[Failure], running: Sequence[Running], window: Window
) -> Kpi:
    """Return the time in which parts came and could be inspected, over the failures that began."""
    began = sum(window.since <= one.began < window.until for one in failures)
    ran = ran_s(running) - stood_s(failures, running)
    method = f"{began} failures in the clock hours in which a part came"
    return Kpi(TIME_BETWEEN_FAILURES, window, ran, began, method=method, missing=_none(began))


def ran_s(running: Sequence[Running]) -> float:
    """Return how long parts came, summed over the stations."""
    return sum((one.stretch.until - one.stretch.since).total_seconds() for one in running)


def stood_s(failures: Sequence[Failure], running: Sequence[Running]) -> float:
    """Return how much of that time a station could not inspect."""
    return sum(
        _stood_s(failure, one.stretch)
        for one in running
        for failure in failures
        if failure.station == one.station
    )


def mean_time_to_restoration(failures: Sequence[Failure], window: Window) -> Kpi:
    """Return the mean over the failures that began in the window and are over."""
    began = [one for one in failures if window.since <= one.began < window.until]
    took = [(one.restored - one.began).total_seconds() for one in began if one.restored]
    return Kpi(
        TIME_TO_RESTORATION,
        window,
        sum(took),
        len(took),
        method=f"{len(took)} of {len(began)} failures",
        completeness=len(took) / len(began) if began else 1.0,
        missing=_none(len(took)),
    )


def _stood_s(failure: Failure, window: Window) -> float:
    until = min(failure.restored or window.until, window.until)
    return max(0.0, (until - max(failure.began, window.since)).total_seconds())


def _none(count: int) -> str:
    return "" if count else "no failure in the window"
