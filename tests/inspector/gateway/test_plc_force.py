"""A verdict by hand: one word under a new epoch, noted before it is said, never left behind."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord, decision_word
from inspector.errors import BadInput, PlcRefused
from inspector.gateway.plc_force import Order, force, force_at
from inspector.gateway.site_run import held, runtime_of
from inspector.plc import beats
from inspector.plc.access import Access
from inspector.plc.nodes import PlcStation
from tests.faults.live import forget
from tests.inspector.plc.conftest import SLOTS, Bench, PlcProcess, made_bench, profile
from tests.inspector.plc.puller import PULL

ROOT = Path(__file__).parents[3]
PART = 5


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with made_bench(tmp_path_factory.mktemp("force")) as made:
        yield made


@pytest.fixture(scope="module")
def running(bench: Bench) -> PlcProcess:
    return bench.plc(methods="UInt32")


@pytest.fixture
def plc(running: PlcProcess, monkeypatch: pytest.MonkeyPatch) -> PlcProcess:
    """Return the PLC with part 5 on its belt, undecided."""
    monkeypatch.setattr(beats, "STILL_S", 0.05)
    ring = [0] * (3 * SLOTS)
    ring[3 * PART : 3 * PART + 3] = [PART, 100, 200]
    values: dict[str, Any] = {"Track.PartId": PART, "Track.Ring": ring, "Link.Epoch": 7}
    running.set(**values, **{"Decision.Slots": [0] * SLOTS})
    running.ask("be", epochs_lost=0)
    running.ask("take_written")
    return running


def decides(plc: PlcProcess, part: int, action: Action) -> Callable[[str], None]:
    """Return what is told that the part is forced: then the PLC decides it."""

    def say(_: str) -> None:
        slots = [0] * SLOTS
        slots[part % SLOTS] = decision_word(part, action)
        plc.set(**{"Decision.Slots": slots})

    return say


def forced(
    bench: Bench,
    plc: PlcProcess,
    data: Path,
    *,
    part: int | None = PART,
    verdict: Verdict = Verdict.PASS,
    within_s: float = 10.0,
    say: Callable[[str], None],
    **changed: Any,
) -> Action:
    access = Access(
        profile(f"opc.tcp://127.0.0.1:{plc.setup.port}/", **changed),
        "right",
        bench.ours,
        bench.theirs.cert_der,
        (PlcStation("board", "board", ("top",)),),
    )
    order = Order(load_site(ROOT).station("board"), part, verdict, within_s)
    return asyncio.run(force_at(access, order, data=data, say=say))


def written(plc: PlcProcess) -> list[tuple[str, int]]:
    return [(name.removeprefix("board."), value) for name, value in plc.ask("take_written")]


@pytest.mark.parametrize(
    ("verdict", "action"), [(Verdict.PASS, Action.PASSED), (Verdict.REJECT, Action.REJECTED)]
)
def test_one_word_goes_under_a_new_epoch_and_the_decision_comes_back(
    bench: Bench, plc: PlcProcess, tmp_path: Path, verdict: Verdict, action: Action
) -> None:
    heard = decides(plc, PART, action)
    assert forced(bench, plc, tmp_path, verdict=verdict, say=heard) is action
    first, *rest = written(plc)
    assert first == ("Link.GatewayEpoch", 8), "before anything else"
    words = [one for one in rest if one[0] != "Link.GatewayHeartbeat"]
    assert words == [(f"Verdict.Slot[{PART}]", MachineWord(PART, 8, verdict).pack())]
    counts = [value for name, value in rest if name == "Link.GatewayHeartbeat"]
    assert len(counts) >= 2, "it beats, or the PLC would not act on the word"
    assert counts == list(range(counts[0], counts[0] + len(counts)))


def test_nothing_else_is_said_before_the_plc_shows_the_new_epoch(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    plc.ask("be", epochs_lost=2)
    forced(bench, plc, tmp_path, say=decides(plc, PART, Action.PASSED))
    said = written(plc)
    assert said[:3] == [("Link.GatewayEpoch", 8)] * 3
    assert "Link.GatewayEpoch" not in dict(said[3:])


def test_a_plc_that_never_shows_the_new_epoch_is_left_alone(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    plc.ask("be", epochs_lost=1000)
    with pytest.raises(PlcRefused, match=r"does not show epoch 8 in Link\.Epoch within 0\.5 s"):
        forced(bench, plc, tmp_path, within_s=0.5, say=lambda _: None)
    assert {name for name, _ in written(plc)} == {"Link.GatewayEpoch"}
    assert not (tmp_path / "forced.jsonl").exists()


def test_it_is_noted_with_the_person_before_it_is_said(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    noted: list[dict[str, Any]] = []

    def say(text: str) -> None:
        assert text == f"part {PART}: PASS BY FORCE"
        noted.extend(map(json.loads, (tmp_path / "forced.jsonl").read_text().splitlines()))
        assert not [name for name, _ in written(plc) if "Slot" in name]
        decides(plc, PART, Action.PASSED)("")

    forced(bench, plc, tmp_path, say=say)
    (line,) = noted
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "person": getpass.getuser(),
        "station": "board",
        "plc": "demo",
        "part": PART,
        "epoch": 8,
        "verdict": "pass",
    }


def test_the_next_part_is_waited_for(bench: Bench, plc: PlcProcess, tmp_path: Path) -> None:
    with pytest.raises(PlcRefused, match=r"part 6 has not come to the eye within 0\.3 s"):
        forced(bench, plc, tmp_path, part=None, within_s=0.3, say=lambda _: None)
    assert not [name for name, _ in written(plc) if "Slot" in name], "its slot is still another's"
    assert not (tmp_path / "forced.jsonl").exists()


def test_a_word_that_nobody_waits_for_any_more_is_taken_back(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    with pytest.raises(PlcRefused, match="has not decided part 5"):
        forced(bench, plc, tmp_path, within_s=0.5, say=lambda _: None)
    words = [value for name, value in written(plc) if "Slot" in name]
    assert words == [MachineWord(PART, 8, said).pack() for said in (Verdict.PASS, Verdict.UNKNOWN)]


def test_a_decided_part_is_refused(bench: Bench, plc: PlcProcess, tmp_path: Path) -> None:
    decides(plc, PART, Action.FAIL_SAFE)("")
    with pytest.raises(PlcRefused, match="part 5 is decided already"):
        forced(bench, plc, tmp_path, say=lambda _: None)


def test_a_part_that_is_long_gone_is_refused(bench: Bench, plc: PlcProcess, tmp_path: Path) -> None:
    with pytest.raises(PlcRefused, match="part 2 is not in the PLC's ring any more"):
        forced(bench, plc, tmp_path, part=2, say=lambda _: None)


def test_another_gateways_heartbeat_forbids_it(
    bench: Bench, plc: PlcProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter(range(100))

    async def changing(*_: object) -> int:
        return next(counts)

    monkeypatch.setattr(beats, "heartbeat", changing)
    with pytest.raises(PlcRefused, match="on another machine or for another user: end it first"):
        forced(bench, plc, tmp_path, say=lambda _: None)
    assert written(plc) == []


def test_a_plc_without_epoch_gets_words_of_epoch_0(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    heard = decides(plc, PART, Action.PASSED)
    assert forced(bench, plc, tmp_path, say=heard, epoch=False) is Action.PASSED
    words = [one for one in written(plc) if one[0] != "Link.GatewayHeartbeat"]
    assert words == [(f"Verdict.Slot[{PART}]", MachineWord(PART, 0, Verdict.PASS).pack())]


@pytest.mark.parametrize(
    ("transport", "node"), [("mailbox", "Verdict.Mailbox"), ("method", "Verdict.Submit")]
)
def test_the_word_goes_the_way_that_the_profile_has(
    bench: Bench, plc: PlcProcess, tmp_path: Path, transport: str, node: str
) -> None:
    heard = decides(plc, PART, Action.PASSED)
    assert forced(bench, plc, tmp_path, say=heard, transport=transport) is Action.PASSED
    assert (node, MachineWord(PART, 8, Verdict.PASS).pack()) in written(plc)


def test_nothing_is_forced_into_a_plc_that_reads_from_us(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    with pytest.raises(PlcRefused, match='transport = "pull": no verdict can be forced'):
        forced(bench, plc, tmp_path, say=lambda _: None, transport="pull", pull=PULL)
    assert written(plc) == []


def test_nothing_is_forced_while_the_sites_gateway_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_DEMO_PLC_PASSWORD", "right")
    site: Site = load_site(ROOT, data=tmp_path / "data")
    site = site.model_copy(update={"folder": str(tmp_path)})
    order = Order(site.station("board"), None, Verdict.PASS, 1.0)
    with (
        held(runtime_of(tmp_path)),
        pytest.raises(BadInput, match="this site is already running"),
    ):
        force(site, order, say=lambda _: None)
    forget(tmp_path)
