"""What a station says of its PLC's connection for as long as it stands."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from inspector.config.plc_profile import PlcProfile
from inspector.domain.health import State
from inspector.gateway.plc_notices import PlcNotices
from inspector.line.status import station_status
from inspector.plc.certificates import VALID_DAYS, ends_at, ensure_certificate, loaded
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


def test_once_a_certificate_has_ended_the_connection_is_out_of_specification(ours: Path) -> None:
    notices = PlcNotices(profile(), ours=ours, theirs=ours)
    end = ends_at(ours)
    before = notices.standing(end - timedelta(seconds=61))
    assert {one.state for one in before} == {State.MAINTENANCE}
    over = notices.standing(end + timedelta(seconds=61))
    assert {one.state for one in over} == {State.OUT_OF_SPECIFICATION}
    assert [one.text.partition(":")[0] for one in over] == [
        f"{whose} OPC UA certificate ended on {end:%Y-%m-%d}, and the next session may be refused"
        for whose in ("our", "the PLC's")
    ]


def test_inspection_goes_on_after_a_certificates_end_until_its_session_does(ours: Path) -> None:
    notices = PlcNotices(profile(), ours=ours, theirs=None)
    end = ends_at(ours)
    factory = Factory(bad_share=0)
    factory.run(20)

    def shown(now: datetime) -> dict[str, object]:
        standing = notices.standing(now)
        return station_status(factory.line, now_s=factory.clock.s, standing=standing)

    assert shown(end - timedelta(days=1))["state"] == "maintenance"
    passed = factory.memory.counts.passed
    factory.run(10)
    assert shown(end + timedelta(minutes=2))["state"] == "out_of_specification"
    assert factory.memory.counts.passed > passed + 10
    factory.cut()
    factory.line.plc_down("a certificate is outside its dates")
    refused = shown(end + timedelta(minutes=4))
    assert refused["state"] == "failure"
    why = "no connection to the PLC: a certificate is outside its dates"
    assert str(refused["state_why"]).startswith(why)
    factory.run(1.5)
    passed = factory.memory.counts.passed
    factory.run(10)
    assert factory.memory.counts.passed == passed, "the PLC takes no PASS from who is not there"


def test_a_certificate_that_is_not_valid_yet_is_said_to_be_so(ours: Path) -> None:
    notices = PlcNotices(profile(), ours=ours, theirs=None)
    (early,) = notices.standing(ends_at(ours) - timedelta(days=VALID_DAYS + 30))
    assert early.state is State.OUT_OF_SPECIFICATION
    assert "begins only on" in early.text
    assert "set the clock" in early.text


def test_where_none_is_pinned_the_certificate_that_the_plc_has_proven_is_looked_at(
    ours: Path, tmp_path: Path
) -> None:
    theirs = ensure_certificate(tmp_path, name="PLC", uri="urn:test:plc", hosts=[]).cert_der
    proven: list[x509.Certificate] = []
    trusting = profile(server_certificate="", trust_dir="trusted")
    notices = PlcNotices(
        trusting, ours=ours, theirs=None, proven=lambda: proven[-1] if proven else None
    )
    now = ends_at(theirs) - timedelta(days=10, hours=1)
    assert [one.text[:3] for one in notices.standing(now)] == ["our"], "no session stood yet"
    proven.append(loaded(theirs))
    _, found = notices.standing(now + timedelta(minutes=1))
    assert found.state is State.MAINTENANCE
    assert found.text.startswith("the PLC's OPC UA certificate ends in 10 days: renew it there")
    assert "trust_dir" in found.text


def test_the_pinned_certificate_is_said_to_end_too(ours: Path, tmp_path: Path) -> None:
    theirs = ensure_certificate(tmp_path, name="PLC", uri="urn:test:plc", hosts=[]).cert_der
    notices = PlcNotices(profile(), ours=ours, theirs=theirs)
    texts = [one.text for one in notices.standing(ends_at(ours) - timedelta(days=10, hours=1))]
    assert "our OPC UA certificate ends in 10 days" in texts[0]
    assert "the PLC's OPC UA certificate ends in 10 days: renew it there" in texts[1]


def test_the_certificates_are_looked_at_once_a_minute(ours: Path, tmp_path: Path) -> None:
    copy = tmp_path / "certificate.der"
    copy.write_bytes(ours.read_bytes())
    notices = PlcNotices(profile(), ours=copy, theirs=None)
    morning = (ends_at(ours) - timedelta(days=20)).replace(second=1)
    first = notices.standing(morning)
    copy.unlink()
    assert notices.standing(morning + timedelta(seconds=58)) is first
    assert notices.standing(morning + timedelta(minutes=1)) == ()


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
