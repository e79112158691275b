"""The client against a real OPC UA server in its own process, encrypted."""

import asyncio
import signal
import time
from functools import partial
from operator import eq

import pytest

from inspector.plc.nodes import PlcStation
from tests.inspector.plc.conftest import SLOTS, Bench, Ear, PlcProcess, running


def ring(*entries: tuple[int, int, int]) -> list[int]:
    raw = [0] * (3 * SLOTS)
    for entry in entries:
        at = 3 * (entry[0] % SLOTS)
        raw[at : at + 3] = entry
    return raw


def test_a_read_says_what_the_plc_has(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(plc, ear)):
            before_s = time.monotonic()
            seen, _ = await ear.hears("read", lambda read: read.part_id == 21)
            assert seen.station == "board"
            assert seen.encoder == 4_000_000_000
            assert seen.triggers == {20: (3_999_999_000, 70), 21: (3_999_999_990, 80)}
            assert seen.fired == {"top": {20: (3_999_999_500, 75)}}
            assert seen.sync == {"top": (3, 18)}
            assert seen.decisions[4] == 20 << 8 | 1
            assert seen.latched[5] == 0xFFFFFFFF
            assert (seen.epoch, seen.boot_count, seen.state, seen.alive) == (9, 7, 6, True)
            assert seen.counts == {
                "triggered": 21,
                "decided": 20,
                "passed": 18,
                "rejected": 1,
                "fail_safe": 1,
                "on_belt": 2,
            }
            assert seen.policy == {
                "hold_after_unknown": 50,
                "hold_after_silence_ms": 10_000,
                "pass_all": False,
                "allow_operator_pass": True,
                "auto_resume": True,
            }
            assert abs(seen.read_s - before_s) < 5

    plc.set(
        **{
            "Track.PartId": 21,
            "Track.Encoder": 4_000_000_000,
            "Track.Ring": ring((20, 3_999_999_000, 70), (21, 3_999_999_990, 80)),
            "Camera.top.Ring": ring((20, 3_999_999_500, 75)),
            "Sync.top.Answer": [3, 18],
            "Decision.Slots": [0] * 4 + [20 << 8 | 1] + [0] * 11,
            "Operator.Latched": [0] * 5 + [0xFFFFFFFF] + [0] * 10,
            "Link.Epoch": 9,
            "Link.GatewayAlive": True,
            "Count.Triggered": 21,
            "Count.Decided": 20,
            "Count.Passed": 18,
            "Count.Rejected": 1,
            "Count.FailSafe": 1,
            "Count.OnBelt": 2,
        }
    )
    asyncio.run(walk())


def test_what_is_said_stands_in_the_node_when_it_is_acknowledged(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            client.say("board", 37, 0xFFFFFF21, "verdict of 37")
            client.say_operator("board", 37, 0x2545, "operator's word")
            client.raise_epoch("board", 12)
            client.ask_sync("board", "top", 4)
            client.beat("board", 99)
            await ear.hears("acked", lambda token: token == "verdict of 37")
            await until(lambda: plc.ask("get", name="board.Link.GatewayHeartbeat") == 99)
            await until(lambda: plc.ask("get", name="board.Sync.top.Request") == 4)
        assert ear.all("acked") == ["operator's word", "verdict of 37"]
        assert plc.ask("get", name=f"board.Verdict.Slot[{37 % SLOTS}]") == 0xFFFFFF21
        assert plc.ask("get", name=f"board.Operator.Slot[{37 % SLOTS}]") == 0x2545

    asyncio.run(walk())


def test_the_epoch_goes_first_then_the_operator_and_the_beat_waits_for_the_epoch(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            client.beat("board", 5)
            client.say("board", 1, 0x111, 1)
            client.say("board", 2, 0x211, 2)
            client.say("board", 2, 0x212, "newer")
            client.say_operator("board", 2, 0x216, 3)
            client.raise_epoch("board", 13)
            await ear.hears("acked", lambda token: token == "newer")
        assert ear.all("acked") == [3, 1, "newer"]
        order = plc.ask("take_written")
        beat = order.index(["board.Link.GatewayHeartbeat", 5])
        assert beat >= 1
        del order[beat]
        assert order == [
            ["board.Link.GatewayEpoch", 13],
            ["board.Operator.Slot[2]", 0x216],
            ["board.Verdict.Slot[1]", 0x111],
            ["board.Verdict.Slot[2]", 0x212],
        ]

    plc.ask("take_written")
    asyncio.run(walk())


def test_a_snapshot_asked_for_comes_at_once_and_fresh(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear, poll_ms=1000)
        async with running(client):
            await ear.hears("read")
            plc.set(**{"Track.Encoder": 77})
            heard, asked_s = len(ear.told), time.monotonic()
            client.read_soon("board")
            client.read_soon("board")
            seen, at_s = await ear.hears("read", after=heard)
            assert seen.encoder == 77
            assert at_s - asked_s < 0.3
            assert seen.read_s >= asked_s
        assert len(ear.all("read")) == 2

    asyncio.run(walk())


def test_what_is_said_without_a_session_is_not_kept(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        client.say("board", 3, 0x321, "too early")
        client.beat("board", 1)
        async with running(client):
            await ear.hears("read")
            client.say("board", 4, 0x421, "in time")
            await ear.hears("acked")
        client.say("board", 5, 0x521, "too late")
        assert ear.all("acked") == ["in time"]
        assert plc.ask("take_written") == [["board.Verdict.Slot[4]", 0x421]]

    plc.ask("take_written")
    asyncio.run(walk())


def test_words_said_in_plc_up_are_written(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        ear.on_up = lambda: client.say("board", 6, 0x621, "at once")
        async with running(client):
            await ear.hears("acked", lambda token: token == "at once")
        assert ear.told[0][0] == "up"

    asyncio.run(walk())


def test_a_word_refused_once_is_sent_again(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            plc.ask("be", refusals=1)
            client.say("board", 7, 0x721, "twice")
            await ear.hears("acked")
        assert not ear.all("down")

    asyncio.run(walk())


def test_a_word_refused_for_good_ends_the_session_and_says_why(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            plc.ask("be", refusals=3)
            client.say("board", 7, 0x721, "never")
            why, at_s = await ear.hears("down")
            assert "board.Verdict.Slot[7]" in why
            assert "BadOutOfRange" in why
            await ear.hears("up", after=ear.told.index(("down", why, at_s)))
        assert not ear.all("acked")

    asyncio.run(walk())


def test_a_write_without_an_answer_is_never_acknowledged_although_it_is_done_later(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            plc.ask("be", write_delay_s=1.2)
            said_s = time.monotonic()
            client.say("board", 8, 0x821, "unknown")
            why, at_s = await ear.hears("down")
            assert "no answer in time" in why
            assert at_s - said_s < 1.1
            await until(lambda: plc.ask("get", name="board.Verdict.Slot[8]") == 0x821)
            await ear.hears("up", after=ear.told.index(("down", why, at_s)))
        assert not ear.all("acked")

    try:
        asyncio.run(walk())
    finally:
        plc.ask("be", write_delay_s=0)


def test_slow_words_do_not_stop_the_heartbeat(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            plc.ask("be", slow_nodes="Verdict", write_delay_s=0.3)
            client.say("board", 9, 0x921, "slow")
            await until(lambda: plc.ask("writing") == 1)
            client.say("board", 10, 0xA21, "behind it")
            client.beat("board", 123)
            await ear.hears("acked", lambda token: token == "behind it")
        order = [node for node, _ in plc.ask("take_written")]
        assert order == [
            "board.Verdict.Slot[9]",
            "board.Link.GatewayHeartbeat",
            "board.Verdict.Slot[10]",
        ]

    plc.ask("take_written")
    try:
        asyncio.run(walk())
    finally:
        plc.ask("be", slow_nodes="", write_delay_s=0)


def test_a_killed_plc_is_missed_at_once_and_found_again(
    bench: Bench, mortal_plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(mortal_plc, ear)
        async with running(client):
            await ear.hears("read")
            killed_s = time.monotonic()
            mortal_plc.kill()
            client.say("board", 1, 0x121, "into the void")
            _, down_s = await ear.hears("down")
            assert down_s - killed_s < 0.5
            await ear.hears("down", lambda why: "nothing listens" in why)
            heard = len(ear.told)
            mortal_plc.begin()
            await asyncio.to_thread(mortal_plc.answer)
            back_s = time.monotonic()
            _, up_s = await ear.hears("up", after=heard)
            assert up_s - back_s < 1.5  # 0.7 s of pause at most, and connecting
            client.say("board", 1, 0x121, "after")
            await ear.hears("acked")
        assert ear.all("acked") == ["after"]

    asyncio.run(walk())


def test_a_hung_plc_is_lost_within_the_time_out_and_found_again(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("read")
            plc.signal(signal.SIGSTOP)
            stopped_s = time.monotonic()
            _, down_s = await ear.hears("down")
            assert down_s - stopped_s < 1.5
            await asyncio.sleep(0.5)
            heard = len(ear.told)
            plc.signal(signal.SIGCONT)
            goes_s = time.monotonic()
            _, up_s = await ear.hears("up", after=heard)
            assert up_s - goes_s < 1.5
            await ear.hears("read", after=heard)

    try:
        asyncio.run(walk())
    finally:
        plc.signal(signal.SIGCONT)


def test_seven_starts_in_good_order_leave_no_session_behind(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        for _ in range(7):
            async with running(client):
                await ear.hears("read", after=len(ear.told))
            assert plc.ask("sessions") == 0
        assert not ear.all("down")

    asyncio.run(walk())


@pytest.mark.slow
def test_connections_cut_faster_than_sessions_expire_heal_by_themselves(
    bench: Bench, mortal_plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(mortal_plc, ear)):
            for _ in range(7):
                heard = len(ear.told)
                await ear.hears("read", after=heard, within_s=20)
                mortal_plc.ask("cut")
                await ear.hears("down", after=heard)
            await ear.hears("read", after=len(ear.told), within_s=20)

    asyncio.run(walk())


@pytest.mark.slow
def test_the_channels_keys_are_renewed_under_load(
    bench: Bench, plc: PlcProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)
        async with running(client):
            await ear.hears("up")
            ends_s = time.monotonic() + 5.5
            part = 0
            while time.monotonic() < ends_s:
                part += 1
                client.say("board", part, part << 8 | 1, part)
                await ear.hears("acked", partial(eq, part))
                await asyncio.sleep(0.01)
        assert not ear.all("down")
        assert len(ear.all("up")) == 1

    # Renewed after 4.5 s; answers under the old keys are good for 1.5 s more.
    monkeypatch.setattr("inspector.plc.session.CHANNEL_LIFETIME_MS", 6000)
    asyncio.run(walk())
    plc.ask("take_written")


def test_a_fault_of_the_lines_own_is_not_taken_for_one_of_the_plc(
    bench: Bench, plc: PlcProcess
) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear)

        def stumble() -> None:
            raise KeyError("the line's own")

        ear.on_up = stumble
        with pytest.raises(KeyError, match="the line's own"):
            await client.run()
        assert plc.ask("sessions") == 0
        assert not ear.all("down")

    asyncio.run(walk())


@pytest.mark.parametrize(
    "policy", ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
)
def test_every_policy_of_the_profile_connects(bench: Bench, plc: PlcProcess, policy: str) -> None:
    async def walk() -> None:
        ear = Ear()
        async with running(bench.client(plc, ear, policy=policy)):
            await ear.hears("read")

    asyncio.run(walk())


def test_a_plc_without_unsigned_numbers_is_read_and_written(bench: Bench, plc: PlcProcess) -> None:
    async def walk() -> None:
        ear = Ear()
        client = bench.client(plc, ear, stations=(PlcStation("board", "logix", ("top",)),))
        async with running(client):
            seen, _ = await ear.hears("read")
            assert seen.decisions[3] == 0xFFFFFF01
            client.say("board", 19, 0xFFFFFF21, "word")
            await ear.hears("acked")
        assert plc.ask("get", name="logix.Verdict.Slot[3]") == -0xDF

    plc.ask("set_all", **{"logix.Decision.Slots": [0, 0, 0, -0xFF] + [0] * 12})
    asyncio.run(walk())


async def until(holds: object, within_s: float = 3.0) -> None:
    """Wait until something holds at the PLC."""
    assert callable(holds)
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.02)
