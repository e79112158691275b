"""The line needs nothing beyond the line.

In a network of its own, with a loopback and nothing else, the whole demo starts and inspects.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.faults.running import ROOT
from tests.needs import require_program, require_root


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_any_network_the_line_runs() -> None:
    require_root()
    unshare, ip = require_program("unshare"), require_program("ip")
    demo = "-m inspector demo --headless --parts 12 --rate 4 --defect-rate 0.3 --json"
    command = f"{ip} link set lo up && exec {sys.executable} {demo}"
    ran = subprocess.run(
        [unshare, "--net", "sh", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    sums = json.loads(ran.stdout)["all"]
    assert sums["records"] == sums["triggered"] == 36
    assert sums["good_passed"] > 0
