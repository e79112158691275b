"""Which look is owed next, who may give it, and in which order pictures are given out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from inspector.domain.auditing import Looks, Source, Word, concluded
from inspector.domain.review_queues import Subject, Wanted, mixed, next_look, waiting

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD, BAD, UNSURE = Word.GOOD, Word.BAD, Word.UNSURE
AUDIT, SECOND, CONFIRM, SEED = Source.AUDIT, Source.SECOND, Source.CONFIRM, Source.SEED


@pytest.mark.parametrize("first", [AUDIT, SEED])
@pytest.mark.parametrize(
    ("said", "drawn", "owed"),
    [
        ({}, False, None),
        ({}, True, SECOND),
        ({SECOND: GOOD}, True, None),
        ({SECOND: BAD}, True, CONFIRM),
        ({SECOND: UNSURE}, True, CONFIRM),
        ({SECOND: BAD, CONFIRM: GOOD}, True, None),
        ({SECOND: BAD, CONFIRM: UNSURE}, True, CONFIRM),
    ],
)
def test_a_good_word_is_looked_at_again_when_drawn_and_settled_by_a_third_when_two_differ(
    first: Source, said: dict[Source, Word], drawn: bool, owed: Source | None
) -> None:
    assert next_look({first: GOOD, **said}, drawn=drawn) is owed


@pytest.mark.parametrize("first", [AUDIT, SEED])
def test_every_bad_word_is_confirmed(first: Source) -> None:
    assert next_look({first: BAD}, drawn=False) is CONFIRM
    assert next_look({first: BAD, CONFIRM: UNSURE}, drawn=False) is CONFIRM
    assert next_look({first: BAD, CONFIRM: BAD}, drawn=True) is None


def test_an_unsure_word_gets_a_second_opinion_and_two_of_them_a_third() -> None:
    assert next_look({AUDIT: UNSURE}, drawn=False) is SECOND
    assert next_look({AUDIT: UNSURE, SECOND: GOOD}, drawn=False) is None
    assert next_look({AUDIT: UNSURE, SECOND: UNSURE}, drawn=False) is CONFIRM
    assert next_look({AUDIT: UNSURE, SECOND: BAD}, drawn=False) is CONFIRM


def test_a_disagreement_ends_with_the_reviewer_unless_unsure() -> None:
    assert next_look({Source.FLAGGED: BAD}, drawn=True) is None
    assert next_look({Source.FLAGGED: UNSURE}, drawn=True) is CONFIRM
    assert next_look({Source.FLAGGED: UNSURE, CONFIRM: BAD}, drawn=True) is None


def test_what_the_estimate_calls_open_or_unconfirmed_still_waits_for_somebody() -> None:
    words = (None, GOOD, BAD, UNSURE)
    for audit in (GOOD, BAD, UNSURE):
        for second in words:
            for confirm in words:
                end = concluded(Looks(audit, second, confirm))
                looks = {AUDIT: audit, SECOND: second, CONFIRM: confirm}
                said = {source: word for source, word in looks.items() if word}
                if end.open or end.unconfirmed:
                    assert next_look(said, drawn=False), said


def test_who_had_a_word_in_it_may_not_look_again() -> None:
    wanted = Wanted(Subject("r1"), CONFIRM, NOW, frozenset({"id-1", "Olga Operator"}))
    assert not wanted.is_open_to("id-1", "Quinn")
    assert not wanted.is_open_to("id-9", "Olga Operator")
    assert wanted.is_open_to("id-2", "Quinn")


def test_seeded_defects_lie_among_the_parts_in_an_order_of_neither() -> None:
    parts = [Wanted(Subject(f"r{n}"), AUDIT, NOW) for n in range(56)]
    seeds = [Wanted(Subject(f"SEED{n}", is_seed=True), SEED, NOW) for n in range(20)]
    given = mixed(parts, seeds)
    places = [n for n, one in enumerate(given) if one.subject.is_seed]
    assert (len(given), len(places)) == (64, 8)
    assert places != list(range(56, 64))
    assert mixed(parts, seeds) == given
    assert [one.subject.is_seed for one in mixed([], seeds)] == [True]


def test_what_waits_is_counted_for_all_and_for_one_person() -> None:
    some = [
        Wanted(Subject("r1"), CONFIRM, NOW, frozenset({"a"})),
        Wanted(Subject("r2"), CONFIRM, NOW - timedelta(hours=1)),
    ]
    counted = waiting(some, "a", "A")
    assert (counted.parts, counted.for_you) == (2, 1)
    assert counted.oldest == NOW - timedelta(hours=1)
    assert waiting([], "a", "A").oldest is None
