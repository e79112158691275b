"""The sums of `make faults`: each breach is named, and the table and the object say it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema

from benchmarks.faults.__main__ import as_json, table
from benchmarks.faults.codes import looks_bad, marked
from benchmarks.faults.peers import PEERS, NodePeerThatPulls
from benchmarks.faults.rows import ROWS, Outcome, rows_for
from benchmarks.faults.soak import Sessions, Soak
from benchmarks.faults.sums import Book, Sums, World, sums_of

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "faults.json"
VIEWS = ["top", "side"]


def test_the_printed_code_says_number_truth_and_view() -> None:
    codes = {
        marked(number, bad=bad, view=view).tobytes()
        for number in (1, 2, 0xFFFFFFFF)
        for bad in (False, True)
        for view in (0, 1)
    }
    assert len(codes) == 12
    assert looks_bad(marked(7, bad=True, view=1))
    assert not looks_bad(marked(0xFFFFFFFF, bad=False, view=1))


def _world(*, bad: bool, action: int, hits: int) -> World:
    world = World(counted_from=1)
    world.hear("part", {"id": 1, "bad": bad})
    world.hear("decided", {"id": 1, "action": action})
    for _ in range(hits):
        world.hear("actuated", {"id": 1})
    return world


def _broken(world: World, *, picture: str = "", recorded: int = 0) -> list[str]:
    book = Book()
    views = [{"view": "top", "picture": picture}]
    book.read({"kind": "judged", "record": "r", "number": 1, "views": views})
    action = recorded or world.fates[1].action
    book.read({"kind": "decided", "record": "r", "action": action})
    return sums_of(world, book, views=VIEWS, bound=0, wrong_words=0).broken()


def test_each_breach_is_named() -> None:
    assert _broken(_world(bad=False, action=1, hits=0)) == []
    assert _broken(_world(bad=True, action=2, hits=1)) == []
    assert "bad_passed" in _broken(_world(bad=True, action=1, hits=0))
    assert "bad_passed" in _broken(_world(bad=True, action=2, hits=0))
    assert "bad_passed" in _broken(_world(bad=True, action=6, hits=0))
    assert "rejected_twice" in _broken(_world(bad=True, action=2, hits=2))
    assert "good_rejected_by_verdict" in _broken(_world(bad=False, action=2, hits=1))
    assert "good_fail_safe" in _broken(_world(bad=False, action=3, hits=1))
    assert "wrong_picture" in _broken(_world(bad=False, action=1, hits=0), picture="another's")
    assert "wrong_record" in _broken(_world(bad=False, action=1, hits=0), recorded=3)
    assert "unaccounted" in _broken(_world(bad=False, action=0, hits=0))
    unknown = sums_of(
        _world(bad=False, action=1, hits=0), Book(), views=VIEWS, bound=0, wrong_words=0
    )
    assert unknown.broken() == ["unaccounted"]


def test_the_object_may_name_every_plc() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert schema["$defs"]["row"]["properties"]["peer"]["enum"] == list(PEERS)


def test_a_plc_that_nobody_writes_to_has_every_row_but_those_of_answers_to_writes() -> None:
    left_out = {row.name for row in ROWS} - {row.name for row in rows_for(NodePeerThatPulls)}
    assert left_out == {
        "5 writes done, answered with an error",
        "acknowledgement lost",
        "stale epoch of a second gateway",
    }


GOOD = Sums(80, 20, 0, 20, 0, 0, 3, 30, 0, 0, 0, 0, 2)


def test_a_long_run_names_sessions_and_memory() -> None:
    soak = Soak(Outcome("soak", "node", 9.0, GOOD), memory_mb=[60.0] * 8)
    for at_s, sessions in ((0.0, 1), (10.0, 2), (20.0, 2), (20.1, 1), (30.0, 2), (39.0, 2)):
        soak.sessions.count(sessions, at_s)
    assert soak.broken == []
    soak.sessions.count(2, 41.5)
    assert soak.broken == ["sessions"]
    soak.sessions = Sessions()
    assert soak.broken == ["sessions"], "nobody counted them"
    soak.sessions.count(3, 0.0)
    soak.memory_mb[6:] = [64.0, 64.0]
    assert soak.broken == ["sessions", "memory"]
    told = {**as_json([soak.outcome]), "soak": soak.as_json()}
    jsonschema.validate(told, json.loads(SCHEMA.read_text("utf-8")))


def test_the_table_and_the_object_name_the_broken_row() -> None:
    outcomes = [
        Outcome("TCP cut", "demo", 0.0, GOOD),
        Outcome("PLC stalls 3 s", "node", 3.0, replace(GOOD, bad_passed=1)),
        Outcome("none", "node", 0.0, None, "it does not start"),
    ]
    told = json.loads(json.dumps(as_json(outcomes)))
    jsonschema.validate(told, json.loads(SCHEMA.read_text("utf-8")))
    assert told["broken"] == 2
    first, second, third = table(outcomes).splitlines()[1:]
    assert first.endswith("ok")
    assert second.endswith("BROKEN: bad_passed")
    assert third.endswith("BROKEN: it does not start")
