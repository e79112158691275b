"""Says at the end of a run which kinds of cameras it could run, and which not and why."""

import re
from typing import Any

from tests.needs import IMPOSSIBLE, NOT_RUN

OF_A_KIND = re.compile(r"contracts/test_cameras\.py::\w+\[(\w+)\]")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print one line for the contract suite of the cameras."""
    said = camera_kinds(terminalreporter.stats)
    if said:
        terminalreporter.write_line(said)


def camera_kinds(stats: dict[str, list[Any]]) -> str:
    """Return which kinds of cameras ran, and which not and why; empty when none was asked for."""
    ran = {kind for one in stats.get("passed", []) + stats.get("failed", []) for kind in _kind(one)}
    missing = {
        kind: why.split(want, 1)[1].rstrip("')")
        for one in stats.get("skipped", [])
        for kind in _kind(one)
        for want in (NOT_RUN, IMPOSSIBLE)
        if want in (why := str(one.longrepr))
    }
    said = f"cameras: ran {', '.join(sorted(ran)) or 'none'}" if ran or missing else ""
    return said + "".join(f"; {kind} did not: {why}" for kind, why in sorted(missing.items()))


def _kind(report: Any) -> list[str]:
    return OF_A_KIND.findall(getattr(report, "nodeid", ""))
