"""What people and programs send, read into values, or one clear sentence about what is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from inspector.domain.record import RecordFilter
from inspector.domain.review_queues import Queue
from inspector.domain.verdict import Verdict
from inspector.errors import BadInput

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
PIN = re.compile(r"[0-9]{6}")
VERDICTS: Final = {verdict.name.lower(): verdict for verdict in Verdict}
OUTCOMES: Final = ("passed", "rejected", "lost", "undecided")
MOST_RECORDS: Final = 500
MOST_CLAIMS: Final = 5
LONGEST_LOOK_MS: Final = 24 * 3600 * 1000
MOST_DAYS: Final = 366
FIRST_YEAR, LAST_YEAR = 1970, 9998
"""So that a clock of any zone can show the moment."""
LONGEST_BADGE: Final = 64
LONGEST_PANEL: Final = 40

Values = Mapping[str, object]


class PressForm:
    """A press as the panel sent it: `press_id`, `verdict`, `seen_revision`, `painted_at`."""

    def __init__(self, values: Values) -> None:
        only(values, {"press_id", "verdict", "seen_revision", "painted_at"})
        self.press_id = matching(values, "press_id", ID, "1 to 64 letters, digits, _ . : -")
        self.verdict = text(values, "verdict")
        if self.verdict not in ("pass", "reject"):
            raise BadInput('verdict must be "pass" or "reject".')
        self.seen_revision = whole(values, "seen_revision", least=0, most=1_000_000)
        self.painted_at = moment(text(values, "painted_at"), "painted_at")


class SignInForm:
    """Badge and PIN."""

    def __init__(self, values: Values) -> None:
        only(values, {"badge", "pin", "csrf", "next"})
        self.badge = text(values, "badge").strip()
        if not 0 < len(self.badge) <= LONGEST_BADGE or not self.badge.isprintable():
            raise BadInput(f"The badge must have 1 to {LONGEST_BADGE} characters.")
        self.pin = text(values, "pin")
        if not PIN.fullmatch(self.pin):
            raise BadInput("The PIN must have 6 digits.")


class NextForm:
    """Which queue, and how many pictures at once."""

    def __init__(self, values: Values) -> None:
        only(values, {"queue", "count"})
        named = text(values, "queue")
        if named not in set(Queue):
            raise BadInput(f"queue must be one of {', '.join(Queue)}.")
        self.queue = Queue(named)
        self.count = whole(values, "count", least=1, most=MOST_CLAIMS)


class ReviewForm:
    """What somebody said of a picture that was given to them, or of a record (`source`)."""

    def __init__(self, values: Values, subject: str) -> None:
        times = {"shown_ms", "decided_ms"}
        only(values, {"request", "verdict", "kind", "reason", subject} | times)
        given = {key: text(values, key) for key in ("verdict", subject)}
        given["request"] = matching(values, "request", ID, "1 to 64 letters, digits, _ . : -")
        for key in ("kind", "reason"):
            given[key] = text(values, key) if values.get(key) is not None else ""
        self.fields: dict[str, object] = dict(given)
        for key in times & values.keys():
            self.fields[key] = whole(values, key, least=0, most=LONGEST_LOOK_MS)


class LotForm:
    """The name of a lot."""

    def __init__(self, values: Values) -> None:
        only(values, {"name"})
        self.name = text(values, "name")


class SeedForm:
    """A picture with a known defect."""

    def __init__(self, values: Values) -> None:
        only(values, {"station", "kind", "picture", "made_from"})
        self.fields: dict[str, object] = {
            key: text(values, key) for key in ("station", "kind", "made_from")
        }
        self.fields["picture"] = matching(values, "picture", DIGEST, "64 hexadecimal digits")


def record_query(values: Mapping[str, str]) -> RecordFilter:
    """Return which records a GET asks for."""
    only(values, {"station", "verdict", "outcome", "since", "until", "limit", "before"})
    station, before = values.get("station", ""), values.get("before", "")
    if station and not NAME.fullmatch(station):
        raise BadInput("station must be the name of a station.")
    if before and not ID.fullmatch(before):
        raise BadInput("before must be the id of a record.")
    verdict = values.get("verdict", "")
    if verdict and verdict not in VERDICTS:
        raise BadInput('verdict must be "pass", "reject" or "unknown".')
    outcome = values.get("outcome", "")
    if outcome and outcome not in OUTCOMES:
        raise BadInput('outcome must be "passed", "rejected", "lost" or "undecided".')
    since, until = values.get("since", ""), values.get("until", "")
    return RecordFilter(
        station=station,
        verdict=VERDICTS[verdict] if verdict else None,
        outcome=outcome,
        since=moment(since, "since") if since else None,
        until=moment(until, "until") if until else None,
        limit=number(values.get("limit", "50"), "limit", most=MOST_RECORDS),
        before=before,
    )


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """Of which figures a page is: a station ("" for all), and from when to when, UTC.

    Attributes:
        days: How many days back from now; 0: `since` and `until` were given.
    """

    station: str
    since: datetime
    until: datetime
    days: int


def figure_query(
    values: Mapping[str, str], now: datetime, *, also: Collection[str] = ()
) -> FigureQuery:
    """Return which figures a GET asks for: `days` back from now, or `since` and `until`."""
    only(values, {"station", "days", "since", "until", *also})
    station = values.get("station", "")
    if station and not NAME.fullmatch(station):
        raise BadInput("station must be the name of a station.")
    if not values.get("since") and not values.get("until"):
        days = number(values.get("days", "28"), "days", most=MOST_DAYS)
        return FigureQuery(station, now - timedelta(days=days), now, days)
    if "days" in values or not (values.get("since") and values.get("until")):
        raise BadInput("Give either days, or both since and until.")
    since, until = moment(values["since"], "since"), moment(values["until"], "until")
    if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
        raise BadInput(f"since must lie before until, by {MOST_DAYS} days at most.")
    if since.year < FIRST_YEAR or until.year > LAST_YEAR:
        raise BadInput(f"since and until must lie in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return FigureQuery(station, since, until, 0)


def panel_name(given: str) -> str:
    """Return a panel's name as people wrote it, or empty when it cannot be one."""
    name = " ".join(given.split())
    return name if name.isprintable() and len(name) <= LONGEST_PANEL else ""


def only(values: Values, known: set[str]) -> None:
    """Refuse keys that nobody reads: a misspelt filter would otherwise show too much."""
    for key in values:
        if key not in known:
            raise BadInput(f"{key[:40]!r} is not known here; known: {', '.join(sorted(known))}.")


def text(values: Values, key: str) -> str:
    """Return a text that must be there."""
    value = values.get(key)
    if value is None:
        raise BadInput(f"{key} is missing.")
    if not isinstance(value, str):
        raise BadInput(f"{key} must be a text.")
    return value


def matching(values: Values, key: str, pattern: re.Pattern[str], what: str) -> str:
    """Return a text of a given shape."""
    value = text(values, key)
    if not pattern.fullmatch(value):
        raise BadInput(f"{key} must be {what}.")
    return value


def whole(values: Values, key: str, *, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    value = values.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput(f"{key} must be a whole number from {least} to {most}.")
    return value


def number(given: str, key: str, *, most: int) -> int:
    """Return a whole number from 1 on that came as text."""
    if not (given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= most):
        raise BadInput(f"{key} must be a whole number from 1 to {most}.")
    return int(given)


def moment(given: str, key: str) -> datetime:
    """Return a moment in UTC from ISO 8601 with its zone."""
    when = _instant(given)
    if when is None:
        raise BadInput(f"{key} must be ISO 8601 with its zone, like 2026-11-23T23:00:00Z.")
    return when


def _instant(given: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(given)
        return when.astimezone(UTC) if when.tzinfo else None
    except (ValueError, OverflowError):
        return None
