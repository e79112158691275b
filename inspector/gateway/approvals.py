"""What this site's stations have proven on its devices: one file for each package and wish."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from inspector.ipc import write_whole
from inspector.vision.manifest import Approved
from inspector.vision.starting import Wish

log = logging.getLogger(__name__)


class KeptApproval:
    """The newest approval of a package for a wish, in the site's data folder."""

    def __init__(self, data: Path, package: str, wish: Wish) -> None:
        self._file = data / "approved" / f"{package}-{wish.device}-{wish.precision}.json"

    def read(self) -> tuple[Approved, ...]:
        """Return it, or nothing where there is none that can be read: then all is proven again."""
        try:
            return (Approved.model_validate_json(self._file.read_bytes()),)
        except (OSError, ValidationError):
            return ()

    def write(self, entry: Approved) -> None:
        """Keep an approval; where that is not possible, the next start proves all again."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, entry.model_dump_json(indent=1).encode(), durable=True)
        except OSError as error:
            log.warning("%s: cannot be written: %s", self._file, error.strerror)
