"""What `recorder.sock` answers to people who review: `recorder_desk` lists the orders.

A row and its entry in the audit log are one commit. What must be looked at blind is answered by
its claim alone, so that whoever answers was given that picture, and nobody else has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from inspector.audit.entry import Change, Who
from inspector.domain.auditing import Source, Word
from inspector.domain.people import Right
from inspector.domain.review_queues import Subject, Wanted
from inspector.errors import BadInput, NotThere, Overtaken
from inspector.gateway.audit import Auditing
from inspector.gateway.desk_values import LONGEST_KIND, LONGEST_REASON, allowed, text_of, whole_of
from inspector.gateway.recorder_socket import Answer
from inspector.gateway.review_claims import LEASE_S, Claim, Claims
from inspector.ports import Clock
from inspector.storage.feedback_schema import WORDS, reviews, seeded_defects
from inspector.storage.review_queues import is_owed, owes_audit, reviews_of
from inspector.storage.schema import parts
from inspector.storage.second_opinions import subject_of
from inspector.storage.sql_feedback import Review, add_review

_MOST_AT_ONCE: Final = 5
_MOST_CANDIDATES: Final = 200
_LONGEST_MS: Final = 24 * 3600 * 1000
_OPEN_SOURCES: Final = frozenset({Source.FLAGGED, Source.DOWNSTREAM})
"""What may be said of a record by its id: no look that has to be blind."""
_TAKEN_BACK: Final = "taken back"


class ReviewDesk:
    """Claims, reviews, and taking them back."""

    def __init__(self, auditing: Auditing, clock: Clock) -> None:
        """Use the recorder's connection."""
        self._auditing, self._clock = auditing, clock
        self._claims = Claims()

    def tidy(self) -> None:
        """Forget claims that ended long ago."""
        self._claims.tidy(self._clock.monotonic_s())

    def claim(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Give the first candidates that are free, still owed, and may be this person's."""
        allowed(by, Right.LABEL)
        count = whole_of(ask["count"], "count", least=1, most=_MOST_AT_ONCE)
        candidates, now_s = ask["candidates"], self._clock.monotonic_s()
        if not isinstance(candidates, list) or len(candidates) > _MOST_CANDIDATES:
            raise BadInput(f"at most {_MOST_CANDIDATES} candidates are expected")
        given: list[Claim] = []

        def look(connection: Connection) -> tuple[None, list[Change]]:
            for one in candidates:
                wanted = _wanted(one)
                if len(given) < count and is_owed(connection, wanted, by.id):
                    claim = self._claims.give(wanted, by.id, now_s)
                    given.extend([claim] if claim else [])
            return None, []

        self._auditing.write(look)
        return {"ok": True, "claims": [_shown(claim) for claim in given], "lease_s": LEASE_S}

    def add(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Write what a person said of a picture that was given to them, or of a record."""
        allowed(by, Right.LABEL)
        review = _review(ask, by)
        now = self._clock.now()
        if "claim" not in ask:
            return {
                "ok": True,
                "review": self._auditing.write(lambda c: _of_record(c, review, by, now)),
            }
        known = self._auditing.write(lambda c: (_known(c, review.request, review.reviewer), []))
        if known is not None:
            return {"ok": True, "review": int(known.id), "missed_seed": _is_missed(known)}
        claim = self._claims.held(text_of(ask["claim"]), by.id, self._clock.monotonic_s())
        wanted = claim.wanted
        said = replace(
            _about(review, wanted.subject),
            source=wanted.source.value,
            supersedes=claim.supersedes,
        )

        def write(connection: Connection) -> tuple[int, list[Change]]:
            if claim.supersedes is None and not is_owed(connection, wanted, by.id):
                raise Overtaken("Somebody has looked at this picture meanwhile.")
            return _write(connection, said, by, now)

        number = self._auditing.write(write)
        self._claims.answered(claim)
        missed = wanted.subject.is_seed and said.verdict == Word.GOOD
        return {"ok": True, "review": number, "missed_seed": missed}

    def undo(self, ask: Mapping[str, Any], by: Who) -> Answer:
        """Take a person's own last word back: the picture is theirs again, and stands as unsure."""
        allowed(by, Right.LABEL)
        number = whole_of(ask["review"], "review", least=1, most=2**53)
        request, now = text_of(ask["request"]), self._clock.now()

        def write(connection: Connection) -> tuple[tuple[int, Wanted], list[Change]]:
            known = _known(connection, request, by.id)
            if known is not None and known.supersedes == number:
                return (int(known.id), Wanted(subject_of(known), Source(known.source), now)), []
            row = _own(connection, number, by)
            subject = subject_of(row)
            taken = Review(
                request, row.source, Word.UNSURE, by.id, reason=_TAKEN_BACK, supersedes=number
            )
            taken = _about(taken, subject)
            added, changes = _write(connection, taken, by, now)
            return (added, Wanted(subject, Source(row.source), now)), changes

        added, wanted = self._auditing.write(write)
        now_s = self._clock.monotonic_s()
        claim = self._claims.give(wanted, by.id, now_s, supersedes=added)
        return {"ok": True, "review": added, "claim": _shown(claim) if claim else None}


def _review(ask: Mapping[str, Any], by: Who) -> Review:
    """Return what was said; of a claim, without what it is about."""
    verdict, kind = text_of(ask["verdict"]), text_of(ask.get("kind") or "", LONGEST_KIND)
    if verdict not in WORDS:
        raise BadInput(f"the verdict must be one of {', '.join(WORDS)}")
    if kind and verdict != Word.BAD:
        raise BadInput("only what is bad has a class of defect")
    request = text_of(ask["request"])
    if not request:
        raise BadInput("a review needs the id of its press")
    source = "" if "claim" in ask else text_of(ask["source"])
    if source and source not in _OPEN_SOURCES:
        raise BadInput(f"{source} is no word that can be said of a record by its id")
    return Review(
        request,
        source,
        verdict,
        "" if source == Source.DOWNSTREAM else by.id,
        record="" if "claim" in ask else text_of(ask["record"]),
        kind=kind,
        reason=text_of(ask.get("reason") or "", LONGEST_REASON),
        shown_ms=_ms(ask, "shown_ms"),
        decided_ms=_ms(ask, "decided_ms"),
    )


def _about(review: Review, subject: Subject) -> Review:
    if subject.is_seed:
        return replace(review, seeded=subject.id)
    return replace(review, record=subject.id)


def _known(connection: Connection, request: str, reviewer: str) -> Row[Any] | None:
    """Return the row that this very press made before; raises `Overtaken` for another's."""
    wanted = select(reviews).where(reviews.c.request == request)
    row = connection.execute(wanted).one_or_none()
    if row is not None and row.reviewer != reviewer:
        raise Overtaken("This press was made by somebody else.")
    return row


def _is_missed(row: Row[Any]) -> bool:
    return row.seeded is not None and row.verdict == Word.GOOD


def _of_record(
    connection: Connection, review: Review, by: Who, now: datetime
) -> tuple[int, list[Change]]:
    """Write what was said of a record by its id; raises `Overtaken` where a blind look is owed."""
    if review.source == Source.FLAGGED and owes_audit(connection, review.record, now):
        raise Overtaken("This part waits for its audit, and is judged there first.")
    return _write(connection, review, by, now)


def _write(
    connection: Connection, review: Review, by: Who, now: datetime
) -> tuple[int, list[Change]]:
    """Return the row's id and its entry; the same press again adds neither."""
    if (known := _known(connection, review.request, review.reviewer)) is not None:
        return int(known.id), []
    number = add_review(connection, review, now)
    said = {name: value for name, value in asdict(review).items() if name in _ENTERED}
    before = None if review.supersedes is None else {"review": review.supersedes}
    what = f"seeded defect {review.seeded}" if review.seeded else f"record {review.record}"
    station, model = _of(connection, review)
    is_back = review.reason == _TAKEN_BACK and review.supersedes is not None
    change = Change(
        now.isoformat(),
        by,
        "review taken back" if is_back else "review",
        what,
        station=station,
        before=before,
        after={"review": number, **said},
        reason=review.reason,
        model=model,
    )
    return number, [change]


_ENTERED: Final = frozenset({"source", "verdict", "kind", "shown_ms", "decided_ms", "request"})


def _of(connection: Connection, review: Review) -> tuple[str, str]:
    """Return the station of what was reviewed, and the model that had judged it."""
    if review.seeded:
        wanted = select(seeded_defects.c.station).where(seeded_defects.c.id == review.seeded)
        return str(connection.execute(wanted).scalar_one()), ""
    columns = parts.c.station, parts.c.model_sha256
    row = connection.execute(select(*columns).where(parts.c.record == review.record)).one()
    return row.station, row.model_sha256


def _own(connection: Connection, number: int, by: Who) -> Any:
    """Return a review that its reviewer may take back: nobody has built on it."""
    row = connection.execute(select(reviews).where(reviews.c.id == number)).one_or_none()
    if row is None or row.reviewer != by.id:
        raise NotThere("You have no such review.")
    rows = reviews_of(connection, subject_of(row))
    if any(one.id > number for one in rows):
        raise Overtaken("This answer was taken back already, or somebody has looked since.")
    if _is_missed(row):
        raise Overtaken("This was a known defect, as you were told; the answer stays.")
    return row


def _wanted(said: object) -> Wanted:
    """Return a candidate as the web's process named it."""
    if not isinstance(said, dict):
        raise BadInput("a candidate is an object")
    try:
        source = Source(said["source"])
        since = datetime.fromisoformat(said["since"])
    except (ValueError, TypeError) as error:
        raise BadInput(f"this is no candidate: {error}") from error
    return Wanted(Subject(text_of(said["subject"]), bool(said["is_seed"])), source, since)


def _shown(claim: Claim) -> Answer:
    subject = claim.wanted.subject
    return {
        "claim": claim.id,
        "subject": subject.id,
        "is_seed": subject.is_seed,
        "source": claim.wanted.source.value,
    }


def _ms(ask: Mapping[str, Any], name: str) -> int | None:
    value = ask.get(name)
    return None if value is None else whole_of(value, name, least=0, most=_LONGEST_MS)
