"""A disk of its own for a test: a file with ext4, which can be cut, filled or set read-only."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.needs import require_program, require_root

EXT4_SHUTDOWN: Final = 0x8004587D
WITHOUT_A_FLUSH: Final = 2


@contextmanager
def disk(folder: Path, mb: int, *options: str) -> Iterator[Path]:
    """Give a mounted folder on a disk of this size; its image is `<folder>.img`."""
    require_root()
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(mb * 1024 * 1024)
    subprocess.run([require_program("mkfs.ext4"), "-q", "-F", *options, str(image)], check=True)
    with mounted(image, folder):
        yield folder


@contextmanager
def mounted(image: Path, folder: Path, how: str = "rw") -> Iterator[None]:
    """Mount an image, as after a power cut: what its journal holds is put in place first."""
    folder.mkdir(exist_ok=True)
    if subprocess.run(
        ["mount", "-o", f"loop,{how}", str(image), str(folder)], check=False
    ).returncode:
        pytest.skip("there is no loop device to mount a disk with")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def what_the_disk_has(folder: Path, copy: Path) -> None:
    """Copy what the file system has sent to the disk by now; what it still holds back is lost."""
    subprocess.run(
        ["cp", "--sparse=always", str(folder.with_suffix(".img")), str(copy)], check=True
    )


def fail(folder: Path) -> None:
    """Let every access to the disk be an input/output error from now on, until it is mounted."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(opened, EXT4_SHUTDOWN, struct.pack("I", WITHOUT_A_FLUSH))
    finally:
        os.close(opened)


def fill(folder: Path) -> Path:
    """Leave not a byte free; return the file that has them all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096 * min(256, max(1, shutil.disk_usage(folder).free // 8192)))
        except OSError:
            return filler
