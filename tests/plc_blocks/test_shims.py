"""A word that comes by mailbox or by method does what it does in a table, late and twice too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, cast

import pytest
from asyncua import ua
from hypothesis import HealthCheck, given, settings

from inspector.domain.verdict import Action
from inspector.domain.words import MachineWord
from inspector.plc.contract import OF_TRANSPORT
from inspector.plc.nodes import PlcStation
from inspector.plc.session import Session
from inspector.plc.transports import GOOD, Transport
from inspector.plc.words import Kind, Word
from inspector.simulator.plc_memory import Policy
from tests.plc_blocks.bench import BLOCKS, SLOTS, Start
from tests.plc_blocks.made import NO_HOLD, PASS, REJECT
from tests.plc_blocks.shims import (
    MAILBOXES,
    METHODS,
    SHIMS,
    WITH_MAILBOX,
    MailboxBench,
    MethodBench,
    Shim,
)
from tests.plc_blocks.test_blocks import (
    FULL_STEPS,
    POLICIES,
    STARTS,
    Step,
    follows_the_demo_plc,
    long,
)
from tests.plc_blocks.test_stories import done_with, one_part


def named(shim: Shim) -> str:
    name, way = shim
    return f"{name.removeprefix('inspector_station')} {way.__name__}"


def bench_with(shim: Shim, start: Start = Start(), policy: Policy = NO_HOLD) -> Any:  # noqa: B008
    name, way = shim
    return way(name, start, policy)


@pytest.mark.timeout(300)  # a failure is made smaller first, which takes its time
@pytest.mark.parametrize("shim", SHIMS, ids=named)
def test_a_block_with_it_does_in_every_scan_what_the_demo_plc_does(shim: Shim) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STARTS, POLICIES, long(FULL_STEPS))
    def run(start: Start, policy: Policy, steps: Sequence[Step]) -> None:
        follows_the_demo_plc(bench_with(shim, start, policy), steps)

    run()


@pytest.mark.parametrize("shim", SHIMS, ids=named)
@pytest.mark.parametrize("times", [1, 3])
def test_a_pass_that_comes_late_and_again_does_not_undo_a_persons_reject(
    shim: Shim, times: int
) -> None:
    bench = bench_with(shim)
    part = one_part(bench)
    bench.operator(part, 0, 1, REJECT)
    bench.move(10)
    for _ in range(times):
        bench.machine(part, 0, PASS)
        bench.move(10)
    assert done_with(bench, part) is Action.REJECTED_BY_OPERATOR


@pytest.mark.parametrize("shim", SHIMS, ids=named)
def test_a_persons_old_pass_that_comes_late_does_not_undo_his_newer_reject(shim: Shim) -> None:
    bench = bench_with(shim)
    part = one_part(bench)
    bench.machine(part, 0, REJECT)
    bench.operator(part, 0, 2, REJECT)
    bench.move(10)
    bench.operator(part, 0, 1, PASS)
    bench.move(10)
    assert done_with(bench, part) is Action.REJECTED_BY_OPERATOR


@pytest.mark.parametrize("shim", SHIMS, ids=named)
def test_a_fresh_pass_passes_and_one_under_an_old_epoch_does_not(shim: Shim) -> None:
    bench = bench_with(shim)
    fresh, old = one_part(bench), one_part(bench)
    bench.machine(old, 0, PASS)
    bench.claim(1)
    bench.machine(fresh, 1, PASS)
    bench.move(10)
    assert done_with(bench, fresh) is Action.PASSED
    assert [seen.action for seen in bench.decided if seen.part_id == old] == [Action.FAIL_SAFE]


@pytest.mark.parametrize("name", MAILBOXES)
@pytest.mark.parametrize("keep_all", [False, True])
def test_what_stands_in_a_mailbox_at_a_start_is_not_taken(name: str, keep_all: bool) -> None:
    bench = MailboxBench(name, Start(), NO_HOLD)
    part = one_part(bench)
    bench.request("Verdict", "Mailbox", MachineWord(part + 1, 0, PASS).pack())
    bench.request("Verdict", "Commit", 9)
    bench.restart(keep_all=keep_all)
    new = one_part(bench)
    assert done_with(bench, new) is Action.FAIL_SAFE


@pytest.mark.parametrize("name", MAILBOXES)
def test_a_commit_that_comes_late_takes_the_word_that_stands_and_shows_it(name: str) -> None:
    bench = MailboxBench(name, Start(), NO_HOLD)
    first, second = one_part(bench), one_part(bench)
    bench.machine(first, 0, PASS)
    bench.move(1)
    bench.request("Verdict", "Mailbox", word := MachineWord(second, 0, REJECT).pack())
    bench.move(1)
    assert bench.get("VerdictSlot")[second % SLOTS] == 0
    bench.request("Verdict", "Commit", 77)
    bench.move(1)
    assert bench.get("VerdictTaken") == [77, word]
    assert done_with(bench, first) is Action.PASSED


@pytest.mark.parametrize("name", METHODS)
def test_a_call_about_a_part_whose_slot_another_one_has_is_told_so(name: str) -> None:
    bench = MethodBench(name, Start(), NO_HOLD)
    old = one_part(bench)
    new = [one_part(bench) for _ in range(SLOTS)][-1]
    bench.machine(new, 0, PASS)
    assert bench.call("Verdict", MachineWord(old, 0, REJECT).pack()) == 1
    assert done_with(bench, new) is Action.PASSED


def listed() -> list[tuple[str, str, str, str]]:
    """Return (way, node, type, variable) of each row of the list's "Other ways"."""
    text = (BLOCKS.parent / "tags.md").read_text("utf-8")
    row = r"^\| (mailbox|method) \| `([\w.]+)` \| ([^|]+) \|[^|]+\| (\S*) ?\|"
    rows = re.findall(row, text, re.M)
    return [(way, node, kind, variable.strip("`")) for way, node, kind, variable in rows]


def test_the_list_has_every_node_of_the_other_ways_and_no_other() -> None:
    for way in ("mailbox", "method"):
        nodes = [node for of, node, _, _ in listed() if of == way]
        assert sorted(nodes) == sorted(OF_TRANSPORT[way])


@pytest.mark.parametrize("name", MAILBOXES)
def test_a_block_with_a_mailbox_has_each_of_its_nodes(name: str) -> None:
    variables = WITH_MAILBOX[name].variables
    kind = "DINT" if name.endswith("logix.st") else "UDINT"
    for way, _, declared, variable in listed():
        if way == "mailbox":
            length = 2 if declared.endswith("[2]") else 0
            assert variables[variable][:2] == (kind, length)


# --- the gateway's own end ---


class Nodes:
    """Stands for the nodes of a station: a request is its name and value."""

    station = PlcStation("board", "board", ("top", "side"))

    def write(self, name: str, value: int) -> tuple[str, int]:
        return name, value

    def full(self, name: str) -> str:
        return name

    def asking_taken(self, name: str) -> str:
        return name

    def taken(self, name: str, answer: list[int]) -> tuple[int, int]:
        return answer[0], answer[1]

    def call(self, method: str, owner: str, value: int) -> tuple[str, int]:
        return method, value


class AtBlock:
    """Stands for a session with a PLC: each request is carried out, then comes a scan."""

    def __init__(self, bench: Any, stale: Sequence[int] = ()) -> None:
        self.bench, self.stale = bench, list(stale)
        self.stations = {"board": Nodes()}

    async def write(self, writes: Sequence[tuple[str, int]]) -> list[ua.StatusCode]:
        for name, value in writes:
            area, leaf = name.split(".")
            self.bench.request(area, leaf, value)
            if leaf == "Mailbox" and self.stale:  # given up by an earlier session, carried out now
                self.bench.request(area, leaf, self.stale.pop())
        self.bench.move(0, ms=1)
        return [GOOD for _ in writes]

    async def read(self, name: str) -> list[int]:
        self.bench.move(0, ms=1)
        answer: list[int] = self.bench.get(name.replace(".", ""))
        return answer

    async def call(self, request: tuple[str, int]) -> ua.CallMethodResult:
        method, value = request
        result = self.bench.call(method.partition(".")[0], value)
        returned = [ua.Variant(result, ua.VariantType.UInt32)]
        return ua.CallMethodResult(StatusCode=GOOD, OutputArguments=returned)


def carried(way: str, session: AtBlock, *values: int) -> list[Any]:
    """Return what the gateway's transport makes of the PLC's answers."""
    transport = Transport(way)
    words = [Word("board", Kind.VERDICT, "", value) for value in values]

    async def all_of_them() -> list[Any]:
        return [(await transport.carry(cast(Session, session), [word]))[0] for word in words]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", MAILBOXES)
def test_the_gateway_takes_the_blocks_echo_and_says_again_what_an_old_word_displaced(
    name: str,
) -> None:
    bench = MailboxBench(name, Start(), NO_HOLD)
    parts = [one_part(bench) for _ in range(3)]
    said = [MachineWord(part, 0, PASS).pack() for part in parts]
    old = MachineWord(parts[0], 0, REJECT).pack()
    assert carried("mailbox", AtBlock(bench, stale=[old]), *said) == [GOOD] * 3
    assert [bench.get("VerdictSlot")[part % SLOTS] for part in parts] == said
    assert bench.get("VerdictTaken") == [4, said[-1]]
    assert [done_with(bench, part) for part in parts] == [Action.PASSED] * 3


@pytest.mark.parametrize("name", METHODS)
def test_the_gateway_takes_the_methods_answer_and_its_refusal(name: str) -> None:
    bench = MethodBench(name, Start(), NO_HOLD)
    part = one_part(bench)
    said = MachineWord(part, 0, REJECT).pack(), MachineWord(part + 1, 0, PASS).pack()
    assert carried("method", AtBlock(bench), *said) == [GOOD, None]
    assert bench.get("VerdictSlot")[part % SLOTS] == said[0]
