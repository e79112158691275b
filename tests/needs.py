"""What a test needs from the computer: it says so, and is *not run* where it is missing.

A test that was not run for want of something is named at the end of the run, and with CI=true it
fails: there everything must be present, but for what no package brings (`impossible`).

    def test_the_operator_screen_in_a_real_browser() -> None:
        chromium = require_program("chromium")
"""

import importlib
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

import pytest

NOT_RUN: Final = "not run: "
IMPOSSIBLE: Final = "impossible here: "
INTEROP: Final = Path(__file__).parent / "interop"

# Programs whose Debian package has another name.
PACKAGE_OF_PROGRAM: Final = {
    "postgres": "postgresql",
    "initdb": "postgresql",
    "pg_ctl": "postgresql",
    "mkfs.ext4": "e2fsprogs",
    "ip": "iproute2",
    "node": "nodejs",
}
# Debian keeps some programs outside an ordinary user's path.
MORE_FOLDERS: Final = "/usr/sbin:/sbin:/usr/lib/postgresql/15/bin:/usr/lib/postgresql/17/bin"


def require_program(name: str, *, package: str | None = None) -> str:
    """Return the program's full path, or leave the test as not run.

    Args:
        name: The program, "chromium".
        package: The Debian package that has it, if its name is another one.
    """
    path = shutil.which(name) or shutil.which(name, path=MORE_FOLDERS)
    if path is None:
        package = package or PACKAGE_OF_PROGRAM.get(name, name)
        not_run(f"{name} is missing (apt-get install {package})")
    return path


def require_module(name: str) -> ModuleType:
    """Return the imported module, or leave the test as not run."""
    try:
        return importlib.import_module(name)
    except ImportError:
        not_run(f"the Python package {name} is missing")


def require_npm(package: str) -> Path:
    """Return the folder of an npm package of the interop tests, or leave the test as not run.

    Brings them all with `npm ci` where they are missing or older than package-lock.json.
    """
    require_program("node")
    npm = require_program("npm")
    have, want = INTEROP / "node_modules/.package-lock.json", INTEROP / "package-lock.json"
    if not have.exists() or have.stat().st_mtime < want.stat().st_mtime:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=INTEROP, stdout=2, check=False).returncode:
            not_run("npm ci in tests/interop failed")
    return INTEROP / "node_modules" / package


def require_nodeset(name: str) -> Path:
    """Return a NodeSet file of the npm package that has them, or leave the test as not run."""
    return require_npm("node-opcua-nodesets") / "nodesets" / name


def require_root() -> None:
    """Leave the test as not run where it is not root's."""
    if os.geteuid() != 0:
        not_run("needs root")


def impossible(why: str) -> NoReturn:
    """Leave the test as one that this computer cannot run, whatever is installed; CI does too."""
    pytest.skip(IMPOSSIBLE + why, allow_module_level=True)


def not_run(why: str) -> NoReturn:
    """Leave the test as not run."""
    pytest.skip(NOT_RUN + why, allow_module_level=True)
