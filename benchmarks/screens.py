"""The demo with its screens: start, memory, a press until it is stored, a reject until it shows."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.figures import Figure, Section, Target, spread
from benchmarks.memory import pss_bytes, tree
from benchmarks.progress import Progress
from inspector.domain.people import Role
from inspector.errors import InspectorError, StoreRefused
from inspector.gateway.people import People
from inspector.gateway.site_run import free_port, runtime_of
from inspector.ipc import Runtime
from inspector.storage.journal import JournalReader
from inspector.storage.sql_store import SqlRecords

HOST = "127.0.0.1"
DEFECT_RATE = 0.3
"""The demo's pace, but enough rejects to look at within a minute."""
START, MEMORY = Target(8.0), Target(1100.0)
PRESS, SCREEN = Target(100.0), Target(300.0)
START_LIMIT_S, STORE_LIMIT_S, STOP_LIMIT_S = 60.0, 5.0, 8.0
PRESS_EACH_S = 1.5
"""More would fill the list of parts that wait, which shows the oldest twelve of a station."""
MEMORY_EACH_S = 2.0
LEAST_LEFT_S = 3.0
SETTLED_S = 2.0
LATER_S = 3.0

Object = Mapping[str, Any]


@dataclass(slots=True)
class Seen:
    """What a run gave.

    Attributes:
        start_s: From the command to the first verdict on a part that was inspected.
        memory_mb: Sum of PSS of all processes, now and then.
        answered_ms, stored_ms: Of each press: answered (it is in the journal), in the database.
        shown_ms: Of each reject: verdict → the screen's stream has it.
        presses: States that were answered, with how often.
    """

    start_s: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)
    stored_ms: list[float] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)
    presses: dict[str, int] = field(default_factory=dict)


def measure(root: Path, *, run_s: float, progress: Progress) -> Section:
    """Return the figures of a demo with screens that runs for `run_s`."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="inspector-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for name in ("stations", "models", "site.toml"):
            (folder / name).symlink_to(root / name)
        runtime = runtime_of(folder)
        stack.callback(shutil.rmtree, runtime.folder, ignore_errors=True)
        seen = _run(folder, runtime, run_s, progress)
    return Section(
        f"Demo with screens: 3 stations, 1/s each, for {run_s:.0f} s; a fresh data folder",
        tuple(figures_of(seen)),
        notes=(f"presses answered: {seen.presses}",),
        failures=tuple(missing(seen)),
    )


def figures_of(seen: Seen) -> Iterator[Figure]:
    """Return the figures of a run."""
    yield Figure("demo.start_s", "start → first verdict", seen.start_s, "s", START)
    if seen.memory_mb:
        most = spread(seen.memory_mb).most
        yield Figure("demo.memory_mb", "memory, sum of PSS, most", most, "MB", MEMORY)
    for key, name, values, target in (
        ("press", "press → answered, in the journal", seen.answered_ms, PRESS),
        ("stored", "press → in the database", seen.stored_ms, PRESS),
        ("screen", "reject → operator screen (stream)", seen.shown_ms, SCREEN),
    ):
        if values:
            lies = spread(values)
            yield Figure(f"demo.{key}_p50_ms", f"{name}, p50", lies.p50, "ms")
            of = f"of {lies.count}"
            yield Figure(f"demo.{key}_p95_ms", f"{name}, p95", lies.p95, "ms", target, of)


def missing(seen: Seen) -> Iterator[str]:
    """Return what could not be measured."""
    for name, values in (
        ("memory", seen.memory_mb),
        ("presses", seen.answered_ms),
        ("stored presses", seen.stored_ms),
        ("rejects on the screen", seen.shown_ms),
    ):
        if not values:
            yield f"{name}: none were seen"
    if len(seen.stored_ms) != len(seen.answered_ms):
        lost = len(seen.answered_ms) - len(seen.stored_ms)
        yield f"{lost} presses were answered and not stored within {STORE_LIMIT_S:g} s"


def _run(folder: Path, runtime: Runtime, run_s: float, progress: Progress) -> Seen:
    seen, port = Seen(), free_port()
    command = [sys.executable, "-m", "inspector", "demo", "--site", str(folder)]
    command += ["--port", str(port), "--defect-rate", str(DEFECT_RATE), "--seed", "12"]
    with (folder / "said.txt").open("wb") as said:
        started_s = time.monotonic()
        demo = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    try:
        progress.say("screens: waiting for the first verdict")
        with closing(JournalReader(runtime.journal)) as journal:
            _await_first_verdict(journal, demo, folder, started_s)
            seen.start_s = time.monotonic() - started_s
            progress.say(f"screens: first verdict after {seen.start_s:.1f} s")
            _watch(folder, runtime, port, demo.pid, run_s, seen, progress, journal)
    finally:
        _stop(demo)
    return seen


def _await_first_verdict(
    journal: JournalReader, demo: subprocess.Popen[bytes], folder: Path, started_s: float
) -> None:
    offset = 0
    while True:
        new = journal.since(offset)
        if any(entry["kind"] == "judged" and not entry["not_inspected"] for _, entry in new):
            return
        offset = new[-1][0] if new else offset
        ended, waited_s = demo.poll(), time.monotonic() - started_s
        if ended is not None or waited_s > START_LIMIT_S:
            said = (folder / "said.txt").read_text("utf-8", "replace").strip().splitlines()
            what = f"ended with {ended}" if ended is not None else "gave no verdict"
            raise InspectorError(f"the demo {what} after {waited_s:.0f} s: {' | '.join(said[-3:])}")
        time.sleep(0.01)


def _watch(
    folder: Path,
    runtime: Runtime,
    port: int,
    pid: int,
    run_s: float,
    seen: Seen,
    progress: Progress,
    journal: JournalReader,
) -> None:
    person = People(folder / "data", runtime.recorder_socket).add("Bench", Role.OPERATOR, "7001")
    panel = Panel(port)
    panel.sign_in(person.badge, person.pin)
    stream, stop = Stream(port, panel.cookie), Event()
    thread = Thread(target=stream.run, args=(stop,), daemon=True)
    since = journal.head
    began_at = time.time()
    thread.start()
    try:
        with closing(SqlRecords(folder / "data" / "inspector.db")) as records:
            _press_on(panel, records, pid, run_s, seen, progress)
    finally:
        stop.set()
        thread.join(LATER_S)
    rejects = rejected_at([entry for _, entry in journal.since(since, limit=1_000_000)])
    in_time = {
        record: at
        for record, at in rejects.items()
        if began_at + SETTLED_S < at < stream.last_at - 1
    }
    seen.shown_ms += shown_after_ms(in_time, stream.snapshots)
    if len(seen.shown_ms) < len(in_time):
        progress.say(
            f"screens: {len(in_time) - len(seen.shown_ms)} rejects never were on the stream"
        )


def _press_on(
    panel: Panel, records: SqlRecords, pid: int, run_s: float, seen: Seen, progress: Progress
) -> None:
    """Press on parts one after the other, and look at the memory in between."""
    pressed: set[str] = set()
    until_s, memory_s = time.monotonic() + run_s, 0.0
    while (now_s := time.monotonic()) < until_s:
        if now_s - memory_s > MEMORY_EACH_S:
            memory_s = now_s
            seen.memory_mb.append(pss_bytes(tree(pid)) / 1e6)
        state = panel.state()
        choice = next((one for one in pressable(state) if one[0] not in pressed), None)
        if choice:
            pressed.add(choice[0])
            _press(panel, records, choice, state, seen)
        progress.tick(f"screens: {len(pressed)} presses, {until_s - now_s:.0f} s to go")
        time.sleep(PRESS_EACH_S)


def _press(
    panel: Panel, records: SqlRecords, choice: tuple[str, str], state: Object, seen: Seen
) -> None:
    press_id, started_s = uuid.uuid4().hex, time.perf_counter()
    answer = panel.press(*choice, press_id=press_id, painted_at=str(state["at"]))
    seen.answered_ms.append((time.perf_counter() - started_s) * 1000)
    said = str(answer["state"])
    seen.presses[said] = seen.presses.get(said, 0) + 1
    while time.perf_counter() - started_s < STORE_LIMIT_S:
        with suppress(StoreRefused):
            found = records.record(choice[0])
            if found and any(event.press_id == press_id for event in found.events):
                seen.stored_ms.append((time.perf_counter() - started_s) * 1000)
                return
        time.sleep(0.005)


def pressable(state: Object) -> list[tuple[str, str]]:
    """Return (record, verdict) that a person could press now, those with most time left first."""
    found = []
    for station in state["stations"]:
        parts = [(part, "reject") for part in station["in_flight"]]
        parts += [(part, "pass") for part in station["waiting"] if part["can_pass"]]
        for part, verdict in parts:
            left_s = part["left_s"] or 0.0
            if left_s > LEAST_LEFT_S and not part["revision"]:
                found.append((left_s, part["record"], verdict))
    return [(record, verdict) for _, record, verdict in sorted(found, reverse=True)]


def rejected_at(entries: Iterable[Object]) -> dict[str, float]:
    """Return when each part that did not pass was judged, in seconds of UTC."""
    return {
        entry["record"]: datetime.fromisoformat(entry["at"]).timestamp()
        for entry in entries
        if entry["kind"] == "judged" and entry["verdict"] != "pass"
    }


def shown_after_ms(
    rejects: Mapping[str, float], snapshots: Sequence[tuple[float, bytes]]
) -> list[float]:
    """Return how long after its verdict each reject was first on the stream, in milliseconds.

    Args:
        rejects: Record → when it was judged, seconds of UTC.
        snapshots: (when the panel had it, JSON), oldest first.
    """
    first: dict[str, float] = {}
    for at, content in snapshots:
        for station in json.loads(content)["stations"]:
            for part in (*station["waiting"], *station["recent"]):
                first.setdefault(part["record"], at)
    return [(first[record] - at) * 1000 for record, at in rejects.items() if record in first]


class Panel:
    """A signed-in operator panel that speaks HTTP as a browser would."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=10)
        self.cookie = ""
        self._csrf = ""

    def sign_in(self, badge: str, pin: str) -> None:
        """Open a session."""
        answer = self._ask("POST", "/api/v1/session", {"badge": badge, "pin": pin})
        self._csrf = str(answer["csrf"])

    def state(self) -> Object:
        """Return what the screen shows now."""
        return self._ask("GET", "/api/v1/stations", None)

    def press(self, record: str, verdict: str, *, press_id: str, painted_at: str) -> Object:
        """Return the line's answer to a press."""
        body = {
            "press_id": press_id,
            "verdict": verdict,
            "seen_revision": 0,
            "painted_at": painted_at,
        }
        return self._ask("POST", f"/api/v1/records/{record}/override", body)

    def _ask(self, method: str, path: str, body: Object | None) -> Object:
        headers = {"Content-Type": "application/json", "X-Inspector-Panel": "benchmark"}
        if self.cookie:
            headers |= {"Cookie": self.cookie, "X-CSRF-Token": self._csrf}
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        said = response.read()
        if response.status != 200:
            raise InspectorError(f"{method} {path}: {response.status} {said[:200]!r}")
        given = response.getheader("Set-Cookie", "").partition(";")[0]
        self.cookie = given or self.cookie
        answer: Object = json.loads(said)
        return answer


class Stream:
    """The operator screen's live stream, each snapshot with when it came; `run` is for a thread.

    Attributes:
        snapshots: (seconds of UTC, JSON), oldest first.
        last_at: When the last one came.
    """

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie
        self.snapshots: list[tuple[float, bytes]] = []
        self.last_at = 0.0

    def run(self, stop: Event) -> None:
        """Read until `stop`, or the server's end."""
        with closing(http.client.HTTPConnection(HOST, self._port, timeout=LATER_S)) as connection:
            connection.request("GET", "/live", headers={"Cookie": self._cookie})
            response = connection.getresponse()
            while not stop.is_set() and (line := response.readline()):
                if line.startswith(b"data: "):
                    self.last_at = time.time()
                    self.snapshots.append((self.last_at, line[6:]))


def _stop(demo: subprocess.Popen[bytes]) -> None:
    """End the demo as Ctrl-C does; its children end with it."""
    if demo.poll() is None:
        os.kill(demo.pid, signal.SIGINT)
    try:
        demo.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        demo.kill()
        demo.wait()
