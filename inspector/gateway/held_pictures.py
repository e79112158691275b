"""Pictures of parts that the PLC has not decided yet, and what becomes of them."""

from __future__ import annotations

import errno
import logging
import shutil
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from inspector.ipc import write_whole

LEAST_FREE = 0.05
"""Of the disk, below which no picture is kept: what is left is for the records."""
MOST_HELD = 1000
"""A belt holds about 20 parts a station; more means that the line's answers do not arrive."""

log = logging.getLogger(__name__)


class HeldPictures:
    """The `held` folder in shared memory and the `pictures` folder on the disk.

    `hold` is called by the loop that looks; everything else by the thread that hears the line, so
    that a slow disk never delays a verdict. What a worker left behind when it died is still here.

    Args:
        held: Folder in shared memory; other stations' workers use it too.
        kept: Folder on the disk.
        most: So many are held; the oldest goes first, and it is counted.
    """

    def __init__(self, held: Path, kept: Path, *, most: int = MOST_HELD) -> None:
        self._held, self._kept, self._most = held, kept, most
        found = sorted(held.glob("*.jpg"), key=_age)
        self._times_held: OrderedDict[str, int] = OrderedDict((file.stem, 1) for file in found)
        self._to_keep: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()
        self._last_loss = ""
        self.lost = 0
        self.trouble = ""

    def hold(self, digest: str, jpeg: bytes) -> None:
        """Hold a picture until the line says what becomes of it; count it if that cannot be."""
        try:
            write_whole(self._file(digest), jpeg)
        except OSError as error:
            self._lose(f"a picture cannot be held: {error.strerror or error}")
            return
        with self._lock:
            self._times_held[digest] = self._times_held.pop(digest, 0) + 1
            oldest = None
            if len(self._times_held) > self._most:
                oldest, _ = self._times_held.popitem(last=False)
        if oldest and self._file(oldest).exists():
            self._file(oldest).unlink(missing_ok=True)
            self._lose(f"more than {self._most} pictures held, the oldest is lost")

    def keep(self, digest: str) -> None:
        """Put a picture on the disk for good; asked twice, it is there once."""
        self._to_keep[digest] = None
        self.retry()

    def drop(self, digest: str) -> None:
        """Forget a picture, unless another part with the very same one still waits."""
        if self._let_go(digest) and digest not in self._to_keep:
            self._file(digest).unlink(missing_ok=True)

    def retry(self) -> None:
        """Put on the disk what could not be put there before; it stays held meanwhile."""
        try:
            while self._to_keep:
                digest = next(iter(self._to_keep))
                self._put_on_disk(digest)
                del self._to_keep[digest]
            self.trouble = ""
        except OSError as error:
            why = f"pictures cannot be kept: {error.strerror or error}"
            if why != self.trouble:
                log.error("%s", why)  # noqa: TRY400 - a full disk needs no traceback
            self.trouble = why

    def figures(self) -> dict[str, object]:
        """Return how many wait, how many were lost, and what is wrong with the disk."""
        return {
            "held": len(self._times_held),
            "to_keep": len(self._to_keep),
            "lost": self.lost,
            "trouble": self.trouble,
        }

    def complaint(self) -> str:
        """Return what a person should know of, or ""."""
        return self.trouble or self._last_loss

    def _lose(self, why: str) -> None:
        """Count a picture that is lost; the part's record keeps its digest."""
        self.lost += 1
        self._last_loss = f"{why} ({self.lost} so far)"
        log.warning("%s", self._last_loss)

    def _put_on_disk(self, digest: str) -> None:
        target = self._kept / digest[:2] / f"{digest}.jpg"
        if not target.exists():
            try:
                jpeg = self._file(digest).read_bytes()
            except FileNotFoundError:
                self._lose(f"picture {digest[:12]} was to be kept, but is not held any more")
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            _refuse_when_nearly_full(target.parent)
            write_whole(target, jpeg, durable=True)
        if self._let_go(digest):
            self._file(digest).unlink(missing_ok=True)

    def _let_go(self, digest: str) -> bool:
        """Count one part less that waits with this picture; True when it was the last."""
        with self._lock:
            times = self._times_held.pop(digest, 1) - 1
            if times > 0:
                self._times_held[digest] = times
            return times <= 0

    def _file(self, digest: str) -> Path:
        return self._held / f"{digest}.jpg"


def _refuse_when_nearly_full(folder: Path) -> None:
    disk = shutil.disk_usage(folder)
    if disk.free < LEAST_FREE * disk.total:
        raise OSError(errno.ENOSPC, f"less than {LEAST_FREE:.0%} of the disk is free")


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another station's worker has let go of it
        return 0.0
