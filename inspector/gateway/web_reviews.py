"""Reviews from the web's process: it reads what waits, and the recorder gives it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from inspector.domain.audit_sampling import PartKey, gets_second_look, key_of_month, site_name
from inspector.domain.auditing import Source
from inspector.domain.people import ABSOLUTE_LIMIT, Person
from inspector.domain.review_queues import Queue, Subject, Waiting, Wanted, queue_of
from inspector.errors import BadInput, NotAllowed, NotThere, Overtaken
from inspector.ipc import JsonLines
from inspector.ports import Clock
from inspector.storage.review_queues import AT_ONCE, SqlReviewQueues
from inspector.storage.second_opinions import Drawn, SecondOpinions
from web.services import By, Claimed, RecorderAway

_AS_FAR_AS: Final = (AT_ONCE, 4 * AT_ONCE, 16 * AT_ONCE)
"""Others hold the first ones, or this person pressed on them: then further ones are looked at."""
_TIMEOUT_S: Final = 5.0
_REFUSALS: Final = {"missing": NotThere, "overtaken": Overtaken, "forbidden": NotAllowed}


class RecorderReviews:
    """What waits, the database says; what people say goes to the recorder."""

    def __init__(
        self, recorder_socket: Path, queues: SqlReviewQueues, key: bytes, clock: Clock
    ) -> None:
        """Draw second looks by the site's key."""
        self._socket, self._queues, self._clock = recorder_socket, queues, clock
        self._opinions = SecondOpinions(second_looks(key))

    def waiting(self, queue: Queue, person: Person) -> Waiting:
        """Return how much waits in a queue."""
        who = person.id, person.name
        return self._queues.waiting(queue, self._clock.now(), self._opinions, who)

    def answered_by(self, person: Person) -> int:
        """Return how many looks of a person stand from the last twelve hours."""
        return self._queues.answered_by(person.id, self._clock.now() - ABSOLUTE_LIMIT)

    def record_of(self, seed: str) -> str | None:
        """Return the record whose pictures a seeded defect is shown with."""
        return self._queues.record_of(seed)

    def take(self, queue: Queue, by: By, count: int) -> Sequence[Claimed]:
        """Return the next pictures of a queue that are this person's now."""
        claimed: list[Claimed] = []
        tried: set[Subject] = set()
        for most in _AS_FAR_AS:
            found = self._queues.candidates(queue, self._clock.now(), self._opinions, most)
            fresh = [one for one in found if one.subject not in tried]
            tried |= {one.subject for one in fresh}
            mine = [one for one in fresh if one.is_open_to(by.person.id, by.person.name)]
            for at in range(0, len(mine), AT_ONCE):
                if len(claimed) < count:
                    claimed += self._claim(mine[at : at + AT_ONCE], count - len(claimed), by)
            if len(claimed) >= count or len(found) < most:
                break
        return claimed

    def _claim(self, some: Sequence[Wanted], count: int, by: By) -> list[Claimed]:
        asked = {"count": count, "candidates": [_sent(one) for one in some]}
        return [_claimed(one) for one in self.order("claim_reviews", by, asked)["claims"]]

    def undo(self, review: int, request: str, by: By) -> tuple[Claimed | None, int]:
        """Take a person's own word back."""
        said = self.order("undo_review", by, {"review": review, "request": request})
        return _claimed(said["claim"]) if said["claim"] else None, int(said["review"])

    def order(self, do: str, by: By, fields: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the recorder's answer."""
        person = by.person
        who = {"id": person.id, "name": person.name, "role": person.role.value, "panel": by.panel}
        try:
            with JsonLines(self._socket, _TIMEOUT_S) as recorder:
                said = recorder.ask({**fields, "do": do, "by": who})
        except (OSError, ValueError) as error:
            raise RecorderAway(str(error)) from error
        if said is None or said.get("kind") == "later":
            raise RecorderAway("the recorder cannot write now")
        if not said["ok"]:
            raise _REFUSALS.get(str(said["kind"]), BadInput)(str(said["why"]))
        return said


def second_looks(key: bytes) -> Drawn:
    """Return the draw of good words that are looked at again, by the site's key."""
    site, months = site_name(key), lru_cache(partial(key_of_month, key))

    def drawn(station: str, run: int, number: int, at: datetime) -> bool:
        month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return gets_second_look(months(month), PartKey(site, station, run, number))

    return drawn


def _sent(wanted: Wanted) -> Mapping[str, object]:
    return {
        "subject": wanted.subject.id,
        "is_seed": wanted.subject.is_seed,
        "source": wanted.source.value,
        "since": wanted.since.isoformat(),
    }


def _claimed(said: Mapping[str, Any]) -> Claimed:
    subject = Subject(str(said["subject"]), bool(said["is_seed"]))
    return Claimed(str(said["claim"]), subject, queue_of(Source(said["source"])))
