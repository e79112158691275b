"""What the benchmarks take from records, streams and /proc, on small made-up examples."""

import json
import mmap
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import Section
from benchmarks.machine import Machine, Watch
from benchmarks.memory import own_bytes, own_of, pss_bytes, pss_of, tree
from benchmarks.progress import Progress
from benchmarks.recording import BAD_EACH, entries_of
from benchmarks.reject import figures_of, times_of
from benchmarks.screens import pressable, rejected_at, shown_after_ms
from inspector.domain.finding import ViewResult
from inspector.domain.record import Record
from inspector.domain.verdict import Verdict

AT = datetime(2026, 11, 24, tzinfo=UTC)


def record(latency_ms: float | None, *model_ms: float) -> Record:
    views = tuple(ViewResult(f"v{n}", model_ms=ms) for n, ms in enumerate(model_ms))
    return Record(
        id="r1",
        station="ring",
        run=1,
        number=1,
        triggered_at=AT,
        judged_at=AT,
        verdict=Verdict.PASS,
        reasons=(),
        not_inspected="",
        recipe="standard",
        package="ring",
        model_sha256="",
        device_asked="CPU",
        device="CPU",
        precision="BF16",
        epoch=1,
        encoder=0,
        ready_to_judged_ms=7.0,
        latency_ms=latency_ms,
        late=False,
        stratum=None,
        audit_pi=None,
        selected=None,
        views=views,
        decision=None,
        events=(),
    )


class TestTheWayToTheReject:
    def test_takes_away_the_model_s_time_for_the_last_view_only(self) -> None:
        times = times_of([record(9.0, 50.0, 4.0)])
        assert times.whole == (9.0,)
        assert times.without_model == (5.0,)
        assert times.to_judged == (3.0,)
        assert times.to_acknowledged == (2.0,)

    def test_leaves_out_parts_that_waited_for_a_missing_view(self) -> None:
        missing = replace(record(1500.0, 0.0, 4.0), not_inspected="view top missing")
        assert times_of([missing]).whole == ()

    def test_leaves_out_parts_that_were_never_acknowledged(self) -> None:
        assert times_of([record(None, 4.0)]).whole == ()

    def test_stands_beside_the_bare_write_as_a_ratio(self) -> None:
        figures = {one.key: one for one in figures_of(times_of([record(9.0, 4.0)]), [2.5], 0)}
        assert figures["reject.to_bare_write_p50"].value == 2.0
        assert figures["reject.late"].met


STATE = {
    "stations": [
        {
            "in_flight": [
                {"record": "a", "left_s": 9.0, "revision": 0, "can_pass": True},
                {"record": "b", "left_s": 1.0, "revision": 0, "can_pass": True},
            ],
            "waiting": [
                {"record": "c", "left_s": 12.0, "revision": 0, "can_pass": True},
                {"record": "d", "left_s": 12.0, "revision": 0, "can_pass": False},
                {"record": "e", "left_s": 12.0, "revision": 1, "can_pass": True},
            ],
        }
    ]
}


class TestTheScreens:
    def test_are_pressed_where_there_is_time_left_and_nobody_has_pressed(self) -> None:
        assert pressable(STATE) == [("c", "pass"), ("a", "reject")]

    def test_show_a_reject_from_the_first_snapshot_that_has_it(self) -> None:
        def snapshot(*records: str) -> bytes:
            waiting = [{"record": record} for record in records]
            return json.dumps({"stations": [{"waiting": waiting, "recent": []}]}).encode()

        snapshots = [(10.0, snapshot()), (10.5, snapshot("a")), (11.0, snapshot("a"))]
        assert shown_after_ms({"a": 10.25, "never": 10.0}, snapshots) == [250.0]

    def test_count_only_what_was_not_passed(self) -> None:
        judged = {"kind": "judged", "record": "a", "verdict": "reject", "at": AT.isoformat()}
        passed = judged | {"record": "b", "verdict": "pass"}
        assert rejected_at([judged, passed, {"kind": "acked"}]) == {"a": AT.timestamp()}


class TestMemory:
    def test_is_read_from_the_kernel_s_own_sum(self) -> None:
        assert pss_of("Rss:  200 kB\nPss:      120 kB\nPss_Dirty: 7 kB\n") == 120 * 1024
        assert pss_of("") == 0

    def test_counts_this_process_and_nothing_that_is_gone(self) -> None:
        assert os.getpid() in tree(os.getpid())
        assert pss_bytes([os.getpid()]) > 1_000_000
        assert pss_bytes([2**22 + 1]) == 0
        assert own_bytes([2**22 + 1]) == 0

    def test_a_file_that_is_touched_is_not_what_a_process_took_for_itself(
        self, tmp_path: Path
    ) -> None:
        size = 32 << 20
        before = own_bytes([os.getpid()]), pss_bytes([os.getpid()])
        with (tmp_path / "ring").open("w+b") as file:
            file.truncate(size)
            with mmap.mmap(file.fileno(), size) as mapped:
                mapped[:] = bytes(size)
                own, all_of_it = own_bytes([os.getpid()]), pss_bytes([os.getpid()])
        assert all_of_it - before[1] > size * 0.9
        assert own - before[0] < size / 2
        assert own_of("Pss: 120 kB\nPss_Anon: 40 kB\n") == 40 * 1024


def test_the_recorder_is_given_what_the_line_writes_of_a_part() -> None:
    kinds = [str(entry["kind"]) for entry in entries_of(1)]
    assert kinds == ["judged", "acked", "decided"]
    verdicts = [next(entries_of(number))["verdict"] for number in (1, BAD_EACH)]
    assert verdicts == ["pass", "reject"]


def test_measuring_beside_other_work_is_said() -> None:
    def said(busy: float, *flags: str) -> str:
        return "\n".join(Machine("A CPU", flags, 2, 0.5, busy).lines())

    assert "SOMETHING ELSE RAN" in said(0.5, "amx_bf16")
    assert "note" not in said(0.02, "amx_bf16")
    assert "has no AMX" in said(0.02, "avx2")


def test_the_machine_is_looked_at_while_it_measures() -> None:
    machine = Watch().machine()
    assert machine.cores >= 1
    assert 0 <= machine.busy <= 1


def test_what_cannot_be_measured_fails_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Progress) -> Section:
        raise ConnectionError("nothing listens there")

    both = {"recorder": broken, "vision": lambda _: Section("Vision")}
    monkeypatch.setattr(command, "chosen", lambda **_: both)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["benchmarks"])

    assert command.main() == 1

    said = capsys.readouterr().out
    assert "FAILED: ConnectionError: nothing listens there" in said
    assert "Vision" in said
