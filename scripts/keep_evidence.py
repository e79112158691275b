"""Run a command and keep what it said in docs/evidence/, with the commit and the computer.

python scripts/keep_evidence.py bench python -m benchmarks
"""

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT_LINES = 400


def main() -> int:
    """Run, repeat its output, keep it, return its exit code."""
    name, *command = sys.argv[1:]
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    kept = ROOT / "docs" / "evidence" / f"{name}.txt"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(header(command, code=child.returncode) + cleaned("".join(lines[-KEPT_LINES:])))
    print(f"kept in {kept.relative_to(ROOT)}")
    return child.returncode


def header(command: list[str], *, code: int) -> str:
    """Return what was run, when, on which commit and computer."""
    now = datetime.datetime.now(datetime.UTC)
    facts = [
        f"command:   {' '.join(command)}",
        f"exit code: {code}",
        f"commit:    {commit()}",
        f"made:      {now:%Y-%m-%d %H:%M} UTC",
        f"computer:  {os.cpu_count()} cores, {processor()}, Python {platform.python_version()}",
    ]
    return "\n".join(facts) + "\n\n"


def commit() -> str:
    """Return the commit, and whether files differ from it (this evidence's own aside)."""
    head = said_by_git("rev-parse", "--short=12", "HEAD") or "none yet"
    changed = said_by_git("status", "--porcelain", "--", ".", ":!docs/evidence")
    return f"{head} and uncommitted changes" if changed else head


def said_by_git(*arguments: str) -> str:
    """Return what git says, empty when it refuses."""
    asked = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""


def processor() -> str:
    """Return the processor's name and which of the instructions that matter here it has."""
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)", text, re.MULTILINE)
    known = set(flags.group(1).split()) if flags else set()
    matter = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in known]
    return f"{name.group(1) if name else 'unknown processor'} ({' '.join(matter) or 'no AVX2'})"


def cleaned(said: str) -> str:
    """Return the text without this computer's folder and without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", said).replace(f"{ROOT}/", "").replace(str(ROOT), ".")


if __name__ == "__main__":
    sys.exit(main())
