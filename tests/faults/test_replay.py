"""A recorded line gives the same again: real processes record it, then it is replayed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.config.site import Site
from inspector.ipc import Runtime
from tests.faults.running import run_demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # a whole demo, and its parts twice
PARTS = 40
COMMAND_S = 300


def started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "inspector", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=COMMAND_S)
    return process.returncode, said


def only_ring(site: Site) -> Site:
    return site.model_copy(update={"stations": (site.station("ring"),)})


def test_a_recorded_line_gives_the_same_verdicts_and_findings_twice(tmp_path: Path) -> None:
    out = tmp_path / "recording"
    record = ("cameras", "record", "--site", str(tmp_path), "--out", str(out))
    recording: list[subprocess.Popen[str]] = []

    def begin(_: Runtime) -> None:
        recording.append(started(*record, "--parts", str(PARTS)))

    run_demo(
        tmp_path, parts=2 * PARTS, rate_hz=2, defect_rate=0.3, at={2: begin}, changed=only_ring
    )
    assert ended(recording[0])[0] == 0
    for _ in range(2):
        status, said = ended(started("replay", str(out)))
        assert status == 0, said
        assert ", 0 parts differ" in said
    notes = [json.loads(line) for line in (out / "ring" / "line.jsonl").read_text().splitlines()]
    judged = [note["what"]["verdict"] for note in notes if note["do"] == "judged"]
    assert len(judged) >= PARTS
    assert {"pass", "reject"} <= set(judged)
    change_a_picture(out / "ring")
    status, said = ended(started("replay", str(out)))
    assert status == 1
    assert "1 parts came out otherwise than recorded" in said


def change_a_picture(station: Path) -> None:
    """Put the picture of another part in the place of one that passed."""
    pictures = sorted(station.glob("*.png"))
    middle = len(pictures) // 2
    pictures[middle].write_bytes(pictures[middle + 6].read_bytes())
