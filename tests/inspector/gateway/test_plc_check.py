"""`inspector plc check` names every mistake between us and a PLC, all of them in one look."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.cli.plc_check import in_words
from inspector.config.loading import load_site
from inspector.config.station import Belt, Station
from inspector.domain.outputs import ANOTHERS_RING
from inspector.gateway.plc_check import RUNNING, Report, check_access
from inspector.gateway.site_run import free_port
from inspector.plc import beats
from inspector.plc.access import Access
from inspector.plc.certificates import thumbprint
from inspector.plc.finding import Mark
from inspector.plc.inside import about_clock
from inspector.plc.nodes import PlcStation
from tests.inspector.cli.test_schemas import check as check_schema
from tests.inspector.plc.conftest import Bench, PlcProcess, made_bench, profile
from tests.inspector.plc.puller import PULL

ROOT = Path(__file__).parents[3]
MISSING = ["bad.Operator.Latched", *(f"bad.Operator.Slot[{slot}]" for slot in range(16))]
HEARTBEAT = "board.Link.GatewayHeartbeat"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with made_bench(tmp_path_factory.mktemp("check")) as made:
        yield made


@pytest.fixture(scope="module")
def plc(bench: Bench) -> PlcProcess:
    return bench.plc(
        stations={"board": ["top"], "bad": ["top"]},
        missing=MISSING,
        wrong_type=["bad.Link.GatewayEpoch", "bad.Track.PartId"],
        read_only=["bad.Link.GatewayHeartbeat", "bad.Verdict.Slot[3]"],
    )


@pytest.fixture(scope="module")
def boxed(bench: Bench) -> PlcProcess:
    return bench.plc(methods="UInt32")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "STILL_S", 0.05)


def station() -> Station:
    return load_site(ROOT).station("board")


def access(bench: Bench, plc: PlcProcess | int, prefix: str = "board", **changed: Any) -> Access:
    port = plc if isinstance(plc, int) else plc.setup.port
    certificate = changed.pop("certificate", bench.ours)
    trust_dir = changed.pop("trust_dir", None)
    pinned = changed.pop("server_certificate", bench.theirs.cert_der)
    return Access(
        profile(f"opc.tcp://127.0.0.1:{port}/", **changed.pop("profile", {})),
        changed.pop("password", "right"),
        certificate,
        None if trust_dir else pinned,
        (PlcStation("board", prefix, ("top",)),),
        trust_dir,
    )


@contextlib.contextmanager
def another(bench: Bench, **setup: Any) -> Iterator[PlcProcess]:
    """Give a PLC that is made otherwise."""
    plc = bench.plc(**setup)
    try:
        yield plc
    finally:
        plc.kill()


def look(access: Access, *, writes: int = 0, why_none: str = "") -> Report:
    report = asyncio.run(check_access(access, station(), writes=writes, why_none=why_none))
    check_schema("plc-check", report.as_json())
    return report


def test_a_plc_in_order_has_nothing_to_mend(bench: Bench, plc: PlcProcess) -> None:
    plc.ask("take_written")
    report = look(access(bench, plc), writes=20)
    assert report.fixes == ()
    assert {one.mark for one in report.findings} == {Mark.GOOD}
    assert len(report.inside.nodes) == 58
    said = report.as_json()
    assert said["write_ms"]["writes"] == 20
    assert 0 < said["write_ms"]["p50"] <= said["write_ms"]["p99"] <= said["write_ms"]["max"]
    assert abs(said["clock_ms"]["ahead"]) < 3000, "the same machine"
    assert said["travel_ms"] == 15000, "from the camera at the eye, at 1000 counts a second"
    assert plc.ask("take_written") == [[HEARTBEAT, 0]] * 20, "the value that stood there"


def test_two_rings_that_are_exchanged_are_named_by_where_their_outputs_fired(bench: Bench) -> None:
    ring = load_site(ROOT).station("ring")
    at = {view.name: view.at_counts for view in ring.views}
    with another(bench, stations={"board": ["top", "side"]}) as plc:
        both = (PlcStation("board", "board", tuple(at)),)
        two_views = dataclasses.replace(access(bench, plc), stations=both)

        def said(**places: str) -> tuple[str, ...]:
            for node, counts in {
                "Track": 0,
                **{view: at[of] for view, of in places.items()},
            }.items():
                entries = [0] * 48
                entries[3:6] = [1, 5000 + counts, 1]
                plc.set(**{f"{node if node == 'Track' else f'Camera.{node}'}.Ring": entries})
            return asyncio.run(check_access(two_views, ring, writes=0, why_none="")).fixes

        assert said(top="top", side="side") == ()
        assert said(top="side", side="top") == (
            f"view top: {ANOTHERS_RING.format('side')}",
            f"view side: {ANOTHERS_RING.format('top')}",
        )


def test_the_session_is_given_back(bench: Bench, plc: PlcProcess) -> None:
    look(access(bench, plc))
    assert plc.ask("sessions") == 0


def test_every_mistake_is_named_in_one_look(bench: Bench, plc: PlcProcess) -> None:
    report = look(access(bench, plc, "bad", profile={"namespace_uri": "urn:old"}), writes=5)
    text = "\n".join(report.fixes)
    assert "no namespace urn:old" in text
    assert "write that into namespace_uri" in text
    assert "bad.Link.GatewayEpoch: is String at the PLC, and must be UInt32" in text
    assert "bad.Track.PartId: is String" in text
    assert "bad.Operator.Latched: the PLC has no such node" in text
    assert "bad.Operator.Slot[0]: the PLC has no such node" in text
    assert "15 more like it" in text, "one line for a table"
    assert "bad.Link.GatewayHeartbeat: we may not write it: make it writable at the PLC" in text
    assert "bad.Verdict.Slot[3]: we may not write it" in text
    assert len(report.fixes) == 7
    assert report.as_json()["write_ms"]["writes"] == 0, "it may not be written"


@pytest.mark.parametrize(
    ("transport", "nodes"),
    [
        ("mailbox", {"Verdict.Mailbox", "Verdict.Commit", "Verdict.Taken", "Operator.Taken"}),
        ("method", {"Verdict.Submit", "Operator.Submit"}),
    ],
)
def test_the_nodes_of_the_other_ways_are_looked_at(
    bench: Bench, boxed: PlcProcess, transport: str, nodes: set[str]
) -> None:
    report = look(access(bench, boxed, profile={"transport": transport}))
    assert report.fixes == ()
    names = {node.name for node in report.inside.nodes}
    assert nodes <= names
    assert not [name for name in names if "Slot[" in name]


def test_a_method_that_is_not_there_is_named(bench: Bench, plc: PlcProcess) -> None:
    first, second = look(access(bench, plc, profile={"transport": "method"})).fixes
    assert "board.Verdict.Submit: the PLC has no such node" in first
    assert "board.Operator.Submit: the PLC has no such node" in second


def test_a_station_of_which_nothing_is_there_is_one_thing_to_mend(
    bench: Bench, plc: PlcProcess
) -> None:
    (fix,) = look(access(bench, plc, "nowhere")).fixes
    assert "check the station's prefix" in fix
    assert "the same for all 58 nodes" in fix


def test_what_is_wrong_is_marked_in_the_table_and_told_once(bench: Bench, plc: PlcProcess) -> None:
    lines = list(in_words(look(access(bench, plc, "bad"))))
    (summary,) = (line for line in lines if line.startswith("WRONG nodes"))
    assert summary == "WRONG nodes: 21 of 58, marked and listed below"
    (slots,) = (line for line in lines if line.startswith("Operator.Slot[0..15]"))
    assert slots.endswith("WRONG")
    (good,) = (line for line in lines if line.startswith("Track.Ring"))
    assert good.split()[2] == "UInt32[48]"
    assert sum("bad.Track.PartId: is String" in line for line in lines) == 1
    assert lines[-1].startswith("6. ")


def test_a_namespace_without_our_nodes_is_named(bench: Bench, plc: PlcProcess) -> None:
    (fix,) = look(access(bench, plc, "none", profile={"namespace_uri": "urn:old"})).fixes
    assert "urn:inspector:plc" in fix
    assert "correct namespace_uri" in fix


def test_an_untrusted_certificate_is_named(bench: Bench, plc: PlcProcess) -> None:
    (fix,) = look(access(bench, plc, certificate=bench.stranger)).fixes
    assert "trust it at the PLC" in fix
    assert thumbprint(bench.stranger.cert_der) in fix


def test_a_wrong_application_uri_is_named_on_our_side_and_at_the_plc(
    bench: Bench, plc: PlcProcess
) -> None:
    wrong = dataclasses.replace(bench.ours, uri="urn:somebody:else")
    ours, theirs = look(access(bench, plc, certificate=wrong)).fixes
    assert "ApplicationUri urn:test:us, but we say urn:somebody:else" in ours
    assert theirs.startswith("session: the PLC refused our certificate")


def test_a_wrong_password_is_named_and_not_shown(bench: Bench, plc: PlcProcess) -> None:
    report = look(access(bench, plc, password="hunter2"))
    (fix,) = report.fixes
    assert "password_env" in fix
    assert "hunter2" not in str(report)


def test_another_certificate_than_the_pinned_one_is_named(bench: Bench, plc: PlcProcess) -> None:
    (fix,) = look(access(bench, plc, server_certificate=bench.stranger.cert_der)).fixes
    assert thumbprint(bench.theirs.cert_der) in fix
    assert "inspector plc trust" in fix


def test_a_certificate_that_is_not_in_the_trust_dir_is_named(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    (fix,) = look(access(bench, plc, trust_dir=tmp_path)).fixes
    assert "is not in" in fix
    (tmp_path / "plc.der").write_bytes(bench.theirs.cert_der.read_bytes())
    assert look(access(bench, plc, trust_dir=tmp_path)).fixes == ()


def test_a_plc_that_offers_none_only_is_named(bench: Bench) -> None:
    unencrypted = {"policy": "None", "unencrypted": True, "server_certificate": ""}
    with another(bench, policies=["None"]) as plc:
        (fix,) = look(access(bench, plc)).fixes
        report = look(access(bench, plc, profile=unencrypted))
    assert "None only, nothing encrypted" in fix
    assert report.fixes == (), "what the profile asks for is a note"
    assert "the profile asks for None" in str(report.findings)


def test_a_plc_whose_own_certificate_has_another_uri_is_named(bench: Bench) -> None:
    with another(bench, uri="urn:plc:renamed") as plc:
        report = look(access(bench, plc))
    text = "\n".join(report.fixes)
    assert "made for urn:plc:stand-in, and the PLC calls itself urn:plc:renamed" in text
    assert report.inside.nodes, "it is looked at all the same"


def test_a_closed_port_is_named(bench: Bench) -> None:
    report = look(access(bench, free_port()))
    (fix,) = report.fixes
    assert "nothing listens there" in fix


def test_a_plc_that_reads_from_us_is_looked_at_and_not_written(
    bench: Bench, plc: PlcProcess
) -> None:
    plc.ask("take_written")
    report = look(access(bench, plc, profile={"transport": "pull", "pull": PULL}), writes=20)
    assert report.fixes == ()
    assert any("not measured: nothing is written" in one.text for one in report.findings)
    assert not {node.name for node in report.inside.nodes} & {"Verdict.Slot[0]", "Sync.top.Request"}
    assert plc.ask("take_written") == []


def test_nothing_is_written_while_the_sites_gateway_runs(bench: Bench, plc: PlcProcess) -> None:
    plc.ask("take_written")
    report = look(access(bench, plc), writes=20, why_none=RUNNING)
    assert report.gateway_running
    assert report.fixes == ()
    assert any("not measured: this site's gateway runs" in one.text for one in report.findings)
    assert plc.ask("take_written") == []


def test_nothing_is_written_while_somebody_else_beats(
    bench: Bench, plc: PlcProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter(range(100))

    async def changing(*_: object) -> int:
        return next(counts)

    monkeypatch.setattr(beats, "heartbeat", changing)
    plc.ask("take_written")
    report = look(access(bench, plc), writes=20)
    assert any("on another machine" in one.text for one in report.findings)
    assert plc.ask("take_written") == []


def test_a_write_that_is_refused_in_spite_of_all_rights_is_named(
    bench: Bench, plc: PlcProcess
) -> None:
    plc.ask("be", refusals=1)
    (fix,) = look(access(bench, plc), writes=20).fixes
    assert fix.startswith("write round trip: Link.GatewayHeartbeat: the PLC refused the value")


def test_a_clock_that_goes_wrong_is_a_note() -> None:
    assert about_clock(-3.0, 0.1).mark is Mark.NOTE
    assert "3.000 s behind ours" in about_clock(-3.0, 0.1).text
    assert about_clock(1.05, 0.1).mark is Mark.GOOD, "within what was measured"


@pytest.mark.parametrize(
    ("travel_ms", "said"),
    [
        (140, "140 ms from the last camera to the reject station: below 150 ms of travel do not"),
        (160, ""),
    ],
)
def test_too_short_a_travel_for_opc_ua_is_wrong(
    bench: Bench, plc: PlcProcess, travel_ms: int, said: str
) -> None:
    belt = {
        "reject_at_counts": travel_ms,
        "answer_by_counts": 20,
        "last_word_counts": 10,
        "smallest_spacing_ms": 100,
        "counts_per_s": 1000,
    }
    short = station().model_copy(update={"belt": Belt.model_validate(belt)})
    looking = check_access(access(bench, plc), short, writes=0, why_none="")
    fixes = asyncio.run(looking).fixes
    assert bool(fixes) == bool(said)
    assert said in "".join(fixes)
