"""What a PLC that shares no code with our library makes of our certificate's dates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from inspector.plc import certificates
from inspector.plc.certificates import Certificate, ensure_certificate
from tests.inspector.plc.conftest import Ear, running
from tests.interop.conftest import Cabinet
from tests.interop.node_plc import NodePlc

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
DATES = {"ended": (-30, -1), "early": (1, 30)}
"""Name → days from now that our certificate begins and ends."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    made = {}
    for name, (begins, ends) in DATES.items():
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(certificates, "BACKDATED", -begins * DAY)
            patched.setattr(certificates, "VALID_DAYS", ends)
            folder = tmp_path_factory.mktemp(name) / "ours"
            made[name] = ensure_certificate(folder, name=name, uri="urn:test:us", hosts=[])
    return made


@pytest.fixture(scope="module")
def trusting_plc(
    cabinet: Cabinet, ours: dict[str, Certificate], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodePlc]:
    """A PLC that trusts each of them."""
    plc = cabinet.another_plc(tmp_path_factory.mktemp("trusting"))
    plc.trusted = [cabinet.ours.cert_der, *(one.cert_der for one in ours.values())]
    plc.start()
    yield plc
    plc.kill()


@pytest.mark.parametrize(
    ("name", "said"), [("ended", "our certificate ended on"), ("early", "begins only on")]
)
def test_a_trusted_certificate_of_ours_outside_its_dates_is_refused_and_named(
    cabinet: Cabinet, trusting_plc: NodePlc, ours: dict[str, Certificate], name: str, said: str
) -> None:
    async def walk() -> str:
        ear = Ear()
        async with running(cabinet.client(ear, plc=trusting_plc, certificate=ours[name])):
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    assert said in asyncio.run(walk())
