"""People and sessions: what is kept, who may try, when a session is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from inspector.domain.people import ABSOLUTE_LIMIT, IDLE_LIMIT, Role
from inspector.errors import BadInput
from inspector.storage.database import writing
from inspector.storage.postgres import Server
from inspector.storage.sql_people import Candidate, SqlPeople, hash_of, new_pin, pin_is_right
from inspector.storage.sql_store import SqlRecords
from tests.auditing import BY, a_log

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(engine: Engine) -> SqlPeople:
    return SqlPeople(engine, a_log())


def test_people_are_listed_by_name(people: SqlPeople, records: SqlRecords) -> None:
    zoe = people.add(" Zoe   Z ", Role.LEAD, "12", "hash", now=NOW, by=BY)
    abe = people.add("Abe", Role.VIEWER, "", "hash", now=NOW, by=BY)
    assert (zoe.name, zoe.badge, zoe.active) == ("Zoe Z", "12", True)
    assert abe.badge.isdigit()
    assert people.all() == records.people() == (abe, zoe)


@pytest.mark.parametrize(
    ("name", "badge"), [("Abe", "13"), ("Bob", "12"), ("", "13"), ("x" * 65, "13"), ("a\x07", "1")]
)
def test_a_name_or_badge_that_is_taken_or_not_proper_is_refused(
    people: SqlPeople, name: str, badge: str
) -> None:
    people.add("Abe", Role.VIEWER, "12", "hash", now=NOW, by=BY)
    with pytest.raises(BadInput):
        people.add(name, Role.VIEWER, badge, "hash", now=NOW, by=BY)
    assert len(people.all()) == 1


def test_a_pin_is_six_digits_and_kept_as_scrypt() -> None:
    pin = new_pin()
    kept = hash_of(pin)
    assert len(pin) == 6
    assert pin.isdigit()
    assert kept.startswith("scrypt:32768:8:1$")
    assert pin not in kept
    assert pin_is_right(kept, pin)
    assert not pin_is_right(kept, "x" + pin)


def test_an_unknown_badge_is_checked_against_a_pin_that_nobody_has(people: SqlPeople) -> None:
    candidate = people.try_to_sign_in("nobody", "panel", NOW)
    assert isinstance(candidate, Candidate)
    assert candidate.person == ""
    assert not pin_is_right(candidate.pin_hash, "000000")


def test_a_session_is_new_each_time_and_only_its_hash_is_kept(
    people: SqlPeople, records: SqlRecords, engine: Engine
) -> None:
    olga = people.add("Olga", Role.OPERATOR, "1", "hash", now=NOW, by=BY)
    first = people.open_session(olga.id, "1", "panel", NOW)
    second = people.open_session(olga.id, "1", "panel", NOW)
    assert first.token != second.token
    assert len(first.token) >= 43  # 256 bits
    found = records.signed_in(first.token, NOW)
    assert found is not None
    assert (found.person, found.csrf, found.ends_at) == (olga, first.csrf, NOW + ABSOLUTE_LIMIT)
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM sessions")).all())
    assert first.token not in kept
    assert records.signed_in("another token", NOW) is None
    assert records.signed_in("\ud800", NOW) is None


def test_a_session_ends_when_idle_signed_out_or_too_old(
    people: SqlPeople, records: SqlRecords
) -> None:
    olga = people.add("Olga", Role.OPERATOR, "1", "hash", now=NOW, by=BY)
    idle = IDLE_LIMIT[Role.OPERATOR]
    token = people.open_session(olga.id, "1", "panel", NOW).token
    assert records.signed_in(token, NOW + idle - MINUTE)
    assert not records.signed_in(token, NOW + idle)
    people.touch_session(token, NOW + idle - MINUTE)
    assert records.signed_in(token, NOW + idle)
    moment = NOW
    while moment < NOW + ABSOLUTE_LIMIT:
        people.touch_session(token, moment)
        assert records.signed_in(token, moment)
        moment += 10 * MINUTE
    assert not records.signed_in(token, moment)
    other = people.open_session(olga.id, "1", "panel", NOW).token
    people.end_session(other, NOW + MINUTE)
    people.touch_session(other, NOW + MINUTE)
    assert not records.signed_in(other, NOW + MINUTE)


def test_a_disabled_person_is_out_at_once_and_can_come_back(
    people: SqlPeople, records: SqlRecords
) -> None:
    olga = people.add("Olga", Role.OPERATOR, "1", "hash", now=NOW, by=BY)
    token = people.open_session(olga.id, "1", "panel", NOW).token
    assert not people.set_active("1", active=False, now=NOW, by=BY).active
    assert not records.signed_in(token, NOW)
    tried = people.try_to_sign_in("1", "panel", NOW)
    assert isinstance(tried, Candidate)
    assert tried.person == ""
    people.set_active("1", active=True, now=NOW, by=BY)
    assert not records.signed_in(token, NOW)
    with pytest.raises(BadInput, match="nobody has the badge 2"):
        people.set_active("2", active=True, now=NOW, by=BY)


def wrong(people: SqlPeople, times: int, badge: str, address: str, now: datetime = NOW) -> None:
    for _ in range(times):
        assert isinstance(people.try_to_sign_in(badge, address, now), Candidate)


def test_five_wrong_pins_of_a_badge_wait_a_minute_then_two(people: SqlPeople) -> None:
    for n in range(5):
        wrong(people, 1, "1", f"panel {n}")
    assert people.try_to_sign_in("1", "another panel", NOW) == MINUTE
    assert people.try_to_sign_in("1", "another panel", NOW + MINUTE / 2) == MINUTE / 2
    wrong(people, 1, "2", "another panel")
    wrong(people, 1, "1", "another panel", NOW + MINUTE)
    assert people.try_to_sign_in("1", "another panel", NOW + MINUTE) == 2 * MINUTE


def test_five_wrong_pins_from_an_address_wait_whatever_the_badge(people: SqlPeople) -> None:
    for n in range(5):
        wrong(people, 1, f"{n}", "panel")
    assert people.try_to_sign_in("9", "panel", NOW) == MINUTE
    wrong(people, 1, "9", "another panel")


def test_a_right_pin_forgets_the_wrong_ones_and_a_day_does_too(people: SqlPeople) -> None:
    olga = people.add("Olga", Role.OPERATOR, "1", "hash", now=NOW, by=BY)
    wrong(people, 4, "1", "panel")
    people.open_session(olga.id, "1", "panel", NOW)
    wrong(people, 4, "1", "panel")
    later = NOW + timedelta(hours=25)
    wrong(people, 4, "1", "panel", later)
    people.tidy(later + timedelta(hours=25))
    wrong(people, 4, "1", "panel", later)


def test_the_wait_survives_a_restart(data: Path, server: Server | None) -> None:
    with writing(data, server) as engine:
        wrong(SqlPeople(engine, a_log()), 5, "1", "panel")
    with writing(data, server) as engine:
        assert SqlPeople(engine, a_log()).try_to_sign_in("1", "elsewhere", NOW) == MINUTE
