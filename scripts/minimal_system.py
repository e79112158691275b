"""A minimal Debian in a temporary folder, with the checkout in it and an ordinary user.

debootstrap makes it; chroot and setpriv start programs in it. Mirror, network and pip settings are
this computer's own, read when it runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = "python3,python3-venv,make"  # what the README asks of a newcomer
USER, USER_ID = "newcomer", 61_234  # an id that nobody else has, so that its processes are known
HOME = Path("/home") / USER
CHECKOUT = HOME / "inspector"

DEBOOTSTRAP_LIMIT_S = 600
TICK_S = 5.0

# Settings of pip on this computer that a newcomer's pip would have as well.
PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip")
PIP_FILES_AT_HOME = (".config/pip", ".pip")
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts")
SETTINGS_OF_NETWORK = re.compile(r"PIP_\w+|\w*_proxy|\w*_PROXY|SSL_CERT_\w+|\w*CA_BUNDLE")


class Failed(Exception):
    """The run did not do what a newcomer is promised."""


def tell(text: str) -> None:
    """Print a line of our own, told apart from the newcomer's output."""
    print(f"fresh: {text}", flush=True)


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
    release, mirror = os.environ.get("FRESH_RELEASE") or release_of_host(), mirror_of_host()
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


def as_newcomer(system: Path, command: str) -> list[str]:
    """Return the command that runs a shell line in the checkout as the ordinary user."""
    settings = {"HOME": str(HOME), "USER": USER, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    pairs = [f"{k}={v}" for k, v in {**network_settings(), **settings}.items()]
    identity = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
    shell = ["sh", "-c", f"cd {shlex.quote(str(CHECKOUT))} && exec {command}"]
    return ["chroot", str(system), *identity, "env", "-i", *pairs, *shell]


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


@contextlib.contextmanager
def ticking(what: str) -> Iterator[None]:
    """Tell every few seconds that something is still going on."""
    done = threading.Event()
    started = time.monotonic()

    def tick() -> None:
        while not done.wait(TICK_S):
            tell(f"  {what} ... {time.monotonic() - started:.0f} s")

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
