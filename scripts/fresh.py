"""Run `make run` where a newcomer runs it: in a minimal Debian, as an ordinary user.

    sudo make fresh

debootstrap makes a system with python3, python3-venv and make in a temporary folder; the committed
and the uncommitted files are copied into it; `make run` is started as an ordinary user, who waits
for the first reject and presses Ctrl-C. Passed: the first reject came within 60 s of the
environment being ready, nothing was silent for more than 10 s before that, and 5 s after Ctrl-C no
process was left. Everything is taken away afterwards.

Root is needed for debootstrap and chroot; without it the run is skipped, and with CI=true it fails.
Which mirror and which registry are asked are this computer's own settings, read when it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = "python3,python3-venv,make"  # what the README asks of a newcomer
USER, USER_ID = "newcomer", 61_234  # an id that nobody else has, so that its processes are known
HOME = Path("/home") / USER
CHECKOUT = HOME / "inspector"

DEBOOTSTRAP_LIMIT_S = 600
INSTALL_LIMIT_S = 900
FIRST_REJECT_LIMIT_S = 60
CTRL_C_LIMIT_S = 5
SILENCE_LIMIT_S = 10
POLL_S = 1.0

# Settings of pip on this computer that a newcomer's pip would have as well.
PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip")
PIP_FILES_AT_HOME = (".config/pip", ".pip")
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts")
SETTINGS_OF_NETWORK = re.compile(r"PIP_\w+|\w*_proxy|\w*_PROXY|SSL_CERT_\w+|\w*CA_BUNDLE")
OWN_MOUNTS = "--in-own-mounts"


class Failed(Exception):
    """The run did not do what a newcomer is promised."""


class Outcome(NamedTuple):
    """How long things took."""

    installed_s: float
    first_reject_s: float
    longest_silence_s: float
    stopped_s: float


def main() -> int:
    """Run the check; return 0 when it passed or could not be run, 1 when it failed."""
    missing = what_is_missing()
    if missing:
        print(f"not run: make fresh: {missing}", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    if OWN_MOUNTS not in sys.argv:
        # In a mount namespace of its own, so that nothing stays mounted however this ends.
        again = [sys.executable, str(Path(__file__).resolve()), OWN_MOUNTS]
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *again])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with minimal_system() as system:
            report(try_it(system))
    except Failed as failed:
        print(f"make fresh: FAILED: {failed}", flush=True)
        return 1
    return 0


def what_is_missing() -> str | None:
    """Return what keeps this from running, or None."""
    if os.geteuid() != 0:
        return "needs root, for debootstrap"
    for program in ("debootstrap", "unshare", "chroot", "git"):
        if shutil.which(program) is None:
            return f"{program} is missing (apt-get install {program})"
    return None


def report(outcome: Outcome) -> None:
    """Print the durations."""
    tell(f"environment ready after      {outcome.installed_s:6.1f} s")
    tell(f"first reject after another   {outcome.first_reject_s:6.1f} s")
    tell(f"longest silence              {outcome.longest_silence_s:6.1f} s")
    tell(f"nothing left after Ctrl-C in {outcome.stopped_s:6.1f} s")
    print("make fresh: passed", flush=True)


def tell(text: str) -> None:
    """Print a line of our own, told apart from the newcomer's output."""
    print(f"fresh: {text}", flush=True)


# --- the system ----------------------------------------------------------------------------------


@contextlib.contextmanager
def minimal_system() -> Iterator[Path]:
    """Yield the folder of a minimal system with the checkout in it; take it away at the end."""
    place = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108 - 2 GB: not in memory
    folder = Path(tempfile.mkdtemp(prefix="inspector-fresh-", dir=place))
    folder.chmod(0o755)  # an ordinary user must get through
    system = folder / "system"
    try:
        debootstrap(system)
        mount_kernel_folders(system)
        take_over_settings(system)
        make_user(system)
        copy_checkout(system)
        yield system
    finally:
        kill_newcomer()
        take_away(folder)


def debootstrap(system: Path) -> None:
    """Make the minimal system, of the release that this computer has."""
    release, mirror = release_of_host(), mirror_of_host()
    tell(f"debootstrap {release} with {PACKAGES}")
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(system)]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as log, ticking("debootstrap"):
        code = subprocess.run(
            [*command, mirror] if mirror else command,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=DEBOOTSTRAP_LIMIT_S,
            check=False,
        ).returncode
        log.seek(0)
        said = log.read().splitlines()
    if code != 0:
        raise Failed("debootstrap: " + " | ".join(said[-5:]))
    tell(f"the minimal system took {time.monotonic() - started:.0f} s")


def release_of_host() -> str:
    """Return the code name of this computer's release, `bookworm`."""
    text = Path("/etc/os-release").read_text()
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    return found.group(1) if found else "stable"


def mirror_of_host() -> str | None:
    """Return the mirror from which this computer's apt takes its release, None if none is set."""
    release = release_of_host()
    listed = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in listed:
        mirror = mirror_in(path.read_text(), release) if path.is_file() else None
        if mirror:
            return mirror
    return None


def mirror_in(text: str, release: str) -> str | None:
    """Return the mirror of the release in an apt source file of either style."""
    line = re.search(rf"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+{release}\s", text, re.MULTILINE)
    if line:
        return line.group(1)
    for stanza in re.split(r"\n\s*\n", text):
        suites = re.search(rf"^Suites:.*\b{release}(?:\s|$)", stanza, re.MULTILINE)
        address = re.search(r"^URIs:\s*(\S+)", stanza, re.MULTILINE)
        if suites and address:
            return address.group(1)
    return None


def mount_kernel_folders(system: Path) -> None:
    """Mount what every running system has: processes, devices' shared memory, the hardware."""
    mount("-t", "proc", "proc", at=system / "proc")
    mount("-t", "sysfs", "-o", "ro", "sysfs", at=system / "sys")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", at=system / "dev" / "shm")


def mount(*how: str, at: Path) -> None:
    """Mount at a folder, which is made if need be."""
    at.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *how, str(at)], check=True)


def take_over_settings(system: Path) -> None:
    """Give the system this computer's network and pip settings, and the folders that they name."""
    for name in (*NETWORK_FILES, *PIP_FILES):
        copy_into(system, Path(name), as_path=Path(name))
    for name in PIP_FILES_AT_HOME:
        copy_into(system, Path.home() / name, as_path=HOME / name)
    for path in sorted(paths_named_by_settings()):
        show_inside(system, path)


def copy_into(system: Path, source: Path, *, as_path: Path) -> None:
    """Copy a file or folder of this computer into the system, if it exists."""
    target = system / as_path.relative_to("/")
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def paths_named_by_settings() -> set[Path]:
    """Return the files and folders of this computer that its pip settings name."""
    texts = list(network_settings().values())
    for place in [*map(Path, PIP_FILES), *(Path.home() / name for name in PIP_FILES_AT_HOME)]:
        inside = place.rglob("*") if place.is_dir() else [place]
        texts += [path.read_text(errors="replace") for path in inside if path.is_file()]
    named = {Path(word) for text in texts for word in re.findall(r"(?:file://)?(/[\w./+-]+)", text)}
    files = {path for path in named if path.is_file()}
    # A local index refers to its neighbours: the second folder from the top has them all.
    tops = {Path(*path.parts[:3]) for path in named if path.is_dir() and len(path.parts) > 2}
    return files | {path for path in tops if path.parts[1] not in {"etc", "usr"}}


def network_settings() -> dict[str, str]:
    """Return the environment variables that say how pip reaches a registry."""
    return {k: v for k, v in os.environ.items() if SETTINGS_OF_NETWORK.fullmatch(k)}


def show_inside(system: Path, path: Path) -> None:
    """Show a file by a copy, a folder (it may be large) by a read-only bind mount."""
    inside = system / path.relative_to("/")
    if path.is_file():
        copy_into(system, path.resolve(), as_path=path)
    elif not inside.exists():
        mount("--bind", str(path), at=inside)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(inside)], check=True)


def make_user(system: Path) -> None:
    """Make the ordinary user."""
    identity = ["--uid", str(USER_ID), "--create-home", "--shell", "/bin/bash", USER]
    subprocess.run(
        ["chroot", str(system), "useradd", *identity], check=True, stderr=subprocess.DEVNULL
    )


def copy_checkout(system: Path) -> None:
    """Copy the files that are, or would be, committed, and make all at home the user's own."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():  # not: deleted, and the deletion not committed yet
            target = system / CHECKOUT.relative_to("/") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    home = system / HOME.relative_to("/")
    subprocess.run(["chown", "-R", f"{USER_ID}:{USER_ID}", str(home)], check=True)


def take_away(folder: Path) -> None:
    """Unmount everything below the folder and remove it; nothing is removed behind a mount."""
    for point in mounted_below(folder):
        subprocess.run(["umount", "--lazy", point], check=False)
    if mounted_below(folder):
        tell(f"{folder} stays: something in it cannot be unmounted")
        return
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=False)


def mounted_below(folder: Path) -> list[str]:
    """Return what is mounted below the folder, the innermost first."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in mounts]
    return sorted((one for one in points if Path(one).is_relative_to(folder)), reverse=True)


# --- the newcomer --------------------------------------------------------------------------------


def try_it(system: Path) -> Outcome:
    """Run `make run` until the first reject and Ctrl-C it."""
    port = free_port()
    tell(f"make run, as {USER} (port {port})")
    command = as_newcomer(system, f"make run PORT={port}")
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        ear = Ear(child.stdout)
        try:
            return follow(child, ear, system)
        finally:
            kill_newcomer()
            ear.join()


def follow(child: subprocess.Popen[str], ear: Ear, system: Path) -> Outcome:
    """Wait for the environment, the first reject and the end; return how long each took."""
    started = time.monotonic()
    ready = system / CHECKOUT.relative_to("/") / ".venv" / "ready"
    wait_until(ready.exists, child, limit_s=INSTALL_LIMIT_S, what="the environment")
    ready_at = time.monotonic()
    tell(f"the environment is ready after {ready_at - started:.0f} s")
    wait_until(
        lambda: rejects(system) > 0, child, limit_s=FIRST_REJECT_LIMIT_S, what="the first reject"
    )
    rejected_at = time.monotonic()
    tell("the first reject is there; Ctrl-C")
    os.killpg(child.pid, signal.SIGINT)  # what a terminal does: to all of them
    stopped_s = wait_for_the_end()
    if ear.longest_silence_s > SILENCE_LIMIT_S:
        raise Failed(f"silent for {ear.longest_silence_s:.0f} s before the screens were up")
    return Outcome(ready_at - started, rejected_at - ready_at, ear.longest_silence_s, stopped_s)


def as_newcomer(system: Path, command: str) -> list[str]:
    """Return the command that runs a shell line in the checkout as the ordinary user."""
    settings = {"HOME": str(HOME), "USER": USER, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    pairs = [f"{k}={v}" for k, v in {**network_settings(), **settings}.items()]
    identity = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
    shell = ["sh", "-c", f"cd {shlex.quote(str(CHECKOUT))} && exec {command}"]
    return ["chroot", str(system), *identity, "env", "-i", *pairs, *shell]


def rejects(system: Path) -> int:
    """Return how many parts the demo has rejected by a verdict; 0 while it does not answer."""
    command = as_newcomer(system, ".venv/bin/inspector status --json")
    asked = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    try:
        return rejected_in(json.loads(asked.stdout))
    except ValueError:
        return 0


def rejected_in(status: Any) -> int:
    """Return the sum of the counts named `...rejected...` in a status, the fail-safe ones aside."""
    if isinstance(status, list):
        return sum(rejected_in(one) for one in status)
    if not isinstance(status, dict):
        return 0
    total = 0
    for key, value in status.items():
        if isinstance(value, int) and "rejected" in key and "fail_safe" not in key:
            total += value
        else:
            total += rejected_in(value)
    return total


def wait_until(
    is_so: Callable[[], bool], child: subprocess.Popen[str], *, limit_s: float, what: str
) -> None:
    """Wait; fail when the limit has passed or `make run` has ended."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if child.poll() is not None:
            raise Failed(f"make run ended with exit code {child.returncode} before {what}")
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {limit_s} s")
        time.sleep(POLL_S)


def wait_for_the_end() -> float:
    """Return how long it took until no process of the newcomer was left; fail after the limit."""
    started = time.monotonic()
    while processes_of_newcomer():
        if time.monotonic() - started > CTRL_C_LIMIT_S:
            left = [command_of(pid) for pid in processes_of_newcomer()]
            raise Failed(f"{CTRL_C_LIMIT_S} s after Ctrl-C there is still: {', '.join(left)}")
        time.sleep(0.05)
    return time.monotonic() - started


def processes_of_newcomer() -> list[int]:
    """Return the living processes of the ordinary user."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            status = (folder / "status").read_text() if folder.name.isdigit() else ""
            is_dead = re.search(r"^State:\s+[ZX]", status, re.MULTILINE)
            if re.search(rf"^Uid:\s+{USER_ID}\b", status, re.MULTILINE) and not is_dead:
                found.append(int(folder.name))
    return found


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when it has ended."""
    with contextlib.suppress(OSError):
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()[:150]
    return ""


def kill_newcomer() -> None:
    """Kill what the ordinary user still runs; nothing else on this computer has its id."""
    for pid in processes_of_newcomer():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ear(threading.Thread):
    """Repeats what `make run` says, and measures how long it said nothing."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(name="ear", daemon=True)
        self._stream = stream
        self._last = time.monotonic()
        self._is_up = False
        self.longest_silence_s = 0.0
        self.start()

    def run(self) -> None:
        """Listen until the stream ends. Once the screen's address is told, silence is right."""
        for line in self._stream:
            print(f"  | {line.rstrip()}", flush=True)
            now = time.monotonic()
            if not self._is_up:
                self.longest_silence_s = max(self.longest_silence_s, now - self._last)
            self._is_up = self._is_up or "http://" in line
            self._last = now


@contextlib.contextmanager
def ticking(what: str) -> Iterator[None]:
    """Tell every few seconds that something is still going on."""
    done = threading.Event()
    started = time.monotonic()

    def tick() -> None:
        while not done.wait(SILENCE_LIMIT_S / 2):
            tell(f"  {what} ... {time.monotonic() - started:.0f} s")

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


if __name__ == "__main__":
    sys.exit(main())
