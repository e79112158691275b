"""A PLC on node-opcua that nobody may write to: it reads our words as a client and acts on them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from inspector.clock import SystemClock
from inspector.domain.verdict import Action, Verdict
from inspector.domain.words import MachineWord, OperatorWord
from inspector.gateway.site_run import free_port
from inspector.opcua_server.opening import Offer
from inspector.plc.certificates import Certificate
from inspector.plc.nodes import PlcStation
from inspector.plc.pull import PulledPlc
from tests.inspector.plc.conftest import Ear, profile
from tests.interop.conftest import SLOTS, Cabinet
from tests.interop.node_plc import NodePlc
from tests.interop.test_node_plc import beating, decided, next_part
from tests.needs import require_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

STATION = PlcStation("board", "board", ("top",))
USER, PASSWORD = "inspector", "right"
INTRUDER: Final = Path(__file__).with_name("intruder.js")
PULL: Final = {
    "host": "127.0.0.1",
    "user": USER,
    "password_env": "GIVEN_BY_THE_TEST",
    "trust_dir": "given by the test",
}
TRAVEL: Final = ("--reject-at", "20000")
"""Four seconds from the eye: a busy computer is slow, and nothing here is about how slow."""


@dataclass
class Pulled:
    """A PLC that reads from us, and what it must find.

    Attributes:
        port: Where it looks for our server.
        trusted: Holds the certificates of clients that may read there.
    """

    cabinet: Cabinet
    plc: NodePlc
    port: int
    trusted: Path
    ear: Ear = field(default_factory=Ear)

    @property
    def endpoint(self) -> str:
        """Return the address of our server."""
        return f"opc.tcp://127.0.0.1:{self.port}"

    def made(self) -> PulledPlc:
        """Return a way to the PLC that is not open yet."""
        changed: dict[str, Any] = {"transport": "pull", "pull": PULL}
        settings = profile(self.plc.ready["endpoint"], slot_count=SLOTS, **changed)
        return PulledPlc(
            settings,
            self._offer(),
            (STATION,),
            session=lambda ear: self.cabinet.client(ear, plc=self.plc, **changed),  # type: ignore[arg-type]
            events=self.ear,
            clock=SystemClock(),
        )

    def _offer(self) -> Offer:
        ours = self.cabinet.ours
        return Offer(
            host="127.0.0.1",
            port=self.port,
            uri=ours.uri,
            certificate=ours.cert_der,
            key=ours.key_pem,
            user=USER,
            password=PASSWORD,
            trust_dir=self.trusted,
            max_sessions=4,
        )

    @contextlib.asynccontextmanager
    async def running(self, epoch: int) -> AsyncIterator[PulledPlc]:
        """Run under an epoch until left; the PLC takes us for alive by then."""
        us, heard = self.made(), len(self.ear.told)
        await us.open()
        task = asyncio.create_task(us.run())
        try:
            await self.ear.hears("up", after=heard, within_s=60)
            us.raise_epoch("board", epoch)
            async with beating(us):
                await self.ear.hears(
                    "read", lambda read: read.alive and read.epoch == epoch, within_s=60
                )
                yield us
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def hears(self, us: PulledPlc, part: int, epoch: int, verdict: Verdict) -> None:
        """Say a verdict, and wait until the PLC was given it."""
        token = (part, epoch, verdict)
        us.say("board", part, MachineWord(part, epoch, verdict).pack(), token)
        await self.ear.hears("acked", lambda acked: acked == token)

    async def latches(self, us: PulledPlc, part: int, epoch: int, verdict: Verdict) -> None:
        """Say a person's word, and wait for its echo."""
        word = OperatorWord(part, epoch, revision=1, verdict=verdict).pack()
        us.say_operator("board", part, word, ("press", part))
        await self.ear.hears("read", lambda read: word in read.latched)


@pytest.fixture
def pulled(cabinet: Cabinet, tmp_path: Path) -> Iterator[Pulled]:
    port, trusted = free_port(), tmp_path / "trusted"
    trusted.mkdir()
    where = ["--transport", "pull", "--pull", f"opc.tcp://127.0.0.1:{port}"]
    known = ["--pull-certificate", str(cabinet.ours.cert_der)]
    plc = cabinet.another_plc(tmp_path / "plc", *where, *known, *TRAVEL)
    plc.start()
    shutil.copy(plc.ready["certificate"], trusted / "plc.der")
    yield Pulled(cabinet, plc, port, trusted)
    plc.kill()


def ends(walk: Callable[[], Any]) -> list[tuple[int, int]]:
    """Return (action, how often the actuator moved) of each part that a walk names."""
    ended: list[tuple[int, int]] = asyncio.run(walk())
    return ended


def test_it_reads_each_word_and_acts_once_for_each_part_also_under_a_new_epoch(
    pulled: Pulled,
) -> None:
    async def walk() -> list[tuple[int, int]]:
        async with pulled.running(epoch=5) as us:
            good, bad, pressed, unsaid = [await next_part(pulled.plc) for _ in range(4)]
            for part, verdict in (
                (good, Verdict.PASS),
                (bad, Verdict.REJECT),
                (pressed, Verdict.PASS),
            ):
                await pulled.hears(us, part, 5, verdict)
            await pulled.latches(us, pressed, 5, Verdict.REJECT)
            ended = [await decided(pulled.plc, part) for part in (good, bad, pressed, unsaid)]
            again, silent = [await next_part(pulled.plc) for _ in range(2)]
            for part in (again, silent):
                await pulled.hears(us, part, 5, Verdict.PASS)
            us.raise_epoch("board", 6)
            await pulled.hears(us, again, 6, Verdict.PASS)
            return ended + [await decided(pulled.plc, part) for part in (again, silent)]

    assert ends(walk) == [
        (Action.PASSED, 0),
        (Action.REJECTED, 1),
        (Action.REJECTED_BY_OPERATOR, 1),
        (Action.FAIL_SAFE, 1),
        (Action.PASSED, 0),
        (Action.FAIL_SAFE, 1),
    ]


@pytest.mark.parametrize("how", ["late", "again"])
def test_a_pass_that_is_copied_late_or_twice_does_not_undo_a_persons_reject(
    pulled: Pulled, how: str
) -> None:
    async def walk() -> list[tuple[int, int]]:
        async with pulled.running(epoch=3) as us:
            order = {"as": how, "ms": 1000, "only": "Verdict."}
            await asyncio.to_thread(lambda: pulled.plc.order("writes", **order))
            part = await next_part(pulled.plc)
            await pulled.hears(us, part, 3, Verdict.PASS)
            await pulled.latches(us, part, 3, Verdict.REJECT)
            return [await decided(pulled.plc, part)]

    assert ends(walk) == [(Action.REJECTED_BY_OPERATOR, 1)]


def test_a_word_that_was_read_and_lost_rejects_and_one_that_stands_is_read_again(
    pulled: Pulled,
) -> None:
    async def walk() -> list[tuple[int, int]]:
        async with pulled.running(epoch=2) as us:
            pulled.plc.order("writes", **{"as": "refused", "count": 3, "only": "Verdict."})
            again = await next_part(pulled.plc)
            await pulled.hears(us, again, 2, Verdict.PASS)
            ended = [await decided(pulled.plc, again)]
            pulled.plc.order("writes", **{"as": "refused", "only": "Verdict."})
            lost = await next_part(pulled.plc)
            await pulled.hears(us, lost, 2, Verdict.PASS)
            return [*ended, await decided(pulled.plc, lost)]

    assert ends(walk) == [(Action.PASSED, 0), (Action.FAIL_SAFE, 1)]


def test_a_client_is_refused_without_encryption_and_by_each_write(pulled: Pulled) -> None:
    own = pulled.plc.folder / "pki" / "own"

    async def walk() -> dict[str, Any]:
        async with pulled.running(epoch=1):
            plc = own / "certs" / "certificate.pem", own / "private" / "private_key.pem"
            return await asyncio.to_thread(tries, pulled, plc, "urn:inspector:node-plc")

    assert asyncio.run(walk()) == {
        "unencrypted": "refused",
        "signed_only": "refused",
        "wrong_password": "refused",
        "nobody": "refused",
        "right": {
            "heartbeat": "BadNotWritable",
            "words": "BadNotWritable",
            "decisions": "BadNodeIdUnknown",
        },
    }


def test_a_client_with_a_certificate_that_nobody_trusts_is_refused(pulled: Pulled) -> None:
    async def walk() -> Any:
        async with pulled.running(epoch=1):
            stranger: Certificate = pulled.cabinet.stranger
            files = stranger.cert_der, stranger.key_pem
            return await asyncio.to_thread(tries, pulled, files, stranger.uri)

    assert asyncio.run(walk())["right"] == "refused"


def tries(pulled: Pulled, files: tuple[Path, Path], uri: str) -> dict[str, Any]:
    """Return what a client on node-opcua with these files came to at our server."""
    words = [
        *(require_program("node"), INTRUDER, pulled.endpoint, *files, uri),
        *(pulled.cabinet.ours.cert_der, USER, PASSWORD, "board"),
    ]
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, timeout=90, check=True, text=True
    )
    tried: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return tried
