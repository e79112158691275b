"""A year of records: the first parts by the product's own store, all others copies of them.

The copies are made by the database, with new ids and pictures and later times, into the tables as
the migrations made them: every index and every trigger is there. The hours of the first parts are
closed by the product's own code; those of the copies are copies too, and checked against it.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Table, select, text

from benchmarks.progress import Progress
from benchmarks.recording import KEY
from inspector.domain import entries
from inspector.domain.belt import Gap, Part
from inspector.domain.entries import Circumstances, Entry
from inspector.domain.finding import Box, Finding, RanOn, ViewResult
from inspector.domain.judging import judge
from inspector.domain.numbers import record_id
from inspector.domain.overriding import Press
from inspector.domain.periods import Shifts
from inspector.domain.reconciling import Around, reconciled
from inspector.domain.verdict import Action, Verdict
from inspector.gateway.audit import Auditing
from inspector.recorder import GROUP_ENTRIES
from inspector.storage import feedback_schema, schema
from inspector.storage.closing import Closing
from inspector.storage.counting import count
from inspector.storage.database import writing
from inspector.storage.postgres import Server
from inspector.storage.schema import from_us
from inspector.storage.sql_feedback import Review, add_review
from inspector.storage.sql_writing import SqlStore

STATIONS: Final = "blister", "board", "bottle", "ring"
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
BLOCK: Final = timedelta(hours=88)
"""What the first parts span, and each copy of them: a hundred are a year."""
BUSY: Final = timedelta(hours=6)
BUSY_SHARE: Final = 0.86
"""Of a block's parts, those of its first hours: one a second at each station, then one in 84 s."""
SEED: Final = 100_000
AT_ONCE: Final = 10
"""Copies in one statement: each goes through all pages of the large indexes once."""
CHUNK: Final = 1000
CHECKED: Final = 300
BAD_EACH, UNKNOWN_EACH, PRESS_EACH, GAP_EACH = 50, 400, 2000, 20_000
STRATA: Final = 0.80, 0.95, 0.99
AUDITED: Final = 0.006, 0.0085, 0.019, 0.06
"""Share of each stratum that is drawn: together the fifty a day and station of a new station."""
REVIEWED_EACH: Final = 20
"""Of the rejects, those that a quality engineer looks at."""
AUDITORS_BAD: Final = 0.002
"""Of the audited parts, those that are called bad."""

Said = tuple[Review, datetime]

_ACTIONS: Final = {
    Verdict.PASS: Action.PASSED,
    Verdict.REJECT: Action.REJECTED,
    Verdict.UNKNOWN: Action.FAIL_SAFE,
}
_QUICK: Final = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "foreign_keys = OFF",
    "cache_size = -1500000",
)
_AGAIN: Final = "md5({0} || ':' || copy.n)"
_LATER: Final = "{0} + copy.n * :block"


@dataclass(frozen=True, slots=True)
class _Copied:
    """How a table's rows are copied: columns by what they become, the others as they are.

    Attributes:
        order: As they come: in time, or where it makes no difference as the table is sorted.
    """

    table: Table
    order: str
    again: Sequence[str] = ()
    later: Sequence[str] = ()
    counted: Sequence[str] = ()

    def statement(self, copies: range) -> str:
        """Return the statement that makes some copies of the rows in `seed_<table>`."""
        name = self.table.name
        kept = [one.name for one in self.table.columns if one.name != "id"]
        values = ", ".join(f'{self._value(column)} AS "{column}"' for column in kept)
        numbers = ", ".join(f"({n})" for n in copies)
        columns = ", ".join(f'"{column}"' for column in kept)
        return (
            f'INSERT INTO "{name}" ({columns}) WITH copy(n) AS (VALUES {numbers})'  # noqa: S608 - ours
            f' SELECT {values} FROM copy, seed_{name} AS seed ORDER BY "{self.order}"'
        )

    def _value(self, column: str) -> str:
        quoted = f'seed."{column}"'
        if column == "picture":  # 64 digits
            other = f"{_AGAIN.format(quoted)} || substr({quoted}, 33)"
            return f"CASE {quoted} WHEN '' THEN '' ELSE {other} END"
        if column in self.again:
            return _AGAIN.format(quoted)
        if column in self.later:
            return _LATER.format(quoted)
        return f"{quoted} + copy.n * :numbers" if column in self.counted else quoted


_COPIED: Final = (
    _Copied(schema.parts, "triggered_at", ["record"], ["triggered_at", "judged_at"], ["number"]),
    _Copied(schema.views, "record", ["record"]),
    _Copied(schema.findings, "record", ["record"]),
    _Copied(schema.plc_decisions, "record", ["record"], ["at"]),
    _Copied(schema.verdict_events, "at", ["record", "source", "press_id"], ["painted_at", "at"]),
    _Copied(schema.gaps, "at", (), ["at"], ["first", "last"]),
    _Copied(feedback_schema.reviews, "at", ["record", "request"], ["at"]),
    _Copied(feedback_schema.period_counts, "began_at", (), ["began_at", "ended_at"]),
    _Copied(feedback_schema.cell_counts, "began_at", (), ["began_at"]),
)


def make(
    data: Path, parts: int, progress: Progress, *, seed: int = SEED, server: Server | None = None
) -> None:
    """Fill a new database with `parts` parts, a multiple of `seed`, and close their hours.

    Args:
        data: The data folder; the audit log's keys lie there even where there is a server.
        parts: How many in all.
        progress: Told how far it is.
        seed: How many come from the product's own store.
        server: A PostgreSQL database, or None: a SQLite file in `data`.
    """
    with writing(data, server) as engine:
        _record(engine, data, seed, progress)
        _close(engine, FIRST + BLOCK, progress)
        _hurry(engine)
        _keep_seed(engine)
        for first in range(1, parts // seed, AT_ONCE):
            copies = range(first, min(first + AT_ONCE, parts // seed))
            _copy(engine, copies, seed // len(STATIONS), progress)
            progress.say(f"{copies.stop * seed} of {parts} parts made")
        check_hours(engine, FIRST + BLOCK * (parts // seed))
    if server is None:
        with writing(data):
            pass  # as the recorder opens it: WAL again


def _close(engine: Engine, until: datetime, progress: Progress) -> None:
    """Count every hour before `until`, as the recorder does while nothing waits."""
    closing, hours = Closing(engine, Shifts(ZoneInfo("UTC"))), 0
    while closing.step(until + timedelta(hours=1)):
        hours += 1
        progress.tick(f"{hours} hours are counted")


def check_hours(engine: Engine, until: datetime) -> None:
    """Raise unless the product finds no hour to close, and counts some of them as they stand."""
    if Closing(engine, Shifts(ZoneInfo("UTC"))).step(until + timedelta(hours=1)):
        raise ValueError("an hour of the copies was not closed")
    hours = feedback_schema.period_counts
    with engine.connect() as connection:
        rows = connection.execute(select(hours)).mappings().all()
        for row in random.Random(6).sample(rows, min(CHECKED, len(rows))):  # noqa: S311 - no secret
            counted = count(connection, row["station"], (row["began_at"], row["ended_at"]))
            if any(row[name] != n for name, n in counted.items()):
                raise ValueError(f"{row['station']} {from_us(row['began_at'])}: counted {counted}")


def number_at(n: int) -> tuple[str, int]:
    """Return station and part number of the n-th part, from 0."""
    return STATIONS[n % len(STATIONS)], n // len(STATIONS) + 1


def id_of(station: str, number: int, seed: int = SEED) -> str:
    """Return the record's id of a part, as it was made."""
    copy, place = divmod(number - 1, seed // len(STATIONS))
    first = record_id(KEY, station, 1, place + 1)
    return _md5(f"{first}:{copy}") if copy else first


def _record(engine: Engine, data: Path, parts: int, progress: Progress) -> None:
    """Store the first parts as the recorder does, and what people said of them."""
    store, dice = SqlStore(engine, Auditing(engine, data).log), random.Random(5)  # noqa: S311 - no secret
    offset, group, said = 0, [], []
    for n in range(parts):
        part, looks = _part(n, parts // len(STATIONS), dice)
        said += looks
        for entry in part:
            offset += 1
            group.append((offset, entry))
        if len(group) >= GROUP_ENTRIES or n == parts - 1:
            store.apply("made", group, offset=offset, now=FIRST)
            group = []
            progress.tick(f"{n + 1} of {parts} parts recorded")
    for first in range(0, len(said), CHUNK):
        with engine.begin() as connection:
            for look, at in said[first : first + CHUNK]:
                add_review(connection, look, at)


def _part(n: int, of_station: int, dice: random.Random) -> tuple[list[Entry], list[Said]]:
    """Return what the line writes of the n-th part, and what people say of it later."""
    station, number = number_at(n)
    at, record = _time_of(number - 1, of_station), record_id(KEY, station, 1, number)
    part = _seen(n, number, dice)
    verdict = part.decision.verdict if part.decision else Verdict.UNKNOWN
    drawn = _drawn(dice) if verdict is Verdict.PASS else {}
    around = Circumstances(record, 1, 3, number, at.isoformat(), 7.25, plc_boot=1)
    ran_on = RanOn("standard", station, "0" * 64, "CPU", "BF16", "CPU")
    written = [
        {**entries.judged(part, ran_on=ran_on, around=around), **drawn},
        entries.acked(record, latency_ms=8.125, late=False),
    ]
    action = _ACTIONS[verdict]
    if n % PRESS_EACH == 0:
        press = Press(
            f"press-{n}",
            Verdict.PASS,
            by="olga",
            signed_in=True,
            seen_revision=0,
            painted_at=at.isoformat(),
        )
        who = {"role": "operator", "panel": "line side"}
        written.append(entries.override(record, press, revision=1, who=who))
        action = Action.PASSED_BY_OPERATOR
    if n % GAP_EACH == GAP_EACH - 1:
        lost = Gap(of_station + number, of_station + number + 1, "the PLC was away")
        written.append(entries.gap(lost, run=2, totals={}))
    written.append(entries.decided(reconciled(part, action, Around()), record=record))
    stamped = {"at": at.isoformat(), "station": station}
    looks = list(_looks(n, record, verdict, drawn, at, dice))
    return [{**entry, **stamped} for entry in written], looks


def _seen(n: int, number: int, dice: random.Random) -> Part:
    """Return a part as it was looked at: one of `BAD_EACH` bad, one of `UNKNOWN_EACH` not seen."""
    bad, missed = n % BAD_EACH == 0, n % UNKNOWN_EACH == 1
    box = tuple(round(dice.uniform(10, 300), 2) for _ in range(4))
    found = (Finding("scratch", 0.9312, cast(Box, box)),) if bad else ()
    scores = {kind: round(dice.uniform(0, 0.1), 4) for kind in ("dent", "missing", "scratch")}
    top = ViewResult(
        "top",
        findings=found,
        top_scores={} if missed else scores,
        missed="no picture by the deadline" if missed else "",
        picture="" if missed else f"{dice.getrandbits(256):064x}",
        width_px=400,
        height_px=400,
        model_ms=5.31,
    )
    decision = judge({"top": top}, ("top",))
    return Part(number, number * 1000 % 2**32, results={"top": top}, decision=decision, said=True)


def _drawn(dice: random.Random) -> dict[str, Any]:
    score = dice.random()
    stratum = bisect_right(STRATA, score)
    return {
        "score": score,
        "stratum": stratum,
        "audit_pi": AUDITED[stratum],
        "selected": dice.random() < AUDITED[stratum],
        "strata_version": 1,
        "audit_key": "2026-01",
    }


def _looks(
    n: int, record: str, verdict: Verdict, drawn: dict[str, Any], at: datetime, dice: random.Random
) -> Iterator[Said]:
    """Yield what people say of a part: audits with their confirmations, some of the rejects."""

    def said(source: str, word: str, hours: int) -> Said:
        review = Review(f"{source}-{n}", source, word, "quin", record, shown_ms=40, decided_ms=2100)
        return review, at + timedelta(hours=hours)

    if drawn.get("selected"):
        bad = dice.random() < AUDITORS_BAD
        yield said("audit", "NOK" if bad else "OK", 1)
        if bad:
            yield said("confirm", "NOK", 2)
    if verdict is Verdict.REJECT and dice.randrange(REVIEWED_EACH) == 0:
        yield said("flagged", dice.choice(("OK", "NOK")), 3)


def _time_of(place: int, of_station: int) -> datetime:
    """Return when a station's part comes: `place` is counted from 0."""
    busy = int(of_station * BUSY_SHARE)
    if place < busy:
        return FIRST + BUSY * place / busy
    return FIRST + BUSY + (BLOCK - BUSY) * (place - busy) / (of_station - busy)


def _hurry(engine: Engine) -> None:
    """Do without what a power cut needs: a file that was not finished is made anew."""
    raw = engine.raw_connection().driver_connection  # the writer has this one
    if isinstance(raw, sqlite3.Connection):
        for pragma in _QUICK:
            raw.execute(f"PRAGMA {pragma}")
        raw.create_function("md5", 1, _md5, deterministic=True)


def _keep_seed(engine: Engine) -> None:
    with engine.begin() as connection:
        for one in _COPIED:
            name = one.table.name
            connection.execute(text(f"CREATE TEMP TABLE seed_{name} AS SELECT * FROM {name}"))  # noqa: S608 - ours


def _copy(engine: Engine, copies: range, numbers: int, progress: Progress) -> None:
    with engine.begin() as connection:
        for one in _COPIED:
            progress.tick(f"copies {copies.start} to {copies.stop - 1}: {one.table.name}")
            bound = {"block": BLOCK // timedelta(microseconds=1), "numbers": numbers}
            connection.execute(text(one.statement(copies)), bound)


def _md5(words: str) -> str:
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()
