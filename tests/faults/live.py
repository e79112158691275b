"""A live demo started as a user starts it, in a site folder of its own, driven over HTTP."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from inspector.gateway.site_run import free_port, runtime_of
from inspector.ipc import Runtime, read_status
from tests.faults.running import copied_site

STARTED_S = 90.0
GONE_S = 5.0


@dataclass
class LiveDemo:
    """A running `inspector demo`."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    console: Path
    cookies: CookieJar = field(default_factory=CookieJar)
    csrf: str = ""

    @property
    def runtime(self) -> Runtime:
        return runtime_of(self.folder)

    def line(self, station: str) -> dict[str, Any]:
        stations: Any = (read_status(self.runtime, "line") or {}).get("stations") or {}
        found: dict[str, Any] = stations.get(station, {})
        return found

    def wait_for(self, what: str, there: Callable[[], Any], within_s: float) -> Any:
        deadline_s = time.monotonic() + within_s
        while time.monotonic() < deadline_s:
            if found := there():
                return found
            assert self.process.poll() is None, self.console.read_text()
            time.sleep(0.05)
        raise AssertionError(f"no {what} within {within_s} s\n{self.console.read_text()[-3000:]}")

    def pins(self) -> dict[str, tuple[str, str]]:
        """Return role → (badge, PIN), as the console showed them."""
        found = re.findall(r"\((\w+)\): badge (\S+), PIN (\d{6})", self.console.read_text())
        return {role: (badge, pin) for role, badge, pin in found}

    def ask(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        headers = {"Content-Type": "application/json", "X-Inspector-Panel": "panel 1"}
        if self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers
        )
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def web_answers(self) -> bool:
        try:
            self.ask("/api/v1/stations")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def sign_in(self, role: str) -> None:
        """Sign in once the recorder answers, which starts beside the screens."""
        self.csrf = self.wait_for("recorder", lambda: self._signed_in(role), STARTED_S)

    def _signed_in(self, role: str) -> str:
        badge, pin = self.pins()[role]
        try:
            return str(self.ask("/api/v1/session", {"badge": badge, "pin": pin})["csrf"])
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return ""

    def override(self, part: Mapping[str, Any], verdict: str, press_id: str) -> Any:
        return self.ask(
            f"/api/v1/records/{part['record']}/override",
            {
                "press_id": press_id,
                "verdict": verdict,
                "seen_revision": part["revision"],
                "painted_at": "2026-11-23T12:00:00Z",
            },
        )

    def truth(self, station: str) -> dict[int, dict[str, Any]]:
        """Return what the PLC did, by part number."""
        lines = (self.folder / "evidence" / "truth.jsonl").read_text().splitlines()
        read = [json.loads(line) for line in lines]
        return {
            line["part"]: line
            for line in read
            if line["who"] == "plc" and line["event"] == "decided" and line["station"] == station
        }

    def processes(self) -> list[int]:
        """Return the ids of every process that belongs to this demo's runtime folder."""
        mark = str(self.runtime.folder).encode()
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and mark in _command_line(entry)
        ]

    def stop(self, number: int = signal.SIGINT) -> float:
        """Stop it and return how long it took."""
        started_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(GONE_S + 5)
        return time.monotonic() - started_s


@contextmanager
def live_demo(folder: Path, *words: str) -> Iterator[LiveDemo]:
    """Start a demo in `folder` (made ready if it is empty) and stop it at the end."""
    if not (folder / "stations").exists():
        copied_site(folder)
    port, console = free_port(), folder / "console.txt"
    command = [
        *(sys.executable, "-m", "inspector", "demo", "--site", str(folder)),
        *("--port", str(port), "--evidence", str(folder / "evidence"), *words),
    ]
    with console.open("a") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, text=True)
    demo = LiveDemo(folder, port, process, console)
    try:
        demo.wait_for("screen", demo.web_answers, STARTED_S)
        yield demo
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for left in demo.processes():
            os.kill(left, signal.SIGKILL)


def forget(folder: Path) -> None:
    """Remove the runtime folder of a demo that has ended."""
    shutil.rmtree(runtime_of(folder).folder, ignore_errors=True)


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
