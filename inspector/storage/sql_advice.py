"""A station's records as advice on the limit of one class takes them. Query only.

A part counts where its score for that class decides: no other class reached its own limit. All of
them were judged by one version of the limits, so under one model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import nextafter
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, select

from inspector.domain.auditing import Source, Word
from inspector.domain.kpi import Window
from inspector.domain.limits import LimitProposal, LimitsVersion
from inspector.domain.threshold_cost import Judged
from inspector.errors import BadInput
from inspector.storage.looks import Said
from inspector.storage.reviewing import reviewed_between
from inspector.storage.schema import from_us, parts, to_us, views
from inspector.storage.sql_judgements import (
    Asked,
    SqlFigures,
    end_of,
    last_word,
    presses_in,
    said_of,
    seeds_in,
)
from inspector.storage.sql_limits import first_record, proposal_of, proposals_of, versions_of

PAGE: Final = timedelta(hours=1)
"""Read at once: each page is a snapshot of its own, so that no checkpoint waits for it."""


@dataclass(frozen=True, slots=True)
class JudgedRecords:
    """What advice is made of.

    Attributes:
        newest: When the newest part came, UTC.
        data_sha256: Over every part that counts and what was said of it.
        audited: Passed parts that were drawn and judged.
    """

    judged: Judged
    newest: datetime
    data_sha256: str
    parts: int
    audited: int


@dataclass(frozen=True, slots=True)
class _Part:
    record: str
    at: int
    score: float
    passed: bool
    stratum: int
    pi: float
    looked: bool = False
    bad: bool = False
    open: bool = False
    confirmed: bool = False


class SqlAdvice(SqlFigures):
    """Records, the versions of limits, and proposals."""

    def versions(self, station: str) -> list[LimitsVersion]:
        """Return the versions of a station's limits, newest first; as `SqlRecords`."""
        with self._reading() as connection:
            return versions_of(connection, station)

    def first(self, station: str, version: LimitsVersion) -> tuple[str, datetime] | None:
        """Return the first record that was judged by a version and when it came; or None."""
        with self._reading() as connection:
            return first_record(connection, station, version)

    def proposals(self, station: str) -> list[LimitProposal]:
        """Return what was proposed for a station, newest first."""
        with self._reading() as connection:
            return proposals_of(connection, station)

    def proposal(self, number: int) -> LimitProposal:
        """Return one proposal; raises `BadInput` where there is none."""
        with self._reading() as connection:
            return proposal_of(connection, number)

    def judged(
        self, station: str, kind: str, version: LimitsVersion, window: Window
    ) -> JudgedRecords:
        """Return the parts of a window that the limit of one class decides.

        Raises:
            BadInput: There is none.
        """
        asked = Asked(station, to_us(window.since), to_us(window.until))
        with self._reading() as connection:
            reviewed = said_of(reviewed_between(connection, station, (asked.since, asked.until)))
            presses = dict(presses_in(connection, asked))
            seeds = seeds_in(connection, asked)
        found: list[_Part] = []
        for since in range(asked.since, asked.until, _PAGE_US):
            page = Asked(station, since, min(since + _PAGE_US, asked.until))
            with self._reading() as connection:
                rows = _scored(connection, page, version, kind)
            found += [
                _said(one, reviewed.get(one.record, {}), presses.get(one.record)) for one in rows
            ]
        if not found:
            raise BadInput(
                f"no part of {station} between {window.since.isoformat()} and "
                f"{window.until.isoformat()} was judged by version {version.number} of its limits"
            )
        audited = sum(one.passed and one.looked for one in found)
        newest = from_us(max(one.at for one in found))
        judged = Judged(**_columns(found), hours=_hours(found), seeds=seeds)
        return JudgedRecords(judged, newest, _hash(found), len(found), audited)


_PAGE_US: Final = PAGE // timedelta(microseconds=1)


def _scored(connection: Connection, page: Asked, version: LimitsVersion, kind: str) -> list[_Part]:
    part = parts.c
    columns = part.record, part.triggered_at, part.verdict, part.stratum, part.audit_pi
    wanted = (
        select(*columns, views.c.top_scores)
        .join_from(parts, views, views.c.record == part.record)
        .where(
            *page.parts,
            part.limits_version == version.number,
            part.not_inspected == "",
            part.verdict.in_(("pass", "reject")),
        )
        .order_by(part.triggered_at, part.record)
    )
    rows: dict[str, Any] = {}
    scores: dict[str, dict[str, float]] = {}
    for row in connection.execute(wanted):
        rows[row.record] = row
        top = scores.setdefault(row.record, {})
        for one, score in row.top_scores.items():
            top[one] = max(score, top.get(one, 0.0))
    made = (_part(rows[record], kind, scores[record], version.limits) for record in rows)
    return [one for one in made if one is not None]


def _part(
    row: Any, kind: str, top: Mapping[str, float], limits: Mapping[str, float]
) -> _Part | None:
    """Return a part that the limit decides; scores are rounded on records, its verdict is not."""
    limit, score, passed = limits[kind], top.get(kind, 0.0), row.verdict == "pass"
    others = any(top.get(one, 0.0) >= of for one, of in limits.items() if one != kind)
    if passed and row.stratum is None:
        return None  # had no chance of an audit
    if not passed and (others or score < limit):
        return None
    if passed:
        score = min(score, nextafter(limit, 0.0))
    pi = row.audit_pi if passed else 1.0
    return _Part(row.record, row.triggered_at, score, passed, row.stratum or 0, pi)


def _said(one: _Part, said: Said, press: Word | None) -> _Part:
    known = one.record, one.at, one.score, one.passed, one.stratum, one.pi
    if one.passed and Source.AUDIT in said:
        end = end_of(said)
        confirmed = end.bad and not end.unconfirmed
        return _Part(*known, looked=True, bad=end.bad, open=end.open, confirmed=confirmed)
    word = last_word(said, press)
    if one.passed or word is None:
        return one
    return _Part(*known, looked=True, bad=word is not Word.GOOD)  # unsure is no false call


def _columns(found: list[_Part]) -> dict[str, Any]:
    kinds = {"score": np.float64, "pi": np.float64, "stratum": np.int64}
    names = "score", "passed", "stratum", "pi", "looked", "bad", "open", "confirmed"
    return {
        name: np.array([getattr(one, name) for one in found], kinds.get(name, np.bool_))
        for name in names
    }


def _hours(found: list[_Part]) -> float:
    return float(len({one.at // _PAGE_US for one in found}))


def _hash(found: list[_Part]) -> str:
    digest = hashlib.sha256()
    for one in found:
        flags = "".join("01"[flag] for flag in (one.passed, one.looked, one.bad, one.open))
        said = f"{one.record} {one.score!r} {one.stratum} {one.pi!r} {flags} {one.confirmed}\n"
        digest.update(said.encode())
    return digest.hexdigest()
