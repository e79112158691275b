"""Run the tests in tests/promises and print, promise by promise, what tried to break it."""

import ast
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PROMISES = ROOT / "tests" / "promises"


class Kept(NamedTuple):
    """One promise: its words, and how its tests ended."""

    words: str
    attempts: int
    broken: int
    not_run: int


def main() -> int:
    """Run the tests, print the table, return 1 if a promise is broken or has no test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", str(PROMISES), f"--junit-xml={report}"]
        subprocess.run(command, cwd=ROOT, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - our own file
    promises = [promise_of(path, cases) for path in sorted(PROMISES.glob("test_*.py"))]
    print(
        "\n promise                                                      attempts  broken  not run"
    )
    for number, kept in enumerate(promises, start=1):
        print(f" {number} {kept.words[:58]:58} {kept.attempts:9} {kept.broken:7} {kept.not_run:8}")
    return 0 if promises and all(kept.attempts and not kept.broken for kept in promises) else 1


def promise_of(path: Path, cases: list[ElementTree.Element]) -> Kept:
    """Return how the promise's tests ended; its words are the first line of its file."""
    words = (ast.get_docstring(ast.parse(path.read_text())) or path.stem).splitlines()[0]
    module = f"tests.promises.{path.stem}"
    mine = [case for case in cases if case.get("classname", "").startswith(module)]
    broken = [case for case in mine if case.find("failure") is not None]
    broken += [case for case in mine if case.find("error") is not None]
    skipped = [case for case in mine if case.find("skipped") is not None]
    return Kept(words, attempts=len(mine), broken=len(broken), not_run=len(skipped))


if __name__ == "__main__":
    sys.exit(main())
