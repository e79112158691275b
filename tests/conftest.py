"""What holds for every test: it leaves nothing running, and it says when it could not run."""

import os
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import pytest

from tests import leftovers
from tests.needs import NOT_RUN

# Not run in a bare `pytest.importorskip` either.
SKIPPED_FOR_WANT = (NOT_RUN, "could not import ")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure() -> None:
    """Mark every process that the tests start."""
    os.environ[leftovers.MARK] = str(os.getpid())


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Fail the test that leaves a thread or a process behind."""
    before = leftovers.running()
    yield
    left = leftovers.left_behind(before, grace_s=leftovers.GRACE_S)
    if left.threads or left.processes:
        said = leftovers.described(left)
        leftovers.end(left)
        pytest.fail(f"left running: {said}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true, fail the test that could not run."""
    return failed_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With CI=true, fail the module that could not be loaded for want of something."""
    return failed_in_ci((yield))


def failed_in_ci(report: Report) -> Report:
    """Return the report, failed if its test was not run and this is CI."""
    why = why_not_run(report)
    if why is not None and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{NOT_RUN}{why}; CI must have it (.ci/run)"
    return report


def why_not_run(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Return what was missing, or None if the test ran or was skipped for another reason."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    return reason.removeprefix(NOT_RUN) if reason.startswith(SKIPPED_FOR_WANT) else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name at the end what was not run, and why."""
    for report in terminalreporter.stats.get("skipped", []):
        why = why_not_run(report)
        if why is not None:
            terminalreporter.write_line(f"{NOT_RUN}{report.nodeid}: {why}", yellow=True)
