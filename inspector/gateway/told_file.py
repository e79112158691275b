"""Small files in shared memory, by which one process tells another what stands.

Shared memory can be full, and a read can fail: that costs the news for a while, and neither
process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)


class Telling:
    """Writes of one kind, the reason of a failure in the log once.

    Args:
        what: For people, like "the line's state".
    """

    def __init__(self, what: str) -> None:
        self._what, self._why = what, ""

    def wrote(self, write: Callable[[], None]) -> bool:
        """Return whether it could be written; who tells must try again otherwise."""
        try:
            write()
        except OSError as error:
            if str(error) != self._why:
                log.error("%s cannot be told: %s", self._what, error)  # noqa: TRY400
            self._why = str(error)
            return False
        self._why = ""
        return True


class ToldFile:
    """A file as its reader sees it; `fresh` is asked again and again."""

    def __init__(self, file: Path) -> None:
        self._file, self._written_ns, self._why = file, 0, ""

    def fresh(self) -> bytes | None:
        """Return the content, or None: the same as at the last question, or not to be read now."""
        try:
            written_ns = self._file.stat().st_mtime_ns
            if written_ns == self._written_ns:
                return None
            content = self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            if str(error) != self._why:
                log.error("%s cannot be read: %s", self._file.name, error)  # noqa: TRY400
            self._why = str(error)
            return None
        self._written_ns, self._why = written_ns, ""
        return content
