"""A recorder that takes reviews, with records behind it, for tests of what asks it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from inspector.gateway.audit import Auditing
from inspector.gateway.recorder_desk import Desk, refusal
from inspector.gateway.recorder_socket import AnsweringSocket
from inspector.gateway.web_reviews import RecorderReviews
from inspector.storage.database import database_file, writing
from inspector.storage.feedback_schema import reviews
from inspector.storage.review_queues import SqlReviewQueues
from inspector.storage.sql_feedback import add_seeded_defect
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from tests.databases import put_blank
from tests.factory import FakeClock
from tests.journal_entries import START, Entry, decided, judged, numbered, pressed, view

KEY = b"k" * 32
PICTURE = "ab" * 32
"""The one picture that tests/web/fakes.py knows."""
DRAWN: Entry = {"stratum": 0, "audit_pi": 0.5, "strata_version": 1, "audit_key": "2026-11"}
BOX = [["missing_part", 0.31, [120.0, 90.0, 60.0, 40.0]]]


@dataclass(frozen=True)
class Reviewing:
    """What the web's process has of it, and the rows that are written."""

    queues: SqlReviewQueues
    reviews: RecorderReviews

    def rows(self) -> list[Any]:
        with self.queues._reading() as connection:
            return list(connection.execute(select(reviews).order_by(reviews.c.id)))


def seen(n: int, verdict: str = "pass", **more: Any) -> Entry:
    """Return a judged part of the station `board`, whose picture the stand-ins have."""
    picture = view(picture=PICTURE, height_px=400, findings=BOX)
    return judged(n, verdict, station="board", views=[picture], **more)


def audits(count: int) -> list[Entry]:
    """Return passed parts that are drawn for the audit, from part 1 on."""
    return [seen(n, selected=True, score=0.31, **DRAWN) for n in range(1, count + 1)]


def disagreement(n: int) -> list[Entry]:
    """Return a rejected part that Olga called good too late."""
    said = pressed(n, "correction", f"late-{n}", station="board")
    return [seen(n, "reject"), said, decided(n, 2, station="board")]


@contextmanager
def reviewing(
    data: Path, entries: Sequence[Entry], seeds: Sequence[str] = ()
) -> Iterator[Reviewing]:
    """Serve as the recorder does; an hour after the parts, in a time that stands."""
    put_blank(data)
    clock = FakeClock()
    clock.s = (START - clock.now()).total_seconds() + 4600
    path, stop = data / "recorder.sock", threading.Event()
    with writing(data) as engine:
        auditing = Auditing(engine, data)
        applied = numbered(list(entries))
        SqlStore(engine, auditing.log).apply("ring-1", applied, offset=1, now=START)
        fields = {"station": "board", "kind": "dent", "picture": PICTURE, "made_from": "a part"}
        with engine.begin() as connection:
            for seed in seeds:
                add_seeded_defect(connection, START, id=seed, person="id-9", **fields)
        desk = Desk(SqlPeople(engine, auditing.log), auditing, clock)
        with AnsweringSocket(path, desk.answer, refusal) as callers:

            def run() -> None:
                while not stop.is_set():
                    callers.serve(0.01)

            thread = threading.Thread(target=run, name="recorder")
            thread.start()
            queues = SqlReviewQueues(database_file(data))
            try:
                yield Reviewing(queues, RecorderReviews(path, queues, KEY, clock))
            finally:
                queues.close()
                stop.set()
                thread.join()
