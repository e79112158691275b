"""Proposals for limits and their signatures, each one commit with its audit-log entry.

The write side is the recorder's; the functions that only read work on any connection.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select

from inspector.audit.entry import Change, Who, canonical
from inspector.domain.limits import LimitProposal, LimitsVersion, signed, taken_back
from inspector.errors import BadInput
from inspector.storage.feedback_schema import limit_proposals, versions
from inspector.storage.limit_versions import THRESHOLDS
from inspector.storage.schema import from_us, parts, people, to_us
from inspector.storage.sql_audit import AuditLog
from inspector.storage.sql_feedback import add_version

LOOKED_BACK: Final = timedelta(hours=1)
"""A part that was triggered so long before its version is none of a line that runs."""
_KEPT: Final = "station", "kind", "follows", "now", "proposed", "evidence"


@dataclass(frozen=True, slots=True)
class _Told:
    """What the audit log says of a change."""

    action: str
    who: Who
    reason: str
    now: datetime


class SqlLimits:
    """The write side; nothing in it moves a limit of a running station."""

    def __init__(self, engine: Engine, log: AuditLog) -> None:
        """Use an engine of `database.writing`."""
        self._engine, self._log = engine, log

    def propose(self, proposal: LimitProposal, by: Who) -> int:
        """Return the number of a proposal that is kept from now on.

        Raises:
            BadInput: The station's limits are others by now, or the evidence cannot be kept.
        """
        try:
            canonical(proposal.evidence).encode()
        except ValueError as error:
            raise BadInput(f"this evidence cannot be kept: {error}") from error
        with self._engine.begin() as connection:
            standing = _standing(connection, proposal.station)
            now = standing.limits.get(proposal.kind)
            if (standing.number, now) != (proposal.follows, proposal.now):
                raise BadInput(f"the limits of {proposal.station} changed while it was made")
            row = {name: getattr(proposal, name) for name in _KEPT}
            row |= {"person": proposal.by, "at": to_us(proposal.at)}
            added = connection.execute(insert(limit_proposals).values(row))
            number = int(added.inserted_primary_key[0]) if added.inserted_primary_key else 0
            self._log.append(connection, [_proposed(replace(proposal, id=number), by)])
        return number

    def sign(self, number: int, *, by: Who, reason: str, now: datetime) -> LimitsVersion:
        """Return the version that a proposal has become.

        Raises:
            BadInput: There is none of this number, or `domain.limits` refuses it.
        """
        with self._engine.begin() as connection:
            proposal = proposal_of(connection, number)
            before = versions_of(connection, proposal.station)
            limits = signed(before, proposal, now)
            content = {"limits": limits, "model": before[0].model, "proposal": number}
            told = _Told("limits signed", by, reason, now)
            return self._add(connection, proposal.station, before[0], content, told)

    def take_back(self, station: str, *, by: Who, reason: str, now: datetime) -> LimitsVersion:
        """Return the version that has the limits from before the last signature again.

        Raises:
            BadInput: There is nothing to take back.
        """
        with self._engine.begin() as connection:
            before = versions_of(connection, station)
            again = taken_back(before, station)
            content: dict[str, Any] = {"limits": dict(again.limits), "model": again.model}
            content["takes_back"] = before[0].number
            told = _Told("limits taken back", by, reason, now)
            return self._add(connection, station, before[0], content, told)

    def _add(
        self,
        connection: Connection,
        station: str,
        before: LimitsVersion,
        content: dict[str, Any],
        told: _Told,
    ) -> LimitsVersion:
        who, reason, now = told.who, told.reason, told.now
        number = add_version(
            connection, THRESHOLDS, station, content, person=who.id, why=reason, now=now
        )
        change = Change(
            now.isoformat(),
            who,
            told.action,
            f"station {station}",
            station=station,
            before={"version": before.number, "limits": before.limits},
            after={"version": number, **content},
            reason=reason,
            model=before.model,
        )
        self._log.append(connection, [change])
        return versions_of(connection, station)[0]


def versions_of(connection: Connection, station: str) -> list[LimitsVersion]:
    """Return the versions of a station's limits, newest first."""
    column = versions.c
    wanted = (
        select(versions, people.c.name.label("by"))
        .outerjoin(people, people.c.id == column.person)
        .where(column.kind == THRESHOLDS, column.name == station)
        .order_by(column.version.desc())
    )
    return [_version(row) for row in connection.execute(wanted)]


def proposals_of(connection: Connection, station: str) -> list[LimitProposal]:
    """Return what was proposed for a station, newest first."""
    column = limit_proposals.c
    wanted = select(limit_proposals).where(column.station == station)
    return [_proposal(row) for row in connection.execute(wanted.order_by(column.id.desc()))]


def proposal_of(connection: Connection, number: int) -> LimitProposal:
    """Return a proposal; raises `BadInput` where there is none of this number."""
    column = limit_proposals.c
    row = connection.execute(select(limit_proposals).where(column.id == number)).one_or_none()
    if row is None:
        raise BadInput(f"there is no proposal {number}")
    return _proposal(row)


def first_record(
    connection: Connection, station: str, version: LimitsVersion
) -> tuple[str, datetime] | None:
    """Return the first record that was judged by a version and when it came; None: none was."""
    part = parts.c
    of = part.station == station, part.limits_version == version.number
    since = part.triggered_at >= to_us(version.at - LOOKED_BACK)  # or it goes through all years
    wanted = select(part.record, part.triggered_at).where(*of, since).order_by(part.triggered_at)
    row = connection.execute(wanted.limit(1)).first()
    return (row.record, from_us(row.triggered_at)) if row else None


def _standing(connection: Connection, station: str) -> LimitsVersion:
    found = versions_of(connection, station)
    if not found:
        raise BadInput(f"no part of {station} was judged yet, so its limits are not known")
    return found[0]


def _version(row: Row[Any]) -> LimitsVersion:
    content = row.content
    return LimitsVersion(
        row.version,
        content["limits"],
        content["model"],
        row.by or "",
        from_us(row.at),
        row.why,
        content.get("proposal"),
        content.get("takes_back"),
    )


def _proposal(row: Row[Any]) -> LimitProposal:
    kept = {name: getattr(row, name) for name in (*_KEPT, "id")}
    return LimitProposal(**kept, by=row.person, at=from_us(row.at))


def _proposed(proposal: LimitProposal, by: Who) -> Change:
    evidence = hashlib.sha256(canonical(proposal.evidence).encode()).hexdigest()
    return Change(
        proposal.at.isoformat(),
        by,
        "limit proposed",
        f"limit {proposal.kind} of {proposal.station}",
        station=proposal.station,
        before={"version": proposal.follows, "limit": proposal.now},
        after={
            **{"proposal": proposal.id, "limit": proposal.proposed},
            **{"evidence_sha256": evidence, "data_sha256": proposal.evidence.get("data_sha256")},
        },
    )
