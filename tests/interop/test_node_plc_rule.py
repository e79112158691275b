"""The program of the PLC on node-opcua does in every scan what the demo PLC's does."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import pytest

from inspector.domain.verdict import Action
from tests.interop.node_plc import PROGRAM
from tests.needs import require_program
from tests.plc_blocks.bench import REJECT_AT, SLOTS, VIEWS, Bench, Start
from tests.plc_blocks.made import NO_HOLD
from tests.plc_blocks.test_blocks import Step, entered, keeps_the_rule, play

pytestmark = pytest.mark.slow

ACTIONS: Final = [Action(number) for number in (1, 2, 3, 6, 7)]

STEPS: Final[Sequence[tuple[int, Callable[[Random], Step]]]] = (
    (30, lambda r: ("part", r.choice([7, 60, 150]))),
    (30, lambda r: ("move", r.choice([-40, 0, 1, 90, 130, 300]))),
    (3, lambda r: ("wait", r.choice([30, 400, 999, 1001]))),
    (50, lambda r: ("machine", r.randrange(7), r.choice([0] * 8 + [1]), r.choice([1, 1, 2, 3]))),
    (30, lambda r: ("operator", r.randrange(7), 0, r.randrange(4), r.randrange(4))),
    (10, lambda r: ("again", r.randrange(12))),
    (3, lambda r: ("gap", r.randrange(2), r.randrange(4))),
    (3, lambda r: ("beating", r.random() < 0.8)),
    (2, lambda r: ("epoch", r.choice([-1, 0, 1, 2, 15, 16]))),
    (2, lambda r: ("allow", r.random() < 0.8)),
    (1, lambda r: ("restart", False)),
)
"""How often, and what; not the holds and the pass-all key, which this PLC does not have."""
STARTS: Final = (
    Start(),
    Start(part_id=2**24 - 9, encoder=2**32 - 9000, now_us=2**32 - 9_000_000, epoch=14),
    Start(part_id=2**32 - 9, encoder=2**31 - 9000, now_us=2**31 - 9_000_000, epoch=2**31 - 2),
)
WRITTEN: Final = {
    "VerdictSlot": "Verdict.Slot",
    "OperatorSlot": "Operator.Slot",
    "LinkGatewayHeartbeat": "Link.GatewayHeartbeat",
    "LinkGatewayEpoch": "Link.GatewayEpoch",
}
SHOWN: Final = {
    "".join(node.split(".")): node
    for node in (
        *("Track.PartId", "Track.DecidedPartId", "Track.Encoder", "Track.Ring"),
        *("Operator.Latched", "Decision.Slots", "Link.Epoch", "Link.GatewayAlive"),
        *("Link.BootCount", "Link.PlcHeartbeat", "State.StateCurrent", "Config.AutoResume"),
        *(f"Count.{name}" for name in ("Triggered", "Decided", "Passed", "Rejected", "FailSafe")),
        "Count.OnBelt",
    )
} | {
    f"{area}{leaf}{number}": f"{area}.{view}.{leaf}"
    for number, view in enumerate(VIEWS)
    for area, leaf in (("Camera", "Ring"), ("Sync", "Answer"))
}
LAYOUT: Final = {"views": list(VIEWS), "slots": SLOTS, "rejectAt": REJECT_AT, "outputAt": VIEWS}


class Program:
    """The program in its process; takes the place of a translated block on the bench."""

    variables: Final = {
        name: SimpleNamespace(kind="UDINT") for name in (*WRITTEN, *SHOWN, "Fire", "Reject")
    }

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def fresh(self) -> Running:
        return Running(self, "new")

    def tell(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


class Running:
    """One start of it; what the bench reads and sets are its attributes."""

    def __init__(self, block: Program, start: str) -> None:
        self.block = block
        block.tell({"start": start} | LAYOUT)
        self.VerdictSlot, self.OperatorSlot = [0] * SLOTS, [0] * SLOTS
        self.SyncRequest, self.OutputAtCounts = [0, 0], [0, 0]
        self.LinkGatewayHeartbeat = self.LinkGatewayEpoch = 0
        self.TrackPartId = self.TrackDecidedPartId = self.LinkEpoch = self.LinkPlcHeartbeat = 0
        self._begins = start == "new"
        self._now_us = self.NowUs = self.Encoder = self.EyeEdge = 0
        self.ConfigAllowOperatorPass = 1

    def restarted(self, *, keep_all: bool) -> Running:
        after = Running(self.block, "again")
        after.TrackDecidedPartId = self.TrackDecidedPartId
        return after

    def scan(self) -> None:
        nodes = {node: getattr(self, name) for name, node in WRITTEN.items()}
        nodes |= {f"Sync.{view}.Request": self.SyncRequest[n] for n, view in enumerate(VIEWS)}
        nodes["Config.AllowOperatorPass"] = bool(self.ConfigAllowOperatorPass)
        if self._begins:
            nodes |= {"Track.PartId": self.TrackPartId, "Link.Epoch": self.LinkEpoch}
            self._begins = False
        # The program's clock does not wrap, the bench's does.
        self._now_us += (self.NowUs - self._now_us) % 2**32
        inputs = {"nowUs": self._now_us, "encoder": self.Encoder, "partAtEye": bool(self.EyeEdge)}
        self.block.tell({"nodes": nodes} | inputs)
        self._take(self.block.answer())

    def _take(self, answer: dict[str, Any]) -> None:
        for name, node in (WRITTEN | SHOWN).items():
            setattr(self, name, answer["nodes"][node])
        fired = {facts["view"] for what, facts in answer["events"] if what == "fired"}
        self.Fire = [view in fired for view in VIEWS]
        self.Reject = any(what == "actuated" for what, _ in answer["events"])


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    command = [require_program("node"), str(PROGRAM.with_name("scan.js"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Program(process)


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_it_does_in_every_scan_what_the_demo_plc_does(program: Program, start: Start) -> None:
    decided: Counter[Action | None] = Counter()
    for seed in range(20):
        bench = Bench(program, start, NO_HOLD)  # type: ignore[arg-type]
        for step in steps(Random(seed)):
            play(bench, step)
        bench.run_out()
        assert [seen.part_id for seen in bench.decided] == entered(bench)
        for seen in bench.decided:
            keeps_the_rule(seen)
        decided.update(seen.action for seen in bench.decided)
    assert min(decided[action] for action in ACTIONS) >= 5, decided


def steps(random: Random) -> Sequence[Step]:
    weights = [weight for weight, _ in STEPS]
    return [make(random) for _, make in random.choices(STEPS, weights, k=400)]
