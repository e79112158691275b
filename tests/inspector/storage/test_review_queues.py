"""The queues hold what is owed, each part in one of them, and read by index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from inspector.domain.auditing import Source
from inspector.domain.review_queues import Queue, Subject, Wanted
from inspector.storage import review_queues
from inspector.storage.database import database_file
from inspector.storage.postgres import Server
from inspector.storage.review_queues import SqlReviewQueues, is_owed, owes_audit
from inspector.storage.schema import to_us
from inspector.storage.second_opinions import SecondOpinions
from inspector.storage.sql_feedback import Review, add_review, add_seeded_defect
from inspector.storage.sql_writing import SqlStore
from tests.journal_entries import START, decided, judged, numbered, pressed

NOW = START + timedelta(hours=1)
QUINN = "id-q", "Quinn Quality"
Entry = dict[str, Any]
DRAWN: Entry = {"stratum": 0, "audit_pi": 0.5, "strata_version": 1, "audit_key": "2026-11"}


@pytest.fixture
def queues(data: Path, server: Server | None) -> Iterator[SqlReviewQueues]:
    opened = SqlReviewQueues(server or database_file(data))
    yield opened
    opened.close()


@pytest.fixture
def recorded(store: SqlStore) -> None:
    """1, 2 drawn; 3 passed and not drawn; 4 passed by Olga; 5 too late; 6 stopped by Olga."""
    late = pressed(5, "correction", "p5")
    stopped = pressed(6, press="p6", verdict="reject")
    store.apply(
        "ring-1",
        numbered(
            [
                *(judged(n, selected=True, **DRAWN) for n in (1, 2)),
                judged(3, selected=False, **DRAWN),
                *(judged(n, "reject") for n in (4, 5, 7)),
                judged(6, selected=False, **DRAWN),
                *(pressed(4, press="p4"), late, stopped),
                *(decided(1), decided(2), decided(3), decided(4, 6), decided(5, 2)),
                *(decided(6, 7), decided(7, 2)),
            ]
        ),
        offset=1,
        now=START,
    )


def never(*_: Any) -> bool:
    return False


def always(*_: Any) -> bool:
    return True


def fresh(drawn: Any) -> SecondOpinions:
    return SecondOpinions(drawn)


def ids(some: tuple[Wanted, ...]) -> list[tuple[str, str]]:
    return sorted((one.subject.id[-6:].lstrip("0"), one.source.value) for one in some)


def say(engine: Engine, n: int, source: str, verdict: str, by: str = "id-q", **more: Any) -> int:
    with engine.begin() as connection:
        request = f"{n}-{source}-{verdict}-{by}"
        review = Review(request, source, verdict, by, record=f"ring-{n:06d}", **more)
        return add_review(connection, review, START + timedelta(minutes=1))


@pytest.mark.usefixtures("recorded")
def test_drawn_parts_and_those_that_an_operator_passed_wait_for_the_audit(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    audits = queues.candidates(Queue.AUDIT, NOW, fresh(never))
    assert ids(audits) == [("1", "audit"), ("2", "audit"), ("4", "audit")]
    (by_olga,) = [one for one in audits if one.subject.id == "ring-000004"]
    assert not by_olga.is_open_to("id-o", "Olga Operator")
    counted = queues.waiting(Queue.AUDIT, NOW, fresh(never), QUINN)
    assert (counted.parts, counted.oldest) == (3, START + timedelta(seconds=1))
    assert queues.waiting(Queue.AUDIT, NOW, fresh(never), ("id-o", "Olga Operator")).for_you == 2
    say(engine, 1, "audit", "OK")
    assert ids(queues.candidates(Queue.AUDIT, NOW, fresh(never))) == [
        ("2", "audit"),
        ("4", "audit"),
    ]
    assert queues.candidates(Queue.AUDIT, NOW + timedelta(days=31), fresh(never)) == ()


@pytest.mark.usefixtures("recorded")
def test_nobody_audits_a_part_that_they_flagged(engine: Engine, queues: SqlReviewQueues) -> None:
    say(engine, 1, "flagged", "NOK")
    audits = {one.subject.id: one for one in queues.candidates(Queue.AUDIT, NOW, fresh(never))}
    one = audits["ring-000001"]
    assert not one.is_open_to(*QUINN)
    assert audits["ring-000002"].is_open_to(*QUINN)
    with engine.begin() as connection:
        assert not is_owed(connection, one, "id-q")
        assert is_owed(connection, one, "id-r")


@pytest.mark.usefixtures("recorded")
def test_an_audit_is_owed_of_what_was_drawn_or_passed_by_an_operator_until_it_is_done(
    engine: Engine,
) -> None:
    say(engine, 1, "audit", "NOK")
    with engine.begin() as connection:
        owing = [n for n in range(1, 8) if owes_audit(connection, f"ring-{n:06d}", NOW)]
        assert owing == [2, 4]
        assert not owes_audit(connection, "ring-000002", NOW + timedelta(days=31))


@pytest.mark.usefixtures("recorded")
def test_a_disagreement_is_what_person_and_gateway_judged_differently_and_no_audit_sees(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    found = queues.candidates(Queue.DISAGREEMENT, NOW, fresh(never))
    assert ids(found) == [("5", "flagged"), ("6", "flagged")]
    say(engine, 5, "flagged", "NOK")
    assert ids(queues.candidates(Queue.DISAGREEMENT, NOW, fresh(never))) == [("6", "flagged")]
    assert queues.waiting(Queue.DISAGREEMENT, NOW, fresh(never), QUINN).parts == 1


@pytest.mark.usefixtures("recorded")
def test_a_second_opinion_is_another_persons(engine: Engine, queues: SqlReviewQueues) -> None:
    say(engine, 1, "audit", "NOK")
    say(engine, 2, "audit", "OK")
    say(engine, 4, "audit", "UNSURE")
    say(engine, 5, "flagged", "UNSURE")
    owed = [("1", "confirm"), ("4", "second"), ("5", "confirm")]
    found = queues.candidates(Queue.SECOND, NOW, fresh(never))
    assert ids(found) == owed
    assert not any(one.is_open_to(*QUINN) for one in found)
    again = queues.candidates(Queue.SECOND, NOW, fresh(always))
    assert ids(again) == sorted([*owed, ("2", "second")])
    counted = queues.waiting(Queue.SECOND, NOW, fresh(never), QUINN)
    assert (counted.parts, counted.for_you) == (3, 0)
    say(engine, 1, "confirm", "NOK", "id-r")
    assert ids(queues.candidates(Queue.SECOND, NOW, fresh(never))) == owed[1:]


@pytest.mark.usefixtures("recorded")
def test_what_follows_from_a_review_is_kept_up_with(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    opinions = SecondOpinions(never)

    def owed() -> list[tuple[str, str]]:
        return ids(queues.candidates(Queue.SECOND, NOW, opinions))

    assert owed() == []
    first = say(engine, 1, "audit", "NOK")
    assert owed() == owed() == [("1", "confirm")]
    say(engine, 2, "audit", "UNSURE")
    assert owed() == [("1", "confirm"), ("2", "second")]
    say(engine, 1, "audit", "OK", supersedes=first)
    say(engine, 2, "second", "NOK", "id-r")
    assert owed() == [("2", "confirm")]
    assert queues.candidates(Queue.SECOND, NOW + timedelta(days=31), opinions) == ()


@pytest.mark.usefixtures("recorded")
def test_an_answer_that_was_taken_back_is_no_word_any_more(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    first = say(engine, 1, "audit", "NOK")
    back = say(engine, 1, "audit", "UNSURE", supersedes=first)
    assert ids(queues.candidates(Queue.SECOND, NOW, fresh(never))) == [("1", "second")]
    say(engine, 1, "audit", "OK", supersedes=back)
    assert queues.candidates(Queue.SECOND, NOW, fresh(never)) == ()
    assert queues.answered_by("id-q", START) == 1


@pytest.mark.usefixtures("recorded")
def test_a_seeded_defect_waits_among_the_audits_and_not_for_who_made_it(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    fields = {"station": "ring", "kind": "dent", "picture": "a" * 64, "made_from": "ring-000007"}
    with engine.begin() as connection:
        add_seeded_defect(connection, START, id="SEED1", person="id-s", **fields)
        gone = fields | {"picture": "f" * 64}  # its record was deleted: nothing to show
        add_seeded_defect(connection, START, id="SEED0", person="id-s", **gone)
    (seed,) = [
        one for one in queues.candidates(Queue.AUDIT, NOW, fresh(never)) if one.subject.is_seed
    ]
    assert seed.source is Source.SEED
    assert not seed.is_open_to("id-s", "")
    assert str(queues.record_of("SEED1")).startswith("ring-")
    assert queues.record_of("SEED2") is None
    assert queues.waiting(Queue.AUDIT, NOW, fresh(never), QUINN).parts == 4
    with engine.begin() as connection:
        add_review(connection, Review("s", "seed", "NOK", "id-q", seeded="SEED1"), START)
    (owed,) = queues.candidates(Queue.SECOND, NOW, fresh(never))
    assert (owed.subject, owed.source) == (Subject("SEED1", is_seed=True), Source.CONFIRM)
    assert owed.not_by == {"id-q", "id-s"}


@pytest.mark.usefixtures("recorded")
def test_a_seeded_defect_whose_record_went_after_the_first_look_waits_for_nobody(
    engine: Engine, queues: SqlReviewQueues
) -> None:
    known = {"station": "ring", "kind": "dent", "made_from": "ring-000007", "person": "id-s"}
    with engine.begin() as connection:
        for seed, picture in (("KEPT", "a" * 64), ("GONE", "f" * 64)):
            add_seeded_defect(connection, START, id=seed, picture=picture, **known)
            add_review(connection, Review(seed, "seed", "NOK", "id-q", seeded=seed), START)
    owed = queues.candidates(Queue.SECOND, NOW, fresh(never))
    assert [one.subject.id for one in owed] == ["KEPT"]
    assert queues.waiting(Queue.SECOND, NOW, fresh(never), QUINN).parts == 1


@pytest.mark.usefixtures("recorded")
def test_a_look_is_owed_until_it_was_given_and_not_by_who_looked(engine: Engine) -> None:
    first = Wanted(Subject("ring-000001"), Source.AUDIT, START)
    confirm = Wanted(Subject("ring-000001"), Source.CONFIRM, START)
    with engine.begin() as connection:
        assert is_owed(connection, first, "id-q")
        assert not is_owed(connection, confirm, "id-r")
    say(engine, 1, "audit", "NOK")
    with engine.begin() as connection:
        assert not is_owed(connection, first, "id-r")
        assert is_owed(connection, confirm, "id-r")
        assert not is_owed(connection, confirm, "id-q")


def plan(engine: Engine, wanted: Any) -> str:
    compiled = wanted.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.begin() as connection:
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    return "\n".join(row.detail for row in rows)


def test_no_question_goes_through_all_parts(engine: Engine, server: Server | None) -> None:
    if server is not None:
        pytest.skip("the plan of PostgreSQL depends on how many rows there are")
    since = to_us(datetime.fromisoformat("2026-11-01T00:00:00+00:00"))
    drawn = plan(engine, review_queues._drawn_unseen(since))
    assert "ix_parts_selected" in drawn
    assert "ix_reviews_record" in drawn
    passed = plan(engine, review_queues._passed_by_operators_unseen(since))
    assert "SCAN parts" not in passed
    assert "SCAN plc_decisions" not in passed
