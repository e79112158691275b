"""Claims about the repository itself: its pins, its files, its tools."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts import check_system, make_environment
from tests import leftovers
from tests.needs import require_program

ROOT = Path(__file__).resolve().parent.parent

# Put together here so that this file does not name them itself.
REGISTRIES = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "deb.debian" + ".org",
    "security.debian" + ".org",
    "archive.ubuntu" + ".com",
    "--index" + "-url",
    "--extra-index" + "-url",
)
# Folders of one computer: a home, the workplace of a session, a mounted disk.
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:work|home|Users|mnt|media)/[a-z]\w+|(?<![\w.])/root/[\w.]"
)
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
ORDINARY_USER = "/home" + "/newcomer"  # the one whom `make fresh` makes inside its own system


def tracked_files() -> list[Path]:
    """Every file that is, or would be, committed."""
    git = require_program("git")
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    """The committed files that are text."""
    found = []
    for path in tracked_files():
        if path.stat().st_size > 2_000_000:
            continue
        raw = path.read_bytes()
        if b"\0" not in raw[:4096]:
            found.append((path.relative_to(ROOT), raw.decode(errors="replace")))
    return found


@pytest.fixture(scope="module")
def committed() -> list[tuple[Path, str]]:
    return texts()


def project() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return settings["project"]  # type: ignore[no-any-return]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line.strip() and not line.startswith("#")]
    return {normal(name): version.split(";")[0].strip() for name, version in pairs}


def name_of(requirement: str) -> str:
    matched = re.match(r"[\w.-]+", requirement)
    assert matched, requirement
    return normal(matched.group())


def requirements() -> list[str]:
    extras = project()["optional-dependencies"]
    return [*project()["dependencies"], *(one for extra in extras.values() for one in extra)]


@pytest.mark.parametrize("requirement", requirements())
def test_every_requirement_is_pinned(requirement: str) -> None:
    assert name_of(requirement) in pins()


def test_everything_that_is_installed_is_pinned_to_what_is_installed() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=freeze", "--exclude-editable"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installed = {normal(name): version for name, version in pairs(listed)}
    differing = {name: (version, pins().get(name)) for name, version in installed.items()}
    assert {name: both for name, both in differing.items() if both[0] != both[1]} == {}


def pairs(listed: str) -> list[tuple[str, str]]:
    found = []
    for line in listed.splitlines():
        name, _, version = line.partition("==")
        found.append((name, version))
    return found


def test_every_line_of_the_constraints_is_one_exact_pin() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert not line or line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.!+]+", line), line


def test_the_product_needs_no_training_tool_and_no_browser() -> None:
    runtime = {name_of(requirement) for requirement in project()["dependencies"]}
    assert not runtime & {"torch", "torchvision", "ultralytics", "onnx", "playwright", "pytest"}


def test_no_committed_file_names_a_registry(committed: list[tuple[Path, str]]) -> None:
    naming = [(path, word) for path, text in committed for word in REGISTRIES if word in text]
    assert naming == []


def test_no_committed_file_holds_a_path_of_one_machine(committed: list[tuple[Path, str]]) -> None:
    holding = [
        (path, matched.group())
        for path, text in committed
        for matched in MACHINE_PATH.finditer(text.replace(ORDINARY_USER, ""))
        if path != Path("tests/test_repository.py")
    ]
    assert holding == []


def test_no_committed_file_holds_a_private_key(committed: list[tuple[Path, str]]) -> None:
    assert [path for path, text in committed if SECRET.search(text)] == []


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_the_readme_names_every_package_that_runs_in_the_factory() -> None:
    readme = (ROOT / "README.md").read_text().lower()
    runtime = {name_of(requirement) for requirement in project()["dependencies"]}
    assert {name for name in runtime if name not in readme} == set()


class TestTheCheckOfTheSystem:
    def test_finds_nothing_missing_where_the_tests_run(self) -> None:
        assert check_system.system_problems(ROOT) == []

    def test_names_one_apt_line_for_all_that_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        monkeypatch.setattr(check_system, "can_load", lambda name: name != "libstdc++.so.6")
        monkeypatch.setattr(check_system, "venv_package", lambda: "python3-venv")

        assert check_system.main([]) == 2

        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("apt-get") == 1
        assert "sudo apt-get install -y libstdc++6 python3-venv" in said.err

    def test_names_the_full_disk_and_no_apt_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(check_system, "DISK_FOR_INSTALL_MB", 10**9)
        monkeypatch.setattr(check_system, "DISK_FOR_RUN_MB", 10**9)

        assert check_system.main([]) == 2

        said = capsys.readouterr().err
        assert f"{ROOT} has " in said
        assert "apt-get" not in said

    @pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14)])
    def test_refuses_a_python_without_wheels(self, version: tuple[int, int]) -> None:
        (problem,) = check_system.python_problems(version, arch="x86_64")
        assert "3.11 to 3.13" in problem.text

    def test_refuses_a_computer_without_wheels(self) -> None:
        (problem,) = check_system.python_problems((3, 11), arch="aarch64")
        assert "x86-64" in problem.text

    def test_names_the_package_of_a_library_that_an_import_missed(self) -> None:
        said = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
        problem = check_system.import_problem("cv2", said)
        assert problem.packages == ("libgl1",)

    def test_passes_on_the_last_line_of_any_other_failed_import(self) -> None:
        problem = check_system.import_problem("cv2", "Traceback\nImportError: bad ELF header\n")
        assert problem.text == "cv2 does not load: ImportError: bad ELF header"

    def test_really_loads_what_was_installed(self) -> None:
        assert check_system.import_problems(Path(sys.executable)) == []


class TestTheMakingOfTheEnvironment:
    def test_is_never_silent(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(make_environment, "SILENCE_S", 0.0)
        slow = [sys.executable, "-c", "import time; time.sleep(1.5); print('Downloading a wheel')"]

        assert make_environment.run_told(slow, log=tmp_path / "log") == 0

        said = capsys.readouterr().out
        assert "... 1 s" in said
        assert "Downloading a wheel" in said

    def test_fails_with_the_end_of_the_log(self, tmp_path: Path) -> None:
        broken = [sys.executable, "-c", "raise SystemExit('ERROR: no such package')"]
        assert make_environment.run_told(broken, log=tmp_path / "log") == 1
        assert "no such package" in (tmp_path / "log").read_text()

    def test_pins_every_step(self, tmp_path: Path) -> None:
        pip_steps = [
            command
            for _, command in make_environment.steps(tmp_path, extra="dev", only_extra=None)
            if "pip" in command
        ]
        assert pip_steps
        assert all(str(ROOT / "constraints.txt") in command for command in pip_steps)

    def test_keeps_the_training_tools_apart(self, tmp_path: Path) -> None:
        *_, (_, command) = make_environment.steps(tmp_path, extra=None, only_extra="train")
        assert "ultralytics" in command
        assert not any("onnxruntime" in word or word == "--editable" for word in command)


INNER_CONFTEST = """
from tests import leftovers
from tests.conftest import *

leftovers.GRACE_S = 0.2
"""
INNER_TESTS = """
import subprocess, threading
from tests.needs import require_program

def test_without_its_program():
    require_program("no-such-program")

def test_leaving_a_process():
    subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60"]).returncode = 0

def test_leaving_a_thread():
    threading.Thread(target=threading.Event().wait, args=(4,), name="forgotten").start()

def test_leaving_nothing():
    subprocess.run(["true"], check=True)
"""


class TestTheTestsThemselves:
    def run(self, folder: Path, *, ci: bool) -> str:
        (folder / "conftest.py").write_text(INNER_CONFTEST)
        (folder / "test_inner.py").write_text(INNER_TESTS)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", str(folder)]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "CI": str(ci).lower()}
        environment |= {"PY_COLORS": "0", "COLUMNS": "200"}
        ended = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        return ended.stdout + ended.stderr

    def test_name_what_was_not_run_and_what_was_left(self, tmp_path: Path) -> None:
        said = self.run(tmp_path, ci=False)
        assert (
            "not run: test_inner.py::test_without_its_program: no-such-program is missing" in said
        )
        assert "left running: process" in said
        assert "left running: thread forgotten" in said
        assert "1 skipped" in said
        assert "PASSED test_inner.py::test_leaving_nothing" in said

    def test_fail_in_ci_what_could_not_run(self, tmp_path: Path) -> None:
        said = self.run(tmp_path, ci=True)
        assert "FAILED test_inner.py::test_without_its_program" in said
        assert "skipped" not in said

    def test_find_a_grandchild_whose_parent_is_gone(self) -> None:
        before = leftovers.running()
        subprocess.run(["sh", "-c", "sleep 60 > /dev/null 2>&1 &"], check=True)
        left = leftovers.left_behind(before, grace_s=0.1)
        leftovers.end(left)
        assert len(left.processes) == 1
