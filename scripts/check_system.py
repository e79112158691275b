"""Say what this system lacks before anything is installed, in one apt line.

The first step of every `make` target that needs the environment. It runs with the system's own
Python, before any package exists, so it uses the standard library alone. Exit code 0: go on;
2: something is missing, and it is named.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

OLDEST, NEWEST = (3, 11), (3, 13)  # onnxruntime-openvino 1.24.1 has wheels for these
DISK_FOR_INSTALL_MB = 1_500  # 0.8 GB of packages, the rest while pip unpacks them
DISK_FOR_RUN_MB = 200  # records and pictures of the demo's first hour
SHARED_MEMORY_MB = 64  # the journal's ring and the frames on their way

# What the wheels load from the system (ldd over every library of the environment), and its package.
SYSTEM_LIBRARIES = {
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libz.so.1": "zlib1g",
}
# What only a look at the installed packages can tell: libraries by the name the loader misses.
PACKAGE_OF_LIBRARY = {
    **SYSTEM_LIBRARIES,
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libtbb.so.12": "libtbb12",
}
NATIVE_MODULES = ("numpy", "scipy.special", "cv2", "onnxruntime", "cryptography.fernet")


class Problem(NamedTuple):
    """What is missing, and the Debian packages that put it right (none: a person must)."""

    text: str
    packages: tuple[str, ...] = ()


def python_problems(version: tuple[int, int], *, arch: str) -> list[Problem]:
    """Return what is wrong with the interpreter itself."""
    found = []
    if not OLDEST <= version <= NEWEST:
        text = (
            f"Python {version[0]}.{version[1]} does not do: this needs Python "
            f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} (make PYTHON=python3.11 ...)"
        )
        packages = ("python3", "python3-venv") if version < OLDEST else ()
        found.append(Problem(text, packages))
    if arch not in {"x86_64", "AMD64"}:
        found.append(Problem(f"this is a {arch} computer: onnxruntime-openvino needs x86-64"))
    return found


def venv_problems() -> list[Problem]:
    """Return the lack of Python's venv module, which Debian keeps in a package of its own."""
    if all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip")):
        return []
    return [Problem("Python's venv module is missing", (venv_package(),))]


def venv_package() -> str:
    """Return the Debian package with the venv module of the Python that runs this."""
    mine = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    is_the_systems = Path("/usr/bin/python3").resolve().name == mine
    return "python3-venv" if is_the_systems else f"{mine}-venv"


def disk_problems(folder: Path, *, needed_mb: int) -> list[Problem]:
    """Return the lack of room where the environment and the records go."""
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb >= needed_mb:
        return []
    return [Problem(f"{folder} has {free_mb:,} MB free, {needed_mb:,} MB are needed")]


def shared_memory_problems(folder: Path = Path("/dev/shm")) -> list[Problem]:  # noqa: S108
    """Return the lack of shared memory, where the journal and the frames live."""
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return [Problem(f"{folder} (shared memory) is not there or cannot be written")]
    return disk_problems(folder, needed_mb=SHARED_MEMORY_MB)


def library_problems() -> list[Problem]:
    """Return the system libraries that the wheels load and this system does not have."""
    return [
        Problem(f"the library {name} is missing", (package,))
        for name, package in SYSTEM_LIBRARIES.items()
        if not can_load(name)
    ]


def can_load(library: str) -> bool:
    """Return whether the loader finds the library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def import_problems(python: Path) -> list[Problem]:
    """Return what keeps the installed packages from loading, by really loading them.

    Args:
        python: The environment's interpreter.
    """
    found = []
    for module in NATIVE_MODULES:
        said = subprocess.run(
            [str(python), "-c", f"import {module}"], capture_output=True, text=True, check=False
        )
        if said.returncode != 0:
            found.append(import_problem(module, said.stderr))
    return found


def import_problem(module: str, stderr: str) -> Problem:
    """Return the problem behind a failed import, with the package of the library it missed."""
    missed = re.search(r"(lib[^\s:]+\.so[.\d]*): cannot open shared object file", stderr)
    if missed and missed.group(1) in PACKAGE_OF_LIBRARY:
        library = missed.group(1)
        return Problem(f"{module} needs {library}", (PACKAGE_OF_LIBRARY[library],))
    last = stderr.strip().splitlines()[-1] if stderr.strip() else "no message"
    return Problem(f"{module} does not load: {last}")


def system_problems(root: Path) -> list[Problem]:
    """Return everything that is missing before the environment can be made."""
    is_made = (root / ".venv" / "ready").exists()
    needed_mb = DISK_FOR_RUN_MB if is_made else DISK_FOR_INSTALL_MB
    return [
        *python_problems((sys.version_info[0], sys.version_info[1]), arch=platform.machine()),
        *venv_problems(),
        *library_problems(),
        *disk_problems(root, needed_mb=needed_mb),
        *shared_memory_problems(),
    ]


def report(problems: list[Problem]) -> str:
    """Return the problems as text for a person, with one apt line for all that it can mend."""
    lines = ["Something is missing on this computer:"]
    lines += [f"  - {problem.text}" for problem in problems]
    packages = sorted({package for problem in problems for package in problem.packages})
    if packages:
        lines.append(f"Put it right with:  sudo apt-get install -y {' '.join(packages)}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Check, print what is missing to stderr, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--installed", type=Path, help="an environment's python: load its packages")
    options = parser.parse_args(arguments)
    python = options.installed
    problems = import_problems(python) if python else system_problems(ROOT)
    if problems:
        print(report(problems), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
