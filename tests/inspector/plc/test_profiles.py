"""A PLC that has its nodes elsewhere, lacks some, or wants another kind of session."""

import asyncio
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.config.plc_profile import PlcProfile
from inspector.plc.contract import PLAIN, filled, read_nodes, split, written_nodes
from inspector.plc.nodes import PlcStation
from tests.inspector.plc.authority import Authority, write
from tests.inspector.plc.conftest import SLOTS, Bench, Ear, PlcProcess, profile, running
from tests.inspector.plc.stand_in import Setup, nodes_of

SHIPPED = sorted((Path(__file__).parents[3] / "docs" / "plc").rglob("*.toml"))
VIEWS = ("top", "side")
ODD: dict[str, Any] = {
    "Track.PartId": {"id": "i=1001"},
    "Link.GatewayHeartbeat": {"id": "i=1002", "type": "Int32"},
    "Verdict.Slot": {"id": 's="Vision"."{prefix}_VerdictSlot"[{slot}]'},
    "Camera.Ring": {"id": 's="Vision"."{prefix}"."{view}_Ring"'},
    "Sync.Request": {"id": "s=Request.{number}.{prefix}"},
    "Link.BootCount": {"id": ""},
    "Count.Triggered": {"id": ""},
    "Config.PassAll": {"id": ""},
    "State.StateCurrent": {"id": ""},
    "Link.GatewayAlive": {"id": ""},
}


def shipped(file: Path) -> PlcProfile:
    return PlcProfile.model_validate(tomllib.loads(file.read_text("utf-8")))


def mapping_of(one: PlcProfile) -> dict[str, Any]:
    """Return those settings of a profile that say where the nodes are."""
    of = {"nodes", "prefix", "epoch", "operator_table", "sync"}
    return one.model_dump(include=of)


def at_plc(name: str, mapping: dict[str, Any]) -> dict[str, Any]:
    """Return what a stand-in must be given to have one station's nodes where a profile says."""
    one = profile("opc.tcp://127.0.0.1:1", **mapping)
    prefix = one.prefix + name
    elsewhere, missing, signed = {}, [], []
    for full in nodes_of(Setup(1, "", [], stations={prefix: list(VIEWS)})):
        node = full.removeprefix(f"{prefix}.")
        place = one.places.get(split(node)[0])
        if place is None:
            continue  # a node that the gateway never asks for
        if not place.id:
            missing.append(full)
            continue
        elsewhere[full] = filled(place, node, prefix=prefix, views=VIEWS)
        if place.type == "Int32":
            signed.append(full)
    return {"prefix": prefix, "elsewhere": elsewhere, "missing": missing, "signed": signed}


@pytest.fixture(scope="module")
def mapped_plc(bench: Bench) -> Iterator[PlcProcess]:
    """A PLC with a station for each profile that we ship, and one that is odder than these."""
    stations = [at_plc(file.stem, mapping_of(shipped(file))) for file in SHIPPED]
    stations.append(at_plc("odd", {"nodes": ODD}))
    process = bench.plc(
        stations={one["prefix"]: list(VIEWS) for one in stations},
        elsewhere={name: where for one in stations for name, where in one["elsewhere"].items()},
        missing=[name for one in stations for name in one["missing"]],
        signed=[name for one in stations for name in one["signed"]],
    )
    yield process
    process.kill()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_reads_and_writes_the_plc_it_is_for(
    bench: Bench, mapped_plc: PlcProcess, file: Path
) -> None:
    mapping = mapping_of(shipped(file))
    prefix = mapping["prefix"] + file.stem

    async def walk() -> None:
        ear = Ear()
        station = PlcStation("line", prefix, VIEWS)
        async with running(bench.client(mapped_plc, ear, stations=(station,), **mapping)) as client:
            seen, _ = await ear.hears("read")
            assert seen.part_id == 3
            assert seen.fired["side"] == {3: (30, 300)}
            client.say("line", 19, 19 << 8 | 2, "word")
            await ear.hears("acked")
            client.beat("line", 4)
            await ear.hears("read", after=len(ear.told))

    ring = [0] * (3 * SLOTS)
    ring[9:12] = [3, 30, 300]
    values = {f"{prefix}.Track.PartId": 3, f"{prefix}.Camera.side.Ring": ring}
    mapped_plc.ask("set_all", **values)
    asyncio.run(walk())
    written = dict(mapped_plc.ask("take_written"))
    assert written[f"{prefix}.Verdict.Slot[3]"] == 19 << 8 | 2
    assert written[f"{prefix}.Link.GatewayHeartbeat"] == 4


def test_numeric_and_quoted_ids_are_met_and_what_is_absent_is_not_made_up(
    bench: Bench, mapped_plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        station = PlcStation("line", "odd", VIEWS)
        client = bench.client(mapped_plc, ear, stations=(station,), nodes=ODD)
        async with running(client):
            seen, _ = await ear.hears("read")
            assert seen.part_id == 11
            assert "triggered" not in seen.counts
            assert "pass_all" not in seen.policy
            assert (seen.state, seen.alive) == (6, None)
            assert seen.boot_count > 1_700_000_000, "the start of the server, in seconds"
            client.say("line", 5, 0xFFFFFF01, "word")
            client.ask_sync("line", "side", 8)
            await ear.hears("acked")
            client.beat("line", 0xFFFFFFFF)
            await ear.hears("read", after=len(ear.told))
            await ear.hears("read", after=len(ear.told))

    mapped_plc.ask("set_all", **{"odd.Track.PartId": 11})
    asyncio.run(walk())
    written = dict(mapped_plc.ask("take_written"))
    assert written == {
        "odd.Verdict.Slot[5]": 0xFFFFFF01,
        "odd.Sync.side.Request": 8,
        "odd.Link.GatewayHeartbeat": -1,
    }


def test_nothing_is_written_into_tables_that_the_plc_lacks(
    bench: Bench, mapped_plc: PlcProcess
) -> None:
    (file,) = (file for file in SHIPPED if file.stem == "minimal")
    mapping = mapping_of(shipped(file))

    async def walk() -> None:
        ear = Ear()
        station = PlcStation("line", "minimal", VIEWS)
        async with running(bench.client(mapped_plc, ear, stations=(station,), **mapping)) as client:
            seen, _ = await ear.hears("read")
            assert (seen.epoch, list(seen.latched)) == (0, [0] * SLOTS)
            assert seen.sync == {"top": (0, 0), "side": (0, 0)}
            client.raise_epoch("line", 5)
            client.say_operator("line", 3, 3 << 8 | 6, "press")
            client.ask_sync("line", "top", 7)
            client.beat("line", 1)
            client.say("line", 3, 3 << 8 | 1, "word")
            await ear.hears("acked")
            await ear.hears("read", after=len(ear.told))

    asyncio.run(walk())
    written = dict(mapped_plc.ask("take_written"))
    assert written == {"minimal.Verdict.Slot[3]": 3 << 8 | 1, "minimal.Link.GatewayHeartbeat": 1}


def test_a_node_that_is_not_where_the_profile_says_is_named_in_both_ways(
    bench: Bench, mapped_plc: PlcProcess
) -> None:
    nodes = ODD | {"Track.Encoder": {"id": 's="Vision"."{prefix}_Gone"'}}
    why = refusal(bench, mapped_plc, stations=(PlcStation("line", "odd", VIEWS),), nodes=nodes)
    assert 'Track.Encoder ("Vision"."odd_Gone"): the PLC has no such node' in why
    assert "nodes of the profile" in why


def test_a_node_that_has_another_type_than_the_profile_says_is_named(
    bench: Bench, mapped_plc: PlcProcess
) -> None:
    nodes = ODD | {"Track.PartId": {"id": "i=1001", "type": "Int32"}}
    why = refusal(bench, mapped_plc, stations=(PlcStation("line", "odd", VIEWS),), nodes=nodes)
    assert "Track.PartId (i=1001): is UInt32 at the PLC, and must be Int32" in why


def test_the_stations_of_a_plc_share_one_session(bench: Bench) -> None:
    async def walk() -> None:
        ear = Ear()
        two = (PlcStation("a", "board", ("top",)), PlcStation("b", "ring", ("top",)))
        client = bench.client(plc, ear, stations=two)
        async with running(client):
            await ear.hears("read", lambda seen: seen.station == "a")
            await ear.hears("read", lambda seen: seen.station == "b")
            client.say("a", 1, 0x101, "a")
            client.say("b", 2, 0x201, "b")
            await ear.hears("acked", lambda token: token == "a")
            await ear.hears("acked", lambda token: token == "b")
            assert plc.ask("sessions") == 1

    plc = bench.plc(stations={"board": ["top"], "ring": ["top"]})
    try:
        asyncio.run(walk())
        written = dict(plc.ask("take_written"))
        assert written == {"board.Verdict.Slot[1]": 0x101, "ring.Verdict.Slot[2]": 0x201}
    finally:
        plc.kill()


def test_a_namespace_that_has_another_number_after_a_restart_is_found_again(bench: Bench) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(plc, ear)):
            await ear.hears("read")
            plc.kill()
            plc.setup = replace(plc.setup, other_namespaces=4)
            await asyncio.to_thread(plc.start)
            await ear.hears("read", after=len(ear.told))
        assert len(ear.all("up")) == 2

    plc = bench.plc(other_namespaces=1)
    try:
        asyncio.run(walk())
    finally:
        plc.kill()


# --- sessions without a user, without encryption ---


@pytest.fixture(scope="module")
def open_plc(bench: Bench) -> Iterator[PlcProcess]:
    """A PLC that offers nothing encrypted, and lets everybody in."""
    process = bench.plc(policies=["None"], anonymous=True)
    yield process
    process.kill()


def test_a_session_without_a_user_is_anonymous(bench: Bench) -> None:
    plc = bench.plc(anonymous=True)
    try:
        assert connects(bench, plc, user="", password_env="", password="")
    finally:
        plc.kill()


def test_a_plc_that_lets_nobody_in_without_a_name_says_what_to_set(
    bench: Bench, plc: PlcProcess
) -> None:
    why = refusal(bench, plc, user="", password_env="", password="")
    assert "lets nobody in without a user: set user and password_env" in why


@pytest.mark.parametrize("user", ["", "inspector"])
def test_none_connects_where_it_is_asked_for(bench: Bench, open_plc: PlcProcess, user: str) -> None:
    variable = "GIVEN" if user else ""
    password = "right" if user else ""
    open_profile = {"policy": "None", "unencrypted": True, "server_certificate": ""}
    assert connects(
        bench, open_plc, user=user, password_env=variable, password=password, **open_profile
    )


def test_a_plc_that_offers_none_only_is_told_so_and_gets_no_session(
    bench: Bench, open_plc: PlcProcess
) -> None:
    why = refusal(bench, open_plc)
    assert "does not offer this security policy: switch it on there" in why
    assert "it offers: None, which is not encrypted" in why


def test_none_is_refused_by_a_plc_that_does_not_offer_it(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, policy="None", unencrypted=True)
    assert "it offers: Basic256Sha256 (SignAndEncrypt)" in why


# --- a folder of trusted certificates ---


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Plant CA")


@pytest.fixture(scope="module")
def issued_plc(
    bench: Bench, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlcProcess]:
    """A PLC whose certificate was issued by the plant's authority."""
    folder = authority.plc(tmp_path_factory.mktemp("issued") / "plc")
    process = bench.plc(folder=str(folder))
    yield process
    process.kill()


def test_a_plc_is_believed_by_its_own_certificate_in_the_folder(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    (tmp_path / "plc.der").write_bytes(bench.theirs.cert_der.read_bytes())
    assert connects(bench, plc, trust_dir=tmp_path)


def test_a_plc_is_believed_by_its_issuer_in_the_folder(
    bench: Bench, issued_plc: PlcProcess, authority: Authority, tmp_path: Path
) -> None:
    write(authority.certificate, tmp_path / "ca.der")
    assert connects(bench, issued_plc, trust_dir=tmp_path)


def test_a_plc_that_nobody_in_the_folder_vouches_for_gets_no_session(
    bench: Bench, plc: PlcProcess, authority: Authority, tmp_path: Path
) -> None:
    write(authority.certificate, tmp_path / "ca.der")
    why = refusal(bench, plc, trust_dir=tmp_path)
    assert "if it is the right PLC, put one of them there as DER" in why


def test_a_plc_that_is_off_is_lost_and_not_refused_for_its_certificate(
    bench: Bench, tmp_path: Path
) -> None:
    assert "nothing listens there" in refusal(bench, 1, trust_dir=tmp_path)


# --- the contract ---


def test_the_contracts_own_places_are_its_names() -> None:
    for node in (*read_nodes(VIEWS, 8), *written_nodes(VIEWS, 8)):
        place = PLAIN[split(node.name)[0]]
        assert filled(place, node.name, prefix="b1", views=VIEWS) == f"s=b1.{node.name}"


def connects(bench: Bench, plc: PlcProcess, **changed: Any) -> bool:
    """Return whether the client reads the PLC, and was never refused."""

    async def walk() -> bool:
        ear = Ear()
        async with running(bench.client(plc, ear, **changed)):
            await ear.hears("read")
        return not ear.all("down")

    return asyncio.run(walk())


def refusal(bench: Bench, plc: PlcProcess | int, **changed: Any) -> str:
    """Return what the client says when it cannot have a session."""

    async def walk() -> str:
        ear = Ear()
        async with running(bench.client(plc, ear, **changed)):
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    return asyncio.run(walk())
