"""What `recorder.sock` answers, and that nobody who asks can hold up the recorder."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from inspector.clock import SystemClock
from inspector.domain.people import Role
from inspector.errors import BadInput, NothingRunning
from inspector.gateway import recorder_desk, recorder_socket
from inspector.gateway.audit import Auditing
from inspector.gateway.demo_people import first_people
from inspector.gateway.people import People
from inspector.gateway.recorder_desk import Desk, refusal
from inspector.gateway.recorder_socket import AnsweringSocket
from inspector.ipc import JsonLines
from inspector.storage.database import database_file, writing
from inspector.storage.sql_people import SqlPeople
from inspector.storage.sql_store import SqlRecords
from tests.databases import put_blank


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    put_blank(tmp_path)
    with writing(tmp_path) as engine:
        yield engine


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one takes 50 ms by design."""
    monkeypatch.setattr(recorder_desk, "hash_of", lambda pin: f"hash of {pin}")
    monkeypatch.setattr(recorder_desk, "pin_is_right", lambda kept, pin: kept == f"hash of {pin}")


@pytest.fixture
def recorder(tmp_path: Path, engine: Engine) -> Iterator[Path]:
    """Serve as the recorder's loop does; the engine is used by that thread alone meanwhile."""
    path, auditing = tmp_path / "recorder.sock", Auditing(engine, tmp_path)
    desk = Desk(SqlPeople(engine, auditing.log), auditing, SystemClock())
    stop = threading.Event()
    with AnsweringSocket(path, desk.answer, refusal) as callers:

        def run() -> None:
            while not stop.is_set():
                callers.serve(0.01)

        thread = threading.Thread(target=run)
        thread.start()
        yield path
        stop.set()
        thread.join()


HERE = {"name": "ada", "panel": "here"}


def ask(path: Path, **message: object) -> Mapping[str, Any]:
    with JsonLines(path, 5.0) as connection:
        answer = connection.ask(message)
    assert answer is not None
    return answer


def olga(path: Path) -> Mapping[str, Any]:
    return ask(path, do="add_person", by=HERE, name="Olga", role="operator")


def test_somebody_added_can_sign_in_and_out(tmp_path: Path, recorder: Path) -> None:
    added = olga(recorder)
    said = ask(recorder, do="sign_in", badge=added["badge"], pin=added["pin"], address="panel")
    assert said["ok"]
    assert {"id", "name", "role"} <= set(said["person"])
    assert (said["person"]["name"], said["person"]["role"]) == ("Olga", "operator")
    with closing(SqlRecords(database_file(tmp_path))) as records:
        found = records.signed_in(said["token"], SystemClock().now())
        assert found is not None
        assert found.csrf == said["csrf"]
        assert ask(recorder, do="touch_session", token=said["token"]) == {"ok": True}
        assert ask(recorder, do="sign_out", token=said["token"]) == {"ok": True}
        assert records.signed_in(said["token"], SystemClock().now()) is None


def test_wrong_badge_wrong_pin_and_disabled_are_answered_alike(recorder: Path) -> None:
    added = olga(recorder)
    ask(recorder, do="add_person", by=HERE, name="Gone", role="lead", badge="7")
    ask(recorder, do="set_active", by=HERE, badge="7", active=False)
    answers = [
        ask(recorder, do="sign_in", badge=badge, pin="no", address=badge)
        for badge in (added["badge"], "nobody", "7")
    ]
    assert answers == [refusal(recorder_desk.WRONG)] * 3


def test_after_five_wrong_pins_the_right_one_has_to_wait(recorder: Path) -> None:
    added = olga(recorder)
    for n in range(5):
        ask(recorder, do="sign_in", badge=added["badge"], pin="no", address=f"{n}")
    said = ask(recorder, do="sign_in", badge=added["badge"], pin=added["pin"], address="x")
    assert not said["ok"]
    assert said["why"].startswith("Too many wrong PINs: try again in ")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"do": "sign_in"},
        {"do": ["sign_in"]},
        {"do": "sign_in", "badge": None, "pin": {}},
        {"do": "sign_in", "badge": "\ud800\0", "pin": "\ud800"},
        {"do": "add_person", "name": "X", "role": "boss"},
        {"do": "add_person", "name": "\ud800", "role": "lead"},
        {"do": "set_active", "badge": "9", "active": True},
    ],
)
def test_odd_requests_are_refused_in_words(recorder: Path, odd: dict[str, object]) -> None:
    said = ask(recorder, **odd)
    assert not said["ok"]
    assert said["why"]
    assert ask(recorder, do="list_people")["ok"]


@pytest.mark.parametrize("line", [b"no json\n", b"[1]\n", b"\xff\xfe\n"])
def test_what_is_no_object_is_refused_and_the_connection_goes_on(
    recorder: Path, line: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(recorder))
        caller.sendall(line + b'{"do": "list_people"}\n')
        lines = caller.makefile("rb")
        assert not json.loads(lines.readline())["ok"]
        assert json.loads(lines.readline())["ok"]
        lines.close()


def test_a_line_without_an_end_is_hung_up_on(recorder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(recorder))
        with pytest.raises(OSError, match=r"pipe|reset"):
            caller.sendall(b"x" * 10_000_000)
    assert ask(recorder, do="list_people")["ok"]


def test_a_slow_check_holds_up_nobody_else(recorder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(recorder_desk, "pin_is_right", lambda *_: go_on.wait(5))
    olga(recorder)
    slow = [JsonLines(recorder, 5.0) for _ in range(3)]
    for n, caller in enumerate(slow):
        caller.send({"do": "sign_in", "badge": f"{n}", "pin": "1", "address": f"{n}"})
    assert ask(recorder, do="list_people")["ok"]
    go_on.set()
    for caller in slow:
        assert caller.receive() == refusal(recorder_desk.WRONG)
        caller.close()


def test_too_many_checks_at_once_are_told_to_come_again(
    recorder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_socket, "MOST_WAITING", 1)
    go_on = threading.Event()
    monkeypatch.setattr(recorder_desk, "pin_is_right", lambda *_: go_on.wait(5))
    with JsonLines(recorder, 5.0) as first:
        first.send({"do": "sign_in", "badge": "1", "pin": "1"})
        time.sleep(0.05)
        said = ask(recorder, do="sign_in", badge="2", pin="1", address="x")
        assert said["why"] == "Too much is asked at this moment; try again."
        go_on.set()
        assert first.receive() == refusal(recorder_desk.WRONG)


def test_a_caller_who_leaves_before_the_answer_harms_nobody(recorder: Path) -> None:
    for _ in range(3):
        with JsonLines(recorder, 5.0) as caller:
            caller.send({"do": "sign_in", "badge": "1", "pin": "1"})
    assert ask(recorder, do="list_people")["ok"]


def test_only_the_same_user_can_ask(recorder: Path) -> None:
    assert stat.S_IMODE(recorder.stat().st_mode) == 0o600


def test_people_are_managed_through_a_running_recorder(tmp_path: Path, recorder: Path) -> None:
    people = People(tmp_path, recorder)
    new = people.add("Olga", Role.OPERATOR, "12")
    assert (new.badge, len(new.pin)) == ("12", 6)
    assert [person.name for person in people.all()] == ["Olga"]
    assert not people.set_active("12", active=False).active
    with pytest.raises(BadInput, match="this badge already: 12"):
        people.add("Bob", Role.LEAD, "12")


def test_people_are_managed_while_nothing_runs(tmp_path: Path) -> None:
    people = People(tmp_path, tmp_path / "nobody.sock")
    assert people.add("Olga", Role.OPERATOR, "12").pin
    assert [person.badge for person in people.all()] == ["12"]


@pytest.mark.usefixtures("engine")
def test_a_database_that_somebody_else_writes_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(NothingRunning, match="another process is writing"):
        People(tmp_path, tmp_path / "nobody.sock").all()


def test_the_demo_makes_its_people_once_with_pins_of_their_own(tmp_path: Path) -> None:
    made = first_people(tmp_path, tmp_path / "data")
    assert {one.role for one in made} >= {Role.OPERATOR, Role.QUALITY}
    assert all(len(one.pin) == 6 for one in made)
    assert len({one.pin for one in made}) > 1
    assert first_people(tmp_path, tmp_path / "data") == []
