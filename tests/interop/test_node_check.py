"""`inspector plc check` at a PLC that shares no code with us names each deliberate mistake."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from inspector.config.loading import load_site
from inspector.gateway.plc_check import Report, check_access
from inspector.plc.certificates import thumbprint
from tests.inspector.plc.conftest import Ear
from tests.interop.conftest import Cabinet, OwnPlc
from tests.interop.node_plc import NodePlc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
MISTAKES = ("--wrong-type", "board.Link.PlcHeartbeat", "--missing", "board.Operator.Latched")
NOT_OURS_TO_WRITE = ("--read-only", "board.Verdict.Slot[3]")


def look(cabinet: Cabinet, plc: NodePlc | None = None, *, uri: str = "", **changed: Any) -> Report:
    access = cabinet.client(Ear(), plc=plc, **changed)._access
    if uri:
        ours = dataclasses.replace(access.certificate, uri=uri)
        access = dataclasses.replace(access, certificate=ours)
    station = load_site(ROOT).station("board")
    return asyncio.run(check_access(access, station, writes=20, why_none=""))


def test_a_plc_in_order_has_nothing_to_mend_and_tells_its_round_trip(cabinet: Cabinet) -> None:
    report = look(cabinet)
    assert report.fixes == ()
    assert report.as_json()["write_ms"]["writes"] == 20


def test_nodes_of_a_wrong_type_missing_and_read_only_are_named_in_one_look(
    cabinet: Cabinet, own_plc: OwnPlc
) -> None:
    fixes = look(cabinet, own_plc(*MISTAKES, *NOT_OURS_TO_WRITE)).fixes
    assert len(fixes) == 3
    text = "\n".join(fixes)
    assert "board.Link.PlcHeartbeat: is " in text
    assert "board.Operator.Latched: the PLC has no such node" in text
    assert "board.Verdict.Slot[3]: we may not write it: make it writable at the PLC" in text


def test_a_namespace_that_is_not_there_is_named_with_the_right_one(cabinet: Cabinet) -> None:
    (fix,) = look(cabinet, namespace_uri="urn:old").fixes
    assert "no namespace urn:old" in fix
    assert "urn:inspector:plc" in fix


def test_a_certificate_that_the_plc_does_not_trust_is_named(cabinet: Cabinet) -> None:
    (fix,) = look(cabinet, certificate=cabinet.stranger).fixes
    assert "trust it at the PLC" in fix
    assert thumbprint(cabinet.stranger.cert_der) in fix


def test_a_wrong_application_uri_is_named(cabinet: Cabinet) -> None:
    assert "ApplicationUri" in look(cabinet, uri="urn:somebody:else").fixes[0]


def test_a_wrong_password_is_named_and_not_shown(cabinet: Cabinet) -> None:
    report = look(cabinet, password="hunter2")
    (fix,) = report.fixes
    assert "password_env" in fix
    assert "hunter2" not in str(report)


def test_a_plc_that_offers_nothing_encrypted_is_named(cabinet: Cabinet, own_plc: OwnPlc) -> None:
    (fix,) = look(cabinet, own_plc("--none-only")).fixes
    assert "None only, nothing encrypted" in fix
