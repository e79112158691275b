"""A person's file read without waiting: a pipe or a device in its place is not opened for long."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def content_of(file: Path, most_bytes: int) -> bytes:
    """Return a file's content, at most so many bytes of it; a link to it is followed.

    Raises:
        OSError: It cannot be read, or is a folder, a pipe or a device.
    """
    number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as opened:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(file))
        return opened.read(most_bytes)
