"""Orders of people who review: each written with its entry in the audit log, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from inspector.gateway.audit import Auditing
from inspector.gateway.recorder_desk import Desk
from inspector.gateway.recorder_socket import Later
from inspector.gateway.review_claims import LEASE_S
from inspector.storage.database import writing
from inspector.storage.feedback_schema import alarm_answers, lots, reviews, seeded_defects
from inspector.storage.schema import audit
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_writing import SqlStore
from tests.databases import put_blank
from tests.factory import FakeClock
from tests.journal_entries import START, alarm, decided, judged, numbered

Answer = dict[str, Any]
QUINN = {"id": "id-q", "name": "Quinn Quality", "role": "quality", "panel": "desk"}
RITA = {"id": "id-r", "name": "Rita Quality", "role": "quality", "panel": "desk"}
VIC = {"id": "id-v", "name": "Vic Lund", "role": "viewer", "panel": "desk"}
DRAWN: Answer = {"stratum": 0, "audit_pi": 0.5, "strata_version": 1, "audit_key": "2026-11"}
SEED = {"station": "ring", "kind": "dent", "picture": "a" * 64, "made_from": "ring-000001"}


@dataclass
class Counter:
    """The recorder's desk, without its socket."""

    desk: Desk
    engine: Engine
    clock: FakeClock
    presses: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def ask(self, do: str, by: Any = QUINN, **more: Any) -> Answer:
        answer = self.desk.answer({"do": do, "by": by, **more})
        assert not isinstance(answer, Later)
        return answer

    def claim(self, *records: int, by: Any = QUINN, source: str = "audit", count: int = 5) -> Any:
        some = [candidate(f"ring-{n:06d}", source) for n in records]
        answer = self.ask("claim_reviews", by, count=count, candidates=some)
        assert answer["ok"], answer
        return [one["claim"] for one in answer["claims"]]

    def say(self, claim: str, verdict: str = "OK", by: Any = QUINN, **more: Any) -> Answer:
        press = {"request": f"press-{next(self.presses)}", **more}
        return self.ask("add_review", by, claim=claim, verdict=verdict, **press)

    def rows(self, table: Any) -> list[Any]:
        with self.engine.begin() as connection:
            return list(connection.execute(select(table)))

    def entries(self) -> list[Answer]:
        return [json.loads(row.body) for row in self.rows(audit)]


def candidate(subject: str, source: str = "audit", *, is_seed: bool = False) -> Answer:
    since = START.isoformat()
    return {"subject": subject, "is_seed": is_seed, "source": source, "since": since}


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    put_blank(tmp_path)
    with writing(tmp_path) as engine:
        auditing, clock = Auditing(engine, tmp_path), FakeClock()
        some = [judged(n, selected=True, **DRAWN) for n in range(1, 7)]
        entries = numbered([*some, judged(7), decided(1), alarm(8)])
        SqlStore(engine, auditing.log).apply("ring-1", entries, offset=1, now=START)
        with engine.begin() as connection:
            connection.execute(audit.delete())
        yield Counter(Desk(SqlPeople(engine, auditing.log), auditing, clock), engine, clock)


def test_a_review_is_written_with_its_entry(counter: Counter) -> None:
    (claim,) = counter.claim(1)
    said = counter.say(claim, "NOK", kind="dent", reason="at the rim", shown_ms=800, decided_ms=950)
    assert said == {"ok": True, "review": 1, "missed_seed": False}
    (row,) = counter.rows(reviews)
    assert (row.record, row.source, row.verdict) == ("ring-000001", "audit", "NOK")
    assert (row.kind, row.reason, row.reviewer) == ("dent", "at the rim", "id-q")
    assert (row.shown_ms, row.decided_ms, row.supersedes) == (800, 950, None)
    (entry,) = counter.entries()
    assert (entry["action"], entry["what"]) == ("review", "record ring-000001")
    assert (entry["station"], entry["model"]) == ("ring", "b" * 64)
    assert entry["who"] == QUINN | {"signed_in": True}
    assert entry["after"]["verdict"] == "NOK"


def test_two_reviewers_never_hold_the_same_picture(counter: Counter) -> None:
    mine = counter.claim(1, 2, 3, count=2)
    theirs = counter.claim(1, 2, 3, by=RITA)
    assert (len(mine), len(theirs)) == (2, 1)
    assert counter.claim(1, 2, 3, count=2) == mine
    counter.say(mine[0])
    assert len(counter.claim(1, by=RITA)) == 0
    counter.clock.s += LEASE_S + 1
    assert len(counter.claim(1, 2, by=RITA)) == 1


def test_a_claim_that_ended_is_answered_by_nobody(counter: Counter) -> None:
    (claim,) = counter.claim(1)
    assert counter.say(claim, by=RITA)["kind"] == "missing"
    counter.clock.s += LEASE_S
    assert counter.say(claim)["kind"] == "overtaken"
    assert counter.say("nobody's")["kind"] == "missing"
    assert counter.rows(reviews) == []


def test_a_picture_is_answered_once_and_a_press_that_is_sent_again_adds_nothing(
    counter: Counter,
) -> None:
    (claim,) = counter.claim(1)
    first = counter.say(claim, request="p")
    assert counter.say(claim, request="p")["review"] == first["review"]
    assert counter.say(claim, request="q")["kind"] == "overtaken"
    (other,) = counter.claim(2, by=RITA)
    assert counter.say(other, by=RITA, request="p")["kind"] == "overtaken"
    assert (len(counter.rows(reviews)), len(counter.entries())) == (1, 1)


def test_nobody_confirms_their_own_word(counter: Counter) -> None:
    (claim,) = counter.claim(1)
    counter.say(claim, "NOK")
    assert counter.claim(1, source="confirm") == []
    (confirm,) = counter.claim(1, source="confirm", by=RITA)
    assert counter.say(confirm, "NOK", by=RITA)["ok"]
    assert [row.source for row in counter.rows(reviews)] == ["audit", "confirm"]


def test_twenty_answers_are_taken_back_in_turn_and_given_anew(counter: Counter) -> None:
    said = [counter.say(counter.claim(n)[0], "NOK")["review"] for n in range(1, 7)]
    backs = [counter.ask("undo_review", review=n, request=f"u{n}") for n in reversed(said)]
    assert all(back["ok"] for back in backs)
    standing = [row for row in counter.rows(reviews) if row.supersedes]
    assert {(row.verdict, row.reason) for row in standing} == {("UNSURE", "taken back")}
    assert counter.claim(1, source="second", by=RITA) == []
    for back in backs:
        assert counter.say(back["claim"]["claim"], "OK")["ok"]
    rows = counter.rows(reviews)
    last = rows[-6:]
    assert [row.supersedes for row in last] == [back["review"] for back in backs]
    assert {(row.source, row.verdict) for row in last} == {("audit", "OK")}
    actions = [entry["action"] for entry in counter.entries()]
    assert actions == ["review"] * 6 + ["review taken back"] * 6 + ["review"] * 6


def test_an_undo_that_is_sent_again_gives_the_same_picture(counter: Counter) -> None:
    review = counter.say(counter.claim(1)[0], "NOK")["review"]
    undo = {"review": review, "request": "u"}
    first = counter.ask("undo_review", **undo)
    assert first["ok"]
    assert counter.ask("undo_review", **undo) == first
    assert counter.ask("undo_review", review=review, request="v")["kind"] == "overtaken"
    assert counter.say(first["claim"]["claim"], "OK")["ok"]
    assert [row.verdict for row in counter.rows(reviews)] == ["NOK", "UNSURE", "OK"]


def test_only_ones_own_last_word_is_taken_back(counter: Counter) -> None:
    review = counter.say(counter.claim(1)[0], "NOK")["review"]
    undo = {"review": review, "request": "u"}
    assert counter.ask("undo_review", RITA, **undo)["kind"] == "missing"
    assert counter.ask("undo_review", review=77, request="u")["kind"] == "missing"
    (confirm,) = counter.claim(1, source="confirm", by=RITA)
    counter.say(confirm, "NOK", by=RITA)
    assert counter.ask("undo_review", **undo)["kind"] == "overtaken"


def test_a_seeded_defect_that_was_missed_is_told_and_its_answer_stays(counter: Counter) -> None:
    seed = counter.ask("add_seeded_defect", **SEED)["seed"]
    some = [candidate(seed, "seed", is_seed=True)]
    given = counter.ask("claim_reviews", RITA, count=1, candidates=some)["claims"]
    said = counter.say(given[0]["claim"], "OK", by=RITA, request="p")
    assert said["missed_seed"]
    again = counter.say(given[0]["claim"], "OK", by=RITA, request="p")
    assert again == said, "its first answer may have been lost on the way"
    undo = counter.ask("undo_review", RITA, review=said["review"], request="u")
    assert undo["kind"] == "overtaken"
    (row,) = counter.rows(reviews)
    assert (row.seeded, row.source, row.record) == (seed, "seed", None)


def test_a_find_from_outside_is_said_of_a_record_and_nobody_here_has_looked(
    counter: Counter,
) -> None:
    find = {"record": "ring-000002", "source": "downstream", "verdict": "NOK", "request": "d"}
    assert counter.ask("add_review", **find)["ok"]
    (row,) = counter.rows(reviews)
    assert (row.reviewer, row.source) == ("", "downstream")
    (entry,) = counter.entries()
    assert entry["who"]["name"] == "Quinn Quality"
    assert counter.ask("add_review", **find | {"source": "audit", "request": "e"})["kind"] == "bad"
    unknown = find | {"record": "ring-999999", "request": "f"}
    assert counter.ask("add_review", **unknown)["kind"] == "missing"


def test_a_part_that_owes_its_audit_takes_no_flagged_word_and_a_find_from_outside(
    counter: Counter,
) -> None:
    said = {"record": "ring-000001", "source": "flagged", "verdict": "NOK"}
    refused = counter.ask("add_review", **said, request="a")
    assert refused["kind"] == "overtaken"
    assert refused["why"] == "This part waits for its audit, and is judged there first."
    assert counter.rows(reviews) == []
    assert counter.ask("add_review", **said | {"source": "downstream"}, request="b")["ok"]
    counter.say(counter.claim(1)[0], "OK")
    assert counter.ask("add_review", **said, request="c")["ok"]
    assert counter.ask("add_review", **said | {"record": "ring-000007"}, request="d")["ok"]


def test_an_alarm_is_answered_with_its_entry(counter: Counter) -> None:
    assert counter.ask("answer_alarm", alarm=1, did="cleaned the lens") == {"ok": True}
    (row,) = counter.rows(alarm_answers)
    assert (row.person, row.did) == ("id-q", "cleaned the lens")
    (entry,) = counter.entries()
    assert (entry["action"], entry["station"]) == ("alarm answered", "ring")
    assert counter.ask("answer_alarm", alarm=99)["kind"] == "missing"


def test_a_lot_is_begun_once(counter: Counter) -> None:
    lot = {"station": "ring", "name": "lot 7"}
    assert counter.ask("begin_lot", **lot) == {"ok": True, "begun": True}
    assert counter.ask("begin_lot", **lot) == {"ok": True, "begun": False}
    counter.clock.s += timedelta(hours=1).total_seconds()
    counter.ask("begin_lot", station="ring", name="lot 8")
    assert [row.name for row in counter.rows(lots)] == ["lot 7", "lot 8"]
    first, second = counter.entries()
    assert (first["before"], first["after"]) == ({"lot": ""}, {"lot": "lot 7"})
    assert second["before"] == {"lot": "lot 7"}


def test_a_picture_is_seeded_once_and_only_one_that_is_there(counter: Counter) -> None:
    assert counter.ask("add_seeded_defect", **SEED)["ok"]
    assert counter.ask("add_seeded_defect", **SEED)["kind"] == "overtaken"
    assert counter.ask("add_seeded_defect", **SEED | {"picture": "f" * 64})["kind"] == "missing"
    assert counter.ask("add_seeded_defect", **SEED | {"station": "moon"})["kind"] == "missing"
    assert counter.ask("add_seeded_defect", **SEED | {"picture": "../x"})["kind"] == "bad"
    assert len(counter.rows(seeded_defects)) == 1
    assert [entry["action"] for entry in counter.entries()] == ["defect seeded"]


ORDERS: list[tuple[str, Answer]] = [
    ("claim_reviews", {"count": 1, "candidates": [candidate("ring-000001")]}),
    ("add_review", {"request": "p", "record": "ring-000007", "source": "flagged", "verdict": "OK"}),
    ("undo_review", {"request": "p", "review": 1}),
    ("answer_alarm", {"alarm": 1}),
    ("begin_lot", {"station": "ring", "name": "lot 7"}),
    ("add_seeded_defect", SEED),
]


@pytest.mark.parametrize(("order", "fields"), ORDERS, ids=[order for order, _ in ORDERS])
@pytest.mark.parametrize("by", [VIC, QUINN | {"id": ""}, QUINN | {"role": "king"}])
def test_who_may_not_is_refused_and_nothing_is_written(
    counter: Counter, order: str, fields: Answer, by: Answer
) -> None:
    assert counter.ask(order, by, **fields)["kind"] == "forbidden"
    assert counter.entries() == []


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        ("claim_reviews", {"count": 0}),
        ("claim_reviews", {"count": True}),
        ("claim_reviews", {"candidates": "all"}),
        ("claim_reviews", {"candidates": [7]}),
        ("claim_reviews", {"candidates": [candidate("ring-000001", "guess")]}),
        ("claim_reviews", {"candidates": [candidate("ring-000001")] * 201}),
        ("add_review", {"verdict": "FINE"}),
        ("add_review", {"verdict": "OK", "kind": "dent"}),
        ("add_review", {"request": ""}),
        ("add_review", {"source": "guess"}),
        ("add_review", {"shown_ms": -1}),
        ("add_review", {"decided_ms": 1e3}),
        ("add_review", {"reason": "x" * 501}),
        ("add_review", {"reason": "\0"}),
        ("undo_review", {"review": "1"}),
        ("answer_alarm", {"alarm": -1}),
        ("answer_alarm", {"did": 7}),
        ("begin_lot", {"name": "  "}),
        ("begin_lot", {"name": "x" * 129}),
        ("add_seeded_defect", {"kind": ""}),
        ("add_seeded_defect", {"kind": "x" * 65}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    counter: Counter, order: str, changes: Answer
) -> None:
    answer = counter.ask(order, **dict(ORDERS)[order] | changes)
    assert answer["kind"] == "bad"
    assert answer["why"]
    assert counter.entries() == []


def test_what_is_missing_is_named(counter: Counter) -> None:
    assert counter.ask("add_review", claim="c", request="p")["why"] == "'verdict' is missing"
    assert counter.ask("begin_lot", None, station="ring", name="x")["why"].startswith("it is not")
