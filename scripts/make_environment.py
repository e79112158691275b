"""Make or refresh the environment, without ever being silent for long.

    python3 scripts/make_environment.py .venv                  what `make run` needs
    python3 scripts/make_environment.py .venv --extra dev      what `make test` adds
    python3 scripts/make_environment.py .venv-train --only-extra train

Standard library alone: it runs with the system's Python. Everything is pinned by constraints.txt;
which registry is asked is pip's own setting on this computer. A stamp file in the environment says
that it is whole; an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import queue
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SILENCE_S = 5.0  # a person believes that a program hangs after about 10 s
TOLD = ("Downloading ", "Installing collected", "Building ", "ERROR", "error:", "WARNING: Retry")


def main(arguments: list[str] | None = None) -> int:
    """Make the environment; return the exit code (2 when a step failed)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extra", help="packages of this extra beside those that run the product")
    parser.add_argument("--only-extra", help="packages of this extra and nothing else")
    options = parser.parse_args(arguments)
    folder = ROOT / options.folder
    folder.mkdir(exist_ok=True)
    log = folder / "install.log"
    log.write_text("")
    started = time.monotonic()
    for title, command in steps(folder, extra=options.extra, only_extra=options.only_extra):
        print(f"{folder.name}: {title}", flush=True)
        if run_told(command, log=log) != 0:
            print(f"{folder.name}: failed. The end of {log.relative_to(ROOT)}:", file=sys.stderr)
            print(*log.read_text().splitlines()[-30:], sep="\n", file=sys.stderr)
            return 2
    stamp(folder, extra=options.extra).touch()
    print(f"{folder.name}: ready after {time.monotonic() - started:.0f} s", flush=True)
    return 0


def stamp(folder: Path, *, extra: str | None) -> Path:
    """Return the file whose being there says that the environment is whole."""
    return folder / ("ready" if extra is None else f"ready-{extra}")


def steps(
    folder: Path, *, extra: str | None, only_extra: str | None
) -> list[tuple[str, list[str]]]:
    """Return the steps in order: what a person is told, and the command."""
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    pip += ["--constraint", str(ROOT / "constraints.txt")]
    # --clear: what is there may be of another Python, or broken.
    made = [("making the environment", [sys.executable, "-m", "venv", "--clear", str(folder)])]
    needed = [] if has_pip(folder) else made
    tools = [("installing pip and setuptools", [*pip, "pip", "setuptools"])]
    if only_extra is not None:
        wanted = requirements_of(only_extra)
        return needed + tools + [(f"installing {', '.join(wanted)}", [*pip, *wanted])]
    itself = str(ROOT) if extra is None else f"{ROOT}[{extra}]"
    # Without isolation the pinned setuptools builds it, not whatever is newest today.
    install = [*pip, "--no-build-isolation", "--editable", itself]
    check = [python, str(ROOT / "scripts" / "check_system.py"), "--installed", python]
    return [
        *needed,
        *tools,
        ("installing Inspector and what it needs" + (f" ({extra})" if extra else ""), install),
        ("loading what was installed", check),
    ]


def has_pip(folder: Path) -> bool:
    """Return whether the folder is an environment of the Python that runs this."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = folder / "lib" / version / "site-packages"
    return (folder / "bin" / "python").exists() and (packages / "pip").is_dir()


def requirements_of(extra: str) -> list[str]:
    """Return the requirements of one extra in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"][extra])


def run_told(command: list[str], *, log: Path) -> int:
    """Run the command, tell its main lines and, in a silence, the seconds; return its exit code."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}
    started = told_at = time.monotonic()
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as child,
        log.open("a") as kept,
    ):
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        reader = threading.Thread(target=pass_on, args=(child.stdout, lines))
        reader.start()
        while True:
            line = next_line(lines)
            now = time.monotonic()
            if line is None:
                break
            kept.write(line)
            if line.strip().startswith(TOLD):
                print(f"    {line.strip()[:110]}", flush=True)
                told_at = now
            elif now - told_at >= SILENCE_S:
                print(f"    ... {now - started:.0f} s", flush=True)
                told_at = now
        reader.join()
    return child.returncode


def pass_on(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Put each line of the stream into the queue, and None at its end."""
    for line in stream:
        lines.put(line)
    lines.put(None)


def next_line(lines: queue.SimpleQueue[str | None]) -> str | None:
    """Return the next line, an empty one after a second of silence, None at the end."""
    try:
        return lines.get(timeout=1.0)
    except queue.Empty:
        return ""


if __name__ == "__main__":
    sys.exit(main())
