"""`inspector plc ...` as a person at the cabinet types it, against the simulated PLC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.errors import BadInput
from inspector.gateway.site_run import free_port, held, runtime_of
from inspector.plc.certificates import thumbprint
from tests.faults.live import forget
from tests.faults.running import copied_site
from tests.inspector.cli.test_bad_input import edit
from tests.inspector.cli.test_schemas import check as check_schema

ENV = {**os.environ, "INSPECTOR_DEMO_PLC_PASSWORD": "right"}


@dataclass
class Cabinet:
    """A site, and a simulated PLC that may run."""

    site: Path
    port: int

    def inspector(self, *words: str, code: int = 0, env: dict[str, str] = ENV) -> str:
        """Return what a command said, on both outputs; fails unless it exits so."""
        command = [sys.executable, "-m", "inspector", "plc", *words, "--site", str(self.site)]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=env
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stdout + ran.stderr

    @contextmanager
    def simulated(self) -> Iterator[list[str]]:
        """Run the PLC; give what it said first."""
        command = [sys.executable, "-m", "inspector", "plc", "simulate", "--site", str(self.site)]
        command += ["--port", str(self.port), "--station", "ring", "--rate", "2"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENV)
        assert process.stdout is not None
        try:
            said: list[str] = []
            while not said or said[-1] != "Ctrl-C stops it.":
                said.append(process.stdout.readline().rstrip())
                assert said[-1], said
            yield said
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=20)[0]
        assert process.returncode == 0
        assert rest == "stopped\n"


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    site = copied_site(tmp_path)
    port = free_port()
    edit(site / "stations/plc/demo.toml", "48410", str(port))
    edit(site / "stations/ring.toml", "reject_at_counts = 15000", "reject_at_counts = 3000")
    edit(site / "stations/ring.toml", "answer_by_counts = 7500", "answer_by_counts = 2000")
    edit(site / "stations/ring.toml", "at_counts = 6000", "at_counts = 1000")
    edit(site / "stations/ring.toml", "[belt]", "override = false\n[belt]")
    yield Cabinet(site, port)
    forget(tmp_path)


def run(cabinet: Cabinet, *words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(commands, ["plc", *words, "--site", str(cabinet.site)])


def test_force_needs_its_switch(cabinet: Cabinet) -> None:
    ran = run(cabinet, "force", "--station", "ring", "--part", "next", "--verdict", "pass")
    assert isinstance(ran.exception, BadInput)
    assert "--i-know-what-i-do" in str(ran.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("check", "--station", "rings"),
            "there is no station rings (there are: blister, board, ring)",
        ),
        (("trust", "--plc", "line9"), "there is no stations/plc/line9.toml (there are: demo)"),
        (
            ("check", "--station", "ring"),
            "stations/plc/demo.toml: password_env: the environment variable"
            " INSPECTOR_DEMO_PLC_PASSWORD is not set",
        ),
    ],
)
def test_bad_input_is_said_with_what_there_is(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv("INSPECTOR_DEMO_PLC_PASSWORD", raising=False)
    ran = run(cabinet, *words)
    assert isinstance(ran.exception, BadInput)
    assert str(ran.exception) == said


@pytest.mark.parametrize("part", ["0", "-1", "last", "4294967296"])
def test_a_part_is_next_or_a_number(cabinet: Cabinet, part: str) -> None:
    words = ("force", "--station", "ring", "--verdict", "pass", "--i-know-what-i-do")
    assert "--part: next, or" in str(run(cabinet, *words, f"--part={part}").exception)


def test_our_certificate_is_made_shown_and_renewed_beside(cabinet: Cabinet) -> None:
    data = cabinet.site / "data"
    said = run(cabinet, "certificate").output
    ours = thumbprint(data / "opcua" / "certificate.der")
    assert ours in said
    assert "urn:inspector:gateway" in said
    renewed = run(cabinet, "certificate", "--renew").output
    new = thumbprint(data / "opcua.new" / "certificate.der")
    assert new in renewed
    assert new != ours == thumbprint(data / "opcua" / "certificate.der"), "the old one stays"
    assert renewed.index("Let the PLC trust") < renewed.index("End the gateway")
    assert new in run(cabinet, "certificate", "--renew").output, "not yet another"


def test_a_plc_that_is_off_is_one_thing_to_mend(cabinet: Cabinet) -> None:
    said = cabinet.inspector("check", "--station", "ring", code=1)
    assert "WRONG reached" in said
    assert "nothing listens there" in said


@pytest.mark.slow
@pytest.mark.timeout(300)  # a dozen commands, each a process of its own
def test_the_simulated_plc_is_looked_at_trusted_and_forced(cabinet: Cabinet) -> None:
    data = cabinet.site / "data"
    with cabinet.simulated() as said:
        text = "\n".join(said)
        assert f"opc.tcp://127.0.0.1:{cabinet.port}" in text
        assert str(data / "demo" / "plc" / "certificate.der") in text
        theirs = thumbprint(data / "demo" / "plc" / "certificate.der")
        assert theirs in cabinet.inspector("trust", "--plc", "demo")
        cabinet.inspector("trust", "--plc", "demo", "--thumbprint", "0" * 40, code=1)
        cabinet.inspector("trust", "--plc", "demo", "--thumbprint", theirs)

        report = json.loads(cabinet.inspector("check", "--station", "ring", "--json"))
        check_schema("plc-check", report)
        assert report["ok"]
        assert report["write_ms"]["writes"] == 500
        assert "all in order" in cabinet.inspector("check", "--station", "ring", "--writes", "0")
        missing = cabinet.inspector("check", "--station", "board", code=1)
        assert "board.Track.PartId: the PLC has no such node" in missing

        words = ("force", "--station", "ring", "--part", "next", "--i-know-what-i-do")
        for verdict, did in (("pass", "passed it"), ("reject", "rejected it")):
            said_by_force = cabinet.inspector(*words, "--verdict", verdict)
            assert f"{verdict.upper()} BY FORCE" in said_by_force
            assert f"the PLC {did} by the machine's verdict" in said_by_force
        lines = [json.loads(line) for line in (data / "forced.jsonl").read_text().splitlines()]
        assert [line["verdict"] for line in lines] == ["pass", "reject"]

        with held(runtime_of(cabinet.site)):
            cabinet.inspector(*words, "--verdict", "pass", code=2)
            running = cabinet.inspector("check", "--station", "ring")
            assert "not measured: this site's gateway runs" in running
