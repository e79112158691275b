"""A certificate ends, is not valid yet or is believed no more: while a session stands, and then."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inspector.clock import SystemClock
from inspector.plc import certificates
from inspector.plc.certificates import Certificate, ends_at, ensure_certificate
from inspector.plc.opcua import OpcUaPlc
from inspector.plc.trust import REJECTED
from tests.inspector.plc.authority import Authority, write
from tests.inspector.plc.conftest import Bench, Ear, PlcProcess, running

URI = "urn:test:us"
HOSTS = ["localhost", "127.0.0.1"]
DAY = timedelta(days=1)
LOOK_S = 0.05
"""In place of the 10 s after which a standing session looks again whom it may believe."""
WORDS = itertools.count(1)


class Calendar(SystemClock):
    """A clock whose date is handed in."""

    def __init__(self, today: datetime) -> None:
        self.today = today

    def now(self) -> datetime:
        return self.today


@dataclass
class Line:
    """A client of the PLC, and what it tells the line."""

    client: OpcUaPlc
    ear: Ear

    async def is_heard(self) -> None:
        """Have a word acknowledged."""
        token = next(WORDS)
        self.client.say("board", token, token << 8 | 0x11, token)
        await self.ear.hears("acked", lambda acked: acked == token)

    async def told_after(self, act: Callable[[], Any], wanted: str) -> str:
        """Return what the line is told, with this in it, once something was done."""
        heard = len(self.ear.told)
        await asyncio.to_thread(act)
        why, _ = await self.ear.hears("down", lambda why: wanted in why, after=heard)
        return str(why)


@contextlib.asynccontextmanager
async def connected(bench: Bench, plc: PlcProcess, **changed: Any) -> AsyncIterator[Line]:
    """Give a line whose PLC was read."""
    line = Line(bench.client(plc, ear := Ear(), **changed), ear)
    async with running(line.client):
        await ear.hears("read")
        yield line


def cut(plc: PlcProcess) -> Callable[[], Any]:
    return lambda: plc.ask("cut")


def refusal(bench: Bench, plc: PlcProcess, **changed: Any) -> str:
    """Return why there is no session at all."""

    async def walk() -> str:
        ear = Ear()
        async with running(bench.client(plc, ear, **changed)):
            why, _ = await ear.hears("down")
            assert not ear.all("up")
            return str(why)

    return asyncio.run(walk())


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.plc.opcua.TRUST_LOOK_S", LOOK_S)


# --- the PLC's ---


@pytest.fixture(params=["pinned", "in the folder"])
def known(request: pytest.FixtureRequest, bench: Bench, tmp_path: Path) -> dict[str, Path]:
    """Return how the PLC's certificate is known: by a file of one's own in either case."""
    file = tmp_path / "known" / "plc.der"
    file.parent.mkdir()
    file.write_bytes(bench.theirs.cert_der.read_bytes())
    return {"server_certificate": file} if request.param == "pinned" else {"trust_dir": file.parent}


def file_of(known: dict[str, Path]) -> Path:
    return known.get("server_certificate") or known["trust_dir"] / "plc.der"


@pytest.mark.usefixtures("quick_look")
def test_a_plcs_certificate_that_ends_stops_no_session_and_lets_none_begin(
    bench: Bench, plc: PlcProcess, known: dict[str, Path]
) -> None:
    end = ends_at(bench.theirs.cert_der)
    calendar = Calendar(end - DAY)

    async def walk() -> None:
        async with connected(bench, plc, clock=calendar, **known) as line:
            await line.is_heard()
            calendar.today = end + DAY
            await asyncio.sleep(3 * LOOK_S)
            await line.is_heard()
            assert not line.ear.all("down"), "the session stands: the line goes on"
            why = await line.told_after(cut(plc), "ended on")
            assert f"the PLC's certificate ended on {end:%Y-%m-%d}" in why
            assert len(line.ear.all("up")) == 1
            calendar.today = end - DAY
            await line.ear.hears("up", after=len(line.ear.told))

    asyncio.run(walk())


def test_a_plcs_certificate_that_is_not_valid_yet_gets_no_session(
    bench: Bench, plc: PlcProcess, known: dict[str, Path]
) -> None:
    early = Calendar(datetime.now(UTC) - 30 * DAY)
    why = refusal(bench, plc, clock=early, **known)
    assert "the PLC's certificate begins only on" in why
    assert "set the clock right" in why


@pytest.mark.usefixtures("quick_look")
def test_a_plcs_certificate_that_is_taken_away_ends_the_session_and_lets_none_begin(
    bench: Bench, plc: PlcProcess, known: dict[str, Path]
) -> None:
    async def walk() -> None:
        async with connected(bench, plc, **known) as line:
            await asyncio.sleep(3 * LOOK_S)
            await line.is_heard()
            taken = file_of(known).read_bytes()
            await line.told_after(file_of(known).unlink, "certificate")
            await asyncio.sleep(1.0)
            assert len(line.ear.all("up")) == 1
            file_of(known).write_bytes(taken)
            await line.ear.hears("up", after=len(line.ear.told))

    asyncio.run(walk())


@pytest.mark.usefixtures("quick_look")
def test_another_certificate_in_the_pinned_ones_place_ends_the_session(
    bench: Bench, plc: PlcProcess, tmp_path: Path
) -> None:
    pinned = tmp_path / "plc.der"
    pinned.write_bytes(bench.theirs.cert_der.read_bytes())

    async def walk() -> None:
        async with connected(bench, plc, server_certificate=pinned) as line:
            other = bench.stranger.cert_der.read_bytes()
            await line.told_after(lambda: pinned.write_bytes(other), "another certificate")

    asyncio.run(walk())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Plant CA")


@pytest.fixture(scope="module")
def issued_plc(
    bench: Bench, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlcProcess]:
    """A PLC whose certificate was issued by the plant's authority."""
    process = bench.plc(folder=str(authority.plc(tmp_path_factory.mktemp("issued") / "plc")))
    yield process
    process.kill()


@pytest.mark.usefixtures("quick_look")
@pytest.mark.parametrize("whose", ["the PLC's", "its issuer's"])
def test_a_rejected_certificate_ends_the_session_whoever_issued_it(
    bench: Bench, issued_plc: PlcProcess, authority: Authority, tmp_path: Path, whose: str
) -> None:
    issuer = write(authority.certificate, tmp_path / "ca.der")
    own = (Path(issued_plc.setup.folder) / "certificate.der").read_bytes()
    (tmp_path / REJECTED).mkdir()
    rejected = tmp_path / REJECTED / "one.der"
    der, said = (own, "was rejected") if whose == "the PLC's" else (issuer, "nor is its issuer's")

    async def walk() -> None:
        async with connected(bench, issued_plc, trust_dir=tmp_path) as line:
            await line.is_heard()
            await line.told_after(lambda: rejected.write_bytes(der), said)
            await asyncio.sleep(1.0)
            assert len(line.ear.all("up")) == 1

    asyncio.run(walk())


# --- ours, which the PLC looks at with its own clock ---


Made = Callable[..., Certificate]


@pytest.fixture
def dated(
    bench: Bench, plc: PlcProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Made]:
    """Make certificates of ours with dates of their own, which the PLC trusts."""
    trusted = bench.trusted / "dated.der"

    def make(*, begins_in_s: float = -60.0, ends_in_s: float = 3600.0) -> Certificate:
        with monkeypatch.context() as patched:
            patched.setattr(certificates, "BACKDATED", timedelta(seconds=-begins_in_s))
            patched.setattr(certificates, "VALID_DAYS", ends_in_s / DAY.total_seconds())
            made = ensure_certificate(tmp_path / "dated", name="Us", uri=URI, hosts=HOSTS)
        trusted.write_bytes(made.cert_der.read_bytes())
        plc.ask("trust_anew")
        return made

    yield make
    trusted.unlink(missing_ok=True)
    plc.ask("trust_anew")


@pytest.mark.slow
def test_our_certificate_that_ends_stops_no_session_and_lets_none_begin(
    bench: Bench, plc: PlcProcess, dated: Made
) -> None:
    async def walk() -> None:
        ours = dated(ends_in_s=10)
        left_s = (ends_at(ours.cert_der) - datetime.now(UTC)).total_seconds()
        ends_s = time.monotonic() + left_s
        async with connected(bench, plc, certificate=ours) as line:
            await asyncio.sleep(max(ends_s + 1.1 - time.monotonic(), 0))
            await line.is_heard()
            assert not line.ear.all("down"), "the session stands: the line goes on"
            why = await line.told_after(cut(plc), "BadCertificateTimeInvalid")
            assert "a certificate is outside its dates: check the clock" in why

    asyncio.run(walk())


@pytest.mark.parametrize("dates", [{"ends_in_s": -5}, {"begins_in_s": 1800}], ids=str)
def test_the_plc_refuses_a_certificate_of_ours_outside_its_dates(
    bench: Bench, plc: PlcProcess, dated: Made, dates: dict[str, float]
) -> None:
    why = refusal(bench, plc, certificate=dated(**dates))
    assert "outside its dates: check the clock of the PLC and of this machine" in why


def test_our_certificate_that_the_plc_trusts_no_more_is_named_at_the_next_session(
    bench: Bench, plc: PlcProcess, dated: Made
) -> None:
    async def walk() -> None:
        async with connected(bench, plc, certificate=dated()) as line:
            (bench.trusted / "dated.der").unlink()
            plc.ask("trust_anew")
            why = await line.told_after(cut(plc), "refused our certificate")
            assert "trust it at the PLC" in why
            assert len(line.ear.all("up")) == 1

    asyncio.run(walk())
