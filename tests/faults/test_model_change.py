"""Another model for a running line: no part is lost, none is seen by two, the record says which."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
import tomlkit

from inspector.config.loading import load_site
from inspector.domain.verdict import Verdict
from inspector.ipc import Runtime
from tests.faults.running import copied_site, run_demo
from tests.inspector.vision import tiny

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]  # a whole run of the demo

ASKED, PARTS, RATE_HZ = 5, 110, 2.0


def again(old: Path, new: Path) -> None:
    """Copy a package under another name, its model with another hash and the same weights."""
    shutil.copytree(old, new)
    model = new / "model.onnx"
    model.write_bytes(model.read_bytes() + tiny.bytes_field(6, "again"))
    manifest = tomlkit.parse((new / "manifest.toml").read_text("utf-8"))
    manifest["name"] = new.name
    files = manifest["files"]
    assert isinstance(files, dict)
    files["model.onnx"] = hashlib.sha256(model.read_bytes()).hexdigest()
    (new / "manifest.toml").write_text(tomlkit.dumps(manifest), "utf-8")


def test_a_model_is_changed_between_two_parts_of_a_running_line(tmp_path: Path) -> None:
    copied_site(tmp_path)
    for name in ("board", "blister"):
        (tmp_path / "stations" / f"{name}.toml").unlink()
    again(tmp_path / "models" / "ring", tmp_path / "models" / "ring_2")
    commands = []

    def ask(_: Runtime) -> None:
        command = [sys.executable, "-m", "inspector", "models", "use", "ring_2"]
        where = ["--station", "ring", "--site", str(tmp_path)]
        commands.append(subprocess.Popen([*command, *where]))

    ran = run_demo(
        tmp_path, parts=PARTS, rate_hz=RATE_HZ, at={ASKED: ask}, settings=load_site(tmp_path)
    )
    assert [command.wait() for command in commands] == [0]
    assert ran.sums.broken() == ()
    records = ran.by_number("ring")
    assert set(records) == set(range(1, PARTS + 1))
    models = [one for one, _ in groupby(records[n].model_sha256 for n in sorted(records))]
    assert len(models) == 2
    packages = [records[n].package for n in sorted(records)]
    assert (packages[ASKED], packages[-1]) == ("ring", "ring_2")
    turn = packages.index("ring_2") + 1
    around = range(turn - 5, turn + 5)
    assert all(records[n].verdict is not Verdict.UNKNOWN for n in around)
    assert 'package = "ring_2"' in (tmp_path / "stations" / "ring.toml").read_text("utf-8")
