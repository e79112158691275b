"""What a station says of its PLC's connection for as long as it stands."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inspector.domain.health import State
from inspector.gateway.plc_notices import PlcNotices
from inspector.line.status import station_status
from inspector.plc.certificates import VALID_DAYS, ends_at, ensure_certificate
from inspector.plc_profile import PlcProfile
from tests.factory import Factory


def profile(**changed: Any) -> PlcProfile:
    plain = {"endpoint": "opc.tcp://plc:4840", "namespace_uri": "urn:plc", "slot_count": 16}
    plain |= {"name": "line1", "server_certificate": "line1.der"}
    return PlcProfile.model_validate(plain | changed)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    return ensure_certificate(folder, name="Us", uri="urn:test:us", hosts=[]).cert_der


def test_our_certificate_is_said_to_end_from_90_days_before_it(ours: Path) -> None:
    notices = PlcNotices(profile(), ours=ours, theirs=None)
    end = ends_at(ours)
    assert notices.standing(end - timedelta(days=VALID_DAYS - 1)) == ()
    assert notices.standing(end - timedelta(days=90, hours=1)) == ()
    (soon,) = notices.standing(end - timedelta(days=89, hours=1))
    assert soon.state is State.MAINTENANCE
    assert soon.text == (
        "our OPC UA certificate ends in 89 days: inspector plc certificate --renew makes a new one"
    )
    (over,) = notices.standing(end + timedelta(days=2))
    assert "ended 2 days ago" in over.text


def test_the_pinned_certificate_is_said_to_end_too(ours: Path, tmp_path: Path) -> None:
    theirs = ensure_certificate(tmp_path, name="PLC", uri="urn:test:plc", hosts=[]).cert_der
    notices = PlcNotices(profile(), ours=ours, theirs=theirs)
    texts = [one.text for one in notices.standing(ends_at(ours) - timedelta(days=10, hours=1))]
    assert "our OPC UA certificate ends in 10 days" in texts[0]
    assert "the PLC's OPC UA certificate ends in 10 days: renew it there" in texts[1]


def test_the_certificates_are_looked_at_once_a_day(ours: Path, tmp_path: Path) -> None:
    copy = tmp_path / "certificate.der"
    copy.write_bytes(ours.read_bytes())
    notices = PlcNotices(profile(), ours=copy, theirs=None)
    morning = (ends_at(ours) - timedelta(days=20)).replace(hour=1)
    first = notices.standing(morning)
    copy.unlink()
    assert notices.standing(morning + timedelta(hours=22)) is first
    assert notices.standing(morning + timedelta(days=1)) == ()


def test_a_pinned_certificate_that_is_not_there_yet_is_no_notice(ours: Path) -> None:
    notices = PlcNotices(profile(), ours=ours, theirs=ours.parent / "gone.der")
    assert notices.standing(ends_at(ours) - timedelta(days=400)) == ()


def test_a_connection_without_encryption_is_said_for_ever(ours: Path) -> None:
    none = profile(policy="None", unencrypted=True, server_certificate="")
    notices = PlcNotices(none, ours=ours, theirs=None)
    (said,) = notices.standing(ends_at(ours) - timedelta(days=1))
    assert (said.state, said.text) == (
        State.OUT_OF_SPECIFICATION,
        "the PLC connection is not encrypted",
    )
    factory = Factory()
    factory.run(20)
    shown = station_status(factory.line, now_s=factory.clock.s, standing=[said])
    assert (shown["state"], shown["state_why"]) == ("out_of_specification", said.text)
    factory.cut()
    shown = station_status(factory.line, now_s=factory.clock.s, standing=[said])
    assert shown["state"] == "failure"
    assert str(shown["state_why"]).endswith("; the PLC connection is not encrypted")
