"""What a person is told when the PLC will not have us, or we not the PLC."""

import asyncio
import dataclasses

import pytest

from inspector.plc.certificates import thumbprint
from inspector.plc.nodes import PlcStation
from tests.inspector.plc.conftest import Bench, Ear, PlcProcess, running


def test_a_wrong_password_is_named_and_not_shown(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, password="hunter2")
    assert "password_env" in why
    assert "hunter2" not in why


def test_an_untrusted_certificate_is_named_by_its_thumbprint(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, certificate=bench.stranger)
    assert "refused our certificate: trust it at the PLC" in why
    assert thumbprint(bench.stranger.cert_der) in why


def test_an_application_uri_that_is_not_the_certificates_is_refused(
    bench: Bench, plc: PlcProcess
) -> None:
    wrong = dataclasses.replace(bench.ours, uri="urn:somebody:else")
    assert "refused our certificate" in refusal(bench, plc, certificate=wrong)


def test_another_plc_than_the_pinned_one_gets_no_session(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, server_certificate=bench.stranger.cert_der)
    assert "another certificate" in why


@pytest.mark.slow
def test_a_policy_that_the_plc_does_not_offer_is_named(bench: Bench) -> None:
    plc = bench.plc(policies=["Basic256Sha256"])
    try:
        why = refusal(bench, plc, policy="Aes256_Sha256_RsaPss")
        assert "choose another policy in the profile" in why
    finally:
        plc.kill()


def test_a_missing_server_certificate_is_named(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, server_certificate=bench.folder / "nowhere.der")
    assert "nowhere.der" in why


def test_a_wrong_namespace_is_named_with_those_there_are(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, namespace_uri="urn:other:plc")
    assert "no namespace urn:other:plc" in why
    assert "urn:inspector:plc" in why


def test_a_missing_node_is_named(bench: Bench, plc: PlcProcess) -> None:
    station = PlcStation("board", "board", ("top", "side"))
    why = refusal(bench, plc, stations=(station,))
    assert "board.Camera.side.Ring" in why
    assert "no such node" in why


def test_a_table_of_another_size_is_named(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, slot_count=32)
    assert "board.Track.Ring: has 48 elements at the PLC, and must have 96" in why


def test_a_node_of_the_wrong_type_is_named(bench: Bench, plc: PlcProcess) -> None:
    why = refusal(bench, plc, stations=(PlcStation("board", "odd", ("top",)),))
    assert "odd.Link.GatewayEpoch: is String at the PLC, and must be UInt32" in why


def test_a_plc_that_is_not_there_is_said_once(bench: Bench) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(1, ear)):
            await ear.hears("down")
            await asyncio.sleep(1.0)
        assert len(ear.told) == 1
        assert ear.all("down")[0].startswith("nothing listens there"), "who adds where"

    asyncio.run(walk())


def refusal(bench: Bench, plc: PlcProcess, **changed: object) -> str:
    """Return what the client says when it cannot have a session."""

    async def walk() -> str:
        ear = Ear()
        async with running(bench.client(plc, ear, **changed)):  # type: ignore[arg-type]
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    return asyncio.run(walk())
