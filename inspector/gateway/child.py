"""What every child process does first, so that none outlives the supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that happens.

    The kernel does it at once, even when this process hangs in native code; a thread that
    watches a pipe could not.

    Args:
        parent: Process id of the supervisor: it may have died before we asked.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
