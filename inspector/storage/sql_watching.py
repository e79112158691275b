"""What the watches take of a station's records: in bounded pieces, by index. Query only.

Hours come from their rows, scores as one part of each half minute, audits from the drawn parts; so
a fast line costs no more than a slow one. Each piece is a snapshot of its own, so that no
checkpoint waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    ScalarSelect,
    cast,
    literal,
    or_,
    select,
)

from inspector.domain.auditing import Conclusion
from inspector.domain.periods import Counted
from inspector.domain.reviews import Reviewed
from inspector.domain.watching.finds import AuditDay
from inspector.domain.watching.live import Watched
from inspector.domain.watching.reference import NEW_DAYS, REFERENCE_DAYS
from inspector.domain.watching.rejects import Groups
from inspector.domain.watching.scores import Scores
from inspector.storage.audit_planning import newest_model
from inspector.storage.closing import GRACE
from inspector.storage.counting import HOUR_US, Stretch, closed_between
from inspector.storage.feedback_schema import period_counts, versions
from inspector.storage.reviewing import reviewed_between
from inspector.storage.schema import parts, to_us
from inspector.storage.sql_judgements import audit_end
from inspector.storage.sql_store import SqlRecords

DAY_US: Final = 24 * HOUR_US
HISTORY: Final = timedelta(days=REFERENCE_DAYS + NEW_DAYS + 1)
AUDIT_HISTORY: Final = timedelta(days=180)
"""Finds are few: a threefold rise takes weeks to show."""
SCORE_EACH_US: Final = 30_000_000


class SqlWatching(SqlRecords):
    """Records as the watches see them; each question raises as those of `SqlRecords`."""

    def seen(self, station: str, now: datetime, *, whole_days: bool) -> Watched:
        """Return a station's last weeks, from when its model was first seen.

        Args:
            station: Its name.
            now: UTC.
            whole_days: Also scores and audits, of the days that are over.
        """
        with self._reading() as connection:
            model = newest_model(connection, station)
        first = -(-to_us(model.since) // HOUR_US) * HOUR_US if model else to_us(now)
        end = to_us(now - GRACE)
        open_day = end // DAY_US
        recent = max(first, to_us(now - HISTORY)), end
        with self._reading() as connection:
            closed = closed_between(connection, "hour", station, recent)
            others = _others_hours(connection, station, model.sha256, recent) if model else set()
        hours = _hours([one for one in closed if to_us(one.period.began_at) not in others])
        if not whole_days:
            return Watched(hours, open_day)
        over = max(first, to_us(now - AUDIT_HISTORY)), open_day * DAY_US
        with self._reading() as connection:
            audits = _audits(connection, station, over)
        days = np.unique(hours.day[hours.day < open_day]).tolist()
        scores = [*self._scores(station, model.sha256, days)] if model else []
        return Watched(hours, open_day, scores, audits)

    def _scores(
        self, station: str, model: str, days: Sequence[int]
    ) -> Iterator[tuple[int, Scores]]:
        for day in days:
            stretch = day * DAY_US, (day + 1) * DAY_US
            with self._reading() as connection:
                scores = _scores_of(connection, station, model, stretch)
            if len(scores):
                yield day, scores


def _others_hours(connection: Connection, station: str, model: str, stretch: Stretch) -> set[int]:
    """Return when the hours began whose first or last inspected part another model judged.

    A model may have come to another station first, or come back to this one.
    """
    hour, part = period_counts.c, parts.c
    of_hour = part.triggered_at >= hour.began_at, part.triggered_at < hour.ended_at
    inspected = select(part.model_sha256).where(part.station == station, part.not_inspected == "")

    def at_end(order: ColumnElement[int]) -> ScalarSelect[str]:
        one = inspected.where(*of_hour).order_by(order).limit(1)
        return one.correlate(period_counts).scalar_subquery()

    begin, end = stretch
    wanted = select(hour.began_at).where(
        *(hour.kind == "hour", hour.station == station, hour.began_at >= begin),
        hour.began_at < end,
        or_(at_end(part.triggered_at.asc()) != model, at_end(part.triggered_at.desc()) != model),
    )
    return set(connection.execute(wanted).scalars())


def _hours(closed: Sequence[Counted]) -> Groups:
    inspected = [
        (to_us(one.period.began_at) // DAY_US, one.counts.passed + one.counts.rejected, one.counts)
        for one in closed
    ]
    rows = [(day, parts, counts.rejected) for day, parts, counts in inspected if parts]
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return Groups(columns[:, 0], columns[:, 1], columns[:, 2])


def _scores_of(connection: Connection, station: str, model: str, stretch: Stretch) -> Scores:
    """Return the model's score of the first part in each half minute that has one."""
    begin, end = stretch
    tick = select(cast(literal(begin), BigInteger).label("at")).cte("tick", recursive=True)
    then = tick.c.at + SCORE_EACH_US
    tick = tick.union_all(select(then).where(then < end))
    part = parts.c
    within = part.triggered_at >= tick.c.at, part.triggered_at < tick.c.at + SCORE_EACH_US
    first = (
        select(part.score)
        .where(part.station == station, *within, part.score.is_not(None))
        .where(part.model_sha256 == model)
        .order_by(part.triggered_at)
        .limit(1)
        .correlate(tick)
        .scalar_subquery()
    )
    found = connection.execute(select(first).select_from(tick)).scalars()
    return np.array([score for score in found if score is not None], np.float64)


def _audits(connection: Connection, station: str, stretch: Stretch) -> list[AuditDay]:
    """Return the audited days since the strata are as many as now."""
    strata = _strata(connection, station)
    ends: list[tuple[int, int, int, Conclusion]] = []
    for one in reviewed_between(connection, station, stretch):
        end = audit_end(one)
        if end and one.stratum is not None:
            count = strata.get(one.strata_version or 0, 1)
            ends.append((_day(one), count, min(one.stratum, count - 1), end))
    return _days(_since_the_last_change(ends))


def _day(one: Reviewed) -> int:
    return to_us(one.triggered_at) // DAY_US


def _strata(connection: Connection, station: str) -> dict[int, int]:
    """Return how many strata each version of a station's plan has."""
    column = versions.c
    of_station = column.kind == "strata", column.name == station
    rows = connection.execute(select(column.version, column.content).where(*of_station))
    return {row.version: len(row.content["limits"]) + 1 for row in rows}


def _since_the_last_change(
    ends: list[tuple[int, int, int, Conclusion]],
) -> list[tuple[int, int, int, Conclusion]]:
    """Leave out what was drawn from other strata: their rates say nothing of these."""
    others = [place for place, one in enumerate(ends) if one[1] != ends[-1][1]]
    return ends[others[-1] + 1 :] if others else ends


def _days(ends: list[tuple[int, int, int, Conclusion]]) -> list[AuditDay]:
    days: dict[int, AuditDay] = {}
    for day, count, stratum, end in ends:
        none = np.zeros(count, np.int64)
        one = days.setdefault(day, AuditDay(day, none, none.copy()))
        one.audited[stratum] += 1
        one.found[stratum] += end.bad
    return list(days.values())
